/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/file.h>

#include "scratch.h"

static void names(void **state)
{
	char name[CGROUP_NAME_SIZE], container[300];
	pid_t pid = 0;

	(void)state;
	cgroup_make_name(123, 0xab, NULL, name);
	assert_string_equal(name, "inro-123-000000ab");
	assert_true(cgroup_name_is_ours(name, &pid));
	assert_int_equal(pid, 123);
	cgroup_make_name(7, 0xdeadbeef, "we/b\n.1", name);
	assert_string_equal(name, "inro-7-deadbeef-we_b_.1");
	assert_true(cgroup_name_is_ours(name, NULL));
	memset(container, 'x', sizeof(container));
	container[sizeof(container) - 1] = '\0';
	cgroup_make_name(7, 1, container, name);
	assert_int_equal(strlen(name), CGROUP_NAME_SIZE - 1);
	assert_true(cgroup_name_is_ours(name, NULL));
}

static void names_of_others(void **state)
{
	static const char *const others[] = {
		"",		     "inro",		"inro-",	   "inro-supervisor",  "inro-test-5",
		"inro-5-0000000",    "inro-5-0000000g", "inro-5-000000000", "inro--00000000",   "inro-0-00000000",
		"xinro-5-00000000",  "inro-5-0000000A", "inro-99999999999999-00000000",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(cgroup_name_is_ours(others[i], NULL));
}

static void keys(void **state)
{
	static const char text[] = "usage_usec 5\nuser_usec 18446744073709551615\nuser 7\nbad x\n";
	uint64_t value = 1;

	(void)state;
	assert_int_equal(cgroup_find_key(text, "user", &value), 0);
	assert_int_equal(value, 7);
	assert_int_equal(cgroup_find_key(text, "user_usec", &value), 0);
	assert_true(value == UINT64_MAX);
	value = 1;
	assert_int_equal(cgroup_find_key(text, "usage", &value), -ENOENT);
	assert_int_equal(cgroup_find_key("", "usage", &value), -ENOENT);
	assert_int_equal(cgroup_find_key(text, "bad", &value), -EINVAL);
	assert_int_equal(value, 1);
}

static void not_a_cgroup(void **state)
{
	(void)state;
	assert_int_equal(cgroup_open_mount("/proc", true), -ENODEV);
	assert_int_equal(cgroup_open_mount("/nowhere", false), -ENOENT);
}

/* Any hierarchy will do. */
static int any_hierarchy(void)
{
	for (int i = -1; i < CGROUP_CONTROLLERS; i++) {
		cleanup_close int own = scratch_own(i);

		if (own >= 0)
			return i;
	}
	skip_because("no cgroup hierarchy that this user may write");
	return -1;
}

static void never_leaves_the_hierarchy(void **state)
{
	int which = any_hierarchy();
	int fd = scratch_make(which);
	char text[64];

	(void)state;
	assert_int_equal(cgroup_open_below(fd, ".."), -EXDEV);
	assert_int_equal(cgroup_open_below(fd, "/../../.."), -EXDEV);
	assert_int_equal(cgroup_read(fd, "../cgroup.procs", text, sizeof(text)), -EXDEV);
	assert_int_equal(cgroup_write(fd, "../cgroup.procs", "0"), -EXDEV);
	assert_int_equal(cgroup_write(fd, "no.such.file", "0"), -ENOENT);
	scratch_remove(which, fd);
}

static void made_once_and_held(void **state)
{
	int which = any_hierarchy();
	cleanup_close int own = scratch_own(which);
	cleanup_close int again = -EBADF;
	int fd = scratch_make(which);

	(void)state;
	assert_int_equal(cgroup_make(own, scratch_name), -EEXIST);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	again = cgroup_open_below(own, scratch_name);
	assert_int_equal(flock(again, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(cgroup_has_processes(fd), 0);
	scratch_remove(which, fd);
	assert_int_equal(cgroup_remove(own, scratch_name), -ENOENT);
}

static void removes_deep_trees(void **state)
{
	int which = any_hierarchy();
	int fd = scratch_make(which);
	cleanup_close int at = cgroup_open_below(fd, "");

	(void)state;
	for (int i = 0; i < 40; i++) {
		int next;

		assert_int_equal(mkdirat(at, "side", 0755), 0);
		assert_int_equal(mkdirat(at, "down", 0755), 0);
		next = cgroup_open_below(at, "down");
		fd_close(at);
		at = next;
		assert_true(at >= 0);
	}
	at = fd_close(at);
	scratch_remove(which, fd);
}

static void sweeps_what_is_stale(void **state)
{
	int which = any_hierarchy();
	int fd = scratch_make(which);
	bool v2 = which < 0;
	char stale[CGROUP_NAME_SIZE], live[CGROUP_NAME_SIZE], own[CGROUP_NAME_SIZE];
	cleanup_close int held = -EBADF;
	pid_t dead = fork();
	struct stat st;
	pid_t left;

	(void)state;
	if (dead == 0)
		_exit(0);
	waitpid(dead, NULL, 0);
	/* As a killed inro leaves it, with a process; one that another inro holds; one of somebody else. */
	cgroup_make_name(dead, 1, NULL, stale);
	cgroup_make_name(dead, 2, "held", live);
	cgroup_make_name(getpid(), 3, NULL, own);
	fd_close(cgroup_make(fd, stale));
	fd_close(cgroup_make(fd, own));
	held = cgroup_make(fd, live);
	assert_int_equal(mkdirat(fd, "inro-somebody", 0755), 0);
	{
		cleanup_close int group = cgroup_open_below(fd, stale);

		left = scratch_spawn(group, v2, 2);
	}
	assert_int_equal(cgroup_sweep(fd, v2), 2);
	scratch_assert_killed(left);
	assert_int_equal(fstatat(fd, stale, &st, 0), -1);
	assert_int_equal(fstatat(fd, own, &st, 0), -1);
	assert_int_equal(fstatat(fd, live, &st, 0), 0);
	assert_int_equal(fstatat(fd, "inro-somebody", &st, 0), 0);
	assert_int_equal(cgroup_sweep(fd, v2), 0);
	scratch_remove(which, fd);
}

static void reads_processes(void **state)
{
	int which = any_hierarchy();
	int fd = scratch_make(which);
	cleanup_free pid_t *pids = NULL;
	size_t n = 0;
	pid_t pid = scratch_spawn(fd, which < 0, 0);

	(void)state;
	assert_int_equal(cgroup_read_pids(fd, &pids, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], pid);
	assert_int_equal(cgroup_has_processes(fd), 1);
	child_end(pid);
	scratch_remove(which, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(names_of_others),
		cmocka_unit_test(keys),
		cmocka_unit_test(not_a_cgroup),
		cmocka_unit_test(never_leaves_the_hierarchy),
		cmocka_unit_test(made_once_and_held),
		cmocka_unit_test(removes_deep_trees),
		cmocka_unit_test(sweeps_what_is_stale),
		cmocka_unit_test(reads_processes),
	};

	return cmocka_run_group_tests_name("cgroup/dir", tests, scratch_setup, scratch_teardown);
}
