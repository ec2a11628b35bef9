/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The parent waits in sigwaitinfo(2): signals are blocked from before the clone on, so that one that
 * arrives early is neither lost nor ends the parent alone. The child gets the caller's mask back just
 * before exec.
 *
 * What the terminal sends (SI_KERNEL) has reached the child already, which is in the same process
 * group; only what processes send is passed on. A command that is PID 1 of a namespace drops what it
 * has no handler for; then it is ended by SIGKILL, and the parent ends by the signal that was meant,
 * so that Ctrl-C always works (engine/pid1.h has the rule).
 *
 * A child that stops has its parent stop too, so that the shell sees a stopped job; the shell's
 * SIGCONT for the job wakes both.
 */

#include "enter/child.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/macros.h"
#include "base/procfs.h"
#include "engine/pid1.h"
#include "kernel/syscalls.h"

static const int break_signals[] = { SIGINT, SIGTERM };
static const int all_signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGIO, SIGPWR, SIGCONT, SIGWINCH,
};

int child_init(struct child *child, enum child_signals signals, struct inro_error *error)
{
	bool all = signals == CHILD_FORWARD_ALL;
	const int *list = all ? all_signals : break_signals;
	size_t n = all ? ARRAY_SIZE(all_signals) : ARRAY_SIZE(break_signals);
	struct sigaction standard = { .sa_handler = SIG_DFL };

	*child = (struct child){ .pidfd = -EBADF, .signals = signals };
	child->shared = mmap(NULL, sizeof(*child->shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (child->shared == MAP_FAILED) {
		child->shared = NULL;
		return fail_memory(error);
	}
	sigemptyset(&child->mask);
	sigaddset(&child->mask, SIGCHLD);
	for (size_t i = 0; i < n; i++)
		sigaddset(&child->mask, list[i]);
	sigprocmask(SIG_BLOCK, &child->mask, &child->old_mask);
	/* An ignored SIGCHLD makes the kernel forget how children ended. */
	sigaction(SIGCHLD, NULL, &child->old_chld);
	if (child->old_chld.sa_handler != SIG_DFL || child->old_chld.sa_flags & SA_NOCLDWAIT)
		sigaction(SIGCHLD, &standard, NULL);
	return 0;
}

void child_deinit(struct child *child)
{
	if (!child->shared)
		return;
	munmap(child->shared, sizeof(*child->shared));
	child->shared = NULL;
	child->pidfd = fd_close(child->pidfd);
	sigaction(SIGCHLD, &child->old_chld, NULL);
	sigprocmask(SIG_SETMASK, &child->old_mask, NULL);
}

static int send_to(const struct child *child, pid_t pid, int number)
{
	if (pid == child->pid && child->pidfd >= 0)
		return sys_pidfd_send_signal(child->pidfd, number, NULL, 0);
	return kill(pid, number) < 0 ? -errno : 0;
}

/* Is the child's program still this one, which holds signals back until it executes the command? */
static bool is_on_its_way(int proc_fd, pid_t pid)
{
	struct stat own, its;
	char path[32];

	snprintf(path, sizeof(path), "%d/exe", pid);
	if (fstatat(proc_fd, path, &its, 0) < 0)
		return errno == EACCES; /* as it is before, where it may not be looked at */
	return fstatat(proc_fd, "self/exe", &own, 0) == 0 && own.st_dev == its.st_dev && own.st_ino == its.st_ino;
}

/*
 * What becomes of the signal. Who presses Ctrl-C a moment too early means the command: so it is asked
 * once more when that is there. The command may be this very program: then not for long.
 */
static int answer_to(int proc_fd, pid_t pid, int number)
{
	enum { LONGEST_MS = 500 };

	for (int i = 0;; i++) {
		/* Looked at first: else the answer may be that of before, and the look of after. */
		bool early = is_on_its_way(proc_fd, pid);
		int r = pid1_answer(proc_fd, pid, number);

		if (r != PID1_TAKES || !early || i == LONGEST_MS)
			return r;
		usleep(1000);
	}
}

/* Would PID 1 drop it? Then what the default action would have done. */
static bool end_if_dropped(struct child *child, int number)
{
	pid_t pid = child->watched ? child->watched : child->pid;
	cleanup_close int proc_fd = -EBADF;

	if (!child->is_init)
		return false;
	proc_fd = procfs_open();
	if (proc_fd < 0 || answer_to(proc_fd, pid, number) != PID1_DROPS)
		return false;
	child->number = number;
	return send_to(child, child->pid, SIGKILL) == 0;
}

static bool ends_programs(int number)
{
	return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
}

int child_signal(struct child *child, const siginfo_t *info)
{
	bool typed = info->si_code == SI_KERNEL;
	pid_t pid = child->watched ? child->watched : child->pid;
	int number = info->si_signo;

	if (number == SIGCHLD)
		return 0;
	if (ends_programs(number) && (typed || child->signals != CHILD_IGNORE_BREAK) &&
	    end_if_dropped(child, number))
		return 0;
	if (typed || child->signals == CHILD_IGNORE_BREAK)
		return 0;
	return send_to(child, pid, number);
}

int child_look(struct child *child, int *ret_status)
{
	pid_t r = waitpid(child->pid, ret_status, WNOHANG | WUNTRACED | __WALL);

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (r == 0)
		return 0;
	if (!WIFSTOPPED(*ret_status))
		return 1;
	/* Not the very signal: an orphaned group would not be stopped by it. */
	kill(getpid(), SIGSTOP);
	send_to(child, child->pid, SIGCONT);
	return 0;
}

int child_result(struct child *child, int *ret_status, struct inro_error *error)
{
	if (child->shared->error.kind != INRO_ERROR_NONE) {
		if (error)
			*error = child->shared->error;
		return -child->shared->error.code;
	}
	if (child->shared->ended)
		*ret_status = child->shared->status;
	/* It was ended in the place of a signal that it would have dropped. */
	if (child->number && WIFSIGNALED(*ret_status) && WTERMSIG(*ret_status) == SIGKILL)
		*ret_status = child->number;
	return 0;
}

int child_wait(struct child *child, int *ret_status, struct inro_error *error)
{
	siginfo_t info;
	int status, r;

	while ((r = child_look(child, &status)) == 0) {
		if (sigwaitinfo(&child->mask, &info) < 0) {
			if (errno != EINTR)
				return fail_call(error, -errno, "wait for the command", "sigwaitinfo", NULL);
			continue;
		}
		child_signal(child, &info);
	}
	if (r < 0)
		return fail_call(error, r, "wait for the command", "waitpid", NULL);
	r = child_result(child, &status, error);
	if (r == 0)
		*ret_status = status;
	return r;
}

int child_end_signal(int status, int *ret_code)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	*ret_code = WEXITSTATUS(status);
	return 0;
}
