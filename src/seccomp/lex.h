/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_LEX_H
#define SECCOMP_LEX_H

/* The words of the profile language, line by line. Knows nothing of their meaning. */

#include <stdbool.h>
#include <stddef.h>

enum token_kind {
	TOKEN_END,  /* of the line */
	TOKEN_WORD, /* letters, digits and _ . @ *, with dashes inside */
	TOKEN_SIGN, /* == != <= >= < > & | ( ) ? - */
	TOKEN_BAD,  /* any other byte */
};

struct token {
	enum token_kind kind;
	const char *text;
	size_t length;
};

struct lexer {
	const char *next, *end; /* what is left of the text */
	const char *line_start;
	unsigned line; /* from 1 */
	struct token token;
};

void lexer_init(struct lexer *lexer, const char *text, size_t size);

/* Go to the first token of the next line; false at the end of the text. */
bool lexer_line(struct lexer *lexer);

/* Go to the next token of the line. */
void lexer_next(struct lexer *lexer);

/* Is this token the word or sign TEXT? */
bool token_is(const struct token *token, const char *text);

/* The column of a place in the current line, from 1, in bytes. */
unsigned lexer_column(const struct lexer *lexer, const char *at);

#endif
