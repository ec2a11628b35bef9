/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Waiting for a container.
 *
 * The pidfd says when PID 1 has ended. With a PID namespace that is after every member is dead and
 * reaped, so nothing of the container writes any more, and what lies in pipes and pty is all there
 * will be: it is drained, and the loop ends. A member that joined from outside and lost its parent
 * there becomes a child of the nearest reaper; where that is this process, the kernel holds the end
 * of PID 1 back until it is reaped here, which is why a reaper takes all such children.
 *
 * How a PID 1 ended: it cannot be killed by SIGHUP or SIGINT, handled or not; the kernel gives these
 * two for reboot(2): SIGHUP for a restart, SIGINT for a halt.
 */

#include "engine/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/procfs.h"
#include "cgroup/account.h"
#include "engine/pid1.h"
#include "engine/result.h"
#include "engine/signals.h"
#include "init/heard.h"
#include "kernel/syscalls.h"
#include "tty/terminal.h"

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1U << 2) /* 6.9 */
#endif

enum { LOOK_AGAIN_NS = 100 * 1000 * 1000 };

int supervise_send(struct supervisor *supervisor, int number, bool group)
{
	struct run *run = supervisor->run;
	int r;

	if (!group || getpgid(run->pid) != run->pid)
		return sys_pidfd_send_signal(run->pidfd, number, NULL, 0);
	r = sys_pidfd_send_signal(run->pidfd, number, NULL, PIDFD_SIGNAL_PROCESS_GROUP);
	if (r != -EINVAL)
		return r;
	/* It is not reaped yet, so the number is still its own. */
	return kill(-run->pid, number) < 0 ? -errno : 0;
}

/* SIGKILL, to everything that belongs to it. */
static void kill_container(struct run *run)
{
	if (!run->supervisor || !run->supervisor->is_init)
		cgroup_kill(run);
	sys_pidfd_send_signal(run->pidfd, SIGKILL, NULL, 0);
}

static int on_grace_over(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	(void)loop, (void)source, (void)events;
	kill_container(data);
	return 0;
}

static bool would_take(const struct run *run, int number)
{
	const struct supervisor *supervisor = run->supervisor;

	if (number == SIGKILL)
		return false;
	return !supervisor->is_init || pid1_answer(supervisor->proc_fd, run->pid, number) == PID1_TAKES;
}

int run_end(struct run *run, int reason, int number, uint64_t grace_ns)
{
	struct supervisor *supervisor = run->supervisor;

	/* Of one that has ended only output is left to be taken, which no limit is about. */
	if (run->ending || (supervisor && supervisor->ended))
		return 0;
	run->ending = true;
	run->end_number = number;
	if (run->result)
		run->result->end = reason;
	if (!supervisor || grace_ns == 0 || !would_take(run, number)) {
		kill_container(run);
		return 0;
	}
	supervise_continue(supervisor);
	supervise_send(supervisor, number, false);
	return loop_add_timer(run->loop, grace_ns, on_grace_over, run, &supervisor->kill_timer);
}

static int read_name(const struct supervisor *supervisor, char name[static 64])
{
	cleanup_close int fd = procfs_open_pid(supervisor->proc_fd, supervisor->run->pid);
	struct procfs_stat stat;
	int r = fd < 0 ? fd : procfs_read_stat(fd, &stat);

	if (r == 0)
		memcpy(name, stat.comm, sizeof(stat.comm));
	return r;
}

/* It took the signal as one program and is now another, in which the signal was dropped? */
static int look_again(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	struct supervisor *supervisor = data;
	struct run *run = supervisor->run;
	char name[64];

	(void)loop, (void)source, (void)events;
	if (supervisor->ended || read_name(supervisor, name) < 0 || strcmp(name, supervisor->look_name) == 0)
		return 0;
	if (pid1_answer(supervisor->proc_fd, run->pid, supervisor->look_number) != PID1_DROPS)
		return 0;
	return run_end(run, INRO_END_INTERRUPTED, supervisor->look_number, 0);
}

