/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/account.h"

#include <signal.h>

#include "cgroup/group.h"
#include "cgroup/steps.h"

enum { WAIT_MS = 10000 };

/* inro's own PID 1 ends as the command did. */
static bool was_killed(const struct run *run, const struct inro_result *result)
{
	if (result->end == INRO_END_SIGNALED)
		return result->signal == SIGKILL;
	return result->end == INRO_END_EXITED && result->code == 128 + SIGKILL && run->plan->spec &&
	       run->plan->spec->process.init;
}

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
	if (usage.oom_kills > 0 && was_killed(run, result))
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
