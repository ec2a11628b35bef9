/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The procfs that the parent works with: the host's, once, checked to be one. Writing id maps and
 * reading what a PID 1 does with signals go through it.
 */

#include "base/procfs.h"

#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_procfs;

static int run_open_proc(struct run *run, const struct step *step, struct inro_error *error)
{
	int fd = procfs_open();

	(void)step;
	return fd < 0 ? error_raw(error, fd, "open", "/proc") : run_store(run, SLOT_HOST_PROC, fd);
}

static void advise_open_proc(const struct step *step, const struct plan *plan,
			     struct inro_error *error)
{
	(void)step;
	(void)plan;
	error_why(error, "there is no procfs at /proc");
	error_hint(error, "mount -t proc proc /proc");
}

static const struct step_kind kind_open_proc = {
	.name = "open-proc",
	.what = "open",
	.calls = "open, fstatfs",
	.run = run_open_proc,
	.advise = advise_open_proc,
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	(void)error;
	plan_add(plan, STAGE_OPEN, &kind_open_proc, "/proc",
		 "the child's ids and signals are seen there", NULL);
	return 0;
}

const struct feature feature_procfs = {
	.name = "procfs",
	.resolve = resolve,
};
