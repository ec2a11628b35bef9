/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "oci/cgroup.h"

static void paths(void **state)
{
	static const struct {
		const char *path, *own, *v1, *v2;
	} rows[] = {
		{ "/a/b", "/user/x", "/a/b", "/a/b" },
		{ "/a//b/./c/", "/", "/a/b/c", "/a/b/c" },
		{ "/../../a", "/x", "/a", "/a" },
		{ "/a/../b", "/x", "/b", "/b" },
		{ NULL, "/", "/box", "/box" },
		{ NULL, "/user/x", "/user/x/box", "/user/box" },
		{ "", "/user/x", "/user/x/box", "/user/box" },
		{ "a/b", "/user/x", "/user/x/a/b", "/user/a/b" },
		{ "../../../a", "/user/x", "/user/x/a", "/user/a" },
		{ "a", NULL, "/a", "/a" },
		{ "/", "/x", "/", "/" },
		{ "/..", "/x", "/", "/" },
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_string_equal(
			oci_cgroup_inner(rows[i].path, "box", rows[i].own, false, &arena),
			rows[i].v1);
		assert_string_equal(
			oci_cgroup_inner(rows[i].path, "box", rows[i].own, true, &arena),
			rows[i].v2);
	}
	assert_string_equal(oci_cgroup_join("/sys/fs/cgroup", "/", &arena), "/sys/fs/cgroup");
	assert_string_equal(oci_cgroup_join("/sys/fs/cgroup", "/a", &arena), "/sys/fs/cgroup/a");
	arena_deinit(&arena);
}

static void controllers(void **state)
{
	(void)state;
	assert_int_equal(oci_controllers_parse("cpu,cpuacct", false),
			 1U << OCI_CPU | 1U << OCI_CPUACCT);
	assert_int_equal(oci_controllers_parse("cpuset cpu io memory\n", true),
			 1U << OCI_CPUSET | 1U << OCI_CPU | 1U << OCI_IO | 1U << OCI_MEMORY);
	assert_int_equal(oci_controllers_parse("name=systemd", false), 0);
	assert_int_equal(oci_controllers_parse(NULL, false), 0);
	assert_null(oci_controller_name(OCI_DEVICES, true));
	assert_string_equal(oci_controller_name(OCI_IO, false), "blkio");
}

static void what_is_gone_is_left_out(void **state)
{
	static const char *const list[] = { "/sys/fs/cgroup/memory/inro-test-none", "/proc", NULL };
	const struct oci_cgroup_place place = { .v2 = "/sys/fs/cgroup/inro-test-none",
						.v1 = { list, 2 } };
	struct oci_cgroup_dirs dirs;
	uint64_t limit = 5;

	(void)state;
	assert_int_equal(oci_cgroup_open(&place, &dirs), -2);
	assert_int_equal(oci_cgroup_remove(&place), 0);
	assert_int_equal(oci_cgroup_kill(&place, 9), -2);
	assert_false(oci_cgroup_frozen(&place));
	assert_false(oci_cgroup_was_oom(&place, &limit));
	assert_int_equal(limit, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(controllers),
		cmocka_unit_test(what_is_gone_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
