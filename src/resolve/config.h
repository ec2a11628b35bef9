/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_CONFIG_H
#define RESOLVE_CONFIG_H

/*
 * A run as a file: YAML, read and written with libyaml. One mapping; its keys are the options' long
 * names, its values scalars, or sequences of scalars for what may be said several times; and
 * `command`, a sequence. Scalars are taken as they are written: no type is guessed, so that
 * `hostname: no` is a host called "no". Read only where the user names it.
 */

#include <stdio.h>

#include "resolve/journal.h"

int config_load(struct inro_spec *journal, const char *path, struct inro_error *error);

/* The user's and files' settings; those of presets are said by the preset's name alone. */
int config_save(const struct inro_spec *journal, FILE *stream, struct inro_error *error);

#endif
