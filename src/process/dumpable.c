/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Not dumpable: from before the child can be seen by any process of the container until exec, no
 * such process may trace it, or reach through /proc/PID for the host's descriptors that it still
 * holds. Only after its id maps are written: those of an undumpable process belong to the host's
 * root, whom an ordinary user is not. execve(2) makes the command dumpable again.
 */

#include <errno.h>
#include <sys/prctl.h>

#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_dumpable;

static int run_undumpable(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)run;
	(void)step;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_raw(error, -errno, "prctl", NULL);
	return 0;
}

static const struct step_kind kind_undumpable = {
	.name = "undumpable",
	.what = "turn undumpable",
	.calls = "prctl(PR_SET_DUMPABLE)",
	.run = run_undumpable,
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	(void)error;
	plan_add(plan, STAGE_GUARD, &kind_undumpable, NULL,
		 "no process of the container may trace it while it holds the host's descriptors",
		 NULL);
	return 0;
}

const struct feature feature_dumpable = {
	.name = "dumpable",
	.resolve = resolve,
};
