/* SPDX-License-Identifier: Apache-2.0 */

/*
 * linux.memoryPolicy: on which NUMA nodes the container's memory is. The child sets it for itself,
 * and what it starts inherits it.
 */

#include <errno.h>
#include <linux/mempolicy.h>
#include <string.h>

#include "base/error.h"
#include "base/parse.h"
#include "kernel/syscalls.h"
#include "oci/number_set.h"
#include "oci/config.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_memory_policy;

struct policy_args {
	int mode;
	struct number_set nodes;
};

static int run_set_policy(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct policy_args *args = step->args;
	const struct number_set *nodes = &args->nodes;
	/* Of the number of bits that it is told the kernel uses one less. */
	int r = sys_set_mempolicy(args->mode, nodes->bytes ? nodes->mask : NULL, nodes->bytes ? nodes->bytes * 8 + 1 : 0);

	(void)run;
	return r < 0 ? error_raw(error, r, "set_mempolicy", NULL) : 0;
}

static void advise_set_policy(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EINVAL)
		error_why(error, "the mode does not go with these flags or nodes, or no node of them has memory that "
				 "the container's cgroup may use");
	else if (error->code == ENOSYS)
		error_why(error, "this kernel was built without NUMA");
	else if (error->code == EPERM)
		error_why(error, "a filter around the runtime forbids it");
}

static const struct step_kind kind_set_policy = {
	.name = "set-memory-policy",
	.what = "set the memory policy for the nodes",
	.calls = "set_mempolicy",
	.run = run_set_policy,
	.advise = advise_set_policy,
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_memory_policy *policy = &plan->spec->oci->linux_.memory_policy;
	const char *nodes = policy->nodes ? policy->nodes : "";
	struct policy_args *args;

	if (!policy->set)
		return 0;
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args)
		return fail_memory(error);
	args->mode = policy->mode | (int)policy->flags;
	if (number_set_parse(nodes, &args->nodes) < 0)
		return fail_usage(error, "linux.memoryPolicy.nodes", "'%s' is no list of nodes", nodes);
	plan_add(plan, STAGE_PROCESS, &kind_set_policy, nodes, "linux.memoryPolicy", args);
	return 0;
}

const struct feature feature_oci_memory_policy = {
	.name = "oci_memory_policy",
	.resolve = resolve,
};
