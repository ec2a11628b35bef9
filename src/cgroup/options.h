/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CGROUP_OPTIONS_H
#define CGROUP_OPTIONS_H

/*
 * What the options of the feature `cgroup` say: its part of the spec.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/feature.h"

extern const struct feature feature_cgroup;

#define CGROUP_UNLIMITED UINT64_MAX

/* Of which quota_us counts: the kernel's own default. */
#define CGROUP_CPU_PERIOD_US 100000

struct cgroup_spec {
	/* 0 = not said, or unlimited. */
	uint64_t memory;   /* bytes */
	uint64_t swap;     /* memory and swap together; may be CGROUP_UNLIMITED, and 0 is `memory` */
	uint64_t pids;
	uint64_t quota_us; /* of CGROUP_CPU_PERIOD_US */
	uint64_t weight;   /* 1 to 10000 */
	uint64_t cpu_time_ns;
	bool accounting;
};

enum { CGROUP_OPTIONS = 8 };
extern const struct option_row cgroup_options[CGROUP_OPTIONS];

#endif
