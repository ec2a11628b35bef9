/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_VERB_H
#define OCI_VERB_H

/*
 * The verbs of inro-oci: a table (verbs.def), one verb_<name>.c each. Options before the verb are
 * about every verb and lie in struct oci_call; a verb has its own tables, as those of inro.
 */

#include <stdbool.h>

#include "base/macros.h"
#include "base/option.h"

enum oci_log_format { OCI_LOG_TEXT, OCI_LOG_JSON };

/* The options before the verb. */
struct oci_call {
	const char *verb;
	const char *root;     /* --root; NULL */
	const char *log;      /* --log; NULL = standard error alone */
	enum oci_log_format log_format;
	bool debug, systemd_cgroup, cgroup_disabled;
	bool version, help;   /* asked for in place of a verb */
	int log_fd;           /* -EBADF where there is no file */
};

struct oci_verb {
	const char *name;
	const char *usage; /* "[OPTIONS] ID" */
	const char *help;  /* one line */
	int (*run)(struct oci_call *call, int argc, char **argv); /* argv[0]: the first word after the verb */
	const struct option_row *options; /* for --help */
	size_t n_options;
};

#define VERB_OPTIONS(rows) .options = (rows), .n_options = ARRAY_SIZE(rows)

const struct oci_verb *oci_verb_find(const char *name);

/* The line of --help for an option. */
void oci_option_print(const struct option_row *row);

/*
 * Parse a verb's words: options (of ROWS, into OBJECT) may stand before and behind its operands.
 * 0, and the operands are words[*ret_operand…]; 1 where --help was asked for and printed; otherwise a
 * negative errno with the error filled. N_OPERANDS: how many there must be; -1 = any number, and
 * then options end at the first operand when STRICT.
 */
struct oci_words {
	const struct option_row *rows;
	size_t n_rows;
	void *object;
	int n_operands;
	bool strict;
};
int oci_words_parse(struct oci_call *call, const struct oci_words *words, int argc, char **argv, int *ret_operand,
		    struct inro_error *error);

/* Say the error where the engine looks for it (--log) and on standard error. Returns STATUS. */
int oci_fail(struct oci_call *call, const struct inro_error *error, int status);

/* A warning, a remark for --debug: to the log, or to standard error where there is none. */
void oci_warn(struct oci_call *call, const char *format, ...) printf_like(2, 3);
void oci_debug(struct oci_call *call, const char *format, ...) printf_like(2, 3);

#endif
