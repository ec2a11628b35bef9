/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What v2 has in one group lies in several on v1. Where both are there (a hybrid host), the v2
 * group is asked for what needs no controller: CPU time, killing, freezing, emptiness.
 */

#include "cgroup/group.h"

#include <errno.h>
#include <stdio.h>

#include "cgroup/dir.h"
#include "cgroup/v1.h"
#include "cgroup/v2.h"

void cgroup_group_init(struct cgroup_group *group)
{
	group->v2 = -EBADF;
	for (int i = 0; i < CGROUP_CONTROLLERS; i++)
		group->v1[i] = -EBADF;
}

static bool read_cpu_v2(int fd, struct cgroup_usage *usage)
{
	char text[4096];

	if (cgroup_read(fd, "cpu.stat", text, sizeof(text)) < 0 ||
	    cgroup_find_key(text, "usage_usec", &usage->total_ns) < 0 ||
	    cgroup_find_key(text, "user_usec", &usage->user_ns) < 0 ||
	    cgroup_find_key(text, "system_usec", &usage->system_ns) < 0)
		return false;
	usage->total_ns *= 1000;
	usage->user_ns *= 1000;
	usage->system_ns *= 1000;
	return true;
}

static bool read_cpu_v1(int fd, struct cgroup_usage *usage)
{
	if (cgroup_read_u64(fd, "cpuacct.usage", &usage->total_ns) < 0 ||
	    cgroup_read_u64(fd, "cpuacct.usage_user", &usage->user_ns) < 0 ||
	    cgroup_read_u64(fd, "cpuacct.usage_sys", &usage->system_ns) < 0)
		return false;
	return true;
}

static void read_memory(const struct cgroup_group *group, struct cgroup_usage *usage)
{
	int v1 = group->v1[CGROUP_MEMORY];

	if (v1 >= 0) {
		usage->has_memory =
			cgroup_read_u64(v1, "memory.max_usage_in_bytes", &usage->peak_memory_bytes) == 0 &&
			cgroup_read_u64(v1, "memory.usage_in_bytes", &usage->memory_bytes) == 0;
		cgroup_read_key(v1, "memory.oom_control", "oom_kill", &usage->oom_kills);
	} else if (group->v2 >= 0) {
		/* memory.peak: since 5.19. */
		usage->has_memory = cgroup_read_u64(group->v2, "memory.peak", &usage->peak_memory_bytes) == 0 &&
				    cgroup_read_u64(group->v2, "memory.current", &usage->memory_bytes) == 0;
		cgroup_read_key(group->v2, "memory.events", "oom_kill", &usage->oom_kills);
	}
}

static bool read_cpu(const struct cgroup_group *group, struct cgroup_usage *usage)
{
	if (group->v2 >= 0)
		return read_cpu_v2(group->v2, usage);
	return group->v1[CGROUP_CPUACCT] >= 0 && read_cpu_v1(group->v1[CGROUP_CPUACCT], usage);
}

void cgroup_group_usage(const struct cgroup_group *group, struct cgroup_usage *ret)
{
	*ret = (struct cgroup_usage){ 0 };
	ret->has_cpu = read_cpu(group, ret);
	read_memory(group, ret);
}

int cgroup_group_cpu_time(const struct cgroup_group *group, uint64_t *ret_ns)
{
	struct cgroup_usage usage = { 0 };

	if (!read_cpu(group, &usage))
		return -ENOENT;
	*ret_ns = usage.total_ns;
	return 0;
}

int cgroup_group_freeze(const struct cgroup_group *group, bool frozen, int timeout_ms)
{
	if (group->v2 >= 0)
		return cgroup2_freeze(group->v2, frozen, timeout_ms);
	if (group->v1[CGROUP_FREEZER] >= 0)
		return cgroup1_freeze(group->v1[CGROUP_FREEZER], frozen, timeout_ms);
	return -ENOENT;
}

int cgroup_group_end(const struct cgroup_group *group, int timeout_ms)
{
	int any = group->v1[CGROUP_FREEZER];

	if (group->v2 >= 0)
		return cgroup2_end(group->v2, timeout_ms);
	for (int i = 0; i < CGROUP_CONTROLLERS && any < 0; i++)
		any = group->v1[i];
	return any < 0 ? -ENOENT : cgroup1_end(any, timeout_ms);
}
