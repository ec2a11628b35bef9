/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_VERB_H
#define CLI_VERB_H

/*
 * The verbs of inro: a table, one cmd_<verb>.c each. A verb parses its words, acts through the
 * library, prints, and returns the exit status. All words on standard error are written through
 * here, so that they look alike: "inro run: …".
 */

#include <stdbool.h>

#include "base/macros.h"
#include "base/option.h"

struct verb {
	const char *name;
	const char *usage;  /* "[OPTIONS] [--] COMMAND [ARG…]" */
	const char *help;   /* one line */
	const char *about;  /* the first paragraph of --help */
	int (*run)(const struct verb *verb, int argc, char **argv); /* argv[0] is the first word after the verb */
	/* The option tables, for --help, the man page and completions; ends where tables() returns NULL. */
	const struct option_row *(*tables)(size_t index, size_t *ret_n);
	const char *const *sections; /* the order of the headings, NULL-terminated; NULL = as they come */
	const char *operands; /* what completes the operands: "@command", "@container", "@file"; NULL */
};

extern const struct verb *const verbs[];
extern const size_t n_verbs;

const struct verb *verb_find(const char *name);

/* The status of a failure of inro's own. */
enum { STATUS_FAILED = 125 };

/* Say the error on standard error; returns the status that belongs to it. */
int verb_fail(const char *verb, const struct inro_error *error);

/* A remark on standard error, unless --quiet. */
void verb_note(const char *verb, const char *format, ...) printf_like(2, 3);

/* Print --help of a verb: the usual options, or all of them. */
void verb_help(const struct verb *verb, bool all);

#endif
