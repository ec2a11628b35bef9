/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How the command is scheduled: nice value, policy, and class of input and output.
 *
 * The parent sets them, while the child waits: for anything above the ordinary the kernel asks for
 * CAP_SYS_NICE of the host, which a child in a user namespace of its own does not have.
 *
 * A deadline task may not fork (EAGAIN) unless its children start with the ordinary policy, so that
 * is asked for with it.
 */

#include <errno.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "base/parse.h"
#include "kernel/syscalls.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_priority;

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif
/* SCHED_FLAG_RESET_ON_FORK of <linux/sched.h>, which clashes with <sched.h>. */
#define FLAG_RESET_ON_FORK 0x01

enum { NICE_MIN = -20, NICE_MAX = 19, RT_MIN = 1, RT_MAX = 99, IO_LEVELS = 8 };

struct priority_spec {
	const char *nice, *sched, *io; /* as written; NULL = as the caller's */
	int nice_value, io_value;
	struct kernel_sched_attr attr;
};

static int run_nice(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct priority_spec *args = step->args;

	if (setpriority(PRIO_PROCESS, (id_t)run->pid, args->nice_value) < 0)
		return error_raw(error, -errno, "setpriority", NULL);
	return 0;
}

static int run_sched(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct priority_spec *args = step->args;
	struct kernel_sched_attr attr = args->attr;
	int r;

	/* The call sets the nice value, too: the caller's, which the child inherited, stays. */
	attr.nice = args->nice ? args->nice_value : getpriority(PRIO_PROCESS, 0);
	r = sys_sched_setattr(run->pid, &attr, 0);
	return r < 0 ? error_raw(error, r, "sched_setattr", NULL) : 0;
}

static int run_ionice(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct priority_spec *args = step->args;
	int r = sys_ioprio_set(IOPRIO_WHO_PROCESS, run->pid, args->io_value);

	return r < 0 ? error_raw(error, r, "ioprio_set", NULL) : 0;
}

static bool is_denied(const struct inro_error *error)
{
	return error->code == EPERM || error->code == EACCES;
}

static void advise_nice(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (!is_denied(error))
		return;
	error_why(error, "a lower nice value than inro's own needs CAP_SYS_NICE on the host");
	error_hint(
		error,
		"ask for a higher number, or raise RLIMIT_NICE (ulimit -e) before inro is started");
}

static void advise_sched(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	const struct priority_spec *args = step->args;

	(void)plan;
	if (is_denied(error)) {
		error_why(error, "this policy needs CAP_SYS_NICE on the host%s",
			  args->attr.policy == SCHED_DEADLINE ?
				  ", and a task that may run on all CPUs of its cpuset" :
				  ", and a cgroup that has time for real-time tasks");
		error_hint(error, "%s", args->attr.policy == SCHED_DEADLINE ?
						"start inro as root, and leave --cpu-affinity out" :
						"start inro as root, or raise RLIMIT_RTPRIO "
						"(ulimit -r) before");
	} else if (error->code == EBUSY) {
		error_why(error,
			  "the deadlines that the CPUs have promised leave no room for this one");
		error_hint(error, "ask for less runtime in each period");
	} else if (error->code == EINVAL && args->attr.policy == SCHED_DEADLINE) {
		error_why(
			error,
			"the kernel wants 1024ns <= runtime <= deadline <= period, within the "
			"limits of /proc/sys/kernel/sched_deadline_period_*");
	}
}

static void advise_ionice(const struct step *step, const struct plan *plan,
			  struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (!is_denied(error))
		return;
	error_why(error, "the real-time class needs CAP_SYS_NICE or CAP_SYS_ADMIN on the host");
	error_hint(error, "use best-effort:0, the highest that needs no privilege");
}

static const struct step_kind kind_nice = {
	.name = "set-nice",
	.what = "set the nice value to",
	.calls = "setpriority",
	.run = run_nice,
	.advise = advise_nice,
};

