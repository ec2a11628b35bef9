/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/procfs.h"
#include "../ns_child.h"
#include "../old_kernel.h"

static void odd_name(void)
{
	sigset_t set;

	prctl(PR_SET_NAME, "a) Z (b\n");
	signal(SIGUSR1, SIG_IGN);
	signal(SIGTERM, _exit);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void stat_with_an_odd_name(void **state)
{
	cleanup_close int proc_fd = procfs_open();
	pid_t pid = child_spawn(0, odd_name);
	cleanup_close int dir = procfs_open_pid(proc_fd, pid);
	struct procfs_stat stat;
	char command[256];

	(void)state;
	assert_true(proc_fd >= 0);
	assert_true(dir >= 0);
	assert_int_equal(procfs_read_stat(dir, &stat), 0);
	assert_string_equal(stat.comm, "a) Z (b\n");
	assert_int_equal(stat.ppid, getpid());
	assert_int_equal(stat.session, getsid(0));
	assert_int_equal(stat.n_threads, 1);
	assert_true(stat.start_ticks > 0);
	assert_int_equal(procfs_read_command(dir, command, sizeof(command)), 0);
	assert_non_null(strstr(command, "test_procfs"));
	child_end(pid);
	/* The open directory stays with the process that is gone. */
	assert_int_equal(procfs_read_stat(dir, &stat), -ESRCH);
	assert_int_equal(procfs_open_pid(proc_fd, pid), -ESRCH);
}

enum { MANY_GROUPS = 65536 };

static void many_groups(void)
{
	static gid_t groups[MANY_GROUPS];

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		groups[i] = 1000000000 + (gid_t)i;
	if (setgroups(ARRAY_SIZE(groups), groups) < 0)
		_exit(1);
	odd_name();
}

/* What stands behind the groups is found, however many there are. */
static void status_with_many_groups(void **state)
{
	cleanup_close int proc_fd = procfs_open();
	cleanup_close int dir = -EBADF, fd = -EBADF;
	struct procfs_status status;
	char text[256];
	pid_t pid;

	(void)state;
	if (getuid() != 0)
		skip_because("needs root to have groups");
	pid = child_spawn(0, many_groups);
	dir = procfs_open_pid(proc_fd, pid);
	assert_int_equal(procfs_read_status(dir, &status), 0);
	assert_int_equal(status.pid, pid);
	assert_int_equal(status.n_levels, 1);
	assert_int_equal(status.ns_pid[0], pid);
	assert_true(procfs_signal_in(status.sig_ignored, SIGUSR1));
	/* A buffer that is too small even without them is said to be. */
	fd = procfs_open_at(dir, "status", O_RDONLY);
	assert_int_equal(procfs_read_status_text(fd, text, sizeof(text)), -E2BIG);
	child_end(pid);
}

static void status_of_a_child(void **state)
{
	cleanup_close int proc_fd = procfs_open();
	pid_t pid = child_spawn(0, odd_name);
	cleanup_close int dir = procfs_open_pid(proc_fd, pid);
	struct procfs_status status;

	(void)state;
	assert_int_equal(procfs_read_status(dir, &status), 0);
	assert_int_equal(status.pid, pid);
	assert_int_equal(status.tgid, pid);
	assert_int_equal(status.ppid, getpid());
	assert_int_equal(status.uid[0], getuid());
	assert_int_equal(status.gid[3], getegid());
	assert_int_equal(status.n_levels, 1);
	assert_int_equal(status.ns_pid[0], pid);
	assert_int_equal(status.ns_sid[0], getsid(0));
	assert_true(procfs_signal_in(status.sig_ignored, SIGUSR1));
	assert_false(procfs_signal_in(status.sig_ignored, SIGTERM));
	assert_true(procfs_signal_in(status.sig_caught, SIGTERM));
	assert_true(procfs_signal_in(status.sig_blocked, SIGUSR2));
	child_end(pid);
	assert_int_equal(procfs_read_status(dir, &status), -ESRCH);
}

static void levels_and_a_procfs_of_a_namespace(void **state)
{
	cleanup_close int proc_fd = procfs_open();
	cleanup_close int dir = -EBADF, ns = -EBADF, inner = -EBADF, init = -EBADF;
	struct procfs_status status;
	enum procfs_view view;
	char path[64];
	size_t n;
	int *pids;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip_because("a PID namespace needs CAP_SYS_ADMIN");
	pid = child_spawn(CLONE_NEWPID, NULL);
	dir = procfs_open_pid(proc_fd, pid);
	assert_int_equal(procfs_read_status(dir, &status), 0);
	assert_int_equal(status.n_levels, 2);
	assert_int_equal(status.ns_pid[0], pid);
	assert_int_equal(status.ns_pid[1], 1);
	assert_int_equal(status.ns_sid[1], 0);
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	inner = procfs_open_pidns(ns);
	if (inner == -EINVAL) {
		child_end(pid);
		skip_because("the kernel has no pidns=");
	}
	assert_true(inner >= 0);
	assert_int_equal(procfs_check(inner), 0);
	assert_int_equal(procfs_view(inner, &view), 0);
	assert_int_equal(view, PROCFS_OTHER);
	assert_int_equal(procfs_list(inner, &pids, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], 1);
	free(pids);
	init = procfs_open_pid(inner, 1);
	assert_int_equal(procfs_read_status(init, &status), 0);
	assert_int_equal(status.n_levels, 1);
	assert_int_equal(status.ppid, 0);
	child_end(pid);
}

static void whose_numbers(void **state)
{
	cleanup_close int proc_fd = procfs_open();
	enum procfs_view view;
	pid_t pid;

	(void)state;
	assert_int_equal(procfs_view(proc_fd, &view), 0);
	assert_int_equal(view, PROCFS_OWN);
	if (geteuid() != 0)
		skip_because("a PID namespace needs CAP_SYS_ADMIN");
	pid = child_fork(CLONE_NEWPID);
	if (pid == 0)
		_exit(procfs_view(proc_fd, &view) == 0 && view == PROCFS_ANCESTOR ? 0 : 1);
	assert_int_equal(child_result(pid), 0);
}

/* A process is found in a procfs with other numbers, and that one is recognised. */
static void in_a_foreign_one(void **state)
{
	cleanup_close int old_fd = procfs_open();
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip_because("a PID namespace needs CAP_SYS_ADMIN");
	assert_false(procfs_look(old_fd).foreign || procfs_look(old_fd).aside ||
		     procfs_look(old_fd).hidden);
	pid = child_fork(CLONE_NEWPID);
	if (pid == 0) {
		int pidfd = sys_pidfd_open(1, 0), own_fd = procfs_open(), hidden_fd;
		struct procfs_status status;
		pid_t number = 0;

		if (procfs_number(old_fd, pidfd, &number) < 0 || number == 1 ||
		    procfs_read_status(procfs_open_pid(old_fd, number), &status) < 0 ||
		    status.ns_pid[1] != 1)
			_exit(1);
		if (procfs_number(own_fd, pidfd, &number) < 0 || number != 1)
			_exit(2);
		if (!procfs_look(old_fd).foreign || procfs_look(own_fd).foreign ||
		    !procfs_look(own_fd).aside)
			_exit(3);
		/* That of a namespace below has no number for us. */
		if (unshare(CLONE_NEWPID) < 0)
			_exit(4);
		pid = child_spawn(0, NULL);
		pidfd = sys_pidfd_open(pid, 0);
		hidden_fd = procfs_open_pidns(ioctl(pidfd, PIDFD_GET_PID_NAMESPACE, 0));
		if (hidden_fd >= 0 && procfs_number(hidden_fd, pidfd, &number) != -EREMOTE)
			_exit(5);
		_exit(0);
	}
	assert_int_equal(child_result(pid), 0);
}

static void lists(void **state)
{
	cleanup_close int proc_fd = procfs_open(), dir = procfs_open_pid(proc_fd, getpid());
	cleanup_close int fds = procfs_open_at(dir, "fd", O_RDONLY | O_DIRECTORY);
	bool found = false;
	int *numbers;
	size_t n;

	(void)state;
	assert_int_equal(procfs_list(proc_fd, &numbers, &n), 0);
	for (size_t i = 0; i < n; i++) {
		found |= numbers[i] == getpid();
		assert_true(i == 0 || numbers[i] > numbers[i - 1]);
	}
	assert_true(found);
	free(numbers);
	assert_int_equal(procfs_list(fds, &numbers, &n), 0);
	assert_true(n >= 3);
	free(numbers);
}

static void pidfds(void **state)
{
	cleanup_close int proc_fd = procfs_open();
	pid_t child = child_spawn(0, NULL), pid = 0;
	cleanup_close int dir = procfs_open_pid(proc_fd, child), pidfd = -EBADF;
	struct procfs_stat stat;

	(void)state;
	assert_int_equal(procfs_read_stat(dir, &stat), 0);
	assert_int_equal(procfs_open_pidfd(proc_fd, child, stat.start_ticks + 1), -ESRCH);
	pidfd = procfs_open_pidfd(proc_fd, child, stat.start_ticks);
	assert_true(pidfd >= 0);
	assert_int_equal(procfs_pid_of_pidfd(pidfd, &pid), 0);
	assert_int_equal(pid, child);
	assert_false(procfs_pidfd_ended(pidfd));
	kill(child, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_true(procfs_pidfd_ended(pidfd));
	assert_int_equal(procfs_read_stat(dir, &stat), 0);
	assert_int_equal(stat.state, 'Z');
	child_end(child);
	assert_int_equal(procfs_pid_of_pidfd(pidfd, &pid), -ESRCH);
	assert_int_equal(procfs_open_pidfd(proc_fd, child, 0), -ESRCH);
}

/* Before PIDFD_GET_INFO, fdinfo tells. */
static void pid_of_a_pidfd_on_an_old_kernel(void **state)
{
	pid_t child = child_spawn(0, NULL), pid;
	int pidfd = sys_pidfd_open(child, 0);

	(void)state;
	pid = child_fork(0);
	if (pid == 0) {
		pid_t found = 0;

		old_kernel();
		_exit(procfs_pid_of_pidfd(pidfd, &found) == 0 && found == child ? 0 : 1);
	}
	assert_int_equal(child_result(pid), 0);
	child_end(child);
	pid = child_fork(0);
	if (pid == 0) {
		old_kernel();
		_exit(procfs_pid_of_pidfd(pidfd, &child) == -ESRCH ? 0 : 1);
	}
	assert_int_equal(child_result(pid), 0);
	fd_close(pidfd);
}

static void not_procfs(void **state)
{
	cleanup_close int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int proc_fd = procfs_open();

	(void)state;
	assert_int_equal(procfs_check(root), -ENODEV);
	/* Neither a magic link nor the way out is followed. */
	assert_int_equal(procfs_open_at(proc_fd, "self/status", O_RDONLY), -ELOOP);
	assert_int_equal(procfs_open_at(proc_fd, "../etc/passwd", O_RDONLY), -EXDEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_with_an_odd_name),
		cmocka_unit_test(status_of_a_child),
		cmocka_unit_test(status_with_many_groups),
		cmocka_unit_test(levels_and_a_procfs_of_a_namespace),
		cmocka_unit_test(whose_numbers),
		cmocka_unit_test(in_a_foreign_one),
		cmocka_unit_test(lists),
		cmocka_unit_test(pidfds),
		cmocka_unit_test(pid_of_a_pidfd_on_an_old_kernel),
		cmocka_unit_test(not_procfs),
	};

	return cmocka_run_group_tests_name("base/procfs", tests, NULL, NULL);
}
