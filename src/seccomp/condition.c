/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "seccomp/constants.h"
#include "seccomp/parser.h"

static int parse_item(struct parser *p, uint64_t *ret)
{
	const struct token *token = &p->lexer.token;
	int r;

	if (parser_accept(p, "-")) {
		r = parse_number(p, INT64_MAX, ret);
		if (r >= 0)
			*ret = -*ret;
		return r;
	}
	if (token_is_number(token))
		return parse_number(p, UINT64_MAX, ret);
	if (token->kind != TOKEN_WORD)
		return parser_expected(p, "a number or the name of a constant");
	if (seccomp_find_constant(token->text, token->length, ret) < 0)
		return parser_fail(p, token->text, "unknown constant '%.*s': write its number",
			       token_shown(token), token->text);
	lexer_next(&p->lexer);
	return 0;
}

/* Items joined by |. LOW: of 32 bits, where a negative number of that size counts as one. */
static int parse_value(struct parser *p, bool low, uint64_t *ret)
{
	const char *at = p->lexer.token.text;
	uint64_t value = 0, item;

	do {
		int r = parse_item(p, &item);

		if (r < 0)
			return r;
		value |= item;
	} while (parser_accept(p, "|"));
	if (low && value > UINT32_MAX) {
		if (value < (uint64_t)INT32_MIN)
			return parser_fail(p, at, "the value does not fit in the 32 bits that low32() looks at");
		value = (uint32_t)value;
	}
	*ret = value;
	return 0;
}

static int parse_argument(struct parser *p, uint8_t *ret)
{
	const struct token *token = &p->lexer.token;

	if (token->kind != TOKEN_WORD || token->length != 4 || memcmp(token->text, "arg", 3) != 0 ||
	    token->text[3] < '0' || token->text[3] > '5')
		return parser_expected(p, "an argument, arg0 to arg5 or low32(arg0) to low32(arg5)");
	*ret = (uint8_t)(token->text[3] - '0');
	lexer_next(&p->lexer);
	return 0;
}

/* arg1, low32(arg1), and a mask behind it. */
static int parse_operand(struct parser *p, struct seccomp_compare *compare, bool *low)
{
	uint64_t mask;
	int r;

	*low = parser_accept(p, "low32");
	if (*low && !parser_accept(p, "("))
		return parser_expected(p, "'('");
	r = parse_argument(p, &compare->argument);
	if (r < 0)
		return r;
	if (*low && !parser_accept(p, ")"))
		return parser_expected(p, "')'");
	compare->mask = *low ? UINT32_MAX : UINT64_MAX;
	if (!parser_accept(p, "&"))
		return 0;
	r = parse_value(p, *low, &mask);
	if (r >= 0)
		compare->mask &= mask;
	return r;
}

static const char *const op_signs[] = {
	[SECCOMP_EQ] = "==", [SECCOMP_NE] = "!=", [SECCOMP_LT] = "<",
	[SECCOMP_LE] = "<=", [SECCOMP_GT] = ">",  [SECCOMP_GE] = ">=",
};

static int check_value(struct parser *p, const char *at, const struct seccomp_compare *compare)
{
	if ((compare->op == SECCOMP_EQ || compare->op == SECCOMP_NE) && (compare->value & ~compare->mask))
		return parser_fail(p, at, "the value has bits that the mask does not let through");
	return 0;
}

static int parse_list(struct parser *p, struct condition *condition, struct seccomp_compare *compare, bool low)
{
	if (condition->values)
		return parser_fail(p, p->lexer.token.text, "only one 'in' may stand in a rule");
	compare->op = SECCOMP_EQ;
	do {
		const char *at = p->lexer.token.text;
		uint64_t *value = arena_grow(p->arena, &condition->values, &condition->n_values, sizeof(*value));
		int r;

		if (!value)
			return fail_memory(p->error);
		r = parse_value(p, low, value);
		compare->value = *value;
		if (r >= 0)
			r = check_value(p, at, compare);
		if (r < 0)
			return r;
	} while (p->lexer.token.kind != TOKEN_END && !parser_at(p, "and") && !parser_at(p, "with"));
	condition->list_at = condition->n_compares;
	return 0;
}

static int parse_compare(struct parser *p, struct condition *condition)
{
	struct seccomp_compare compare = { 0 }, *added;
	const char *at;
	bool low;
	int r;

	r = parse_operand(p, &compare, &low);
	if (r < 0)
		return r;
	if (parser_accept(p, "in")) {
		r = parse_list(p, condition, &compare, low);
	} else {
		while (compare.op < ARRAY_SIZE(op_signs) && !parser_at(p, op_signs[compare.op]))
			compare.op++;
		if (compare.op == ARRAY_SIZE(op_signs))
			return parser_expected(p, "a comparison (== != < <= > >= in)");
		lexer_next(&p->lexer);
		at = p->lexer.token.text;
		r = parse_value(p, low, &compare.value);
		if (r >= 0)
			r = check_value(p, at, &compare);
	}
	if (r < 0)
		return r;
	added = arena_grow(p->arena, &condition->compares, &condition->n_compares, sizeof(*added));
	if (!added)
		return fail_memory(p->error);
	*added = compare;
	return 0;
}

static int parse_caps(struct parser *p, uint64_t *caps)
{
	do {
		const struct token *token = &p->lexer.token;
		const int cap = token->kind == TOKEN_WORD ? seccomp_find_cap(token->text, token->length) : -ENOENT;

		if (cap < 0)
			return parser_expected(p, "a capability, as CAP_SYS_TIME");
		*caps |= UINT64_C(1) << cap;
		lexer_next(&p->lexer);
	} while (p->lexer.token.kind != TOKEN_END);
	return 0;
}

int parse_condition(struct parser *p, struct condition *condition)
{
	int r = 0;

	if (parser_accept(p, "if"))
		do
			r = parse_compare(p, condition);
		while (r >= 0 && parser_accept(p, "and"));
	if (r >= 0 && parser_accept(p, "with"))
		r = parse_caps(p, &condition->caps);
	if (r >= 0 && p->lexer.token.kind != TOKEN_END)
		r = parser_expected(p, condition->n_compares ? "'and', 'with' or the end of the line" :
							"'if', 'with' or the end of the line");
	return r;
}