static const struct step_kind kind_sched = {
	.name = "set-sched",
	.what = "set the scheduling policy to",
	.calls = "sched_setattr",
	.run = run_sched,
	.advise = advise_sched,
};

static const struct step_kind kind_ionice = {
	.name = "set-ionice",
	.what = "set the class of input and output to",
	.calls = "ioprio_set",
	.run = run_ionice,
	.advise = advise_ionice,
};

static int keep(struct spec *spec, const char *value, const char **ret, struct inro_error *error)
{
	*ret = arena_strdup(&spec->arena, value);
	return *ret ? 0 : fail_memory(error);
}

static int set_nice(void *object, const char *value, struct inro_error *error)
{
	struct priority_spec *part = spec_part(object, &feature_priority);
	int64_t number;

	if (parse_i64(value, &number) < 0 || number < NICE_MIN || number > NICE_MAX)
		return fail_usage(error, "--nice", "'%s' is not a number from %d to %d", value,
				  NICE_MIN, NICE_MAX);
	part->nice_value = (int)number;
	return keep(object, value, &part->nice, error);
}

static const struct {
	const char *name;
	uint32_t policy;
	bool real_time;
} policies[] = {
	{ "other", SCHED_OTHER, false },
	{ "batch", SCHED_BATCH, false },
	{ "idle", SCHED_IDLE, false },
	{ "fifo", SCHED_FIFO, true },
	{ "rr", SCHED_RR, true },
};

/* What follows "deadline:": three time spans. */
static int parse_deadline(const char *text, struct arena *arena, struct kernel_sched_attr *attr)
{
	uint64_t *const spans[] = { &attr->runtime, &attr->deadline, &attr->period };
	char **fields;
	size_t n;
	int r = parse_list(arena, text, ':', &fields, &n);

	if (r < 0)
		return r;
	if (n < 1 || n > ARRAY_SIZE(spans))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		r = parse_duration(fields[i], spans[i]);
		if (r < 0)
			return r;
	}
	/* The deadline is the period's end where only one of them was given. */
	for (size_t i = n; i < ARRAY_SIZE(spans); i++)
		*spans[i] = *spans[i - 1];
	attr->policy = SCHED_DEADLINE;
	attr->flags = FLAG_RESET_ON_FORK;
	return n > 1 && attr->runtime <= attr->deadline && attr->deadline <= attr->period ? 0 :
											    -EINVAL;
}

static int parse_policy(const char *value, struct kernel_sched_attr *attr)
{
	const char *colon = strchrnul(value, ':');
	size_t length = (size_t)(colon - value);

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		if (strlen(policies[i].name) != length ||
		    strncmp(policies[i].name, value, length) != 0)
			continue;
		attr->policy = policies[i].policy;
		if (!policies[i].real_time)
			return *colon ? -EINVAL : 0;
		attr->priority = RT_MIN;
		if (*colon && parse_u32(colon + 1, &attr->priority) < 0)
			return -EINVAL;
		return attr->priority >= RT_MIN && attr->priority <= RT_MAX ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static int set_sched(void *object, const char *value, struct inro_error *error)
{
	static const char deadline[] = "deadline:";
	struct spec *spec = object;
	struct priority_spec *part = spec_part(spec, &feature_priority);
	struct kernel_sched_attr attr = { .size = sizeof(attr) };
	int r;

	if (strncmp(value, deadline, strlen(deadline)) == 0)
		r = parse_deadline(value + strlen(deadline), &spec->arena, &attr);
	else
		r = parse_policy(value, &attr);
	if (r == -ENOMEM)
		return fail_memory(error);
	if (r < 0) {
		fail_usage(error, "--sched", "'%s' is no scheduling policy", value);
		error_hint(error, "other, batch, idle, fifo[:%d-%d], rr[:%d-%d], or "
				  "deadline:RUNTIME:DEADLINE[:PERIOD] as in deadline:2ms:10ms",
			   RT_MIN, RT_MAX, RT_MIN, RT_MAX);
		return -EINVAL;
	}
	part->attr = attr;
	return keep(spec, value, &part->sched, error);
}

static const struct {
	const char *name;
	int class;
} io_classes[] = {
	{ "none", IOPRIO_CLASS_NONE },
	{ "realtime", IOPRIO_CLASS_RT },
	{ "best-effort", IOPRIO_CLASS_BE },
	{ "idle", IOPRIO_CLASS_IDLE },
};

/* A class by name or, as ionice(1) has it, by number. */
static int find_io_class(const char *value, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(io_classes); i++) {
		if (strlen(io_classes[i].name) == length &&
		    strncmp(io_classes[i].name, value, length) == 0)
			return io_classes[i].class;
		if (length == 1 && value[0] == '0' + io_classes[i].class)
			return io_classes[i].class;
	}
	return -EINVAL;
}

