/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENTER_OUTSIDE_H
#define ENTER_OUTSIDE_H

/*
 * What only somebody outside of new namespaces can do for the process inside: write maps of more
 * than its own id, and mount its namespaces on files.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "ns/kind.h"

struct inro_error;
struct map_args;

struct outside {
	const struct map_args *maps; /* NULL: none, or it writes them itself */
	bool maps_by_helper;
	const char *const *files;    /* by kind; NULL where it is not to be held */
	bool for_children;           /* pid and time: those that its children will be in */
};

static inline bool outside_needed(const struct outside *outside)
{
	if (outside->maps)
		return true;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		if (outside->files[kind])
			return true;
	return false;
}

/* Do it for the process, which waits meanwhile. */
int outside_work(const struct outside *outside, pid_t pid, struct inro_error *error);

#endif
