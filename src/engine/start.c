/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A start, seen from the parent.
 *
 * clone3(2) is the one step that only the engine can do, since it returns twice. The child's end of
 * the channel is closed here right after it: from then on the end of file on ours means that the
 * child executed the command or died, and the message before it, if there is one, says which.
 */

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "engine/channel.h"
#include "engine/engine.h"
#include "kernel/syscalls.h"
#include "ns/join.h"

static const int ending_signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

/* Header, then a state for each step, then (with --trace) an entry for each. */
static size_t trace_offset(const struct plan *plan)
{
	size_t size = sizeof(struct run_shared) + plan->n_steps;

	return (size + alignof(struct trace_entry) - 1) & ~(alignof(struct trace_entry) - 1);
}

static size_t shared_size(const struct plan *plan)
{
	return trace_offset(plan) + (plan->trace ? plan->n_steps * sizeof(struct trace_entry) : 0);
}

int run_init(struct run *run, const struct plan *plan)
{
	char *shared;

	*run = (struct run){ .plan = plan, .pidfd = -EBADF, .parent_pid = getpid() };
	shared = mmap(NULL, shared_size(plan), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	run->shared = (struct run_shared *)shared;
	run->state = (uint8_t *)shared + sizeof(*run->shared);
	if (plan->trace)
		run->trace = (struct trace_entry *)(shared + trace_offset(plan));
	/* Twice: the second half is the child's, where it shares this memory. */
	run->slots = malloc(2 * (size_t)plan->n_slots * sizeof(*run->slots));
	if (!run->slots) {
		munmap(shared, shared_size(plan));
		run->shared = NULL;
		return -ENOMEM;
	}
	for (int i = 0; i < plan->n_slots; i++)
		run->slots[i] = -EBADF;
	return 0;
}

void run_deinit(struct run *run)
{
	if (!run->slots)
		return;
	for (int i = 0; i < run->plan->n_slots; i++)
		run->slots[i] = fd_close(run->slots[i]);
	run->pidfd = fd_close(run->pidfd);
	munmap(run->shared, shared_size(run->plan));
	free(run->slots);
	*run = (struct run){ .pidfd = -EBADF };
}

/*
 * May the child share the parent's memory until it executes? Then nothing is copied, however large
 * the caller is; but the parent stands still until exec (CLONE_VFORK), so the child must need
 * nothing from it, and wait for nobody. A time namespace is a property of the memory, and so cannot
 * be the child's alone.
 */
static bool may_share_memory(const struct plan *plan)
{
#if defined(__SANITIZE_ADDRESS__)
	return false; /* what the child leaves on the stack would look poisoned to the parent */
#endif
	if (plan->settled.wait_release || plan->clone_inside)
		return false;
	if ((plan->settled.ns_new | plan->settled.ns_join) & NS_BIT(NS_TIME))
		return false;
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].may_block)
			return false;
	return true;
}

/*
 * Clone a child on the same memory; it has a struct run and slots of its own, prepared here. That
 * it turned undumpable, or changed its ids, marked the memory, and so is taken back.
 */
static pid_t clone_sharing(struct run *run, struct clone_args *args)
{
	struct run child = *run;
	int dumpable = prctl(PR_GET_DUMPABLE);
	size_t n = (size_t)run->plan->n_slots;
	pid_t pid;

	child.slots = run->slots + n;
	memcpy(child.slots, run->slots, n * sizeof(*run->slots));
	args->flags |= CLONE_VM | CLONE_VFORK;
	pid = sys_clone3_vfork(args, sizeof(*args));
	if (pid == 0)
		child_main(&child);
	if (dumpable == 1)
		prctl(PR_SET_DUMPABLE, 1);
	args->flags &= ~(uint64_t)(CLONE_VM | CLONE_VFORK);
	return pid;
}

static pid_t clone_by_best_way(struct run *run, struct clone_args *args, enum ns_kind *kind)
{
	const struct ns_join *inside = run->plan->clone_inside;
	pid_t pid;

	if (inside)
		return ns_join_clone(inside, args, kind);
	if (may_share_memory(run->plan)) {
		pid = clone_sharing(run, args);
		if (pid != -ENOSYS)
			return pid;
	}
	return sys_clone3(args, sizeof(*args));
}

/* The group is one that takes no processes, or it is gone. */
static bool is_refused_by_cgroup(pid_t pid, const struct clone_args *args)
{
	return args->flags & CLONE_INTO_CGROUP &&
	       (pid == -EBUSY || pid == -EOPNOTSUPP || pid == -ENODEV);
}

/* Choose the group again, who can; false where nobody can. Those who live in it may have changed it. */
static bool choose_cgroup_again(struct run *run)
{
	struct inro_error unseen = { 0 };
	bool again = false;

	for (size_t i = 0; i < run->plan->n_steps; i++) {
		const struct step *step = &run->plan->steps[i];

		if (step->again && step->kind->run(run, step, &unseen) == 0)
			again = true;
	}
	return again;
}

