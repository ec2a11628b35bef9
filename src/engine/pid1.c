/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the kernel does with a signal to an init whose action is the default one: it is dropped when
 * it is sent, unless the first thread blocks it; then it is queued, and dropped by whichever thread
 * takes it without blocking it. It is seen by somebody (signalfd, sigwait) when all threads block it.
 */

#include "engine/pid1.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/procfs.h"

/* Do all threads block it? */
static int all_block(int pid_dir_fd, int number)
{
	cleanup_close int task_fd = procfs_open_at(pid_dir_fd, "task", O_RDONLY | O_DIRECTORY);
	struct procfs_walk walk = { .dir_fd = task_fd };
	int r, tid;

	if (task_fd < 0)
		return task_fd;
	while ((r = procfs_next(&walk, &tid)) > 0) {
		cleanup_close int fd = procfs_open_pid(task_fd, tid);
		struct procfs_status status;

		/* A thread that has just ended takes no signal. */
		if (fd < 0 || procfs_read_status(fd, &status) < 0)
			continue;
		if (!procfs_signal_in(status.sig_blocked, number))
			return 0;
	}
	return r < 0 ? r : 1;
}

int pid1_answer(int proc_fd, pid_t pid, int number)
{
	cleanup_close int fd = procfs_open_pid(proc_fd, pid);
	struct procfs_status status;
	int r;

	if (fd < 0)
		return fd;
	r = procfs_read_status(fd, &status);
	if (r < 0)
		return r;
	if (procfs_signal_in(status.sig_ignored, number))
		return PID1_IGNORES;
	if (procfs_signal_in(status.sig_caught, number))
		return PID1_TAKES;
	if (!procfs_signal_in(status.sig_blocked, number))
		return PID1_DROPS;
	r = all_block(fd, number);
	return r < 0 ? r : r ? PID1_TAKES : PID1_DROPS;
}

int pid1_is_init(int proc_fd, pid_t pid)
{
	cleanup_close int fd = procfs_open_pid(proc_fd, pid);
	struct procfs_status status;
	int r;

	if (fd < 0)
		return fd;
	r = procfs_read_status(fd, &status);
	return r < 0 ? r : status.ns_tgid[status.n_levels - 1] == 1;
}
