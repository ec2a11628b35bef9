/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/mount.h>
#include <string.h>

#include "base/arena.h"
#include "base/macros.h"
#include "oci/long_options.h"

static struct arena arena;

/* TEXT, N times. */
static const char *repeat(const char *text, size_t n)
{
	char *all = arena_alloc(&arena, strlen(text) * n + 1);

	all[0] = '\0';
	for (size_t i = 0; i < n; i++)
		strcat(all, text);
	return all;
}

static struct long_options make(const char *type, const char *const *words, size_t n)
{
	const struct oci_strings strings = { words, n };
	struct oci_mount_options options;
	struct long_options ret;

	assert_int_equal(oci_mount_options(&arena, &strings, &options), 0);
	assert_true(oci_options_are_long(&options));
	assert_int_equal(oci_long_options(&arena, type, &options, &ret), 0);
	return ret;
}

static void layers(void **state)
{
	const char *lower = arena_printf(&arena, "lowerdir=/a:/b\\:c:/%s::/data:/more", repeat("x", 250));
	const char *words[] = { lower, "workdir=/w", "lazytime", "index=off" };
	struct long_options made;

	(void)state;
	made = make("overlay", words, ARRAY_SIZE(words));
	assert_string_equal(made.config[0], "lowerdir+");
	assert_string_equal(made.config[1], "/a");
	assert_string_equal(made.config[3], "/b:c");
	assert_int_equal(strlen(made.config[5]), 251);
	assert_string_equal(made.config[6], "datadir+");
	assert_string_equal(made.config[7], "/data");
	assert_string_equal(made.config[9], "/more");
	assert_string_equal(made.config[10], "workdir");
	assert_string_equal(made.config[12], "lazytime");
	assert_null(made.config[13]);
	assert_string_equal(made.config[14], "index");
	assert_null(made.config[16]);
	assert_int_equal(made.flags, MS_LAZYTIME);
	assert_string_equal(made.page, arena_printf(&arena, "%s,workdir=/w,index=off", lower));
}

static void what_takes_a_page(void **state)
{
	const char *lower = arena_printf(&arena, "lowerdir=/a:/%s", repeat("x", 255));
	const char *upper = arena_printf(&arena, "upperdir=/%s", repeat("x", 255));
	const char *colon = arena_printf(&arena, "lowerdir=:/%s", repeat("x:", 200));
	struct long_options made;

	(void)state;
	made = make("overlay", &lower, 1);
	assert_null(made.config);
	assert_string_equal(made.page, lower);
	made = make("overlay", &upper, 1);
	assert_null(made.config);
	assert_string_equal(made.page, upper);
	assert_null(make("overlay", &colon, 1).config);
	assert_null(make("other", &lower, 1).config);
}

static void more_than_a_page(void **state)
{
	const char *many = arena_printf(&arena, "lowerdir=%s/end", repeat("/layer:", 600));
	const char *one = arena_printf(&arena, "x=%s", repeat("y", 4096));

	(void)state;
	assert_non_null(make("overlay", &many, 1).config);
	assert_null(make("overlay", &many, 1).page);
	assert_null(make("overlay", &one, 1).config);
	assert_null(make("overlay", &one, 1).page);
}

static void short_ones(void **state)
{
	const char *word = arena_printf(&arena, "lowerdir=%s", repeat("x", 255));
	const struct oci_strings strings = { &word, 1 };
	struct oci_mount_options options;

	(void)state;
	assert_int_equal(oci_mount_options(&arena, &strings, &options), 0);
	assert_false(oci_options_are_long(&options));
}

static int tear_down(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers),
		cmocka_unit_test(what_takes_a_page),
		cmocka_unit_test(more_than_a_page),
		cmocka_unit_test(short_ones),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