/*
 * A shell with -c has a handler for SIGINT until it executes its last command; a signal that comes
 * in between finds the handler when it is sent and nobody when it arrives. So look once more.
 */
static int look_later(struct supervisor *supervisor, int number)
{
	supervisor->look_number = number;
	if (supervisor->look_timer)
		return loop_source_again(supervisor->look_timer, LOOK_AGAIN_NS);
	return loop_add_timer(supervisor->run->loop, LOOK_AGAIN_NS, look_again, supervisor,
			      &supervisor->look_timer);
}

int supervise_default_action(struct supervisor *supervisor, int number)
{
	struct run *run = supervisor->run;
	uint64_t bit = UINT64_C(1) << (number - 1);
	int answer, r;

	if (!supervisor->is_init)
		return 0;
	/* Whose answer it is must be known before it is asked: it may execute another in between. */
	read_name(supervisor, supervisor->look_name);
	answer = pid1_answer(supervisor->proc_fd, run->pid, number);
	/* Where nothing can be seen, who asks a second time means it. */
	if (answer < 0 && !(supervisor->unsure & bit)) {
		supervisor->unsure |= bit;
		return 0;
	}
	if (answer == PID1_TAKES)
		return look_later(supervisor, number);
	if (answer == PID1_IGNORES)
		return 0;
	r = run_end(run, INRO_END_INTERRUPTED, number, 0);
	return r < 0 ? r : 1;
}

int run_interrupted(struct run *run, int number, bool to_init)
{
	if (!run->supervisor)
		return 0;
	run->supervisor->typed = number;
	return number && to_init ? supervise_default_action(run->supervisor, number) : 0;
}

void supervise_stop(struct supervisor *supervisor)
{
	if (supervisor->ended)
		return;
	/* The freezer stops every member; without a cgroup only PID 1's group can be named at once. */
	if (cgroup_freeze(supervisor->run, true) < 0)
		supervise_send(supervisor, SIGSTOP, true);
	supervisor->stopped = true;
}

void supervise_continue(struct supervisor *supervisor)
{
	if (supervisor->ended || !supervisor->stopped)
		return;
	supervisor->stopped = false;
	if (cgroup_freeze(supervisor->run, false) < 0)
		supervise_send(supervisor, SIGCONT, true);
}

/* A zombie child from a PID namespace below ours that is not the init of one. */
static bool is_foreign(struct supervisor *supervisor, pid_t pid)
{
	cleanup_close int fd = procfs_open_pid(supervisor->proc_fd, pid);
	struct procfs_status status;

	return fd >= 0 && procfs_read_status(fd, &status) == 0 && status.n_levels > 1 &&
	       status.ns_tgid[status.n_levels - 1] != 1;
}

void supervise_reap_others(struct supervisor *supervisor)
{
	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			return;
		if (info.si_pid == supervisor->run->pid)
			return;
		/* PID 1 owes this to everyone; a subreaper's other children are its caller's. */
		if (getpid() != 1 && !is_foreign(supervisor, info.si_pid))
			return;
		waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG);
	}
}

static int on_exit_event(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	struct supervisor *supervisor = data;
	struct run *run = supervisor->run;
	siginfo_t info = { 0 };
	struct rusage usage = { 0 };
	int r;

	(void)loop, (void)source, (void)events;
	do
		r = sys_waitid_pidfd(run->pidfd, &info, WEXITED | WNOHANG, &usage);
	while (r == -EINTR);
	if (r == -ECHILD)
		r = result_of_stolen(run->pidfd, &info);
	if (r < 0) {
		supervisor->r = r;
		return r;
	}
	if (info.si_pid == 0)
		return 0;
	supervisor->ended = true;
	supervisor->exit_source = loop_source_remove(supervisor->exit_source);
	supervisor->kill_timer = loop_source_remove(supervisor->kill_timer);
	run->result->wall_ns = clock_ns(CLOCK_MONOTONIC) - supervisor->begin_ns;
	/* Under inro's own init the end is that of the command, which was not PID 1. */
	run->result->was_init = supervisor->is_init && !(run->plan->spec->process.init &&
							 init_heard_end(run_fd(run, SLOT_CHANNEL), &info));
	result_fill(run->result, &info, &usage, run->end_number, supervisor->typed);
	cgroup_fill_result(run, run->result);
	return terminal_drain(run);
}

