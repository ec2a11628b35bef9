/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A preset or the built-in sets are read by the same code as the user's text, at a greater depth:
 * there a name that the table lacks is passed over, and a setting yields to one that was made
 * nearer to the user.
 */
#include "seccomp/text.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "seccomp/parser.h"
#include "seccomp/presets.h"

enum { MAX_DEPTH = 4, MAX_RULES = 4096 };

static int parse_source(struct parser *p, const struct seccomp_preset *preset);

/* ---- calls ---- */

static int add_calls(struct parser *p, struct call_list *list, const uint32_t *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t *call = arena_grow(p->arena, &list->calls, &list->n, sizeof(*call));

		if (!call)
			return fail_memory(p->error);
		*call = calls[i];
	}
	return 0;
}

static const struct set *find_set(const struct parser *p, const struct token *token)
{
	for (size_t i = p->n_sets; i > 0; i--)
		if (p->sets[i - 1].length == token->length &&
		    memcmp(p->sets[i - 1].name, token->text, token->length) == 0)
			return &p->sets[i - 1];
	return NULL;
}

static int add_set(struct parser *p, struct call_list *list)
{
	const struct token token = p->lexer.token;
	const struct set *set = find_set(p, &token);
	int r;

	if (!set && !p->sets_loaded) {
		p->sets_loaded = true;
		r = parse_source(p, &seccomp_sets);
		if (r < 0)
			return r;
		set = find_set(p, &token);
	}
	if (!set) {
		parser_fail(p, token.text, "there is no set '%.*s'", token_shown(&token),
			token.text);
		if (seccomp_find_preset(token.text + 1, token.length - 1))
			error_hint(p->error, "it is a preset: include %.*s", (int)token.length, token.text);
		return -EINVAL;
	}
	return add_calls(p, list, set->list.calls, set->list.n);
}

static int unknown_call(struct parser *p)
{
	const struct token *token = &p->lexer.token;
	const char *nearest = seccomp_nearest_name(token->text, token->length);

	if ((token->length == 4 && memcmp(token->text, "arg", 3) == 0) || parser_at(p, "low32"))
		return parser_fail(p, token->text, "comparisons begin with 'if': put it before this");
	parser_fail(p, token->text, "unknown system call '%.*s'", token_shown(token),
		token->text);
	if (nearest)
		error_hint(p->error, "did you mean '%s'?", nearest);
	else
		error_hint(p->error, "if it is newer than this inro, write its number, or mark the line as "
				     "optional: allow? NAME");
	return -EINVAL;
}

static int add_number(struct parser *p, struct call_list *list)
{
	const char *at = p->lexer.token.text;
	uint64_t number;
	uint32_t call;
	int r;

	r = parse_number(p, SECCOMP_PRIVATE_NUMBERS - 1, &number);
	if (r < 0)
		return r;
	if (number < SECCOMP_COMMON_NUMBERS)
		return parser_fail(p, at, "numbers below %u mean another call on each architecture: write the name",
			       SECCOMP_COMMON_NUMBERS);
	call = SECCOMP_CALL_NUMBER | (uint32_t)number;
	return add_calls(p, list, &call, 1);
}

/* One call or set. A name that is not known is passed over where OPTIONAL. */
static int parse_call(struct parser *p, struct call_list *list, bool optional)
{
	const struct token *token = &p->lexer.token;
	uint32_t call;
	int r;

	if (token_is_number(token))
		return add_number(p, list);
	if (token->kind != TOKEN_WORD)
		return parser_expected(p, "a system call, by name or number, or a @set");
	if (token->text[0] == '@') {
		r = add_set(p, list);
	} else {
		r = seccomp_find_name(token->text, token->length);
		call = (uint32_t)r;
		if (r < 0 && !optional && p->depth == 0)
			return unknown_call(p);
		r = r < 0 ? 0 : add_calls(p, list, &call, 1);
	}
	if (r >= 0)
		lexer_next(&p->lexer);
	return r;
}

static int parse_calls(struct parser *p, struct call_list *list, bool optional)
{
	do {
		int r = parse_call(p, list, optional);

		if (r < 0)
			return r;
	} while (p->lexer.token.kind != TOKEN_END && !parser_at(p, "if") && !parser_at(p, "with"));
	return 0;
}

/* ---- rules ---- */

static int add_rule(struct parser *p, uint32_t action, const struct call_list *list,
		    const struct condition *condition, size_t value)
{
	struct seccomp_rule *rule;

	if (p->profile.n_rules >= MAX_RULES)
		return parser_fail(p, p->lexer.line_start, "more than %d rules", MAX_RULES);
	rule = seccomp_add_rule(&p->profile, p->arena, action);
	if (!rule)
		return fail_memory(p->error);
	rule->calls = list->calls;
	rule->n_calls = list->n;
	if (condition->n_compares == 0)
		return 0;
	rule->compares = arena_copy(p->arena, condition->compares,
				    condition->n_compares * sizeof(*rule->compares));
	if (!rule->compares)
		return fail_memory(p->error);
	rule->n_compares = condition->n_compares;
	if (condition->values)
		rule->compares[condition->list_at].value = condition->values[value];
	return 0;
}

