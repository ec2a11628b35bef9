/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Waiting for the parent, and for the start.
 *
 * A created container's init outlives the process that made it: once all is made, and its state is
 * written, so that it can be found, it no longer dies with that, and reads a FIFO in the
 * container's state directory instead. It has the FIFO open for reading and writing, so that a
 * starter that is killed after it opened the FIFO is no end of file. A starter opens it for writing
 * without waiting, which fails when init is gone.
 *
 * A lock that the parent holds on a descriptor is held by the child's copy of it, too. That is of use as
 * long as the child dies with its parent: who gets the lock knows that both are gone. It is closed when
 * the child outlives the parent, or nobody could ever get it who comes after a parent that was killed.
 *
 * What goes wrong from then on is told through a second FIFO, of which init has the only writing end,
 * close-on-exec: a starter reads there until the end of file, which comes with exec or with the
 * death of init, and so knows what became of it without asking again and again.
 */

#include "engine/call.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "engine/channel.h"
#include "kernel/syscalls.h"
#include "plan/run.h"

/* Ask, and wait for the answer. */
static int ask(struct run *run, uint32_t type, struct inro_error *error)
{
	struct channel_message message = { .type = type };
	int fd, r = channel_send(run_fd(run, SLOT_CHANNEL), &message, -1);

	if (r < 0)
		return error_raw(error, r, "sendmsg", NULL);
	r = channel_receive(run_fd(run, SLOT_CHANNEL), &message, &fd);
	if (r < 0)
		return error_raw(error, r, "recvmsg", NULL);
	/* End of file: the parent failed, and says itself why. */
	if (r == 0)
		sys_exit_group(125);
	return 0;
}

int call_hand_over(struct run *run, int fd)
{
	struct channel_message message = { .type = CHANNEL_CALL, .step = 1 };
	int none, r = run_hand_back(run, run->plan->handed_slot, fd);

	if (r == 0)
		r = channel_send(run_fd(run, SLOT_CHANNEL), &message, -1);
	if (r == 0)
		r = channel_receive(run_fd(run, SLOT_CHANNEL), &message, &none);
	return r < 0 ? r : r == 0 ? -EPIPE : 0;
}

static int run_call_parent(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)step;
	return ask(run, CHANNEL_CALL, error);
}

static const struct step_kind kind_call_parent = {
	.name = "call-parent",
	.what = "let the parent do its part",
	.calls = "sendmsg, recvmsg",
	.run = run_call_parent,
};

void plan_call_parent(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == &kind_call_parent)
			return;
	plan_add(plan, STAGE_CALL, &kind_call_parent, NULL, "hooks of the host's see all mounts, and the old root",
		 NULL)
		->may_block = true;
}

static int run_await_start(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct channel_message message = { .type = CHANNEL_STARTED };
	const int *slot = step->args;
	ssize_t n;
	char byte;
	int r = ask(run, CHANNEL_READY, error);

	if (r < 0)
		return r;
	if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		return error_raw(error, -errno, "prctl", NULL);
	run->shared->created = true;
	r = channel_send(run_fd(run, SLOT_CHANNEL), &message, -1);
	if (r < 0) {
		run->shared->created = false;
		return error_raw(error, r, "sendmsg", NULL);
	}
	do
		n = read(run_fd(run, *slot), &byte, 1);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_raw(error, -errno, "read", step->object) : 0;
}

static const struct step_kind kind_await_start = {
	.name = "await-start",
	.what = "say that all is made, and wait for the start on",
	.calls = "prctl(PR_SET_PDEATHSIG), sendmsg, read",
	.run = run_await_start,
};

void plan_await_start(struct plan *plan, int exec_slot, int word_slot)
{
	const int *args = arena_copy(&plan->arena, &exec_slot, sizeof(exec_slot));

	plan->failed |= !args;
	plan->wait_slot = exec_slot;
	plan->word_slot = word_slot;
	plan_add(plan, STAGE_WAIT, &kind_await_start, "exec.fifo", "created and started are two calls", args)
		->may_block = true;
}
