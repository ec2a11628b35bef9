/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../ns_child.h"
#include "base/fd.h"
#include "inro/error.h"
#include "ns/hold.h"
#include "ns/join.h"
#include "ns/open.h"

static char dir_path[] = "/tmp/inro-test-hold-XXXXXX";
static int dir_fd = -EBADF;

/* In a mount namespace of the tests' own, so that whatever happens no mount is left on the host. */
static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir_path))
		return -1;
	if (geteuid() == 0 && (unshare(CLONE_NEWNS) < 0 ||
			       sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE,
			      &(struct mount_attr){ .propagation = 1 << 18 /* MS_PRIVATE */ },
			      sizeof(struct mount_attr)) < 0))
		return -1;
	/* Only now: what it is on must belong to the mount namespace that things are mounted in. */
	dir_fd = open(dir_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0;
}

static int tear_down(void **state)
{
	(void)state;
	dir_fd = fd_close(dir_fd);
	return rmdir(dir_path);
}

#define NEEDS_ROOT()                                               \
	do {                                                       \
		if (geteuid() != 0)                                \
			skip_because("mounting needs CAP_SYS_ADMIN"); \
	} while (0)

static void held_and_dropped(void **state)
{
	struct inro_error error = { 0 };
	struct stat st;

	(void)state;
	NEEDS_ROOT();
	/* All kinds but mnt, of a child that is gone by the time they are looked at. */
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		cleanup_close int pidfd = -EBADF, fd = -EBADF, again = -EBADF, own = -EBADF;
		pid_t pid;

		if (kind == NS_MNT)
			continue;
		pid = child_spawn(ns_kind_table[kind].clone_flag, NULL);
		pidfd = sys_pidfd_open(pid, 0);
		fd = ns_open_pidfd(pidfd, kind, 0, NULL);
		assert_int_equal(ns_hold(fd, dir_fd, "name with blank", &error), 0);
		assert_int_equal(ns_hold(fd, dir_fd, "name with blank", &error), -EEXIST);
		child_end(pid);
		again = ns_open_path(dir_fd, "name with blank", NULL, NULL);
		assert_int_equal(ns_same(fd, again), 1);
		own = ns_open_self(kind, 0, NULL);
		assert_int_equal(ns_same(own, again), 0);
		assert_int_equal(ns_hold_drop(dir_fd, "name with blank", &error), 0);
		assert_int_equal(fstatat(dir_fd, "name with blank", &st, AT_SYMLINK_NOFOLLOW), -1);
	}
}

static void mount_namespaces(void **state)
{
	cleanup_close int pidfd = -EBADF, younger = -EBADF, own = ns_open_self(NS_MNT, 0, NULL);
	struct inro_error error = { 0 };
	int r = -ELOOP;
	cpu_set_t all;
	struct stat st;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(ns_hold(own, dir_fd, "own", &error), -ELOOP);
	assert_non_null(strstr(error.why, "older"));
	assert_int_equal(fstatat(dir_fd, "own", &st, 0), -1); /* nothing is left */
	/*
	 * What is younger the kernel tells by the namespaces' ids, which since 6.18 every CPU takes
	 * from a batch of its own: so on one CPU at least it is so.
	 */
	for (int cpu = 0; r == -ELOOP && cpu < CPU_SETSIZE; cpu++) {
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one) < 0)
			continue;
		pid = child_spawn(CLONE_NEWNS, NULL);
		pidfd = fd_close(pidfd);
		younger = fd_close(younger);
		pidfd = sys_pidfd_open(pid, 0);
		younger = ns_open_pidfd(pidfd, NS_MNT, 0, NULL);
		r = ns_hold(younger, dir_fd, "younger", NULL);
		child_end(pid);
	}
	sched_setaffinity(0, sizeof(all), &all);
	if (r == -ELOOP)
		skip_because("the kernel takes a younger namespace for an older one (its ids are by CPU)");
	assert_int_equal(r, 0);
	assert_int_equal(ns_hold_drop(dir_fd, "younger", NULL), 0);
}