static int parse_rule(struct parser *p)
{
	struct condition condition = { 0 };
	struct call_list list = { 0 };
	bool optional;
	uint32_t action;
	int r;

	r = parse_action(p, &action, &optional);
	if (r >= 0)
		r = parse_calls(p, &list, optional);
	if (r >= 0)
		r = parse_condition(p, &condition);
	if (r < 0)
		return r;
	if (list.n == 0 || (condition.caps & ~p->caps))
		return 0;
	for (size_t i = 0; r >= 0 && (i == 0 || i < condition.n_values); i++)
		r = add_rule(p, action, &list, &condition, i);
	return r;
}

/* ---- settings ---- */

/*
 * Positive where the setting at hand counts, 0 where one nearer to the user was made already; an
 * error where this text said it before.
 */
static int say(struct parser *p, enum setting setting)
{
	if (p->said[setting].line > 0 && p->said[setting].depth == p->depth)
		return parser_fail(p, p->lexer.line_start, "this was said already, in line %u",
			       p->said[setting].line);
	if (p->said[setting].line > 0 && p->said[setting].depth < p->depth)
		return 0;
	p->said[setting].depth = p->depth;
	p->said[setting].line = p->lexer.line;
	return 1;
}

static int parse_default(struct parser *p)
{
	uint32_t action = 0;
	int r = parse_action(p, &action, NULL);

	if (r >= 0)
		r = say(p, SET_DEFAULT);
	if (r > 0)
		p->profile.default_action = action;
	return r;
}

static int parse_foreign(struct parser *p)
{
	uint32_t action = 0;
	int r = parse_action(p, &action, NULL);

	if (r >= 0)
		r = say(p, SET_FOREIGN);
	if (r > 0)
		p->profile.foreign_action = action;
	return r;
}

/* What comes behind `newer ACTION than`: a number, or a call that has the same one everywhere. */
static int parse_newest(struct parser *p, uint32_t *ret)
{
	const struct token token = p->lexer.token;
	uint32_t number = 0;
	uint64_t value;
	int r;

	if (token_is_number(&token)) {
		r = parse_number(p, SECCOMP_PRIVATE_NUMBERS - 1, &value);
		if (r >= 0)
			*ret = (uint32_t)value;
		return r;
	}
	r = token.kind == TOKEN_WORD ? seccomp_find_name(token.text, token.length) : -ENOENT;
	if (r < 0)
		return parser_expected(p, "the name or number of the newest known system call");
	for (enum seccomp_arch arch = 0; arch < SECCOMP_ARCHES; arch++)
		if (seccomp_find_number(arch, (unsigned)r, &number) >= 0)
			break;
	if (number < SECCOMP_COMMON_NUMBERS)
		return parser_fail(p, token.text, "this call has another number on each architecture; name a newer one");
	*ret = number;
	lexer_next(&p->lexer);
	return 0;
}

static int parse_newer(struct parser *p)
{
	uint32_t action = 0, newest = 0;
	bool table = true;
	int r;

	r = parse_action(p, &action, NULL);
	if (r >= 0 && parser_accept(p, "than")) {
		table = false;
		if (parser_accept(p, "rules")) {
			newest = UINT32_MAX;
		} else {
			r = parse_newest(p, &newest);
		}
	}
	if (r >= 0)
		r = say(p, SET_NEWER);
	if (r <= 0)
		return r;
	p->profile.newer_action = action;
	p->profile.newest = newest;
	p->profile.newer = table			? SECCOMP_NEWER_TABLE :
			   newest == UINT32_MAX ? SECCOMP_NEWER_RULES :
						  SECCOMP_NEWER_NUMBER;
	return 0;
}

static int parse_arch(struct parser *p)
{
	const uint32_t all = seccomp_native_arches();
	const int native = seccomp_native_arch();
	uint32_t arches = 0;
	int r;

	do {
		const struct token *token = &p->lexer.token;

		r = token->kind == TOKEN_WORD ? seccomp_find_arch(token->text, token->length) : -ENOENT;
		if (parser_at(p, "native"))
			arches |= native < 0 ? 0 : SECCOMP_ARCH_BIT(native);
		else if (parser_at(p, "compat"))
			arches |= native < 0 ? 0 : all & ~SECCOMP_ARCH_BIT(native);
		else if (r >= 0)
			arches |= SECCOMP_ARCH_BIT(r);
		else
			return parser_expected(p, "an architecture (native, compat, x86_64, x86, x32, aarch64, arm, "
					   "riscv64)");
		lexer_next(&p->lexer);
	} while (p->lexer.token.kind != TOKEN_END);
	r = say(p, SET_ARCH);
	if (r > 0)
		p->profile.arches = arches;
	return r;
}

