/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "limits/rlimit_names.h"

static void names_both_ways(void **state)
{
	(void)state;
	for (int i = 0; i < RLIMIT_COUNT; i++) {
		int found = -1;

		assert_int_equal(rlimit_parse_name(rlimit_name(i), strlen(rlimit_name(i)), &found), 0);
		assert_int_equal(found, i);
	}
	assert_null(rlimit_name(-1));
	assert_null(rlimit_name(RLIMIT_COUNT));
}

static void values(void **state)
{
	struct rlimit limit;
	int resource;

	(void)state;
	assert_int_equal(rlimit_parse("nofile=64", &resource, &limit), 0);
	assert_int_equal(resource, RLIMIT_NOFILE);
	assert_int_equal(limit.rlim_cur, 64);
	assert_int_equal(limit.rlim_max, 64);
	assert_int_equal(rlimit_parse("RLIMIT_AS=64M:1G", &resource, &limit), 0);
	assert_int_equal(resource, RLIMIT_AS);
	assert_int_equal(limit.rlim_cur, 64 << 20);
	assert_int_equal(limit.rlim_max, 1 << 30);
	assert_int_equal(rlimit_parse("core=0:unlimited", &resource, &limit), 0);
	assert_int_equal(limit.rlim_cur, 0);
	assert_true(limit.rlim_max == RLIM_INFINITY);
	assert_int_equal(rlimit_parse("core=-1", &resource, &limit), 0);
	assert_true(limit.rlim_cur == RLIM_INFINITY);
}

static void bad_values(void **state)
{
	static const char *const bad[] = { "",	     "nofile",	  "nofile=",   "nofile=:5", "nofile=5:",
					   "=5",     "files=5",	  "nofile=x",  "nofile=-2", "nofile=5:6:7",
					   "RLIMIT_", "nofil=5", "nofile=99999999999999999999999999999999999" };
	struct rlimit limit = { 1, 2 };
	int resource = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rlimit_parse(bad[i], &resource, &limit), -EINVAL);
	assert_int_equal(rlimit_parse("nofile=6:5", &resource, &limit), -ERANGE);
	assert_int_equal(rlimit_parse("nofile=unlimited:5", &resource, &limit), -ERANGE);
	assert_int_equal(resource, 42);
	assert_int_equal(limit.rlim_max, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_both_ways),
		cmocka_unit_test(values),
		cmocka_unit_test(bad_values),
	};

	return cmocka_run_group_tests_name("limits/rlimit_names", tests, NULL, NULL);
}
