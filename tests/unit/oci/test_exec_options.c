/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "base/error.h"
#include "oci/config.h"
#include "oci/exec_options.h"

static struct inro_error error;

static int set(struct oci_exec *exec, const char *name, const char *value)
{
	const struct option_row *row = option_find(oci_exec_options, OCI_EXEC_OPTIONS, name);

	assert_non_null(row);
	memset(&error, 0, sizeof(error));
	return row->set(exec, value, &error);
}

static void nothing_said_changes_nothing(void **state)
{
	static const char *const env[] = { "A=1", NULL };
	struct oci_process process = { .uid = 3, .gid = 4, .cwd = "/x", .env = { env, 1 }, .no_new_privs = true };
	const struct oci_process before = process;
	struct oci_exec exec = { 0 };

	(void)state;
	assert_int_equal(oci_exec_apply(&exec, &process), 0);
	assert_memory_equal(&process, &before, sizeof(before));
}

static void what_is_said_is_added(void **state)
{
	static const char *const env[] = { "A=1", NULL };
	uint32_t groups[] = { 5 };
	struct oci_process process = { .env = { env, 1 }, .groups = groups, .n_groups = 1 };
	struct oci_exec exec = { 0 };

	(void)state;
	process.caps.bounding = 1;
	assert_int_equal(set(&exec, "env", "B=2"), 0);
	assert_int_equal(set(&exec, "additional-gids", "7,8"), 0);
	assert_int_equal(set(&exec, "additional-gids", "9"), 0);
	assert_int_equal(set(&exec, "user", "1000"), 0);
	assert_int_equal(set(&exec, "cap", "CAP_KILL,cap_nonsense"), 0);
	assert_int_equal(set(&exec, "cgroup", "cpu,memory:sub"), 0);
	assert_string_equal(exec.start.sub_cgroup, "sub");
	assert_int_equal(oci_exec_apply(&exec, &process), 0);
	assert_int_equal(process.uid, 1000);
	assert_int_equal(process.gid, 0);
	assert_int_equal(process.n_groups, 4);
	assert_int_equal(process.groups[0], 5);
	assert_int_equal(process.groups[3], 9);
	assert_int_equal(process.env.n, 2);
	assert_string_equal(process.env.list[1], "B=2");
	assert_null(process.env.list[2]);
	assert_int_equal(process.caps.bounding, 1 | 1U << CAP_KILL);
	assert_int_equal(process.caps.permitted, 1U << CAP_KILL);
	assert_int_equal(process.caps.inheritable, 0);
	assert_int_equal(process.caps.ambient, 0);
	assert_string_equal(process.caps.unknown.list[0], "cap_nonsense");
	assert_int_equal(oci_exec_void_caps(&exec, &process), 1U << CAP_KILL);
	process.uid = 0;
	assert_int_equal(oci_exec_void_caps(&exec, &process), 0);
	/* What is inheritable can be ambient, which every user keeps. */
	process.uid = 1000;
	process.caps.inheritable = 1U << CAP_KILL | 1U << CAP_CHOWN;
	assert_int_equal(oci_exec_apply(&exec, &process), 0);
	assert_int_equal(process.caps.ambient, 1U << CAP_KILL);
	assert_int_equal(process.caps.inheritable, 1U << CAP_KILL | 1U << CAP_CHOWN);
	assert_int_equal(oci_exec_void_caps(&exec, &process), 0);
	arena_deinit(&exec.arena);
}

/* An id that is none must never become 0. */
static void ids_that_are_none(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "root", "4294967295", "4294967296", "0x0", "1:",
					   "1:x", ":1", "1:-1" };
	struct oci_exec exec = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(set(&exec, "user", bad[i]), -EINVAL);
	assert_int_equal(set(&exec, "additional-gids", "1,x"), -EINVAL);
	assert_int_equal(set(&exec, "env", "=x"), -EINVAL);
	assert_int_equal(set(&exec, "preserve-fds", "-1"), -EINVAL);
	arena_deinit(&exec.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_changes_nothing),
		cmocka_unit_test(what_is_said_is_added),
		cmocka_unit_test(ids_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
