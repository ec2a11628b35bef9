/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../ns_child.h"
#include "base/fd.h"
#include "inro/error.h"
#include "ns/pidmap.h"

/*
 * Three PID namespaces inside each other. The PID 1 of each starts the next, the second starts a
 * neighbour first, so that the numbers differ. Seen from here: pids[0], [1], [2]; neighbour [3].
 */
static pid_t tree[4];
static int tree_ns[3] = { -1, -1, -1 };

static void build_levels(pid_t *shared)
{
	for (int depth = 0; depth < 2; depth++) {
		if (depth == 1 && child_fork(0) == 0)
			break;
		if (child_fork(CLONE_NEWPID) != 0)
			break;
		if (depth == 1)
			__atomic_store_n(&shared[0], 1, __ATOMIC_SEQ_CST);
	}
	for (;;)
		pause();
}

/* The children of a process, by /proc, in the order of their birth. */
static size_t children(pid_t pid, pid_t *ret, size_t max)
{
	char path[64], text[256];
	size_t n = 0;
	char *at = text;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	if (fd_read_file_at(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	while (n < max && *at >= '0' && *at <= '9') {
		ret[n++] = (pid_t)strtol(at, &at, 10);
		at += *at == ' ';
	}
	return n;
}

static int set_up(void **state)
{
	pid_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t two[2];

	(void)state;
	if (geteuid() != 0)
		return 0;
	tree[0] = child_fork(CLONE_NEWPID);
	if (tree[0] == 0)
		build_levels(shared);
	while (!__atomic_load_n(&shared[0], __ATOMIC_SEQ_CST))
		usleep(1000);
	munmap(shared, 4096);
	if (children(tree[0], &tree[1], 1) != 1 || children(tree[1], two, 2) != 2)
		return -1;
	tree[3] = two[0];
	tree[2] = two[1];
	for (int i = 0; i < 3; i++) {
		cleanup_close int pidfd = sys_pidfd_open(tree[i], 0);

		tree_ns[i] = ns_open_pidfd(pidfd, NS_PID, 0, NULL);
		if (tree_ns[i] < 0)
			return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (tree[0] > 0)
		child_end(tree[0]);
	for (int i = 0; i < 3; i++)
		fd_close(tree_ns[i]);
	return 0;
}

#define NEEDS_ROOT()                                                           \
	do {                                                                   \
		if (geteuid() != 0)                                            \
			skip_because("PID namespaces need CAP_SYS_ADMIN");        \
	} while (0)

typedef int translate(int, pid_t, pid_t *);

static void check_both_ways(translate *from, translate *to)
{
	/* Number of each in each namespace; 0 where it has none. */
	static const pid_t expected[3][4] = { { 1, 2, 4, 3 }, { 0, 1, 3, 2 }, { 0, 0, 1, 0 } };

	for (int ns = 0; ns < 3; ns++) {
		for (int i = 0; i < 4; i++) {
			pid_t there = 0, here = 0;

			if (expected[ns][i] == 0) {
				assert_int_equal(to(tree_ns[ns], tree[i], &there), -ESRCH);
				assert_int_equal(there, 0);
				continue;
			}
			assert_int_equal(to(tree_ns[ns], tree[i], &there), 0);
			assert_int_equal(there, expected[ns][i]);
			assert_int_equal(from(tree_ns[ns], there, &here), 0);
			assert_int_equal(here, tree[i]);
		}
		assert_int_equal(from(tree_ns[ns], 4000000, &(pid_t){ 0 }), -ESRCH);
		assert_int_equal(to(tree_ns[ns], getpid(), &(pid_t){ 0 }), -ESRCH);
	}
}

static void by_ioctl(void **state)
{
	(void)state;
	NEEDS_ROOT();
	check_both_ways(pidmap_from, pidmap_to);
	assert_int_equal(pidmap_from(tree_ns[0], 0, &(pid_t){ 0 }), -ESRCH);
	assert_int_equal(pidmap_from(tree_ns[0], -1, &(pid_t){ 0 }), -ESRCH);
}

static void by_status(void **state)
{
	(void)state;
	NEEDS_ROOT();
	check_both_ways(pidmap_from_by_status, pidmap_to_by_status);
}

static void in_ones_own(void **state)
{
	cleanup_close int own = ns_open_self(NS_PID, 0, NULL);
	pid_t pid = 0;

	(void)state;
	assert_int_equal(pidmap_to(own, getpid(), &pid), 0);
	assert_int_equal(pid, getpid());
	assert_int_equal(pidmap_to_by_status(own, getpid(), &pid), 0);
	assert_int_equal(pid, getpid());
}

static void many_between_two(void **state)
{
	const pid_t inner[] = { 1, 3, 2, 99 };
	pid_t ret[4];

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(pidmap_many(tree_ns[1], tree_ns[0], inner, 4, ret), 3);
	assert_int_equal(ret[0], 2);
	assert_int_equal(ret[1], 4);
	assert_int_equal(ret[2], 3);
	assert_int_equal(ret[3], 0);
	assert_int_equal(pidmap_many(tree_ns[1], -1, inner, 4, ret), 3);
	assert_int_equal(ret[0], tree[1]);
	assert_int_equal(pidmap_many(-1, tree_ns[2], tree, 4, ret), 1);
	assert_int_equal(ret[2], 1);
}

static void levels(void **state)
{
	cleanup_close int proc_fd = procfs_open();
	struct pid_levels found;
	struct ns_id id;

	(void)state;
	assert_int_equal(pidmap_levels(proc_fd, getpid(), &found), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.level[0].pid, getpid());
	assert_int_equal(found.level[0].sid, getsid(0));
	NEEDS_ROOT();
	assert_int_equal(pidmap_levels(proc_fd, tree[2], &found), 0);
	assert_int_equal(found.n, 4);
	assert_int_equal(found.level[0].pid, tree[2]);
	assert_int_equal(found.level[1].pid, 4);
	assert_int_equal(found.level[2].tgid, 3);
	assert_int_equal(found.level[3].pid, 1);
	assert_int_equal(found.level[3].sid, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ns_fd_id(tree_ns[i], &id), 0);
		assert_true(ns_id_same(&id, &found.level[i + 1].ns));
	}
	assert_int_equal(pidmap_levels(proc_fd, 4194304, &found), -ESRCH);
}

static void open_by_inner_number(void **state)
{
	cleanup_close int pidfd = -EBADF;
	struct inro_error error = { 0 };
	pid_t pid = 0;

	(void)state;
	NEEDS_ROOT();
	pidfd = pidmap_open(tree_ns[0], 3, NULL);
	assert_true(pidfd >= 0);
	assert_int_equal(procfs_pid_of_pidfd(pidfd, &pid), 0);
	assert_int_equal(pid, tree[3]);
	assert_int_equal(pidmap_open(tree_ns[0], 77, &error), -ESRCH);
	assert_non_null(strstr(error.why, "77"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_ioctl),    cmocka_unit_test(by_status),
		cmocka_unit_test(in_ones_own), cmocka_unit_test(many_between_two),
		cmocka_unit_test(levels),      cmocka_unit_test(open_by_inner_number),
	};

	return cmocka_run_group_tests_name("ns/pidmap", tests, set_up, tear_down);
}
