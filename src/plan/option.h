/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_OPTION_H
#define PLAN_OPTION_H

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
};

#endif
