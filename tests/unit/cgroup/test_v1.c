/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

static void ends_all(void **state)
{
	int fd = scratch_make(CGROUP_PIDS);
	pid_t pid = scratch_spawn(fd, false, 150); /* more than one batch */

	(void)state;
	assert_int_equal(cgroup1_end(fd, 20000), 0);
	scratch_assert_killed(pid);
	assert_int_equal(cgroup_has_processes(fd), 0);
	scratch_remove(CGROUP_PIDS, fd);
}

static void ends_groups_below_too(void **state)
{
	int fd = scratch_make(CGROUP_PIDS);
	cleanup_close int below = -EBADF;
	pid_t pid;

	(void)state;
	assert_int_equal(mkdirat(fd, "below", 0755), 0);
	below = cgroup_open_below(fd, "below");
	pid = scratch_spawn(below, false, 3);
	assert_int_equal(cgroup1_end(fd, 20000), 0);
	scratch_assert_killed(pid);
	scratch_remove(CGROUP_PIDS, fd);
}

static void freezes(void **state)
{
	int fd = scratch_make(CGROUP_FREEZER);
	pid_t pid = scratch_spawn(fd, false, 3);
	char text[32];

	(void)state;
	assert_int_equal(cgroup1_freeze(fd, true, 20000), 0);
	assert_true(cgroup_read(fd, "freezer.state", text, sizeof(text)) > 0);
	assert_string_equal(text, "FROZEN\n");
	assert_int_equal(cgroup1_freeze(fd, false, 20000), 0);
	child_end(pid);
	assert_int_equal(cgroup1_end(fd, 20000), 0);
	scratch_remove(CGROUP_FREEZER, fd);
}

/* A group below that was frozen by itself stays so when the one above is let go. */
static void ends_what_is_frozen_below(void **state)
{
	int fd = scratch_make(CGROUP_FREEZER);
	cleanup_close int below = -EBADF;
	char text[32];
	pid_t pid;

	(void)state;
	assert_int_equal(mkdirat(fd, "below", 0755), 0);
	below = cgroup_open_below(fd, "below");
	pid = scratch_spawn(below, false, 3);
	assert_int_equal(cgroup1_freeze(below, true, 20000), 0);
	cgroup1_thaw_all(fd);
	assert_true(cgroup_read(below, "freezer.state", text, sizeof(text)) > 0);
	assert_string_equal(text, "THAWED\n");
	assert_int_equal(cgroup1_freeze(below, true, 20000), 0);
	assert_int_equal(cgroup1_end(fd, 20000), 0);
	scratch_assert_killed(pid);
	scratch_remove(CGROUP_FREEZER, fd);
}

/* Whoever forks without end cannot get away from the freezer. */
static void ends_a_fork_bomb(void **state)
{
	int fd = scratch_make(CGROUP_FREEZER);
	int pids_fd = scratch_make(CGROUP_PIDS);
	pid_t pid = scratch_spawn(fd, false, 0);
	pid_t bomb;

	(void)state;
	child_end(pid);
	assert_int_equal(cgroup_write(pids_fd, "pids.max", "200"), 0);
	bomb = fork();
	if (bomb == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (cgroup1_add(pids_fd, getpid()) < 0 || cgroup1_add(fd, getpid()) < 0)
			_exit(1);
		for (;;)
			if (fork() < 0)
				poll(NULL, 0, 1);
	}
	while (cgroup_has_processes(fd) == 0)
		poll(NULL, 0, 1);
	assert_int_equal(cgroup1_end(fd, 20000), 0);
	scratch_assert_killed(bomb);
	assert_int_equal(cgroup_has_processes(fd), 0);
	scratch_remove(CGROUP_PIDS, pids_fd);
	scratch_remove(CGROUP_FREEZER, fd);
}

static void pids_limit_refuses(void **state)
{
	int fd = scratch_make(CGROUP_PIDS);
	pid_t pid;

	(void)state;
	assert_int_equal(cgroup_write(fd, "pids.max", "3"), 0);
	pid = fork();
	if (pid == 0) {
		int made = 0;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (cgroup1_add(fd, getpid()) < 0)
			_exit(100);
		for (;; made++) {
			pid_t child = fork();

			if (child < 0)
				break;
			if (child == 0) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				for (;;)
					pause();
			}
		}
		_exit(errno == EAGAIN ? made : 101);
	}
	assert_int_equal(child_result(pid), 2);
	assert_int_equal(cgroup1_end(fd, 20000), 0);
	scratch_remove(CGROUP_PIDS, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_all),
		cmocka_unit_test(ends_groups_below_too),
		cmocka_unit_test(freezes),
		cmocka_unit_test(ends_what_is_frozen_below),
		cmocka_unit_test(ends_a_fork_bomb),
		cmocka_unit_test(pids_limit_refuses),
	};

	return cmocka_run_group_tests_name("cgroup/v1", tests, scratch_setup, scratch_teardown);
}
