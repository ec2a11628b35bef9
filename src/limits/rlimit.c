/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Resource limits of the process, as ulimit and docker name them. The container's PID 1 gets them
 * and hands them on; what is not named stays as inherited.
 *
 * Lowering is for everybody. To raise a hard limit needs CAP_SYS_RESOURCE in the host's first user
 * namespace, which a child in another user namespace, new or joined, has no longer; so where the caller has it
 * the parent raises the child's hard limit from outside, while the child waits. The child sets the
 * final values late, since its own set-up must not suffer from them.
 */

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "limits/rlimit_names.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_ulimit;

struct ulimit_spec {
	uint32_t set; /* bit by resource */
	struct rlimit limits[RLIMIT_COUNT];
};

struct ulimit_args {
	int resource;
	struct rlimit limit;
	const char *name;
};

static int run_set(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct ulimit_args *args = step->args;

	(void)run;
	if (prlimit(0, (__rlimit_resource_t)args->resource, &args->limit, NULL) < 0)
		return error_raw(error, -errno, "prlimit", step->object);
	return 0;
}

static void advise_set(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	const struct ulimit_args *args = step->args;
	uint64_t hard = plan->facts->rlimit_hard ? plan->facts->rlimit_hard[args->resource] : 0;

	if (error->code != EPERM)
		return;
	if (args->limit.rlim_max > hard) {
		error_why(error, "the hard limit is above the inherited one (%llu), and only CAP_SYS_RESOURCE on the "
				 "host may raise it",
			  (unsigned long long)hard);
		error_hint(error, "ask for no more than `ulimit -H` shows, or have it raised before (limits.conf, "
				  "LimitNOFILE= and the like of the service)");
	} else if (args->resource == RLIMIT_NOFILE) {
		error_why(error, "it is above /proc/sys/fs/nr_open");
	}
}

static const struct step_kind kind_set = {
	.name = "set-ulimit",
	.what = "set the resource limit",
	.calls = "prlimit64",
	.run = run_set,
	.advise = advise_set,
};

static int run_raise(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct ulimit_args *args = step->args;
	struct rlimit limit;

	if (prlimit(run->pid, (__rlimit_resource_t)args->resource, NULL, &limit) < 0)
		return error_raw(error, -errno, "prlimit", args->name);
	limit.rlim_max = args->limit.rlim_max;
	if (prlimit(run->pid, (__rlimit_resource_t)args->resource, &limit, NULL) < 0)
		return error_raw(error, -errno, "prlimit", args->name);
	return 0;
}

static const struct step_kind kind_raise = {
	.name = "raise-ulimit",
	.what = "raise the child's hard limit",
	.calls = "prlimit64",
	.run = run_raise,
	.advise = advise_set,
};

static int set_ulimit(void *object, const char *value, struct inro_error *error)
{
	struct ulimit_spec *part = spec_part(object, &feature_ulimit);
	struct rlimit limit;
	int resource;
	int r = rlimit_parse(value, &resource, &limit);

	if (r == -ERANGE)
		return fail_usage(error, "--ulimit", "'%s': the soft limit is above the hard one", value);
	if (r < 0)
		return fail_usage(error, "--ulimit",
				  "'%s' is not NAME=SOFT[:HARD] with a name such as nofile, nproc, core, cpu, "
				  "fsize, stack, memlock, as", value);
	part->set |= 1U << resource;
	part->limits[resource] = limit;
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "ulimit",
		.form = OPTION_VALUE,
		.argument = "NAME=SOFT[:HARD]",
		.help = "a resource limit: nofile, nproc, core, …",
		.rare = true,
		.section = "Limits",
		.set = set_ulimit,
		.aliases = "rlimit",
		.repeats = true,
		.detail = "Values are numbers, sizes (64M) or unlimited, in the kernel's own unit: bytes, seconds "
			  "(cpu), or a count.",
	},
};

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	const struct ulimit_spec *part = spec_part(spec, &feature_ulimit);
	uint64_t *hard;

	if (!part->set)
		return 0;
	hard = arena_array(&facts->arena, RLIMIT_COUNT, sizeof(*hard));
	if (!hard)
		return fail_memory(error);
	for (int i = 0; i < RLIMIT_COUNT; i++) {
		struct rlimit limit = { 0 };

		if (part->set & 1U << i && prlimit(0, (__rlimit_resource_t)i, NULL, &limit) < 0)
			return fail_call(error, -errno, "read the resource limit", "prlimit", rlimit_name(i));
		hard[i] = limit.rlim_max;
	}
	facts->rlimit_hard = hard;
	return 0;
}

/* Must the parent raise it, since the child cannot and the parent may be able to? */
static bool raised_by_parent(const struct plan *plan, const struct ulimit_spec *part, int resource)
{
	uint32_t other = plan->settled.ns_new | plan->settled.ns_join;

	return plan->facts->rlimit_hard && part->limits[resource].rlim_max > plan->facts->rlimit_hard[resource] &&
	       other & NS_BIT(NS_USER) && facts_has_cap(plan->facts, CAP_SYS_RESOURCE);
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct ulimit_spec *part = spec_part(plan->spec, &feature_ulimit);

	(void)error;
	for (int i = 0; i < RLIMIT_COUNT; i++)
		if (part->set & 1U << i && raised_by_parent(plan, part, i))
			plan->settled.wait_release = true;
	return 0;
}

static const char *limit_text(struct plan *plan, rlim_t value)
{
	return value == RLIM_INFINITY ? "unlimited" :
					arena_printf(&plan->arena, "%llu", (unsigned long long)value);
}

static int add_limit(struct plan *plan, const struct ulimit_spec *part, int resource)
{
	struct ulimit_args *args = arena_alloc(&plan->arena, sizeof(*args));
	const struct rlimit *limit = &part->limits[resource];
	const char *soft = limit_text(plan, limit->rlim_cur);
	const char *hard = limit_text(plan, limit->rlim_max);
	const char *text = arena_printf(&plan->arena, "%s=%s:%s", rlimit_name(resource), soft ? soft : "",
					hard ? hard : "");

	if (!args || !text || !soft || !hard)
		return -ENOMEM;
	args->resource = resource;
	args->limit = *limit;
	args->name = rlimit_name(resource);
	if (raised_by_parent(plan, part, resource))
		plan_add(plan, STAGE_MAP, &kind_raise, text,
			 "the child has no CAP_SYS_RESOURCE in its user namespace", args);
	plan_add(plan, STAGE_PROCESS, &kind_set, text, "asked for", args);
	plan_applied(plan, "ulimit", "%s", text);
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct ulimit_spec *part = spec_part(plan->spec, &feature_ulimit);

	for (int i = 0; i < RLIMIT_COUNT; i++)
		if (part->set & 1U << i && add_limit(plan, part, i) < 0)
			return fail_memory(error);
	return 0;
}

const struct feature feature_ulimit = {
	.name = "ulimit",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct ulimit_spec),
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};
