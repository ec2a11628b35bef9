/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/parser.h"

#include <errno.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"

int parser_fail(struct parser *p, const char *at, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return fail_usage(p->error, p->source, "line %u, column %u: %s", p->lexer.line,
			  lexer_column(&p->lexer, at), text);
}

int token_shown(const struct token *token)
{
	return token->length < 40 ? (int)token->length : 40;
}

int parser_expected(struct parser *p, const char *what)
{
	const struct token *token = &p->lexer.token;

	if (token->kind == TOKEN_END)
		return parser_fail(p, token->text, "expected %s, found the end of the line", what);
	return parser_fail(p, token->text, "expected %s, found '%.*s'", what,
		       token_shown(token), token->text);
}

bool parser_at(const struct parser *p, const char *word)
{
	return token_is(&p->lexer.token, word);
}

bool parser_accept(struct parser *p, const char *word)
{
	if (!parser_at(p, word))
		return false;
	lexer_next(&p->lexer);
	return true;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return INT_MAX;
}

bool token_is_number(const struct token *token)
{
	return token->kind == TOKEN_WORD && token->text[0] >= '0' && token->text[0] <= '9';
}

int parse_number(struct parser *p, uint64_t max, uint64_t *ret)
{
	const struct token *token = &p->lexer.token;
	uint64_t value = 0;
	unsigned base = 10;
	size_t i = 0;

	if (!token_is_number(token))
		return parser_expected(p, "a number");
	if (token->length > 2 && token->text[0] == '0' && (token->text[1] | 0x20) == 'x') {
		base = 16;
		i = 2;
	} else if (token->length > 1 && token->text[0] == '0') {
		base = 8;
		i = 1;
	}
	for (; i < token->length; i++) {
		const int digit = digit_value(token->text[i]);

		if (digit >= (int)base)
			return parser_expected(p, "a number");
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value) || value > max)
			return parser_fail(p, token->text, "the number is too large, at most %llu may stand here",
				       (unsigned long long)max);
	}
	*ret = value;
	lexer_next(&p->lexer);
	return 0;
}

static int parse_errno(struct parser *p, uint32_t *action)
{
	const struct token token = p->lexer.token;
	uint64_t number;
	int r;

	if (token_is_number(&token)) {
		r = parse_number(p, 4095, &number);
		if (r < 0)
			return r;
		*action |= (uint32_t)number;
		return 0;
	}
	r = token.kind == TOKEN_WORD ? seccomp_find_errno(token.text, token.length) : -ENOENT;
	if (r < 0)
		return parser_expected(p, "the name or number of an error, as EPERM");
	*action |= (uint32_t)r;
	lexer_next(&p->lexer);
	return 0;
}

int parse_action(struct parser *p, uint32_t *ret, bool *optional)
{
	const struct token *token = &p->lexer.token;
	uint32_t action;
	uint64_t data;
	int r;

	if (token->kind != TOKEN_WORD || seccomp_find_action(token->text, token->length, &action) < 0)
		return parser_expected(p, "an action (allow, errno, kill-process, kill-thread, trap, trace, log, "
				   "notify)");
	lexer_next(&p->lexer);
	if (optional)
		*optional = parser_accept(p, "?");
	if (action == SECCOMP_RET_ERRNO) {
		r = parse_errno(p, &action);
		if (r < 0)
			return r;
	} else if (action == SECCOMP_RET_TRACE) {
		r = parse_number(p, SECCOMP_RET_DATA, &data);
		if (r < 0)
			return r;
		action |= (uint32_t)data;
	}
	*ret = action;
	return 0;
}
