/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_USERS_H
#define CLI_USERS_H

/*
 * Names of users, for listings. From /etc/passwd alone: a static program cannot load the modules
 * through which other sources are asked; who is not there is shown by number.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"

struct users {
	struct arena arena;
	struct hash by_uid;
	bool read;
};

/* A zeroed struct is ready; what it holds is freed here. */
void users_deinit(struct users *users);

/* The name, or the number as text. Valid as long as USERS. NULL: out of memory. */
const char *users_name(struct users *users, uint32_t uid);

/* A name or a number. -ENOENT for a name that nobody has. */
int users_find(struct users *users, const char *text, uint32_t *ret);

#endif
