/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signals as a fresh process has them: none blocked, none ignored. execve(2) resets handlers by
 * itself, but what was ignored stays ignored and what was blocked stays blocked: `nohup inro ...`,
 * a pipeline of Python's, or inro itself, which blocks what it forwards, would otherwise reach into
 * the container. All 64 are reset, also the two that glibc keeps for itself and hides.
 *
 * The dispositions come first: while everything is blocked no handler of the parent's can run in
 * the child, and a signal that came meanwhile meets its default action, as it would have.
 */

#include "kernel/syscalls.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_signals;

enum { KERNEL_SIGNALS = 64 }; /* _NSIG of the kernel, on every port but MIPS */

static int run_reset_signals(struct run *run, const struct step *step, struct inro_error *error)
{
	int r;

	(void)run;
	(void)step;
	for (int number = 1; number <= KERNEL_SIGNALS; number++) {
		if (number == SIGKILL || number == SIGSTOP)
			continue;
		r = sys_reset_signal(number);
		if (r < 0)
			return error_raw(error, r, "rt_sigaction", NULL);
	}
	r = sys_clear_signal_mask();
	return r < 0 ? error_raw(error, r, "rt_sigprocmask", NULL) : 0;
}

static const struct step_kind kind_reset_signals = {
	.name = "reset-signals",
	.what = "reset signal dispositions and mask",
	.calls = "rt_sigaction, rt_sigprocmask",
	.run = run_reset_signals,
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	(void)error;
	plan_add(plan, STAGE_PROCESS, &kind_reset_signals, NULL,
		 "what the caller ignores or blocks is not for the command to inherit", NULL);
	return 0;
}

const struct feature feature_signals = {
	.name = "signals",
	.resolve = resolve,
};
