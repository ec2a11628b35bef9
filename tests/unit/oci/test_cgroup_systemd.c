/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "oci/cgroup_systemd.h"

#define NUMBER(number)                         \
	{                                      \
		.set = true, .value = (number) \
	}

static void units(void **state)
{
	static const struct {
		const char *path;
		bool user;
		const char *slice, *unit;
	} rows[] = {
		{ NULL, false, "system.slice", "inro-box.scope" },
		{ NULL, true, "user.slice", "inro-box.scope" },
		{ "machine.slice:libpod:abc", false, "machine.slice", "libpod-abc.scope" },
		{ ":crio:abc", false, "system.slice", "crio-abc.scope" },
		{ "::abc", true, "user.slice", "abc.scope" },
		{ "a.slice:x:b.slice", false, "a.slice", "b.slice" },
	};
	static const char *const bad[] = { "/a/b", "a",       "a:b",          "a:b:c:d",
					   "a:b:", "a:b:c/d", "a:b:c\nstop x" };
	struct arena arena = { 0 };
	const char *slice, *unit;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(oci_systemd_unit(rows[i].path, "box", rows[i].user, &arena, &slice,
						  &unit, NULL),
				 0);
		assert_string_equal(slice, rows[i].slice);
		assert_string_equal(unit, rows[i].unit);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(
			oci_systemd_unit(bad[i], "box", false, &arena, &slice, &unit, NULL),
			-EINVAL);
	arena_deinit(&arena);
}

static void masks(void **state)
{
	static const char *const rows[][2] = {
		{ "0", "01" },
		{ "0-2", "07" },
		{ "0,8", "0101" },
		{ "3-9", "f803" },
		{ "63", "0000000000000080" },
	};
	static const char *const bad[] = { "", "x", "1-", "2-1", "1,,2", "99999", "-1", "1 2" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup_buf struct buf buf = { 0 };

		assert_int_equal(oci_systemd_mask(rows[i][0], &buf), 0);
		assert_string_equal(buf_text(&buf), rows[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cleanup_buf struct buf buf = { 0 };

		assert_int_equal(oci_systemd_mask(bad[i], &buf), -EINVAL);
	}
}

static void resources(void **state)
{
	struct oci_unified unified[] = { { "memory.high", "max" },
					 { "cpu.weight", "7" },
					 { "misc.max", "x 5" } };
	const struct oci_resources all = {
		.cpu_shares = NUMBER(1024),
		.cpu_quota = NUMBER(12345),
		.cpu_period = NUMBER(50000),
		.cpu_cpus = "0-3",
		.memory_limit = NUMBER(1000),
		.memory_swap = NUMBER(1500),
		.pids_limit = NUMBER(0),
		.blkio_weight = NUMBER(1000),
		.unified = unified,
		.n_unified = 3,
	};
	cleanup_buf struct buf lines = { 0 };

	(void)state;
	assert_int_equal(oci_systemd_resources(&all, &lines, NULL), 0);
	assert_string_equal(
		buf_text(&lines),
		"u64 CPUWeight 100\nu64 CPUQuotaPeriodUSec 50000\n"
		"u64 CPUQuotaPerSecUSec 250000\nu64 MemoryMax 1000\nu64 MemorySwapMax 500\n"
		"u64 TasksMax 1\nu64 IOWeight 10000\nu64 MemoryHigh 18446744073709551615\n"
		"u64 CPUWeight 7\nbytes AllowedCPUs 0f\n");
}

static void annotations(void **state)
{
	static const char *const good[][2] = {
		{ "'inactive-or-failed'", "string CollectMode inactive-or-failed\n" },
		{ "\"a 'b'\"", "string CollectMode a 'b'\n" },
		{ "true", "bool CollectMode true\n" },
		{ "uint64 5", "u64 CollectMode 5\n" },
		{ "uint32 6", "u32 CollectMode 6\n" },
		{ "-7", "i32 CollectMode -7\n" },
		{ "['a.service', 'b']", "list CollectMode a.service\nlist CollectMode b\n" },
		{ "[]", "" },
	};
	static const char *const bad[] = { "",         "x",           "'a",   "'a' 'b'",
					   "uint64 x", "uint64 ",     "['a'", "['a' 'b']",
					   "[a]",      "'a\nstop x'", "'\\'", "5x" };
	struct oci_annotation one = { "org.systemd.property.CollectMode", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		cleanup_buf struct buf lines = { 0 };

		one.value = good[i][0];
		assert_int_equal(oci_systemd_annotations(&one, 1, &lines, NULL), 0);
		assert_string_equal(buf_text(&lines), good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cleanup_buf struct buf lines = { 0 };

		one.value = bad[i];
		assert_int_equal(oci_systemd_annotations(&one, 1, &lines, NULL), -EINVAL);
	}
}

static void names_and_seconds(void **state)
{
	static const char *const bad[] = { "a", "lower", "With Space", "New\nLine", "" };
	const struct oci_annotation list[] = {
		{ "org.systemd.property.TimeoutStopSec", "2.5" },
		{ "org.systemd.property.TimeoutStartUSec", "uint64 9" },
		{ "com.example.other", "nothing to us" },
	};
	cleanup_buf struct buf lines = { 0 };

	(void)state;
	assert_int_equal(oci_systemd_annotations(list, 3, &lines, NULL), 0);
	assert_string_equal(buf_text(&lines),
			    "u64 TimeoutStopUSec 2500000\nu64 TimeoutStartUSec 9\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char key[64] = "org.systemd.property.";
		struct oci_annotation one = { key, "true" };

		strcat(key, bad[i]);
		assert_int_equal(oci_systemd_annotations(&one, 1, &lines, NULL), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(masks),
		cmocka_unit_test(resources),
		cmocka_unit_test(annotations),
		cmocka_unit_test(names_and_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
