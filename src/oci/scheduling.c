/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How the container's processes are scheduled: process.scheduler, process.ioPriority, and the CPUs.
 *
 * The CPUs that the runtime itself was bound to, by the service that started it, say nothing about
 * the container: its init may use all that its cgroup has. What is executed later gets those of
 * execCPUAffinity, `initial` before it is in the container's cgroup and `final` after.
 *
 * Anything above the ordinary takes CAP_SYS_NICE of the host, which a child in a user namespace of
 * its own has not: there the parent sets it while the child waits. Otherwise the child does it
 * itself, late, so that a deadline does not slow down what it has to do before. A wider affinity
 * comes first, since a deadline is refused to who may not run everywhere.
 */

#include <errno.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <string.h>

#include "base/error.h"
#include "kernel/syscalls.h"
#include "oci/config.h"
#include "oci/number_set.h"
#include "oci/start.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_scheduling;

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif

struct sched_args {
	struct kernel_sched_attr attr;
};

struct io_args {
	int value;
};

/* Whom a step is about: the child itself, or the child of this parent. */
static pid_t whom(const struct run *run)
{
	return run->child ? 0 : run->pid;
}

static int run_free_cpus(struct run *run, const struct step *step, struct inro_error *error)
{
	unsigned char all[NUMBER_SET_MAX / 8];
	int r;

	memset(all, 0xff, sizeof(all));
	r = sys_sched_setaffinity(whom(run), sizeof(all), all);
	/* A filter around the runtime may forbid it: then it stays as it is, which is no more than that. */
	if (r < 0)
		run_second_way(run, step);
	(void)error;
	return 0;
}

static const struct step_kind kind_free_cpus = {
	.name = "free-cpus",
	.what = "run on every CPU that the cgroup has",
	.calls = "sched_setaffinity",
	.run = run_free_cpus,
};

static int run_bind_cpus(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct number_set *set = step->args;
	int r = sys_sched_setaffinity(whom(run), set->bytes, set->mask);

	return r < 0 ? error_raw(error, r, "sched_setaffinity", NULL) : 0;
}

static void advise_bind_cpus(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EINVAL)
		error_why(error, "none of these CPUs is there for it");
}

static const struct step_kind kind_bind_cpus = {
	.name = "bind-cpus",
	.what = "run on the CPUs",
	.calls = "sched_setaffinity",
	.run = run_bind_cpus,
	.advise = advise_bind_cpus,
};

static int run_schedule(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct sched_args *args = step->args;
	int r = sys_sched_setattr(whom(run), &args->attr, 0);

	return r < 0 ? error_raw(error, r, "sched_setattr", NULL) : 0;
}

static void advise_schedule(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	const struct sched_args *args = step->args;
	bool deadline = args->attr.policy == SCHED_DEADLINE;

	(void)plan;
	switch (error->code) {
	case EPERM:
		error_why(error, "it takes CAP_SYS_NICE on the host%s",
			  deadline ? ", and a process that may run on all CPUs: a cpuset or an affinity excludes it" : "");
		break;
	case EBUSY:
		error_why(error, "the CPUs have promised too much already, or the cpuset is narrower than its domain");
		break;
	case EINVAL:
		error_why(error, deadline ? "the kernel wants 1024 ns <= runtime <= deadline <= period" :
					    "the priority or a flag does not go with the policy");
		break;
	default:
		break;
	}
}

static const struct step_kind kind_schedule = {
	.name = "schedule",
	.what = "set the scheduling policy",
	.calls = "sched_setattr",
	.run = run_schedule,
	.advise = advise_schedule,
};

static int run_io_priority(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct io_args *args = step->args;
	int r = sys_ioprio_set(IOPRIO_WHO_PROCESS, whom(run), args->value);

	return r < 0 ? error_raw(error, r, "ioprio_set", NULL) : 0;
}

static void advise_io_priority(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EPERM)
		error_why(error, "the real-time class takes CAP_SYS_NICE or CAP_SYS_ADMIN on the host");
}

static const struct step_kind kind_io_priority = {
	.name = "io-priority",
	.what = "set the input and output priority",
	.calls = "ioprio_set",
	.run = run_io_priority,
	.advise = advise_io_priority,
};

/* ---- the plan ---- */

static bool by_parent(const struct plan *plan)
{
	return (plan->settled.ns_new | plan->settled.ns_join) & NS_BIT(NS_USER);
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct oci_process *process = &plan->spec->oci->process;

	(void)error;
	if (by_parent(plan) && (process->scheduler.set || process->io_priority.set))
		plan->settled.wait_release = true;
	return 0;
}

/* A list of execCPUAffinity, as a step. */
static int add_cpus(struct plan *plan, enum stage stage, const char *field, const char *list, struct inro_error *error)
{
	struct number_set *set = arena_alloc(&plan->arena, sizeof(*set));

	if (!set)
		return fail_memory(error);
	if (number_set_parse(list, set) < 0)
		return fail_usage(error, field, "'%s' is no list of CPUs", list);
	if (set->bytes)
		plan_add(plan, stage, &kind_bind_cpus, list, field, set);
	return 0;
}

static int add_affinity(struct plan *plan, struct inro_error *error)
{
	const struct oci_process *process = &plan->spec->oci->process;
	int r = 0;

	if (!plan->spec->oci->start->executes || !(process->cpu_affinity_initial || process->cpu_affinity_final)) {
		plan_add(plan, STAGE_PROCESS, &kind_free_cpus, NULL, "the runtime's own binding is not the container's",
			 NULL);
		return 0;
	}
	/* The parent's own, which the child is born with. */
	if (process->cpu_affinity_initial)
		r = add_cpus(plan, STAGE_ENTER, "process.execCPUAffinity.initial", process->cpu_affinity_initial, error);
	if (r == 0 && process->cpu_affinity_final)
		r = add_cpus(plan, STAGE_PROCESS, "process.execCPUAffinity.final", process->cpu_affinity_final, error);
	return r;
}

static int add_scheduler(struct plan *plan, enum stage stage, struct inro_error *error)
{
	const struct oci_scheduler *wanted = &plan->spec->oci->process.scheduler;
	struct sched_args *args = arena_alloc(&plan->arena, sizeof(*args));

	if (!args)
		return fail_memory(error);
	args->attr = (struct kernel_sched_attr){
		.size = 48, /* without the utilization clamps, which config.json has no values for */
		.policy = wanted->policy,
		.flags = wanted->flags,
		.nice = wanted->nice,
		.priority = wanted->priority,
		.runtime = wanted->runtime,
		.deadline = wanted->deadline,
		.period = wanted->period,
	};
	plan_add(plan, stage, &kind_schedule, NULL, "process.scheduler", args);
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_process *process = &plan->spec->oci->process;
	enum stage stage = by_parent(plan) ? STAGE_MAP : STAGE_PROCESS;
	struct io_args *io;
	int r = add_affinity(plan, error);

	if (r == 0 && process->scheduler.set)
		r = add_scheduler(plan, stage, error);
	if (r < 0 || !process->io_priority.set)
		return r;
	io = arena_alloc(&plan->arena, sizeof(*io));
	if (!io)
		return fail_memory(error);
	io->value = IOPRIO_PRIO_VALUE(process->io_priority.ioclass, process->io_priority.priority);
	plan_add(plan, stage, &kind_io_priority, NULL, "process.ioPriority", io);
	return 0;
}

const struct feature feature_oci_scheduling = {
	.name = "oci_scheduling",
	.settle = settle,
	.resolve = resolve,
};
