/* SPDX-License-Identifier: Apache-2.0 */

/*
 * linux.seccomp: the program is generated while the plan is made, installed by the child, and kept
 * in the state directory for `exec`.
 *
 * Where it goes follows from what installing takes. With no_new_privs nothing, so it is the last step
 * before exec: the profile needs to allow nothing but execve(2). Without it CAP_SYS_ADMIN, so it goes
 * in right before the capabilities, and the profile must let what follows pass: capset(2), prctl(2),
 * and what a created container waits with. One that asks a listener: see seccomp_listener.c.
 */

#include <errno.h>
#include <linux/seccomp.h>

#include "base/buf.h"
#include "base/error.h"
#include "oci/seccomp_file.h"
#include "oci/seccomp_listener.h"
#include "oci/start.h"
#include "plan/feature.h"
#include "plan/run.h"
#include "seccomp/filter.h"
#include "seccomp/generate.h"

extern const struct feature feature_oci_seccomp;

struct seccomp_args {
	struct oci_filter filter;
	const struct oci_start *start;
};

static int run_install(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct seccomp_args *args = step->args;
	struct seccomp_program program = args->filter.program;
	int r = seccomp_install(&program, 0);

	/* A kernel in all but the name may lack the flags, of which none is about what is allowed. */
	if (r == -EINVAL && program.flags) {
		program.flags = 0;
		r = seccomp_install(&program, 0);
		if (r >= 0)
			run_second_way(run, step);
	}
	return r < 0 ? error_raw(error, r, "seccomp", NULL) : 0;
}

static void tell_install(const struct step *step, struct buf *text)
{
	const struct seccomp_args *args = step->args;

	buf_printf(text, "%zu instructions", args->filter.program.n);
}

static void advise_install(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	seccomp_explain(error);
	if (error->code == EACCES)
		error_why(error, "without process.noNewPrivileges a filter needs CAP_SYS_ADMIN, which there is not");
}

static const struct step_kind kind_install = {
	.name = "seccomp",
	.what = "install the seccomp filter",
	.calls = "seccomp(SECCOMP_SET_MODE_FILTER)",
	.run = run_install,
	.tell = tell_install,
	.advise = advise_install,
};

static int run_keep(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct seccomp_args *args = step->args;
	int r = oci_filter_write(args->start->state_fd, &args->filter);

	(void)run;
	return r < 0 ? error_raw(error, r, "write", OCI_SECCOMP_FILE) : 0;
}

static const struct step_kind kind_keep = {
	.name = "keep-seccomp",
	.what = "keep the seccomp filter in",
	.calls = "openat, writev",
	.run = run_keep,
};

/* The container's own, as it was generated then, or one that is generated now. 1 where there is none. */
static int find_filter(struct plan *plan, struct oci_filter *ret, struct inro_error *error)
{
	const struct oci_seccomp *seccomp = &plan->spec->oci->linux_.seccomp;
	const struct oci_start *start = plan->spec->oci->start;
	int r;

	if (start->executes) {
		if (start->filter)
			*ret = *start->filter;
		return !start->filter;
	}
	if (!seccomp->set)
		return 1;
	if (seccomp_profile_uses(seccomp->profile, SECCOMP_RET_USER_NOTIF)) {
		if (!seccomp->listener_path)
			return fail_usage(error, "linux.seccomp.listenerPath",
					  "is missing, and a rule says SCMP_ACT_NOTIFY");
		ret->listener_path = seccomp->listener_path;
		ret->listener_metadata = seccomp->listener_metadata;
	}
	r = seccomp_generate(seccomp->profile, &plan->arena, &ret->program, error);
	return r < 0 ? r : seccomp_is_void(&ret->program);
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	static const char late[] = "nothing of the set-up needs to be allowed",
			  early[] = "without no_new_privs it takes a capability that goes next";
	bool last = plan->settled.no_new_privs;
	struct seccomp_args *args = arena_alloc(&plan->arena, sizeof(*args));
	int r;

	if (!args)
		return fail_memory(error);
	r = find_filter(plan, &args->filter, error);
	if (r != 0)
		return r < 0 ? r : 0;
	args->start = plan->spec->oci->start;
	if (!args->start->executes)
		plan_add(plan, STAGE_MEANWHILE, &kind_keep, OCI_SECCOMP_FILE, "what is executed later gets it, too",
			 args);
	/* Who listens must have it while there is a parent to send it: before it is waited for the start. */
	if (args->filter.listener_path)
		return oci_listener_add(plan, last ? STAGE_CAPS : STAGE_FDS, &args->filter,
					last ? "the runtime waits until the agent has its listener" : early, error);
	plan_add(plan, last ? STAGE_SECCOMP : STAGE_FDS, &kind_install, NULL, last ? late : early, args)->fallback =
		"without its flags where the kernel lacks one";
	return 0;
}

const struct feature feature_oci_seccomp = {
	.name = "oci_seccomp",
	.resolve = resolve,
};
