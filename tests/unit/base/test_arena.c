/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>
#include <string.h>

#include "base/arena.h"

/* Pieces of all sizes, each filled to its end: none may reach into another, all begin as zeros. */
static void pieces(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	unsigned char *kept[600];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		kept[i] = arena_alloc(&arena, i);
		assert_non_null(kept[i]);
		assert_int_equal((uintptr_t)kept[i] % alignof(max_align_t), 0);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(kept[i][j], 0);
		memset(kept[i], (int)(i % 255) + 1, i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		for (size_t j = 0; j < i; j++)
			assert_int_equal(kept[i][j], i % 255 + 1);
}

/* Larger than a block, and a small one behind it. */
static void large(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	char *small = arena_alloc(&arena, 10), *big = arena_alloc(&arena, 1 << 20), *after;

	(void)state;
	assert_non_null(small);
	assert_non_null(big);
	memset(big, 'x', 1 << 20);
	after = arena_strdup(&arena, "after");
	assert_string_equal(after, "after");
	assert_int_equal(small[0], 0);
	assert_int_equal(big[(1 << 20) - 1], 'x');
}

static void too_much(void **state)
{
	cleanup_arena struct arena arena = { 0 };

	(void)state;
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	assert_null(arena_alloc(&arena, SIZE_MAX / 2 + 1));
	assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_array(&arena, SIZE_MAX, SIZE_MAX));
	/* 2^32 times 2^32 is 0 in 64 bits. */
	assert_null(arena_array(&arena, (size_t)1 << 32, (size_t)1 << 32));
	assert_non_null(arena_array(&arena, 0, SIZE_MAX));
	assert_non_null(arena_alloc(&arena, 1));
}

static void copies(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	const char not_ended[3] = { 'a', 'b', 'c' };
	char *text;

	(void)state;
	assert_null(arena_strdup(&arena, NULL));
	assert_string_equal(arena_strdup(&arena, ""), "");
	/* Never a byte past the given length. */
	assert_string_equal(arena_strndup(&arena, not_ended, sizeof(not_ended)), "abc");
	assert_string_equal(arena_strndup(&arena, "abc", 100), "abc");
	assert_string_equal(arena_strndup(&arena, "abc", 0), "");
	assert_memory_equal(arena_copy(&arena, "a\0b", 3), "a\0b", 3);
	assert_non_null(arena_copy(&arena, NULL, 0));
	text = arena_printf(&arena, "%s-%d-%*d", "x", 5, 40000, 7);
	assert_int_equal(strlen(text), 4 + 40000);
	assert_memory_equal(text, "x-5-   ", 7);
	assert_int_equal(text[strlen(text) - 1], '7');
}

/* Every element stays as it was through each move, and each new one is zeroed. */
static void growth(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct element {
		uint64_t number;
		char text[24];
	} *elements = NULL;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		struct element *element = arena_grow(&arena, &elements, &n, sizeof(*element));

		assert_non_null(element);
		assert_int_equal(n, i + 1);
		assert_ptr_equal(element, &elements[i]);
		for (size_t j = 0; j < sizeof(*element); j++)
			assert_int_equal(((unsigned char *)element)[j], 0);
		element->number = i;
		memset(element->text, 'x', sizeof(element->text));
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(elements[i].number, i);
}

static void growth_fails(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	char *elements = NULL;
	size_t n = 0;

	(void)state;
	assert_null(arena_grow(&arena, &elements, &n, SIZE_MAX));
	assert_int_equal(n, 0);
	assert_null(elements);
}

static void twice(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	arena_deinit(&arena);
	assert_non_null(arena_alloc(&arena, 1));
	arena_deinit(&arena);
	assert_null(arena.blocks);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces), cmocka_unit_test(large),  cmocka_unit_test(too_much),
		cmocka_unit_test(copies), cmocka_unit_test(growth), cmocka_unit_test(growth_fails),
		cmocka_unit_test(twice),
	};

	return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
