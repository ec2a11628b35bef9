/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/drain.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <linux/sched.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "ns/join.h"
#include "ns/open.h"
#include "ns/pidmap.h"
#include "ns/scan.h"

/*
 * kill(-1) signals all processes that the caller can see, but itself and PID 1, while no process can
 * be born: the kernel holds the lock of its list of processes. From a child inside of the namespace
 * that is just those of the namespace and of those below. (One that a signal is sent to by number
 * may have forked meanwhile.)
 *
 * The child has nothing of ours: it is not dumpable, so no process in there may trace it or look at
 * it; its descriptors close with it at once. An ordinary user has the right to enter together with
 * the user namespace that owns the PID namespace.
 *
 * Where it cannot be entered, the members are listed and signalled one by one, until no new one is
 * found.
 */

bool drain_is_own(int pidns_fd)
{
	cleanup_close int own = ns_open_self(NS_PID, 0, NULL);
	pid_t pid;

	/* Whoever has a number there is in it. */
	return own < 0 || ns_same(own, pidns_fd) == 1 || pidmap_to(pidns_fd, getpid(), &pid) == 0;
}

/* Between clone and exit: nothing but plain calls. */
static void signal_all(int number)
{
	int r = kill(-1, number) < 0 && errno != ESRCH ? errno : 0;

	sys_exit_group(r);
}

static int prepare(int pidns_fd, struct ns_join *join)
{
	int fd = fcntl(pidns_fd, F_DUPFD_CLOEXEC, 3), r;

	if (fd < 0)
		return -errno;
	r = ns_join_add_fd(join, NS_PID, fd, NULL);
	if (r < 0 || geteuid() == 0)
		return r;
	fd = ns_userns(pidns_fd, NULL);
	if (fd >= 0)
		r = ns_join_add_fd(join, NS_USER, fd, NULL);
	return r;
}

static int from_inside(int pidns_fd, int number)
{
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;
	cleanup_close int pidfd = -EBADF;
	struct clone_args args = { .flags = CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGCHLD };
	siginfo_t info = { 0 };
	enum ns_kind kind;
	int r = prepare(pidns_fd, &join);

	if (r == 0)
		r = ns_join_prepare(&join, NULL);
	if (r < 0)
		return r;
	r = ns_join_clone(&join, &args, &kind);
	if (r == 0)
		signal_all(number);
	if (r < 0)
		return r;
	r = sys_waitid_pidfd(pidfd, &info, WEXITED, NULL);
	if (r < 0)
		return r;
	return info.si_code == CLD_EXITED ? -info.si_status : -EIO;
}

/* Again and again, since who was listed may have forked before it was signalled. */
static int one_by_one(int pidns_fd, int number)
{
	enum { ROUNDS = 10 };
	pid_t highest = 1;

	for (int round = 0; round < ROUNDS; round++) {
		cleanup_free struct ns_member *members = NULL;
		pid_t before = highest;
		size_t n;
		int r = ns_scan_members(pidns_fd, &members, &n, NULL);

		for (size_t i = 0; i < n && r == 0; i++) {
			cleanup_close int pidfd = -EBADF;

			if (members[i].inner <= before)
				continue;
			highest = members[i].inner;
			pidfd = pidmap_open(pidns_fd, members[i].inner, NULL);
			r = pidfd < 0 ? pidfd : sys_pidfd_send_signal(pidfd, number, NULL, 0);
			r = r == -ESRCH || r > 0 ? 0 : r;
		}
		if (r < 0 || highest == before)
			return r;
	}
	return 0;
}

int drain(int pidns_fd, const char *name, int number, struct inro_error *error)
{
	int r = from_inside(pidns_fd, number);

	/* Its PID 1 is gone, and everything with it. */
	if (r == -ESRCH)
		return 0;
	if (r < 0)
		r = one_by_one(pidns_fd, number);
	if (r == 0)
		return 0;
	fail_call(error, r, "signal all of the PID namespace of", "kill", name);
	if (r == -EPERM || r == -EACCES)
		error_hint(error, "run as the user whose it is, or as root");
	return r;
}
