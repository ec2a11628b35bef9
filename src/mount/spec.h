/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOUNT_SPEC_H
#define MOUNT_SPEC_H

/* Reading the options about mounts, and what is implied; between the files of this folder. */

#include "base/option.h"
#include "plan/plan.h"

#define N_MOUNT_OPTIONS 23
extern const struct option_row mount_options[N_MOUNT_OPTIONS];

/*
 * Make an absolute path without "." and "..", doubled or trailing slashes: relative ones from CWD,
 * "~" from HOME (either may be NULL). Purely by its words. NULL: out of memory, or no base for it.
 */
char *mount_clean_path(struct arena *arena, const char *path, const char *cwd, const char *home);

/* Is PATH the directory DIR, or below it? Both clean. */
bool mount_is_below(const char *path, const char *dir);

/* Is it somebody's whole home, or what holds homes? */
bool mount_is_home(const struct facts *facts, const char *path);

/* Add what is implied where nothing was said, to LIST (in the plan's arena). */
int mount_add_defaults(struct plan *plan, struct spec_mount **list, size_t *n,
		       struct inro_error *error);

/* Where the command starts, when nobody said. */
const char *mount_default_workdir(struct plan *plan);

#endif
