/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_NAMES_H
#define NS_NAMES_H

/*
 * The names that a target can have: those of the caller's containers, and those under which it keeps
 * namespaces. (What ip netns calls a namespace is known to ns/target.c itself.)
 */

#include <stdint.h>

#include "base/arena.h"
#include "ns/target.h"

struct registry {
	struct arena arena;
	int state_fd; /* the directory of records; negative: there is none */
	int proc_fd;  /* a verified /proc */
	bool owned;   /* both descriptors are to be closed */
};

#define cleanup_registry cleanup(registry_deinit)

/* With descriptors that the caller keeps open meanwhile. */
void registry_init(struct registry *names, int state_fd, int proc_fd);

/*
 * Of the user UID whose environment is ENV. Never fails: where there is no directory of records (or
 * none to be trusted), there are no names.
 */
void registry_open(struct registry *names, uint32_t uid, const char *const *env);

void registry_deinit(struct registry *names);

/* For ns_target_open(). */
struct target_names registry_targets(struct registry *names);

#endif
