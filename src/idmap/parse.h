/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDMAP_PARSE_H
#define IDMAP_PARSE_H

/*
 * What is written after --map, -u and --groups, to the spec's ids. All return 0, or a negative
 * errno with the error filled; OPTION names the option in it.
 */

#include "plan/spec.h"

struct inro_error;

/*
 * "auto", "root", "own", or ranges INNER:OUTER[:N] separated by commas, each with "uid:" or "gid:"
 * before it where it is meant for one of the two. A word replaces what was said before; ranges add
 * up. Checks what can be checked without the host: overlaps, ends, and the number of ranges.
 */
int parse_map(struct spec *spec, const char *option, const char *value, struct inro_error *error);

enum map_side { MAP_USERS, MAP_GROUPS };

/* Ranges for one of the two alone. */
int parse_map_side(struct spec *spec, const char *option, enum map_side side, const char *value,
		   struct inro_error *error);

/* UID[:GID], numbers. */
int parse_user(struct spec *spec, const char *option, const char *value, struct inro_error *error);

/* Ids separated by commas, which add up. */
int parse_groups(struct spec *spec, const char *option, const char *value, struct inro_error *error);

#endif