/* A PID namespace can be held before it has a process; the first that joins becomes PID 1. */
static void an_unborn_pid_namespace(void **state)
{
	cleanup_close int fd = -EBADF;
	pid_t pid;
	int r;

	(void)state;
	NEEDS_ROOT();
	pid = child_fork(0);
	if (pid == 0) {
		if (unshare(CLONE_NEWPID) < 0)
			_exit(1);
		fd = ns_open_self(NS_PID, NS_OPEN_FOR_CHILDREN, NULL);
		_exit(fd == -ENOENT ? 77 : ns_hold(fd, dir_fd, "pid", NULL) < 0);
	}
	r = child_result(pid);
	if (r == 77)
		skip_because("such a namespace can be opened since Linux 6.11");
	assert_int_equal(r, 0);
	fd = ns_open_path(dir_fd, "pid", NULL, NULL);
	assert_int_equal(ns_pid_state(fd), NS_PID_UNBORN);
	pid = child_fork(0);
	if (pid == 0) {
		if (setns(fd, CLONE_NEWPID) < 0)
			_exit(1);
		pid = child_fork(0);
		if (pid == 0)
			_exit(getpid() == 1 ? 0 : 2);
		_exit(child_result(pid));
	}
	assert_int_equal(child_result(pid), 0);
	assert_int_equal(ns_pid_state(fd), NS_PID_DEAD);
	assert_int_equal(ns_hold_drop(dir_fd, "pid", NULL), 0);
}

/* A copy of the mount, in a mount namespace that was made meanwhile, goes with the file. */
static void copies_go_too(void **state)
{
	cleanup_close int own = ns_open_self(NS_UTS, 0, NULL);
	char path[128], text[16];
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(ns_hold(own, dir_fd, "uts", NULL), 0);
	assert_int_equal(ns_hold(own, dir_fd, "other", NULL), 0);
	pid = child_spawn(CLONE_NEWNS, NULL);
	assert_int_equal(ns_hold_drop(dir_fd, "uts", NULL), 0);
	snprintf(path, sizeof(path), "grep -c %s /proc/%d/mountinfo", dir_path, pid);
	FILE *grep = popen(path, "r");
	assert_non_null(fgets(text, sizeof(text), grep));
	pclose(grep);
	assert_string_equal(text, "1\n"); /* only "other" */
	child_end(pid);
	assert_int_equal(ns_hold_drop(dir_fd, "other", NULL), 0);
}

static void left_alone(void **state)
{
	struct inro_error error = { 0 };
	int fd;

	(void)state;
	assert_int_equal(ns_hold_drop(dir_fd, "none", &error), -ENOENT);
	fd = openat(dir_fd, "empty", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	fd_close(fd);
	assert_int_equal(ns_hold_drop(dir_fd, "empty", &error), 0);
	fd = openat(dir_fd, "full", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(ns_hold_drop(dir_fd, "full", &error), -EINVAL);
	assert_int_equal(ns_hold(fd, dir_fd, "x", &error), -EINVAL); /* no namespace */
	fd_close(fd);
	assert_int_equal(symlinkat("full", dir_fd, "link"), 0);
	assert_int_equal(ns_hold_drop(dir_fd, "link", &error), -ELOOP);
	fd = ns_open_self(NS_UTS, 0, NULL);
	assert_true(ns_hold(fd, dir_fd, "link", &error) < 0);
	fd_close(fd);
	assert_int_equal(unlinkat(dir_fd, "link", 0), 0);
	assert_int_equal(unlinkat(dir_fd, "full", 0), 0);
}

static void denied(void **state)
{
	cleanup_close int own = ns_open_self(NS_UTS, 0, NULL);
	pid_t pid = child_fork(0);

	(void)state;
	if (pid == 0) {
		struct inro_error error = { 0 };

		if (geteuid() == 0)
			child_drop_root();
		_exit(ns_hold(own, dir_fd, "x", &error) == -EPERM && error.kind == INRO_ERROR_DENIED ? 0 : 1);
	}
	assert_int_equal(child_result(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_and_dropped), cmocka_unit_test(mount_namespaces),
		cmocka_unit_test(an_unborn_pid_namespace), cmocka_unit_test(copies_go_too),
		cmocka_unit_test(left_alone), cmocka_unit_test(denied),
	};

	return cmocka_run_group_tests_name("ns/hold", tests, set_up, tear_down);
}
