/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/pidmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"

/*
 * Theory of operation
 *
 * A process has a number in its own PID namespace and in each one above it. The kernel translates
 * between the caller's namespace and any below by ioctl on the latter (6.11). Between two others
 * one goes through the caller's: since both are at or below it, whatever has a number in the one
 * has one here.
 *
 * Without the ioctl there is the line NSpid of PID/status, one column per level, the first for the
 * namespace of the procfs, the last for that of the process. Which column belongs to which
 * namespace is not written there: one climbs with NS_GET_PARENT from the namespace of the process,
 * one column to the left with each step.
 *
 * Numbers are used again. pidmap_open() therefore opens a pidfd and then asks again whether that
 * process still has the number it was looked up by; the pidfd proves that the answer is about it.
 */

static int request(int pidns_fd, unsigned long which, pid_t pid, pid_t *ret)
{
	int r = pid > 0 ? ioctl(pidns_fd, which, pid) : 0;

	if (r < 0)
		return -errno;
	if (r == 0)
		return -ESRCH;
	*ret = r;
	return 0;
}

int pidmap_from(int pidns_fd, pid_t pid, pid_t *ret)
{
	int r = request(pidns_fd, NS_GET_PID_FROM_PIDNS, pid, ret);

	return r == -ENOTTY ? pidmap_from_by_status(pidns_fd, pid, ret) : r;
}

int pidmap_to(int pidns_fd, pid_t pid, pid_t *ret)
{
	int r = request(pidns_fd, NS_GET_PID_IN_PIDNS, pid, ret);

	return r == -ENOTTY ? pidmap_to_by_status(pidns_fd, pid, ret) : r;
}

/* How many steps FROM is below TO: 0 where they are the same, -ESRCH where it is not below. */
static int steps_between(int from_fd, int to_fd)
{
	cleanup_close int at = fcntl(from_fd, F_DUPFD_CLOEXEC, 3);

	if (at < 0)
		return -errno;
	for (int steps = 0; steps < PROCFS_LEVELS; steps++) {
		int parent;

		if (ns_same(at, to_fd) == 1)
			return steps;
		parent = ioctl(at, NS_GET_PARENT);
		if (parent < 0)
			return errno == EPERM ? -ESRCH : -errno;
		fd_close(at);
		at = parent;
	}
	return -ESRCH;
}

/* The number of a process in the namespace, by the column of its status. */
static int column_of(int pid_dir_fd, const struct procfs_status *status, int pidns_fd, pid_t *ret)
{
	cleanup_close int own = ns_open_proc_dir(pid_dir_fd, NS_PID, 0, NULL);
	int steps;

	if (own < 0)
		return own;
	steps = steps_between(own, pidns_fd);
	if (steps < 0)
		return steps;
	if (steps >= status->n_levels)
		return -ESRCH;
	*ret = status->ns_pid[status->n_levels - 1 - steps];
	return 0;
}

int pidmap_to_by_status(int pidns_fd, pid_t pid, pid_t *ret)
{
	cleanup_close int proc_fd = procfs_open(), dir = -EBADF;
	struct procfs_status status;
	int r;

	if (proc_fd < 0)
		return proc_fd;
	dir = procfs_open_pid(proc_fd, pid);
	r = dir < 0 ? dir : procfs_read_status(dir, &status);
	return r < 0 ? r : column_of(dir, &status, pidns_fd, ret);
}

static int matches(int proc_fd, int candidate, int pidns_fd, int column, pid_t pid)
{
	cleanup_close int dir = procfs_open_pid(proc_fd, candidate);
	struct procfs_status status;
	pid_t number;
	int r = dir < 0 ? dir : procfs_read_status(dir, &status);

	if (r < 0)
		return r;
	if (column >= status.n_levels || status.ns_pid[column] != pid)
		return -ESRCH;
	r = column_of(dir, &status, pidns_fd, &number);
	return r < 0 ? r : number == pid ? 0 : -ESRCH;
}

int pidmap_from_by_status(int pidns_fd, pid_t pid, pid_t *ret)
{
	cleanup_close int proc_fd = procfs_open(), own = ns_open_self(NS_PID, 0, NULL);
	struct procfs_walk walk = { .dir_fd = proc_fd };
	int column, candidate, r, denied = 0;

	if (proc_fd < 0 || own < 0)
		return proc_fd < 0 ? proc_fd : own;
	column = steps_between(pidns_fd, own);
	if (column < 0)
		return column;
	while ((r = procfs_next(&walk, &candidate)) > 0) {
		r = matches(proc_fd, candidate, pidns_fd, column, pid);
		if (r == 0) {
			*ret = candidate;
			return 0;
		}
		if (r == -EACCES || r == -EPERM)
			denied = r;
	}
	return r < 0 ? r : denied < 0 ? denied : -ESRCH;
}

int pidmap_open(int pidns_fd, pid_t pid, struct inro_error *error)
{
	static const char what[] = "find the process with PID";
	cleanup_close int pidfd = -EBADF;
	char number[16];
	pid_t here = 0, again = 0;
	int r;

	snprintf(number, sizeof(number), "%d", pid);
	r = pidmap_from(pidns_fd, pid, &here);
	if (r == 0)
		pidfd = r = sys_pidfd_open(here, 0);
	if (r >= 0)
		r = pidmap_to(pidns_fd, here, &again);
	if (r >= 0 && again == pid && sys_pidfd_send_signal(pidfd, 0, NULL, 0) != -ESRCH)
		return take_fd(&pidfd);
	if (r >= 0 || r == -ESRCH)
		r = fail_host(error, INRO_ERROR_HOST, -ESRCH, what,
			      "no process has the number %d in that PID namespace", pid);
	else
		fail_call(error, r, what, NULL, number);
	return r;
}

int pidmap_many(int from_fd, int to_fd, const pid_t *pids, size_t n, pid_t *ret)
{
	int found = 0;

	for (size_t i = 0; i < n; i++) {
		pid_t pid = pids[i];
		int r = 0;

		if (from_fd >= 0)
			r = pidmap_from(from_fd, pid, &pid);
		if (r == 0 && to_fd >= 0)
			r = pidmap_to(to_fd, pid, &pid);
		if (r < 0 && r != -ESRCH)
			return r;
		ret[i] = r < 0 ? 0 : pid;
		found += r == 0;
	}
	return found;
}

int pidmap_levels(int proc_fd, pid_t pid, struct pid_levels *ret)
{
	cleanup_close int dir = procfs_open_pid(proc_fd, pid), ns = -EBADF;
	struct pid_levels levels = { 0 };
	struct procfs_status status;
	int r = dir < 0 ? dir : procfs_read_status(dir, &status);

	if (r < 0)
		return r;
	levels.n = status.n_levels;
	for (int i = 0; i < levels.n; i++) {
		levels.level[i].tgid = status.ns_tgid[i];
		levels.level[i].pid = status.ns_pid[i];
		levels.level[i].pgid = status.ns_pgid[i];
		levels.level[i].sid = status.ns_sid[i];
	}
	ns = ns_open_proc_dir(dir, NS_PID, 0, NULL);
	levels.denied = ns == -EACCES || ns == -EPERM;
	for (int i = levels.n - 1; i >= 0 && ns >= 0; i--) {
		int parent;

		ns_fd_id(ns, &levels.level[i].ns);
		parent = i > 0 ? ioctl(ns, NS_GET_PARENT) : -1;
		fd_close(ns);
		ns = parent;
	}
	*ret = levels;
	return 0;
}
