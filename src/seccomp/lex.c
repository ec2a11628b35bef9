/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/lex.h"

#include <string.h>

void lexer_init(struct lexer *lexer, const char *text, size_t size)
{
	*lexer = (struct lexer){ .next = text, .end = text + size };
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.' || c == '@' || c == '*';
}

static size_t word_length(const char *text, const char *end)
{
	const char *at = text;

	while (at < end && (is_word(*at) || (*at == '-' && at > text && at + 1 < end && is_word(at[1]))))
		at++;
	return (size_t)(at - text);
}

static size_t sign_length(const char *text, const char *end)
{
	static const char signs[] = "=!<>&|()?-";

	if (!*text || !strchr(signs, *text))
		return 0;
	return text + 1 < end && text[1] == '=' && strchr("=!<>", *text) ? 2 : 1;
}

void lexer_next(struct lexer *lexer)
{
	struct token *token = &lexer->token;

	while (lexer->next < lexer->end && (*lexer->next == ' ' || *lexer->next == '\t' || *lexer->next == '\r'))
		lexer->next++;
	*token = (struct token){ .kind = TOKEN_END, .text = lexer->next };
	if (lexer->next == lexer->end || *lexer->next == '\n' || *lexer->next == '#')
		return;
	token->kind = TOKEN_WORD;
	token->length = word_length(lexer->next, lexer->end);
	if (token->length == 0) {
		token->kind = TOKEN_SIGN;
		token->length = sign_length(lexer->next, lexer->end);
	}
	if (token->length == 0) {
		token->kind = TOKEN_BAD;
		token->length = 1;
	}
	lexer->next += token->length;
}

bool lexer_line(struct lexer *lexer)
{
	if (lexer->line > 0) {
		const char *newline = memchr(lexer->next, '\n', (size_t)(lexer->end - lexer->next));

		lexer->next = newline ? newline + 1 : lexer->end;
	}
	if (lexer->next == lexer->end)
		return false;
	lexer->line++;
	lexer->line_start = lexer->next;
	lexer_next(lexer);
	return true;
}

bool token_is(const struct token *token, const char *text)
{
	return (token->kind == TOKEN_WORD || token->kind == TOKEN_SIGN) && strlen(text) == token->length &&
	       memcmp(token->text, text, token->length) == 0;
}

unsigned lexer_column(const struct lexer *lexer, const char *at)
{
	return (unsigned)(at - lexer->line_start) + 1;
}
