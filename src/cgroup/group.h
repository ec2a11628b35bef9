/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CGROUP_GROUP_H
#define CGROUP_GROUP_H

/*
 * A container's groups seen as one: a v2 group, v1 groups, or both. The descriptors are borrowed.
 * Whoever wants something of it need not know which it is.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cgroup/controller.h"

struct cgroup_group {
	int v2;                     /* -EBADF where there is none */
	int v1[CGROUP_CONTROLLERS]; /* by controller; several may be one directory */
};

/* All absent. */
void cgroup_group_init(struct cgroup_group *group);

/* What everything in it has used until now; the has_ flags say what could be read. */
struct cgroup_usage {
	bool has_cpu, has_memory;
	uint64_t user_ns, system_ns, total_ns;
	uint64_t memory_bytes, peak_memory_bytes;
	uint64_t oom_kills; /* processes that the kernel killed for want of memory within the limit */
};
void cgroup_group_usage(const struct cgroup_group *group, struct cgroup_usage *ret);

/* The CPU time alone, in nanoseconds. 0, or -ENOENT where nothing counts it. */
int cgroup_group_cpu_time(const struct cgroup_group *group, uint64_t *ret_ns);

/* Stop or resume everything in it. -ENOENT where neither v2 nor the freezer is there; -ETIME. */
int cgroup_group_freeze(const struct cgroup_group *group, bool frozen, int timeout_ms);

/* Kill everything in it and wait until nothing is left. -ETIME. */
int cgroup_group_end(const struct cgroup_group *group, int timeout_ms);

#endif
