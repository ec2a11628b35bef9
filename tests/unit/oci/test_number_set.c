/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/macros.h"
#include "oci/number_set.h"

static void lists(void **state)
{
	struct number_set set;

	(void)state;
	assert_int_equal(number_set_parse("0-3,8", &set), 0);
	assert_int_equal(set.mask[0], 0x10f);
	assert_int_equal(set.bytes, 8);
	assert_int_equal(number_set_parse(" 64 , 63\n", &set), 0);
	assert_int_equal(set.mask[0], 1UL << 63);
	assert_int_equal(set.mask[1], 1);
	assert_int_equal(set.bytes, 16);
	assert_int_equal(number_set_parse("8191", &set), 0);
	assert_int_equal(set.bytes, sizeof(set.mask));
	assert_int_equal(number_set_parse("", &set), 0);
	assert_int_equal(set.bytes, 0);
}

static void no_lists(void **state)
{
	static const char *const bad[] = { "a", "1-", "-1", "3-1", "8192", "1,,2", "1,", ",1", "1 2", "0x1", "1-2-3",
					   "99999999999999999999" };
	struct number_set set = { .bytes = 5 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(number_set_parse(bad[i], &set), -EINVAL);
	assert_int_equal(set.bytes, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lists), cmocka_unit_test(no_lists) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
