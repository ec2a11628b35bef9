/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CGROUP_CONTROLLER_H
#define CGROUP_CONTROLLER_H

/* The controllers that inro uses, in one table both ways. */

#include <stdbool.h>
#include <stddef.h>

enum cgroup_controller {
	CGROUP_MEMORY,
	CGROUP_CPU,
	CGROUP_CPUACCT, /* v1 only: every v2 group accounts its CPU time */
	CGROUP_PIDS,
	CGROUP_FREEZER, /* v1 only: every v2 group can be frozen and killed */
	CGROUP_CONTROLLERS,
};

#define CGROUP_BIT(controller) (1U << (controller))

/* "memory". */
const char *cgroup_controller_name(enum cgroup_controller controller);

/* 0, or -EINVAL for one that inro does not use. NAME has N bytes. */
int cgroup_controller_parse(const char *name, size_t n, enum cgroup_controller *ret);

/* The known ones of a list separated by blanks, commas or line ends, as a bit mask. */
unsigned cgroup_controllers_parse(const char *list);

#endif
