/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOUNT_SECRETS_H
#define MOUNT_SECRETS_H

#include <stdbool.h>

#include "plan/plan.h"

/* Shared by the steps: is the second way needed, and what it found. */
struct secrets {
	bool needed;
	struct arena arena;
	const char **paths;
	size_t n_paths;
};

/*
 * The second way of nobody.h, for what cannot be id-mapped (a file system without it, a layer of
 * overlayfs): hide each file below /etc, /opt and /usr/local that others may not read. Adds the steps that look, and
 * hide, if `needed` was set by then. NULL when out of memory.
 */
struct secrets *secrets_new(struct plan *plan);
void secrets_add(struct plan *plan, struct secrets *secrets);

#endif
