/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/parse.h"
#include "base/setters.h"

enum {
	CPU_QUOTA_MIN_US = 1000,
	MEMORY_MIN = 1 << 20,   /* less does not carry a process from clone to exec */
	SHARES_DEFAULT = 1024,  /* v1's and docker's measure of weight; v2's is 100 */
};

static bool is_unlimited(const char *value)
{
	return strcmp(value, "unlimited") == 0 || strcmp(value, "max") == 0 || strcmp(value, "-1") == 0;
}

static int set_size(const char *option, const char *value, uint64_t *ret, struct inro_error *error)
{
	uint64_t bytes;

	if (parse_size(value, &bytes) < 0)
		return fail_usage(error, option, "'%s' is not a size such as 512M, 2G or unlimited", value);
	if (bytes < MEMORY_MIN)
		return fail_usage(error, option, "'%s' is less than the 1M without which nothing starts", value);
	*ret = bytes;
	return 0;
}

static int set_memory(void *object, const char *value, struct inro_error *error)
{
	struct cgroup_spec *part = spec_part(object, &feature_cgroup);

	if (!is_unlimited(value))
		return set_size("--memory", value, &part->memory, error);
	part->memory = 0;
	return 0;
}

static int set_memory_swap(void *object, const char *value, struct inro_error *error)
{
	struct cgroup_spec *part = spec_part(object, &feature_cgroup);

	if (!is_unlimited(value))
		return set_size("--memory-swap", value, &part->swap, error);
	part->swap = CGROUP_UNLIMITED;
	return 0;
}

/* A count of CPUs with up to five digits behind the point, in microseconds of the period. */
static int parse_cpus(const char *value, uint64_t *ret_us)
{
	const char *point = strchrnul(value, '.');
	size_t n = (size_t)(point - value);
	char whole[8] = "0", part[8] = "00000";
	uint64_t cpus, us;

	if (n >= sizeof(whole) || (n == 0 && !point[0]))
		return -EINVAL;
	if (n > 0)
		snprintf(whole, sizeof(whole), "%.*s", (int)n, value);
	if (*point) {
		size_t digits = strlen(point + 1);

		if (digits == 0 || digits > 5)
			return -EINVAL;
		memcpy(part, point + 1, digits);
	}
	if (parse_u64(whole, &cpus) < 0 || parse_u64(part, &us) < 0)
		return -EINVAL;
	*ret_us = cpus * CGROUP_CPU_PERIOD_US + us;
	return 0;
}

static int set_cpus(void *object, const char *value, struct inro_error *error)
{
	struct cgroup_spec *part = spec_part(object, &feature_cgroup);
	uint64_t us = 0;

	if (!is_unlimited(value) && parse_cpus(value, &us) < 0)
		return fail_usage(error, "--cpus", "'%s' is not a number of CPUs such as 1.5", value);
	if (!is_unlimited(value) && us < CPU_QUOTA_MIN_US)
		return fail_usage(error, "--cpus", "'%s' is less than the 0.01 that the kernel takes", value);
	part->quota_us = us;
	return 0;
}

static int set_cpu_weight(void *object, const char *value, struct inro_error *error)
{
	struct cgroup_spec *part = spec_part(object, &feature_cgroup);
	uint64_t weight;

	if (parse_u64(value, &weight) < 0 || weight < 1 || weight > 10000)
		return fail_usage(error, "--cpu-weight", "'%s' is not a number from 1 to 10000", value);
	part->weight = weight;
	return 0;
}

static int set_cpu_shares(void *object, const char *value, struct inro_error *error)
{
	struct cgroup_spec *part = spec_part(object, &feature_cgroup);
	uint64_t shares, weight;

	if (parse_u64(value, &shares) < 0 || shares < 2 || shares > 262144)
		return fail_usage(error, "--cpu-shares", "'%s' is not a number from 2 to 262144", value);
	weight = (shares * 100 + SHARES_DEFAULT / 2) / SHARES_DEFAULT;
	part->weight = weight < 1 ? 1 : weight > 10000 ? 10000 : weight;
	return 0;
}

static int set_pids_limit(void *object, const char *value, struct inro_error *error)
{
	struct cgroup_spec *part = spec_part(object, &feature_cgroup);
	uint64_t pids = 0;

	if (!is_unlimited(value) && (parse_u64(value, &pids) < 0 || pids < 1 || pids > 4194304))
		return fail_usage(error, "--pids-limit", "'%s' is not a number from 1 to 4194304, or unlimited",
				  value);
	part->pids = pids;
	return 0;
}

static int set_cpu_time(void *object, const char *value, struct inro_error *error)
{
	struct cgroup_spec *part = spec_part(object, &feature_cgroup);

	if (is_unlimited(value)) {
		part->cpu_time_ns = 0;
		return 0;
	}
	if (parse_duration(value, &part->cpu_time_ns) < 0)
		return fail_usage(error, "--cpu-time", "'%s' is not a time such as 10s or 1m30s", value);
	return 0;
}

part_flag_setter(accounting, cgroup_spec, feature_cgroup, accounting)

const struct option_row cgroup_options[CGROUP_OPTIONS] = {
	{
		.name = "memory",
		.letter = 'm',
		.form = OPTION_VALUE,
		.argument = "SIZE",
		.help = "memory that it may use, swap included",
		.section = "Limits",
		.set = set_memory,
		.aliases = "memory-limit|cgroup_mem_max",
		.detail = "When it is used up, the kernel kills a process of the container.",
	},
	{
		.name = "memory-swap",
		.form = OPTION_VALUE,
		.argument = "SIZE",
		.help = "memory and swap together, or unlimited",
		.section = "Limits",
		.set = set_memory_swap,
		.rare = true,
		.detail = "Without it the container gets no swap beyond --memory.",
	},
	{
		.name = "cpus",
		.form = OPTION_VALUE,
		.argument = "N",
		.help = "CPUs that it may use at a time, such as 1.5",
		.section = "Limits",
		.set = set_cpus,
	},
	{
		.name = "cpu-weight",
		.form = OPTION_VALUE,
		.argument = "N",
		.help = "share of the CPU beside others, 1-10000 (100)",
		.section = "Limits",
		.set = set_cpu_weight,
		.rare = true,
	},
	{
		.name = "cpu-shares",
		.form = OPTION_VALUE,
		.argument = "N",
		.help = "the same in cgroup v1's measure (1024)",
		.section = "Limits",
		.set = set_cpu_shares,
		.rare = true,
	},
	{
		.name = "pids-limit",
		.form = OPTION_VALUE,
		.argument = "N",
		.help = "processes and threads at a time",
		.section = "Limits",
		.set = set_pids_limit,
		.aliases = "cgroup_pids_max",
	},
	{
		.name = "cpu-time",
		.form = OPTION_VALUE,
		.argument = "TIME",
		.help = "end it when it has used so much CPU time",
		.rare = true,
		.section = "Limits",
		.set = set_cpu_time,
	},
	{
		.name = "accounting",
		.form = OPTION_FLAG,
		.help = "count times and memory of all of it",
		.rare = true,
		.section = "Limits",
		.set = set_accounting,
		.detail = "Without a cgroup only those of the largest process and of what it waited for are known.",
	},
};
