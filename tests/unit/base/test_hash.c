/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"

static void empty(void **state)
{
	cleanup_hash struct hash hash = { 0 };

	(void)state;
	assert_null(hash_get(&hash, 0));
	assert_null(hash_get(&hash, 4026531836));
}

static void many(void **state)
{
	enum { N = 5000 };
	static char values[N];
	cleanup_hash struct hash hash = { 0 };

	(void)state;
	for (uint64_t i = 0; i < N; i++)
		assert_int_equal(hash_put(&hash, 4026531836 + i, &values[i]), 0);
	assert_int_equal(hash.n, N);
	for (uint64_t i = 0; i < N; i++)
		assert_ptr_equal(hash_get(&hash, 4026531836 + i), &values[i]);
	assert_null(hash_get(&hash, 4026531836 + N));
	assert_null(hash_get(&hash, 0));
}

static void replace_and_odd_keys(void **state)
{
	cleanup_hash struct hash hash = { 0 };
	char a, b;

	(void)state;
	assert_int_equal(hash_put(&hash, 0, &a), 0);
	assert_int_equal(hash_put(&hash, UINT64_MAX, &a), 0);
	assert_int_equal(hash_put(&hash, 0, &b), 0);
	assert_int_equal(hash.n, 2);
	assert_ptr_equal(hash_get(&hash, 0), &b);
	assert_ptr_equal(hash_get(&hash, UINT64_MAX), &a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(many),
		cmocka_unit_test(replace_and_odd_keys),
	};

	return cmocka_run_group_tests_name("base/hash", tests, NULL, NULL);
}
