/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_BOX_H
#define TEST_BOX_H

/*
 * A container for tests of what goes on around it: one process in its own user and PID namespace,
 * with the terminal steps of the plan and nothing else. Include after <cmocka.h>.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/loop.h"
#include "engine/signals.h"
#include "engine/supervise.h"
#include "kernel/syscalls.h"
#include "plan/feature.h"

extern const struct feature feature_tty;

struct box {
	struct spec spec;
	struct facts facts;
	struct plan plan;
	struct run run;
	struct inro_result result;
	struct inro_error error;
	struct signals_saved saved;
	int slots[64];
	uint8_t state[64];
};

/* All the steps of one stage, in the parent or in the child. */
static inline int box_walk(struct box *box, enum stage stage)
{
	for (size_t i = 0; i < box->plan.n_steps; i++) {
		const struct step *step = &box->plan.steps[i];

		if (step->stage == stage) {
			int r = step->kind->run(&box->run, step, &box->error);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static inline int box_init(struct box *box, enum tty_mode tty)
{
	int r;

	memset(box, 0, sizeof(*box));
	box->spec.tty = tty;
	box->plan.spec = &box->spec;
	box->plan.facts = &box->facts;
	box->plan.settled.ns_new = NS_BIT(NS_PID) | NS_BIT(NS_USER);
	r = feature_tty.gather(&box->spec, &box->facts, &box->error);
	if (r == 0)
		r = feature_tty.settle(&box->plan, &box->error);
	if (r == 0)
		r = feature_tty.resolve(&box->plan, &box->error);
	if (r == 0)
		r = plan_seal(&box->plan);
	for (size_t i = 0; i < ARRAY_SIZE(box->slots); i++)
		box->slots[i] = -EBADF;
	box->run = (struct run){
		.plan = &box->plan, .slots = box->slots, .state = box->state, .pidfd = -EBADF,
	};
	return r;
}

/* Start MAIN(data) as PID 1. The signals are blocked from here on. */
static inline int box_start(struct box *box, void (*main)(void *data), void *data)
{
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&box->run.pidfd,
		.exit_signal = SIGCHLD,
	};
	int r = box_walk(box, STAGE_OPEN);

	if (r < 0)
		return r;
	signals_block(&box->saved);
	box->run.pid = sys_clone3(&args, sizeof(args));
	if (box->run.pid < 0)
		return box->run.pid;
	if (box->run.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (box_walk(box, STAGE_TTY) < 0)
			_exit(125);
		for (int number = 1; number <= 64; number++)
			sys_reset_signal(number);
		sys_clear_signal_mask();
		main(data);
		_exit(0);
	}
	r = loop_new(&box->run.loop);
	if (r < 0)
		return r;
	box->run.result = &box->result;
	return box_walk(box, STAGE_STARTED);
}

static inline int box_wait(struct box *box)
{
	return supervise(&box->run, &box->result, &box->error);
}

static inline void box_end(struct box *box)
{
	for (size_t i = box->plan.n_steps; i-- > 0;)
		if (box->plan.steps[i].kind->undo && stage_info[box->plan.steps[i].stage].lane != LANE_CHILD)
			box->plan.steps[i].kind->undo(&box->run, &box->plan.steps[i]);
	loop_free(box->run.loop);
	signals_restore(&box->saved);
	for (size_t i = 0; i < ARRAY_SIZE(box->slots); i++)
		fd_close(box->slots[i]);
	fd_close(box->run.pidfd);
	arena_deinit(&box->plan.arena);
}

/* For box_start(): a shell with this script. */
static inline void box_shell(void *data)
{
	execl("/bin/sh", "sh", "-c", data, (char *)NULL);
	_exit(127);
}

#endif
