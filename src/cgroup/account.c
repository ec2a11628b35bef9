/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/account.h"

#include <signal.h>

#include "cgroup/group.h"
#include "cgroup/steps.h"

enum { WAIT_MS = 10000 };

void cgroup_fill_result(const struct run *run, struct inro_result *result)
{
	struct cgroup_group group;
	struct cgroup_usage usage;

	cgroup_run_group(run, &group);
	cgroup_group_usage(&group, &usage);
	if (usage.has_cpu) {
		result->user_ns = usage.user_ns;
		result->system_ns = usage.system_ns;
	}
	if (usage.has_memory)
		result->peak_memory_bytes = usage.peak_memory_bytes;
	result->whole = usage.has_cpu && usage.has_memory;
	if (usage.oom_kills > 0 && result->end == INRO_END_SIGNALED && result->signal == SIGKILL)
		result->end = INRO_END_MEMORY;
}

int cgroup_freeze(const struct run *run, bool frozen)
{
	struct cgroup_group group;

	cgroup_run_group(run, &group);
	return cgroup_group_freeze(&group, frozen, WAIT_MS);
}

int cgroup_kill(const struct run *run)
{
	struct cgroup_group group;

	cgroup_run_group(run, &group);
	return cgroup_group_end(&group, WAIT_MS);
}
