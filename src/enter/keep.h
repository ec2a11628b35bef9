/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENTER_KEEP_H
#define ENTER_KEEP_H

/* Namespaces under a name, that stay when their processes are gone. */

#include <stdbool.h>

#include "ns/kind.h"
#include "ns/target.h"

struct keep {
	const char *name;
	unsigned kinds;          /* 0: the usual ones */
	const char *target;      /* hold those of this one; NULL: make new ones */
	const struct target_names *names;
	bool init;               /* with a PID namespace: a small init in it */
	int state_fd, proc_fd;   /* the directory of records; a verified /proc */
};

/*
 * Hold them: by mounts for root, by a process that stays in the background otherwise. On failure
 * nothing is left.
 */
int keep_run(const struct keep *keep, struct inro_error *error);

#endif
