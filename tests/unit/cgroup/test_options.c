/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "cgroup/options.h"

static struct cgroup_spec part;
static struct spec_part spec_parts[] = { { .feature = &feature_cgroup, .data = &part } };
static struct spec spec = { .parts = spec_parts, .n_parts = 1 };

static int set(const char *name, const char *value, struct inro_error *error)
{
	for (size_t i = 0; i < CGROUP_OPTIONS; i++)
		if (strcmp(cgroup_options[i].name, name) == 0)
			return cgroup_options[i].set(&spec, value, error);
	fail_msg("no option %s", name);
	return -1;
}

static void values(void **state)
{
	(void)state;
	assert_int_equal(set("memory", "1.5G", NULL), 0);
	assert_int_equal(part.memory, 1536 << 20);
	assert_int_equal(set("memory-swap", "-1", NULL), 0);
	assert_true(part.swap == CGROUP_UNLIMITED);
	assert_int_equal(set("cpus", "1.25", NULL), 0);
	assert_int_equal(part.quota_us, 125000);
	assert_int_equal(set("cpus", "16", NULL), 0);
	assert_int_equal(part.quota_us, 1600000);
	assert_int_equal(set("cpus", "0.01", NULL), 0);
	assert_int_equal(part.quota_us, 1000);
	assert_int_equal(set("cpu-weight", "10000", NULL), 0);
	assert_int_equal(part.weight, 10000);
	assert_int_equal(set("cpu-shares", "2", NULL), 0);
	assert_int_equal(part.weight, 1);
	assert_int_equal(set("cpu-shares", "1024", NULL), 0);
	assert_int_equal(part.weight, 100);
	assert_int_equal(set("cpu-shares", "262144", NULL), 0);
	assert_int_equal(part.weight, 10000);
	assert_int_equal(set("pids-limit", "12", NULL), 0);
	assert_int_equal(part.pids, 12);
	assert_int_equal(set("cpu-time", "1m", NULL), 0);
	assert_true(part.cpu_time_ns == 60000000000ULL);
	assert_int_equal(set("accounting", "true", NULL), 0);
	assert_true(part.accounting);
}

static void unlimited_takes_back(void **state)
{
	(void)state;
	assert_int_equal(set("memory", "unlimited", NULL), 0);
	assert_int_equal(set("cpus", "max", NULL), 0);
	assert_int_equal(set("pids-limit", "-1", NULL), 0);
	assert_int_equal(set("cpu-time", "unlimited", NULL), 0);
	assert_int_equal(part.memory | part.quota_us | part.pids | part.cpu_time_ns, 0);
}

static void bad_values(void **state)
{
	static const char *const bad[][2] = {
		{ "memory", "" },	     { "memory", "12x" },     { "memory", "4K" },     { "memory", "-5" },
		{ "memory-swap", "x" },	     { "cpus", "" },	      { "cpus", "." },	      { "cpus", "1." },
		{ "cpus", "-1.5" },	     { "cpus", "0" },	      { "cpus", "0.001" },    { "cpus", "1.123456" },
		{ "cpus", "1e3" },	     { "cpus", "999999999" }, { "cpu-weight", "0" },  { "cpu-weight", "10001" },
		{ "cpu-shares", "1" },	     { "pids-limit", "0" },   { "pids-limit", "x" },  { "pids-limit", "-2" },
		{ "cpu-time", "soon" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct inro_error error = { 0 };

		assert_int_equal(set(bad[i][0], bad[i][1], &error), -EINVAL);
		assert_int_equal(error.kind, INRO_ERROR_USAGE);
		assert_string_equal(error.what + 2, bad[i][0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(unlimited_takes_back),
		cmocka_unit_test(bad_values),
	};

	return cmocka_run_group_tests_name("cgroup/options", tests, NULL, NULL);
}
