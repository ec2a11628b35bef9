/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "enter/maps.h"
#include "idmap/range.h"

static void check(struct id_range *list, size_t n, uint32_t inner, uint32_t own, const char *expected)
{
	struct arena arena = { 0 };

	n = unshare_punch(list, n, inner, own);
	assert_string_equal(ranges_format(&arena, list, n), expected);
	arena_deinit(&arena);
}

static void test_inner_id_leaves_the_last_outer_over(void **state)
{
	struct id_range first[4] = { { 0, 1000, 10 } }, middle[4] = { { 0, 1000, 10 } };
	struct id_range last[4] = { { 0, 1000, 10 } }, outside[4] = { { 0, 1000, 10 } };

	(void)state;
	check(first, 1, 0, 5, "1:1000:9");
	check(middle, 1, 5, 0, "0:1000:5, 6:1005:4");
	check(last, 1, 9, 0, "0:1000:9");
	check(outside, 1, 10, 0, "0:1000:10");
}

static void test_own_id_is_mapped_once(void **state)
{
	struct id_range all[4] = { { 0, 0, 100 } }, two[4] = { { 0, 50, 10 }, { 20, 7, 1 } };

	(void)state;
	/* Inner 5 is taken, and what then stands for outer 60. */
	check(all, 1, 5, 60, "0:0:5, 6:5:55, 62:61:38");
	check(two, 2, 30, 7, "0:50:10");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inner_id_leaves_the_last_outer_over),
		cmocka_unit_test(test_own_id_is_mapped_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
