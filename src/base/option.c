/* SPDX-License-Identifier: Apache-2.0 */
#include "base/option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/macros.h"
#include "base/parse.h"

/* Is NAME (of LENGTH bytes) one of the words that "|" separates? */
static bool is_one_of(const char *words, const char *name, size_t length)
{
	while (words && *words) {
		size_t n = strcspn(words, "|");

		if (n == length && strncmp(words, name, n) == 0)
			return true;
		words += n + (words[n] == '|');
	}
	return false;
}

static const struct option_row *find_row(const struct option_row *rows, size_t n_rows,
					 const char *name, size_t length)
{
	for (size_t i = 0; i < n_rows; i++) {
		if (strlen(rows[i].name) == length && strncmp(rows[i].name, name, length) == 0)
			return &rows[i];
		if (is_one_of(rows[i].aliases, name, length))
			return &rows[i];
	}
	return NULL;
}

const struct option_row *option_find(const struct option_row *rows, size_t n_rows, const char *name)
{
	return find_row(rows, n_rows, name, strlen(name));
}

unsigned option_distance(const char *a, const char *b, unsigned limit)
{
	unsigned row[64], n = (unsigned)strlen(b);

	if (n >= ARRAY_SIZE(row))
		return limit + 1;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; *a; a++, i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned edit = diagonal + (*a != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < edit)
				edit = row[j] + 1;
			if (row[j - 1] + 1 < edit)
				edit = row[j - 1] + 1;
			row[j] = edit;
		}
	}
	return row[n] > limit ? limit + 1 : row[n];
}

/* Where one parse stands. */
struct parse {
	const struct option_parser *parser;
	char **words;
	int n_words, at;
	struct inro_error *error;
};

struct found {
	const struct option_table *table;
	const struct option_row *row;
};

static bool find_long(const struct option_parser *parser, const char *name, size_t length,
		      struct found *ret)
{
	for (size_t i = 0; i < parser->n_tables; i++) {
		const struct option_table *table = &parser->tables[i];
		const struct option_row *row = find_row(table->rows, table->n_rows, name, length);

		if (row) {
			*ret = (struct found){ table, row };
			return true;
		}
	}
	return false;
}

static bool find_letter(const struct option_parser *parser, char letter, struct found *ret)
{
	for (size_t i = 0; i < parser->n_tables; i++) {
		const struct option_table *table = &parser->tables[i];

		for (size_t j = 0; j < table->n_rows; j++) {
			if (table->rows[j].letter == letter) {
				*ret = (struct found){ table, &table->rows[j] };
				return true;
			}
		}
	}
	return false;
}

static int take(const struct parse *parse, const struct found *found, const char *value)
{
	if (found->table->take)
		return found->table->take(found->table->object, found->row, value, parse->error);
	return found->row->set(found->table->object, value, parse->error);
}

static int unknown(const struct parse *parse, const char *word, size_t length)
{
	const struct option_parser *parser = parse->parser;
	const char *nearest = NULL;
	unsigned least = 3;
	char name[64];
	int r;

	snprintf(name, sizeof(name), "%.*s", (int)length, word);
	for (size_t i = 0; i < parser->n_tables; i++) {
		for (size_t j = 0; j < parser->tables[i].n_rows; j++) {
			const char *candidate = parser->tables[i].rows[j].name;
			unsigned distance = option_distance(name, candidate, least);

			if (distance < least) {
				least = distance;
				nearest = candidate;
			}
		}
	}
	r = fail_usage(parse->error, name, "no such option: --%s", name);
	if (parse->error)
		parse->error->what[0] = '\0';
	if (nearest)
		error_hint(parse->error, "did you mean --%s?", nearest);
	return r;
}

static char *next_word(struct parse *parse)
{
	return parse->at < parse->n_words ? parse->words[parse->at++] : NULL;
}

static int missing_value(const struct parse *parse, const char *name, const char *argument)
{
	char what[64];

	snprintf(what, sizeof(what), "--%s", name);
	return fail_usage(parse->error, what, "needs a value: %s", argument);
}

/* Put the words of an alias into its template; where that is split at colons, theirs are escaped. */
static void expand(struct buf *value, const char *template, char **words)
{
	bool split = strchr(template, ':');

	for (; *template; template++) {
		if (*template != '%') {
			buf_add(value, template, 1);
			continue;
		}
		template++;
		for (const char *at = words[*template - '1']; *at; at++) {
			if (split && (*at == ':' || *at == '\\'))
				buf_puts(value, "\\");
			buf_add(value, at, 1);
		}
	}
}

