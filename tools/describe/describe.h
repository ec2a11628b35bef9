/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DESCRIBE_DESCRIBE_H
#define DESCRIBE_DESCRIBE_H

/*
 * inro-describe: what is made from the option tables, so that it cannot disagree with them: the
 * option lists of the manual pages, and the completions of the shells. Run by the build, not
 * installed. Everything goes to standard output.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/option.h"
#include "cli/verb.h"

/* Every row of VERB, table by table: NULL past the last. */
const struct option_row *describe_row(const struct verb *verb, size_t index);

/* Peers' spellings that VERB takes. */
const struct option_alias *describe_aliases(const struct verb *verb, size_t *ret_n);

/* The row that an alias ends up at, or NULL. */
const struct option_row *describe_target(const struct verb *verb, const struct option_alias *alias);

/* The next of several words, separated by any of SEPARATORS; *AT moves on. Returns its length, 0 at the end. */
size_t describe_word(const char **at, const char *separators, const char **ret_word);

/* Print TEXT, a backslash before each character of SPECIAL. */
void describe_escaped(const char *text, size_t length, const char *special);

/* A manual page: PATH is its source with lines such as "@OPTIONS run@". 0 or -1. */
int describe_man(const char *path);
void describe_bash(void);
void describe_zsh(void);
void describe_fish(void);

#endif
