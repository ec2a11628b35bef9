/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "scratch.h"

static void kills_all_and_waits(void **state)
{
	int fd = scratch_make(-1);
	pid_t pid = scratch_spawn(fd, true, 20);

	(void)state;
	assert_int_equal(cgroup2_wait_empty(fd, 0), -ETIME);
	assert_int_equal(cgroup2_kill(fd), 0);
	assert_int_equal(cgroup2_wait_empty(fd, 20000), 0);
	scratch_assert_killed(pid);
	assert_int_equal(cgroup2_end(fd, 0), 0);
	scratch_remove(-1, fd);
}

static void ends_groups_below_too(void **state)
{
	int fd = scratch_make(-1);
	cleanup_close int below = -EBADF;
	pid_t pid;

	(void)state;
	assert_int_equal(mkdirat(fd, "below", 0755), 0);
	below = cgroup_open_below(fd, "below");
	pid = scratch_spawn(below, true, 3);
	assert_int_equal(cgroup2_end(fd, 20000), 0);
	scratch_assert_killed(pid);
	scratch_remove(-1, fd);
}

static void freezes_and_kills_frozen(void **state)
{
	int fd = scratch_make(-1);
	pid_t pid = scratch_spawn(fd, true, 3);
	uint64_t value = 0;

	(void)state;
	assert_int_equal(cgroup2_freeze(fd, true, 20000), 0);
	assert_int_equal(cgroup_read_key(fd, "cgroup.events", "frozen", &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(cgroup2_freeze(fd, false, 20000), 0);
	assert_int_equal(cgroup2_freeze(fd, true, 20000), 0);
	assert_int_equal(cgroup2_end(fd, 20000), 0);
	scratch_assert_killed(pid);
	scratch_remove(-1, fd);
}

static void controllers_that_are_not_there(void **state)
{
	int fd = scratch_make(-1);
	unsigned has = 0;
	char text[512];

	(void)state;
	if (cgroup_read(fd, "cgroup.controllers", text, sizeof(text)) >= 0)
		has = cgroup_controllers_parse(text);
	for (enum cgroup_controller i = 0; i < CGROUP_CONTROLLERS; i++) {
		int r = cgroup2_enable(fd, CGROUP_BIT(i));

		if (has & CGROUP_BIT(i))
			assert_int_equal(r, 0);
		else
			assert_true(r == -ENOENT || r == -EINVAL);
	}
	assert_int_equal(cgroup2_enable(fd, 0), 0);
	assert_int_equal(cgroup2_disable(fd, ~0U), 0);
	scratch_remove(-1, fd);
}

/* What the order of the steps rests on: the new namespace's root is the group of the birth. */
static void born_with_a_namespace(void **state)
{
	int fd = scratch_make(-1);
	struct clone_args args = { .flags = CLONE_INTO_CGROUP | CLONE_NEWCGROUP,
				   .exit_signal = SIGCHLD,
				   .cgroup = (uint64_t)fd };
	pid_t pid = sys_clone3(&args, sizeof(args));

	(void)state;
	if (pid == -EPERM) {
		scratch_remove(-1, fd);
		skip_because("cgroup namespaces need privilege");
	}
	assert_true(pid >= 0);
	if (pid == 0) {
		char text[4096] = "";
		cleanup_close int file = open("/proc/self/cgroup", O_RDONLY);

		_exit(fd_read_all(file, text, sizeof(text)) > 0 && strstr(text, "0::/\n") ? 0 : 1);
	}
	assert_int_equal(child_result(pid), 0);
	scratch_remove(-1, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_all_and_waits),
		cmocka_unit_test(ends_groups_below_too),
		cmocka_unit_test(freezes_and_kills_frozen),
		cmocka_unit_test(controllers_that_are_not_there),
		cmocka_unit_test(born_with_a_namespace),
	};

	return cmocka_run_group_tests_name("cgroup/v2", tests, scratch_setup, scratch_teardown);
}
