/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/macros.h"
#include "idmap/range.h"

static const struct id_range two[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } };

static void both_ways(void **state)
{
	uint32_t id = 7;

	(void)state;
	assert_true(ranges_to_outer(two, 2, 0, &id));
	assert_int_equal(id, 1000);
	assert_true(ranges_to_outer(two, 2, 65536, &id));
	assert_int_equal(id, 165535);
	assert_false(ranges_to_outer(two, 2, 65537, &id));
	assert_true(ranges_to_inner(two, 2, 100000, &id));
	assert_int_equal(id, 1);
	assert_false(ranges_to_inner(two, 2, 165536, &id));
	assert_false(ranges_to_inner(two, 2, 0, &id));
	assert_false(ranges_to_inner(NULL, 0, 0, &id));
	assert_int_equal(id, 1);
}

static void the_last_ids(void **state)
{
	const struct id_range all = { 0, 0, UINT32_MAX };
	uint32_t id;

	(void)state;
	assert_true(ranges_to_outer(&all, 1, UINT32_MAX - 1, &id));
	assert_int_equal(id, UINT32_MAX - 1);
	assert_false(ranges_to_outer(&all, 1, UINT32_MAX, &id));
	assert_true(ranges_cover_outer(&all, 1, 0, UINT32_MAX, &id));
}

static void cover(void **state)
{
	const struct id_range list[] = { { 0, 300, 50 }, { 50, 100, 100 }, { 150, 200, 100 } };
	uint32_t missing = 0;

	(void)state;
	assert_true(ranges_cover_outer(list, 3, 100, 250, &missing));
	assert_true(ranges_cover_outer(list, 3, 199, 2, &missing));
	assert_false(ranges_cover_outer(list, 3, 100, 251, &missing));
	assert_int_equal(missing, 350);
	assert_false(ranges_cover_outer(list, 3, 99, 10, &missing));
	assert_int_equal(missing, 99);
	assert_true(ranges_cover_inner(list, 3, 0, 250, &missing));
	assert_false(ranges_cover_inner(list, 3, 0, 251, &missing));
	assert_int_equal(missing, 250);
}

static void merge(void **state)
{
	struct id_range list[] = {
		{ 0, 500, 10 }, { 0, 100, 50 }, { 0, 150, 50 }, { 0, 120, 10 }, { 0, 505, 20 }
	};
	size_t n = 5, none = 0;

	(void)state;
	ranges_merge_outer(list, &n);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].outer, 100);
	assert_int_equal(list[0].count, 100);
	assert_int_equal(list[1].outer, 500);
	assert_int_equal(list[1].count, 25);
	ranges_merge_outer(NULL, &none);
	assert_int_equal(none, 0);
}

static void formats(void **state)
{
	cleanup_arena struct arena arena = { 0 };

	(void)state;
	assert_string_equal(ranges_format(&arena, two, 2), "0:1000:1, 1:100000:65536");
	assert_string_equal(ranges_format_outer(&arena, two, 2), "1000, 100000-165535");
	assert_string_equal(ranges_format_map(&arena, two, 2), "0 1000 1\n1 100000 65536\n");
	assert_string_equal(ranges_format(&arena, NULL, 0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways), cmocka_unit_test(the_last_ids), cmocka_unit_test(cover),
		cmocka_unit_test(merge),     cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests_name("idmap/range", tests, NULL, NULL);
}
