/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/controller.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/macros.h"

static const char *const names[] = {
	[CGROUP_MEMORY] = "memory",   [CGROUP_CPU] = "cpu",         [CGROUP_CPUACCT] = "cpuacct",
	[CGROUP_PIDS] = "pids",       [CGROUP_FREEZER] = "freezer",
};
static_assert(ARRAY_SIZE(names) == CGROUP_CONTROLLERS, "a controller without a name");

const char *cgroup_controller_name(enum cgroup_controller controller)
{
	return names[controller];
}

int cgroup_controller_parse(const char *name, size_t n, enum cgroup_controller *ret)
{
	for (enum cgroup_controller i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

unsigned cgroup_controllers_parse(const char *list)
{
	static const char separators[] = " ,\n";
	unsigned mask = 0;

	while (list && *list) {
		size_t n = strcspn(list, separators);
		enum cgroup_controller controller;

		if (cgroup_controller_parse(list, n, &controller) == 0)
			mask |= CGROUP_BIT(controller);
		list += n + strspn(list + n, separators);
	}
	return mask;
}
