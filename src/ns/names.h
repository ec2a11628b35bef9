/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_NAMES_H
#define NS_NAMES_H

/*
 * The names that a target can have: those of the caller's containers, those under which it keeps
 * namespaces, and those of containers of other engines, in this order. (What ip netns calls a
 * namespace is known to ns/target.c itself.)
 */

#include <stdint.h>

#include "base/arena.h"
#include "ns/target.h"

struct registry {
	struct arena arena;
	int state_fd; /* the directory of records; negative: there is none */
	int proc_fd;  /* a verified /proc */
	bool owned;   /* both descriptors are to be closed */
	uint32_t uid; /* the caller's */
	const char *const *env;
	struct engine_container *engines; /* of other engines; once they were looked for */
	size_t n_engines;
	bool looked;
};

#define cleanup_registry cleanup(registry_deinit)

/* With descriptors that the caller keeps open meanwhile. */
void registry_init(struct registry *names, int state_fd, int proc_fd, uint32_t uid, const char *const *env);

/*
 * Of the user UID whose environment is ENV. Never fails: where there is no directory of records (or
 * none to be trusted), there are no names.
 */
void registry_open(struct registry *names, uint32_t uid, const char *const *env);

void registry_deinit(struct registry *names);

/*
 * The containers of other engines that run now, looked for at the first call. They belong to the
 * registry's arena.
 */
struct engine_container;
void registry_engines(struct registry *names, const struct engine_container **ret, size_t *ret_n);

/* For ns_target_open(). */
struct target_names registry_targets(struct registry *names);

#endif