static int set_ionice(void *object, const char *value, struct inro_error *error)
{
	struct priority_spec *part = spec_part(object, &feature_priority);
	const char *colon = strchrnul(value, ':');
	int class = find_io_class(value, (size_t)(colon - value));
	bool leveled = class == IOPRIO_CLASS_RT || class == IOPRIO_CLASS_BE;
	uint32_t level = leveled ? IO_LEVELS / 2 : 0;

	if (class < 0 ||
	    (*colon && (!leveled || parse_u32(colon + 1, &level) < 0 || level >= IO_LEVELS))) {
		fail_usage(error, "--ionice", "'%s' is no class of input and output", value);
		error_hint(error, "idle, best-effort[:0-7], realtime[:0-7] or none");
		return -EINVAL;
	}
	part->io_value = IOPRIO_PRIO_VALUE(class, (int)level);
	return keep(object, value, &part->io, error);
}

static const struct option_row options[] = {
	{
		.name = "nice",
		.form = OPTION_VALUE,
		.argument = "N",
		.help = "nice value, -20 to 19",
		.section = "Process",
		.set = set_nice,
		.rare = true,
	},
	{
		.name = "sched",
		.form = OPTION_VALUE,
		.argument = "POLICY[:PRIO]",
		.help = "policy: other, batch, idle, fifo, rr, deadline",
		.section = "Process",
		.set = set_sched,
		.choices = "other|batch|idle|fifo:|rr:|deadline:",
		.detail = "The real-time policies take a priority of 1 to 99 (1). deadline takes "
			  "RUNTIME:DEADLINE[:PERIOD], as in deadline:2ms:10ms; it applies to the "
			  "command alone, not to what that starts.",
		.rare = true,
	},
	{
		.name = "ionice",
		.form = OPTION_VALUE,
		.argument = "CLASS[:LEVEL]",
		.help = "idle, best-effort[:0-7], realtime[:0-7], none",
		.section = "Process",
		.set = set_ionice,
		.choices = "idle|best-effort|realtime|none",
		.rare = true,
	},
};

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct priority_spec *part = spec_part(plan->spec, &feature_priority);

	if (part->sched && part->attr.policy == SCHED_DEADLINE && plan->spec->process.init)
		return fail_usage(error, "--sched",
				  "with --init a deadline would be init's, not the command's");
	if (part->nice || part->sched || part->io)
		plan->settled.wait_release = true;
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct priority_spec *part = spec_part(plan->spec, &feature_priority);
	struct priority_spec *args;

	if (!part->nice && !part->sched && !part->io)
		return 0;
	args = arena_copy(&plan->arena, part, sizeof(*part));
	if (!args)
		return fail_memory(error);
	if (part->sched)
		plan_add(plan, STAGE_MAP, &kind_sched, part->sched, "asked for", args);
	if (part->nice)
		plan_add(plan, STAGE_MAP, &kind_nice, part->nice, "asked for", args);
	if (part->io)
		plan_add(plan, STAGE_MAP, &kind_ionice, part->io, "asked for", args);
	return 0;
}

const struct feature feature_priority = {
	.name = "priority",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct priority_spec),
	.settle = settle,
	.resolve = resolve,
};