static int parse_flags(struct parser *p)
{
	uint32_t flags = 0, flag;
	int r;

	do {
		const struct token *token = &p->lexer.token;

		if (token->kind != TOKEN_WORD || seccomp_find_flag(token->text, token->length, &flag) < 0)
			return parser_expected(p, "a flag (tsync, log, spec-allow, wait-killable)");
		flags |= flag;
		lexer_next(&p->lexer);
	} while (p->lexer.token.kind != TOKEN_END);
	r = say(p, SET_FLAGS);
	if (r > 0)
		p->profile.flags = flags;
	return r;
}

static int parse_match(struct parser *p)
{
	const bool strongest = parser_accept(p, "strongest");
	int r;

	if (!strongest && !parser_accept(p, "first"))
		return parser_expected(p, "'first' or 'strongest'");
	r = say(p, SET_MATCH);
	if (r > 0)
		p->profile.match = strongest ? SECCOMP_STRONGEST : SECCOMP_FIRST;
	return r;
}

/* ---- sets and presets ---- */

static int parse_set(struct parser *p)
{
	const struct token name = p->lexer.token;
	struct call_list list = { 0 };
	struct set *set;
	int r;

	if (name.kind != TOKEN_WORD || name.length < 2 || name.text[0] != '@')
		return parser_expected(p, "the name of the set, with an @ before it");
	lexer_next(&p->lexer);
	r = parse_calls(p, &list, false);
	if (r < 0)
		return r;
	set = arena_grow(p->arena, &p->sets, &p->n_sets, sizeof(*set));
	if (!set)
		return fail_memory(p->error);
	*set = (struct set){ name.text, name.length, list };
	return 0;
}

static int parse_include(struct parser *p)
{
	const struct token name = p->lexer.token;
	const struct seccomp_preset *preset = NULL;

	if (name.kind == TOKEN_WORD && name.text[0] == '@')
		preset = seccomp_find_preset(name.text + 1, name.length - 1);
	if (!preset)
		return parser_expected(p, "a preset (@default, @nestable, @strict, @none)");
	lexer_next(&p->lexer);
	return parse_source(p, preset);
}

static const struct {
	const char *word;
	int (*parse)(struct parser *p);
} statements[] = {
	{ "default", parse_default }, { "newer", parse_newer },	{ "foreign", parse_foreign },
	{ "arch", parse_arch },	      { "flags", parse_flags }, { "match", parse_match },
	{ "set", parse_set },	      { "include", parse_include },
};

static int parse_line(struct parser *p)
{
	const struct token *token = &p->lexer.token;
	uint32_t action;
	int r;

	if (token->kind == TOKEN_END)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++)
		if (parser_accept(p, statements[i].word)) {
			r = statements[i].parse(p);
			if (r >= 0 && p->lexer.token.kind != TOKEN_END)
				r = parser_expected(p, "the end of the line");
			return r;
		}
	if (token->kind != TOKEN_WORD || seccomp_find_action(token->text, token->length, &action) < 0)
		return parser_expected(p, "an action (allow, errno, ...), a setting (default, newer, arch, ...), set or "
				   "include");
	return parse_rule(p);
}

static int parse_lines(struct parser *p, const char *text, size_t size)
{
	lexer_init(&p->lexer, text, size);
	while (lexer_line(&p->lexer)) {
		int r = parse_line(p);

		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_source(struct parser *p, const struct seccomp_preset *preset)
{
	const struct lexer lexer = p->lexer;
	const char *source = p->source;
	int r;

	if (p->depth == MAX_DEPTH)
		return parser_fail(p, p->lexer.line_start, "presets are included in one another too deeply");
	p->depth++;
	p->source = preset->name;
	r = parse_lines(p, preset->text, *preset->size);
	p->depth--;
	p->source = source;
	p->lexer = lexer;
	return r;
}

int seccomp_parse(struct seccomp_profile *profile, struct arena *arena, const char *text, size_t size,
		  const char *source, uint64_t caps, struct inro_error *error)
{
	struct parser p = { .source = source, .arena = arena, .caps = caps, .error = error };
	int r;

	seccomp_profile_init(&p.profile);
	r = parse_lines(&p, text, size);
	if (r < 0)
		return r;
	if (p.said[SET_DEFAULT].line == 0) {
		fail_usage(error, source, "it does not say what happens to calls that no rule names");
		error_hint(error, "add a line 'default errno EPERM', 'default allow' or 'include @default'");
		return -EINVAL;
	}
	*profile = p.profile;
	return 0;
}
