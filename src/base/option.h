/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

/*
 * One row describes one option, wherever it is written: on a command line, in a file, through the
 * library. The parser, --help, the man page's list and the shells' completions are all made from
 * these rows. A row's `set` gets the object that the table is about: a struct spec for the options
 * of `run`, a verb's own struct elsewhere.
 */

#include <stdbool.h>
#include <stddef.h>

#include "inro/error.h"

enum option_form {
	OPTION_FLAG,  /* --name, --name=yes|no, --no-name: set() gets "true" or "false" */
	OPTION_VALUE, /* --name VALUE, --name=VALUE */
	OPTION_MAYBE, /* --name, --name=VALUE: set() gets "" without a value */
};

struct option_row {
	const char *name;     /* the one spelling, without dashes; also the key in a file */
	char letter;          /* the short form, or 0 */
	enum option_form form;
	const char *argument; /* how the value is called in texts: "SIZE" */
	const char *help;     /* one line, lower case, no full stop */
	const char *section;  /* heading under which --help shows it */
	int (*set)(void *object, const char *value, struct inro_error *error);
	const char *aliases;  /* other spellings, separated by "|" ("memory-limit|mem"); NULL */
	const char *choices;  /* what a shell completes: "auto|new|share|none", "@file", "@dir", ... */
	const char *detail;   /* further sentences for the man page; NULL */
	bool repeats;         /* every value counts; otherwise the last one wins */
	bool rare;            /* only in --help=all and the man page */
	bool letter_alone;    /* OPTION_MAYBE whose short form takes no value: -mu is -m -u */
};

/* Rows about one kind of object, and what to do with what was written. */
struct option_table {
	const struct option_row *rows;
	size_t n_rows;
	void *object; /* passed to take(), or to the row's set() */
	/* Called instead of the row's set() where not NULL. */
	int (*take)(void *object, const struct option_row *row, const char *value, struct inro_error *error);
};

/*
 * A peer's spelling that is not a mere other name: it may take several words, and stands for
 * another option with a value made from them: { "ro-bind", 2, "volume", "%1:%2:ro" }. Where the value
 * has colons, those in the words are escaped by a backslash, so that it can be split again. What
 * takes one word may have it behind "=".
 */
struct option_alias {
	const char *name;
	unsigned n_words;
	const char *option;
	const char *value; /* with %1, %2; NULL for a flag */
};

struct option_parser {
	const struct option_table *tables;
	size_t n_tables;
	const struct option_alias *aliases;
	size_t n_aliases;
	bool mixed; /* options may follow operands; otherwise they end at the first operand */
};

/*
 * Parse WORDS (without the program's name), in the order in which they stand. With `mixed` the
 * operands are moved to the end, as getopt(3) does. *ret_operand is the index of the first one.
 * -EINVAL with the error filled: unknown (with the nearest name as a hint), ambiguous or without
 * its value; or what take() or set() returned.
 */
int options_parse(const struct option_parser *parser, char **words, int n_words, int *ret_operand,
		  struct inro_error *error);

/* The row of that name (an alias of it, too), or NULL. */
const struct option_row *option_find(const struct option_row *rows, size_t n_rows, const char *name);

/* How many edits turn one word into the other; for "did you mean". At most LIMIT + 1 is told. */
unsigned option_distance(const char *a, const char *b, unsigned limit);

#endif