static void explain_cgroup(int dir_fd, int code, struct inro_error *error)
{
	char type[32] = "", hands_on[256] = "";

	fd_read_file_at(dir_fd, "cgroup.type", type, sizeof(type));
	fd_read_file_at(dir_fd, "cgroup.subtree_control", hands_on, sizeof(hands_on));
	if (code == -ENODEV) {
		error_why(error, "its cgroup was removed meanwhile");
	} else if (code == -EOPNOTSUPP) {
		error_why(error,
			  "its cgroup takes no processes (cgroup.type: %.*s), since it is below a threaded one",
			  (int)strcspn(type, "\n"), type);
		error_hint(error, "put it beside that; a cgroup that holds processes and hands on cpu or "
				  "pids (cgroup.subtree_control) is threaded, too");
	} else {
		error_why(error,
			  "its cgroup hands on controllers (cgroup.subtree_control: %.*s), and so takes no "
			  "processes",
			  (int)strcspn(hands_on, "\n"), hands_on);
		error_hint(error, "remove the cgroups below it, and it; or choose another");
	}
}

static int clone_child(struct run *run, const struct step *step, struct inro_error *error)
{
	struct clone_args args = {
		.flags = run->plan->clone_flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&run->pidfd,
		.exit_signal = SIGCHLD,
	};
	size_t index = (size_t)step->number - 1;
	enum ns_kind kind = NS_KINDS;
	pid_t pid;

	if (run_fd(run, SLOT_CGROUP) >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)run_fd(run, SLOT_CGROUP);
	}
	run->started_ns = clock_ns(CLOCK_MONOTONIC);
	pid = clone_by_best_way(run, &args, &kind);
	if (is_refused_by_cgroup(pid, &args) && choose_cgroup_again(run)) {
		args.cgroup = (uint64_t)run_fd(run, SLOT_CGROUP);
		pid = clone_by_best_way(run, &args, &kind);
	}
	if (pid == 0)
		child_main(run);
	run->slots[SLOT_CHILD_CHANNEL] = fd_close(run->slots[SLOT_CHILD_CHANNEL]);
	if (pid < 0) {
		run->pidfd = -EBADF;
		if (kind < NS_KINDS)
			ns_join_explain(run->plan->clone_inside, kind, pid, error);
		else
			error_raw(error, pid, "clone3", NULL);
		if (is_refused_by_cgroup(pid, &args))
			explain_cgroup(run_fd(run, SLOT_CGROUP), pid, error);
		error->step = step->number;
		return pid;
	}
	run->pid = pid;
	run->shared->pid = pid;
	run->state[index] = STEP_DONE;
	return 0;
}

/* The first step of a stage that has one. */
static const struct step *step_of(const struct plan *plan, enum stage stage)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].stage == stage)
			return &plan->steps[i];
	return NULL;
}

/*
 * Wait for the channel; a signal that would end inro (all are blocked here) ends the start. What
 * else came stays pending for who waits for the container.
 */
static int await_word(int channel_fd, struct inro_error *error)
{
	sigset_t ends, pending;
	char name[16];

	sigemptyset(&ends);
	for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++)
		sigaddset(&ends, ending_signals[i]);
	for (;;) {
		cleanup_close int signal_fd = signalfd(-1, &ends, SFD_CLOEXEC);
		struct pollfd fds[] = {
			{ .fd = channel_fd, .events = POLLIN },
			{ .fd = signal_fd, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return fail_call(error, -errno, "hear the child", "poll", NULL);
		if (fds[0].revents)
			return 0;
		if (!fds[1].revents || sigpending(&pending) < 0)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++)
			if (sigismember(&pending, ending_signals[i]))
				return fail_host(error, INRO_ERROR_HOST, -EINTR,
						 "start the container",
						 "%s came before the command ran",
						 signal_name(ending_signals[i], name));
	}
}

/*
 * What came over the channel may be the word of a container: with --init and CAP_SYS_PTRACE the
 * command can make PID 1 say anything. So only a pty is taken, where none is yet, and texts end.
 */
static bool is_handed_back(const struct run *run, int slot)
{
	bool expected = slot == SLOT_PTY_MASTER || slot == SLOT_PTY_SLAVE ||
			(slot != SLOT_NONE && slot == run->plan->handed_slot);

	return expected && run_fd(run, slot) < 0;
}

static void end_texts(struct inro_error *error)
{
	error->what[sizeof(error->what) - 1] = '\0';
	error->object[sizeof(error->object) - 1] = '\0';
	error->call[sizeof(error->call) - 1] = '\0';
	error->why[sizeof(error->why) - 1] = '\0';
	error->hint[sizeof(error->hint) - 1] = '\0';
}