static int on_signal(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	struct supervisor *supervisor = data;
	struct signalfd_siginfo info;
	int r = 0;

	(void)loop, (void)source, (void)events;
	while (r == 0 && read(supervisor->signal_fd, &info, sizeof(info)) == sizeof(info))
		r = signals_handle(supervisor, &info);
	return r;
}

static bool reaps_others(void)
{
	int subreaper = 0;

	return getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0 && subreaper);
}

/* A procfs whose numbers are ours; negative where there is none. */
static int open_proc(const struct run *run)
{
	cleanup_close int fd = run_fd(run, SLOT_HOST_PROC) >= 0 ?
				       fcntl(run_fd(run, SLOT_HOST_PROC), F_DUPFD_CLOEXEC, 3) :
				       procfs_open();
	enum procfs_view view;

	if (fd < 0 || procfs_view(fd, &view) < 0 || view != PROCFS_OWN)
		return -ENODEV;
	return take_fd(&fd);
}

static int begin(struct supervisor *supervisor, struct run *run)
{
	int r;

	*supervisor = (struct supervisor){
		.run = run,
		.proc_fd = open_proc(run),
		.reaps_others = reaps_others(),
		.begin_ns = run->started_ns ? run->started_ns : clock_ns(CLOCK_MONOTONIC),
		.signal_fd = -EBADF,
	};
	r = pid1_is_init(supervisor->proc_fd, run->pid);
	supervisor->is_init = r < 0 ? (run->plan->settled.ns_new & NS_BIT(NS_PID)) != 0 : r;
	supervisor->signal_fd = signals_open(supervisor->reaps_others);
	if (supervisor->signal_fd < 0)
		return supervisor->signal_fd;
	r = loop_add_fd(run->loop, supervisor->signal_fd, EPOLLIN, on_signal, supervisor,
			&supervisor->signal_source);
	if (r == 0)
		r = loop_add_fd(run->loop, run->pidfd, EPOLLIN, on_exit_event, supervisor,
				&supervisor->exit_source);
	if (r < 0)
		return r;
	run->supervisor = supervisor;
	/* One that was left as a zombie before there was a SIGCHLD to be seen. */
	if (supervisor->reaps_others)
		supervise_reap_others(supervisor);
	return terminal_attach(run);
}

static void finish(struct supervisor *supervisor, struct run *run)
{
	terminal_stop(run);
	run->supervisor = NULL;
	loop_source_remove(supervisor->exit_source);
	loop_source_remove(supervisor->signal_source);
	loop_source_remove(supervisor->kill_timer);
	loop_source_remove(supervisor->look_timer);
	fd_close(supervisor->signal_fd);
	fd_close(supervisor->proc_fd);
}

int supervise(struct run *run, struct inro_result *ret, struct inro_error *error)
{
	struct supervisor supervisor;
	struct signals_saved saved;
	struct inro_result local = { 0 };
	bool own_loop = !run->loop;
	int r = own_loop ? loop_new(&run->loop) : 0;

	if (r < 0)
		return fail_call(error, r, "wait for the container", "epoll_create1", NULL);
	run->result = run->result ? run->result : &local;
	signals_block(&saved);
	r = begin(&supervisor, run);
	if (r == 0)
		r = loop_run(run->loop);
	finish(&supervisor, run);
	signals_restore(&saved);
	if (r == 0)
		*ret = *run->result;
	else
		fail_call(error, r, "wait for the container", NULL, NULL);
	run->result = run->result == &local ? NULL : run->result;
	if (own_loop)
		run->loop = loop_free(run->loop);
	return r;
}
