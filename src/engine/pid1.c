/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the kernel does with a signal to an init whose action is the default one: it is dropped when
 * it is sent, unless the first thread blocks it; then it is queued, and dropped by whichever thread
 * takes it without blocking it. It is seen by somebody (signalfd, sigwait) when all threads block it.
 *
 * While a thread sleeps in sigwait(3) the kernel takes the awaited signals out of its mask, and
 * procfs shows that mask. So for a thread in rt_sigtimedwait(2) the set it waits for is read from its
 * memory.
 */

#include "engine/pid1.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"

/* Does the thread sleep in rt_sigtimedwait(2) for this signal? 1, 0, or a negative errno. */
static int awaits(int thread_dir_fd, pid_t tid, int number)
{
	unsigned long long address;
	char text[256];
	uint64_t set;
	long call;
	ssize_t n = procfs_read_at(thread_dir_fd, "syscall", text, sizeof(text));

	if (n < 0)
		return (int)n;
	/* "running", or the number of the call and its arguments. */
	if (sscanf(text, "%ld %llx", &call, &address) != 2 || call != sys_number_of_sigtimedwait)
		return 0;
	n = sys_process_vm_read(tid, &set, sizeof(set), (uintptr_t)address);
	return n < 0 ? (int)n : procfs_signal_in(set, number);
}

/* Does the thread keep the signal from being dropped? 1, 0, or a negative errno. */
static int blocks(int thread_dir_fd, pid_t tid, const struct procfs_status *status, int number)
{
	if (procfs_signal_in(status->sig_blocked, number))
		return 1;
	return awaits(thread_dir_fd, tid, number);
}

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
		r = blocks(fd, tid, &status, number);
		if (r <= 0)
			return r;
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
	r = blocks(fd, pid, &status, number);
	if (r > 0 && status.n_threads > 1)
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