/*
 * The child has come to STAGE_CALL, or has a listener, or is ready to outlive us, and waits. One that is
 * gone is judged by what it left. Whoever is heard here is written down: STAGE_MEANWHILE comes before.
 */
static int answer(struct run *run, const struct channel_message *asked, struct inro_error *error)
{
	const struct channel_message message = { .type = CHANNEL_RELEASE };
	enum stage stage = asked->step ? STAGE_HANDED : STAGE_CALLED;
	int r = asked->type == CHANNEL_CALL ? engine_walk(run, stage, stage, error) : 0;

	if (r < 0)
		return r;
	r = channel_send(run_fd(run, SLOT_CHANNEL), &message, -1);
	return r == 0 || r == -EPIPE ? 0 : fail_call(error, r, "answer the child", "sendmsg", NULL);
}

/*
 * Read the channel until the command runs (0) or the start has failed. inro-init says that the
 * command runs, or why not; otherwise the end of file comes with exec, or with the child's death.
 */
static int hear_child(struct run *run, struct inro_error *error)
{
	for (;;) {
		struct channel_message message;
		cleanup_close int fd = -EBADF;
		int r = await_word(run_fd(run, SLOT_CHANNEL), error);

		if (r < 0)
			return r;
		r = channel_receive(run_fd(run, SLOT_CHANNEL), &message, &fd);
		if (r < 0)
			return fail_call(error, r, "hear the child", "recvmsg", NULL);
		if (r == 0 || message.type == CHANNEL_STARTED)
			return 0;
		if ((message.type == CHANNEL_CALL || message.type == CHANNEL_READY) && !run->shared->at_exec) {
			r = answer(run, &message, error);
			if (r < 0)
				return r;
			continue;
		}
		if (message.type == CHANNEL_HAND_BACK && is_handed_back(run, message.slot)) {
			run->slots[message.slot] = take_fd(&fd);
		} else if (message.type == CHANNEL_ERROR) {
			*error = message.error;
			end_texts(error);
			error->step = step_of(run->plan, STAGE_EXEC)->number;
			return -EIO;
		}
	}
}

/* What the child left in shared memory, and whether it reached exec at all. */
static int judge_child(struct run *run, struct inro_error *error)
{
	siginfo_t info = { 0 };
	char name[16];

	if (run->shared->error.kind != INRO_ERROR_NONE) {
		*error = run->shared->error;
		return error->code ? -error->code : -EIO;
	}
	if (run->shared->at_exec || run->shared->created)
		return 0;
	while (sys_waitid_pidfd(run->pidfd, &info, WEXITED | WNOWAIT, NULL) == -EINTR)
		;
	if (info.si_code == CLD_EXITED)
		return fail_host(error, INRO_ERROR_HOST, -ECHILD, "start the container",
				 "the child ended with status %d before the command ran",
				 info.si_status);
	return fail_host(error, INRO_ERROR_HOST, -ECHILD, "start the container",
			 "the child was killed by %s before the command ran",
			 signal_name(info.si_status, name));
}

void engine_kill(struct run *run)
{
	siginfo_t info;

	if (run->pidfd < 0)
		return;
	sys_pidfd_send_signal(run->pidfd, SIGKILL, NULL, 0);
	while (sys_waitid_pidfd(run->pidfd, &info, WEXITED, NULL) == -EINTR)
		;
	run->pidfd = fd_close(run->pidfd);
	run->pid = 0;
}

static int start(struct run *run, struct inro_error *error)
{
	const struct step *cloning = step_of(run->plan, STAGE_CLONE);
	int r = engine_walk(run, STAGE_OPEN, STAGE_ENTER, error);

	if (r == 0)
		r = clone_child(run, cloning, error);
	if (r == 0)
		r = engine_walk(run, STAGE_MAP, STAGE_MEANWHILE, error);
	if (r == 0)
		r = hear_child(run, error);
	if (r == 0)
		r = judge_child(run, error);
	if (r == 0)
		r = engine_walk(run, STAGE_STARTED, STAGE_STARTED, error);
	/* A thousand containers alive must not hold a thousand times what one start needed. */
	for (size_t i = 0; r == 0 && i < run->plan->n_transient; i++)
		run->slots[run->plan->transient[i]] = fd_close(run->slots[run->plan->transient[i]]);
	return r;
}

int engine_start(struct run *run, struct inro_error *error)
{
	struct inro_error local = { 0 };
	int r;

	error = error ? error : &local;
	memset(error, 0, sizeof(*error));
	r = start(run, error);
	if (r == 0)
		return 0;
	engine_kill(run);
	if (error->step > 0 && (size_t)error->step <= run->plan->n_steps)
		engine_complete_error(run, &run->plan->steps[error->step - 1], error);
	engine_undo(run);
	return r;
}
