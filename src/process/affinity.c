/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which CPUs the command may run on. The command can widen it again within its cpuset: a wish, or a
 * help for caches and benchmarks, not a limit; a limit is a cgroup's.
 */

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/parse.h"
#include "kernel/syscalls.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_affinity;

enum { MAX_CPUS = 8192 }; /* the most that NR_CPUS can be configured to on x86 and Arm */

struct affinity_spec {
	const char *text; /* NULL: the caller's stays */
	unsigned long mask[MAX_CPUS / (8 * sizeof(long))];
	size_t bytes;     /* of the mask, up to the last CPU in it */
};

static int run_affinity(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct affinity_spec *args = step->args;
	int r = sys_sched_setaffinity(0, args->bytes, args->mask);

	(void)run;
	return r < 0 ? error_raw(error, r, "sched_setaffinity", args->text) : 0;
}

static void advise_affinity(const struct step *step, const struct plan *plan,
			    struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code != EINVAL)
		return;
	error_why(error, "none of these CPUs is one that this process may use");
	error_hint(error, "grep Cpus_allowed_list /proc/self/status tells which are");
}

static const struct step_kind kind_affinity = {
	.name = "set-affinity",
	.what = "run on the CPUs",
	.calls = "sched_setaffinity",
	.run = run_affinity,
	.advise = advise_affinity,
};

static int bad_list(const char *value, struct inro_error *error)
{
	fail_usage(error, "--cpu-affinity", "'%s' is no list of CPUs", value);
	error_hint(error, "numbers below %d and ranges, with commas: 0-3,8", MAX_CPUS);
	return -EINVAL;
}

/* One field, "3" or "0-3"; changes it. */
static int parse_range(char *field, uint32_t *ret_first, uint32_t *ret_last)
{
	char *dash = strchr(field, '-');

	if (dash)
		*dash = '\0';
	if (parse_u32(field, ret_first) < 0 || parse_u32(dash ? dash + 1 : field, ret_last) < 0)
		return -EINVAL;
	return *ret_first <= *ret_last && *ret_last < MAX_CPUS ? 0 : -EINVAL;
}

static int set_affinity(void *object, const char *value, struct inro_error *error)
{
	const size_t bits = 8 * sizeof(long);
	struct spec *spec = object;
	struct affinity_spec *part = spec_part(spec, &feature_affinity), parsed = { 0 };
	char **fields;
	size_t n;

	if (parse_list(&spec->arena, value, ',', &fields, &n) < 0)
		return fail_memory(error);
	if (n == 0)
		return bad_list(value, error);
	for (size_t i = 0; i < n; i++) {
		uint32_t first, last;

		if (parse_range(fields[i], &first, &last) < 0)
			return bad_list(value, error);
		for (uint32_t cpu = first; cpu <= last; cpu++)
			parsed.mask[cpu / bits] |= 1UL << cpu % bits;
		if (parsed.bytes < (last / bits + 1) * sizeof(long))
			parsed.bytes = (last / bits + 1) * sizeof(long);
	}
	parsed.text = arena_strdup(&spec->arena, value);
	if (!parsed.text)
		return fail_memory(error);
	*part = parsed;
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "cpu-affinity",
		.form = OPTION_VALUE,
		.argument = "LIST",
		.help = "run on these CPUs: 0-3,8",
		.section = "Process",
		.set = set_affinity,
		.aliases = "cpuset-cpus",
		.detail = "The command may change it itself, within the CPUs that its cgroup has.",
		.rare = true,
	},
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct affinity_spec *part = spec_part(plan->spec, &feature_affinity);
	struct affinity_spec *args;

	if (!part->text)
		return 0;
	args = arena_copy(&plan->arena, part, sizeof(*part));
	if (!args)
		return fail_memory(error);
	plan_add(plan, STAGE_PROCESS, &kind_affinity, part->text, "asked for", args);
	plan_applied(plan, "cpu-affinity", "%s", part->text);
	return 0;
}

const struct feature feature_affinity = {
	.name = "affinity",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct affinity_spec),
	.resolve = resolve,
};
