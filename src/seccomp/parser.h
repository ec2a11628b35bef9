/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_PARSER_H
#define SECCOMP_PARSER_H

/*
 * Inside of the profile language's parser (text.h), which is a descent over the lines of a text
 * with one token in hand: text.c reads lines, settings, sets and presets, condition.c what stands
 * behind `if` and `with`, parser.c words, numbers and actions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/macros.h"
#include "inro/error.h"
#include "seccomp/lex.h"
#include "seccomp/profile.h"

enum setting {
	SET_DEFAULT,
	SET_NEWER,
	SET_FOREIGN,
	SET_ARCH,
	SET_FLAGS,
	SET_MATCH,
	N_SETTINGS,
};

struct call_list {
	uint32_t *calls;
	size_t n;
};

struct set {
	const char *name; /* with its @; in the text */
	size_t length;
	struct call_list list;
};

struct parser {
	struct lexer lexer;
	const char *source;
	int depth; /* 0 = the user's text */
	struct seccomp_profile profile;
	struct arena *arena;
	uint64_t caps;
	struct inro_error *error;
	struct set *sets;
	size_t n_sets;
	bool sets_loaded;
	struct {
		int depth;
		unsigned line; /* 0 = not said */
	} said[N_SETTINGS];
};

/* The comparisons of one rule; at most one of them is a list of values. */
struct condition {
	struct seccomp_compare *compares;
	size_t n_compares;
	uint64_t *values;
	size_t n_values, list_at;
	uint64_t caps;
};

/* An error at a place in the current line; "expected WHAT, found ..." at the current token. -EINVAL. */
int parser_fail(struct parser *p, const char *at, const char *format, ...) printf_like(3, 4);
int parser_expected(struct parser *p, const char *what);

/* Is the current token this word or sign? If so, go on behind it? */
bool parser_at(const struct parser *p, const char *word);
bool parser_accept(struct parser *p, const char *word);

/* How many bytes of a token an error shows. */
int token_shown(const struct token *token);

/* Does the token begin like a number? */
bool token_is_number(const struct token *token);

/* A number of at most MAX: decimal, hexadecimal with 0x, octal with 0. */
int parse_number(struct parser *p, uint64_t max, uint64_t *ret);

/* An action with its data. OPTIONAL, where a ? may follow its name: did it? */
int parse_action(struct parser *p, uint32_t *ret, bool *optional);

/* Comparisons and capabilities, to the end of the line. */
int parse_condition(struct parser *p, struct condition *condition);

#endif
