/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Manual pages in scdoc's language. A page is written by hand but for lines that stand alone:
 *
 *	@OPTIONS run@    all options of the verb, under its headings
 *	@SPELLINGS run@  peers' spellings, and what each stands for
 *	@VERBS@          the verbs, one line each
 *	@PRESETS@        the presets of run, and what each means
 */

#include "describe.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "resolve/preset.h"

static void print_text(const char *text)
{
	describe_escaped(text, strlen(text), "\\*_");
}

/* One line of --help as a sentence. */
static void print_sentence(const char *text)
{
	size_t length = strlen(text);
	bool name = strncmp(text, "inro", 4) == 0;

	putchar(name ? text[0] : toupper((unsigned char)text[0]));
	print_text(text + 1);
	if (length && !strchr(".…", text[length - 1]))
		putchar('.');
}

static void print_value(const struct option_row *row)
{
	if (row->form == OPTION_FLAG)
		return;
	fputs(row->form == OPTION_MAYBE ? "[=" : " ", stdout);
	putchar('_');
	print_text(row->argument);
	putchar('_');
	if (row->form == OPTION_MAYBE)
		putchar(']');
}

static void print_row(const struct option_row *row)
{
	const char *aliases = row->aliases, *word;
	size_t length;
	bool any = false;

	if (row->letter)
		printf("*-%c*, ", row->letter);
	printf("*--%s*", row->name);
	print_value(row);
	printf("\n\t");
	print_sentence(row->help);
	if (row->detail) {
		putchar(' ');
		print_text(row->detail);
	}
	if (row->repeats)
		printf(" May be given several times.");
	while ((length = describe_word(&aliases, "|", &word))) {
		printf(any ? ", *--" : " Also written *--");
		describe_escaped(word, length, "\\*_");
		putchar('*');
		any = true;
	}
	printf(any ? ".\n\n" : "\n\n");
}

static void print_section(const struct verb *verb, const char *section)
{
	const struct option_row *row;
	bool heading = false;

	for (size_t i = 0; (row = describe_row(verb, i)); i++) {
		if (strcmp(row->section, section) != 0)
			continue;
		if (!heading)
			printf("## %s\n\n", section);
		heading = true;
		print_row(row);
	}
}

/* Is row INDEX the first of a heading that is not printed yet? */
static bool opens_section(const struct verb *verb, size_t index, const char *section)
{
	for (size_t i = 0; verb->sections && verb->sections[i]; i++)
		if (strcmp(verb->sections[i], section) == 0)
			return false;
	for (size_t i = 0; i < index; i++)
		if (strcmp(describe_row(verb, i)->section, section) == 0)
			return false;
	return true;
}

static void print_options(const struct verb *verb)
{
	const struct option_row *row;

	for (size_t i = 0; verb->sections && verb->sections[i]; i++)
		print_section(verb, verb->sections[i]);
	for (size_t i = 0; (row = describe_row(verb, i)); i++)
		if (opens_section(verb, i, row->section))
			print_section(verb, row->section);
}

static void print_spellings(const struct verb *verb)
{
	static const char *const words[] = { "", " _A_", " _A_ _B_" };
	size_t n;
	const struct option_alias *aliases = describe_aliases(verb, &n);

	for (size_t i = 0; i < n; i++) {
		const struct option_row *row = describe_target(verb, &aliases[i]);
		const char *value = aliases[i].value ? aliases[i].value : "true";

		if (!row)
			continue;
		printf("*--%s*%s\n\t", aliases[i].name, words[aliases[i].n_words]);
		if (row->form == OPTION_FLAG) {
			printf("*--%s%s*\n\n", strcmp(value, "false") == 0 ? "no-" : "", row->name);
			continue;
		}
		printf("*--%s*%c", row->name, row->form == OPTION_MAYBE ? '=' : ' ');
		for (; *value; value++) {
			if (*value == '%' && value[1])
				printf("_%c_", 'A' + *++value - '1');
			else
				describe_escaped(value, 1, "\\*_");
		}
		printf("\n\n");
	}
}

static void print_verbs(void)
{
	for (size_t i = 0; i < n_verbs; i++) {
		printf("*inro %s*\n\t", verbs[i]->name);
		print_sentence(verbs[i]->help);
		printf("\n\n");
	}
}

static void print_setting(const struct preset_setting *setting)
{
	bool flag = strcmp(setting->value, "true") == 0;

	printf("*--%s", setting->name);
	if (!flag) {
		putchar(' ');
		print_text(setting->value);
	}
	putchar('*');
}

static void print_presets(void)
{
	for (size_t i = 0; i < n_presets; i++) {
		const struct preset *preset = &presets[i];

		printf("*%s*\n\t", preset->name);
		print_sentence(preset->help);
		for (size_t j = 0; j < preset->n_settings; j++) {
			printf(j ? ", " : " It means ");
			print_setting(&preset->settings[j]);
		}
		printf(preset->n_settings ? ".\n\n" : "\n\n");
	}
}

/* A line with a marker, or not: 0, or -1 for a verb that does not exist. */
static int print_line(const char *path, char *line)
{
	char what[16], name[32];
	const struct verb *verb;

	if (strcmp(line, "@VERBS@\n") == 0) {
		print_verbs();
		return 0;
	}
	if (strcmp(line, "@PRESETS@\n") == 0) {
		print_presets();
		return 0;
	}
	if (sscanf(line, "@%15[A-Z] %31[a-z-]@", what, name) != 2) {
		fputs(line, stdout);
		return 0;
	}
	verb = verb_find(name);
	if (!verb) {
		fprintf(stderr, "%s: there is no verb '%s'\n", path, name);
		return -1;
	}
	if (strcmp(what, "OPTIONS") == 0)
		print_options(verb);
	else
		print_spellings(verb);
	return 0;
}

int describe_man(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[1024];
	int r = 0;

	if (!file) {
		perror(path);
		return -1;
	}
	while (r == 0 && fgets(line, sizeof(line), file))
		r = print_line(path, line);
	if (ferror(file))
		r = -1;
	fclose(file);
	return r;
}
