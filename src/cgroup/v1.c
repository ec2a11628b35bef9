/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The v1 hierarchies have neither cgroup.kill nor cgroup.events. What is in a group is read from
 * cgroup.procs, and each process is held by a pidfd before it is believed: the list is read, the
 * pidfds are opened, the list is read again, and only who stands in both lists is killed, so that a
 * number that was given to somebody else in between harms nobody. Then the pidfds are polled until
 * their processes have ended; so there is no asking in intervals.
 *
 * A process that forks faster than this loop reads would escape. The freezer hierarchy stops it
 * first; the signals are sent, and take effect with the thaw.
 */

#include "cgroup/v1.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/macros.h"
#include "cgroup/dir.h"
#include "kernel/syscalls.h"

enum {
	BATCH = 64,      /* pidfds at a time */
	DEPTH = 32,      /* groups below groups that are looked into */
};

int cgroup1_add(int dir_fd, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return cgroup_write(dir_fd, "cgroup.procs", text);
}

int cgroup1_freeze(int dir_fd, bool frozen, int timeout_ms)
{
	const char *wanted = frozen ? "FROZEN" : "THAWED";
	const int64_t deadline = cgroup_now_ms() + timeout_ms;
	int r = cgroup_write(dir_fd, "freezer.state", wanted);

	/* Reading is what moves FREEZING on to FROZEN; nothing tells when to read. */
	while (r == 0) {
		char text[32];
		ssize_t n = cgroup_read(dir_fd, "freezer.state", text, sizeof(text));

		if (n < 0)
			return (int)n;
		if (strncmp(text, wanted, strlen(wanted)) == 0)
			return 0;
		if (cgroup_now_ms() >= deadline)
			return -ETIME;
		poll(NULL, 0, 1);
	}
	return r;
}

static int thaw_below(int parent_fd, const char *name, void *data)
{
	cleanup_close int fd = cgroup_open_below(parent_fd, name);
	int *depth = data;

	if (fd < 0)
		return 0;
	cgroup_write(fd, "freezer.state", "THAWED");
	if (++*depth < DEPTH)
		cgroup_each_below(fd, thaw_below, depth);
	--*depth;
	return 0;
}

void cgroup1_thaw_all(int dir_fd)
{
	int depth = 0;

	thaw_below(dir_fd, "", &depth);
}

static bool listed(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Hold up to BATCH processes of the group by pidfd. Returns how many, or a negative errno. */
static int hold(int dir_fd, struct pollfd fds[static BATCH])
{
	cleanup_free pid_t *before = NULL, *after = NULL;
	size_t n_before, n_after;
	pid_t held[BATCH];
	int n = 0, kept = 0;
	int r = cgroup_read_pids(dir_fd, &before, &n_before);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n_before && n < BATCH; i++) {
		int fd = before[i] > 0 ? sys_pidfd_open(before[i], 0) : -ESRCH;

		if (fd < 0)
			continue;
		held[n] = before[i];
		fds[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	if (n == 0)
		return 0;
	r = cgroup_read_pids(dir_fd, &after, &n_after);
	for (int i = 0; i < n; i++) {
		if (r == 0 && listed(after, n_after, held[i]))
			fds[kept++] = fds[i];
		else
			fd_close(fds[i].fd);
	}
	return r < 0 ? r : kept;
}

/* Kill one batch; with WAIT until it has ended. How many were killed, or a negative errno. */
static int end_batch(int dir_fd, bool wait, int64_t deadline)
{
	struct pollfd fds[BATCH];
	int n = hold(dir_fd, fds);

	for (int i = 0; i < n; i++)
		sys_pidfd_send_signal(fds[i].fd, SIGKILL, NULL, 0);
	for (int i = 0; i < n; i++) {
		int64_t left = deadline - cgroup_now_ms();

		while (wait && left > 0 && poll(&fds[i], 1, (int)left) < 0 && errno == EINTR)
			left = deadline - cgroup_now_ms();
		fd_close(fds[i].fd);
	}
	return n;
}

struct ending {
	int64_t deadline;
	int depth, killed;
};

static int end_below(int parent_fd, const char *name, void *data);

/* One pass over the tree. */
static int end_tree(int dir_fd, struct ending *ending)
{
	int r;

	do {
		r = end_batch(dir_fd, true, ending->deadline);
		if (r < 0)
			return r;
		ending->killed += r;
	} while (r > 0 && cgroup_now_ms() < ending->deadline);
	if (++ending->depth < DEPTH)
		r = cgroup_each_below(dir_fd, end_below, ending);
	ending->depth--;
	return r;
}

static int end_below(int parent_fd, const char *name, void *data)
{
	cleanup_close int fd = cgroup_open_below(parent_fd, name);

	return fd < 0 ? 0 : end_tree(fd, data);
}

/* Send SIGKILL to all of a frozen tree, whose processes do not change; they die when it thaws. */
static int kill_frozen(int parent_fd, const char *name, void *data)
{
	cleanup_close int fd = cgroup_open_below(parent_fd, name);
	cleanup_free pid_t *pids = NULL;
	int *depth = data;
	size_t n;

	if (fd < 0 || cgroup_read_pids(fd, &pids, &n) < 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		/* Frozen: it cannot have ended, and its number is still its own. */
		cleanup_close int pidfd = pids[i] > 0 ? sys_pidfd_open(pids[i], 0) : -ESRCH;

		if (pidfd >= 0)
			sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	}
	if (++*depth < DEPTH)
		cgroup_each_below(fd, kill_frozen, depth);
	--*depth;
	return 0;
}

int cgroup1_end(int dir_fd, int timeout_ms)
{
	struct ending ending = { .deadline = cgroup_now_ms() + timeout_ms };
	int depth = 0;
	int r;

	if (cgroup1_freeze(dir_fd, true, timeout_ms) == 0)
		kill_frozen(dir_fd, "", &depth);
	cgroup1_thaw_all(dir_fd);
	do {
		ending.killed = 0;
		r = end_tree(dir_fd, &ending);
	} while (r == 0 && ending.killed > 0 && cgroup_now_ms() < ending.deadline);
	return r < 0 ? r : ending.killed > 0 ? -ETIME : 0;
}