/* 1 = NAME (of LENGTH bytes) was an alias and was taken; 0 = it is none. GIVEN: its word behind "=". */
static int try_alias(struct parse *parse, const char *name, size_t length, char *given)
{
	cleanup_buf struct buf value = { 0 };
	const struct option_alias *alias = NULL;
	struct found found;
	int r;

	for (size_t i = 0; i < parse->parser->n_aliases && !alias; i++)
		if (is_one_of(parse->parser->aliases[i].name, name, length))
			alias = &parse->parser->aliases[i];
	if (!alias || (given && alias->n_words != 1) ||
	    !find_long(parse->parser, alias->option, strlen(alias->option), &found))
		return 0;
	if (!given && parse->n_words - parse->at < (int)alias->n_words)
		return missing_value(parse, name, alias->n_words == 1 ? "one word" : "two words");
	expand(&value, alias->value ? alias->value : "true",
	       given ? &given : parse->words + parse->at);
	parse->at += given ? 0 : (int)alias->n_words;
	if (value.failed)
		return fail_memory(parse->error);
	r = take(parse, &found, buf_text(&value));
	return r < 0 ? r : 1;
}

static int take_flag(struct parse *parse, const struct found *found, const char *given,
		     bool negated)
{
	bool yes = true;
	char what[64];

	if (given && parse_bool(given, &yes) < 0) {
		snprintf(what, sizeof(what), "--%s", found->row->name);
		return fail_usage(parse->error, what, "'%s' is neither yes nor no", given);
	}
	return take(parse, found, yes != negated ? "true" : "false");
}

static int parse_long(struct parse *parse, char *word)
{
	size_t length = strcspn(word, "=");
	char *given = word[length] == '=' ? word + length + 1 : NULL;
	bool negated = false;
	struct found found;
	int r;

	if (!find_long(parse->parser, word, length, &found)) {
		r = try_alias(parse, word, length, given);
		if (r != 0)
			return r < 0 ? r : 0;
		negated = strncmp(word, "no-", 3) == 0 && length > 3 &&
			  find_long(parse->parser, word + 3, length - 3, &found) &&
			  found.row->form == OPTION_FLAG;
		if (!negated)
			return unknown(parse, word, length);
	}
	if (found.row->form == OPTION_FLAG)
		return take_flag(parse, &found, given, negated);
	if (!given && found.row->form == OPTION_VALUE) {
		given = next_word(parse);
		if (!given)
			return missing_value(parse, found.row->name, found.row->argument);
	}
	return take(parse, &found, given ? given : "");
}

static int parse_letters(struct parse *parse, const char *letters)
{
	for (; *letters; letters++) {
		struct found found;
		const char *value;

		if (!find_letter(parse->parser, *letters, &found))
			return fail_usage(parse->error, "", "no such option: -%c", *letters);
		if (found.row->form == OPTION_FLAG ||
		    (found.row->form == OPTION_MAYBE && (!letters[1] || found.row->letter_alone))) {
			int r = take(parse, &found, found.row->form == OPTION_FLAG ? "true" : "");

			if (r < 0)
				return r;
			continue;
		}
		value = letters[1] ? letters + 1 + (letters[1] == '=') : next_word(parse);
		if (!value)
			return missing_value(parse, found.row->name, found.row->argument);
		return take(parse, &found, value);
	}
	return 0;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

/* Move the operand at hand to the end of all words, out of the parser's sight. */
static void keep_operand(struct parse *parse, int n_all)
{
	char **words = parse->words;
	char *operand = words[parse->at];

	memmove(words + parse->at, words + parse->at + 1,
		(size_t)(n_all - parse->at - 1) * sizeof(*words));
	words[n_all - 1] = operand;
	parse->n_words--;
}

/* Put the kept operands, which stand behind those that follow "--", in front of them again. */
static void restore_operands(struct parse *parse, int n_all)
{
	char **words = parse->words;

	for (int kept = n_all - parse->n_words; kept > 0; kept--) {
		char *last = words[n_all - 1];

		memmove(words + parse->at + 1, words + parse->at,
			(size_t)(n_all - 1 - parse->at) * sizeof(*words));
		words[parse->at] = last;
	}
}

int options_parse(const struct option_parser *parser, char **words, int n_words, int *ret_operand,
		  struct inro_error *error)
{
	struct parse parse = {
		.parser = parser, .words = words, .n_words = n_words, .error = error
	};

	while (parse.at < parse.n_words) {
		char *word = words[parse.at];
		int r;

		if (!is_option(word)) {
			if (!parser->mixed)
				break;
			keep_operand(&parse, n_words);
			continue;
		}
		parse.at++;
		if (strcmp(word, "--") == 0) {
			restore_operands(&parse, n_words);
			break;
		}
		r = word[1] == '-' ? parse_long(&parse, word + 2) : parse_letters(&parse, word + 1);
		if (r < 0)
			return r;
	}
	*ret_operand = parse.at;
	return 0;
}
