/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "mount/spec.h"

static void cleaning(void **state)
{
	static const struct {
		const char *path, *cwd, *home, *clean;
	} rows[] = {
		{ "/", NULL, NULL, "/" },
		{ "//", NULL, NULL, "/" },
		{ "/.", NULL, NULL, "/" },
		{ "/..", NULL, NULL, "/" },
		{ "/../../..", NULL, NULL, "/" },
		{ "/a", NULL, NULL, "/a" },
		{ "/a/", NULL, NULL, "/a" },
		{ "/a//b///c", NULL, NULL, "/a/b/c" },
		{ "/a/./b/.", NULL, NULL, "/a/b" },
		{ "/a/../b", NULL, NULL, "/b" },
		{ "/a/b/../../c/..", NULL, NULL, "/" },
		{ "/a/../../b", NULL, NULL, "/b" },
		{ "/...", NULL, NULL, "/..." },
		{ "/..a/.b/c..", NULL, NULL, "/..a/.b/c.." },
		{ "x", "/cwd", NULL, "/cwd/x" },
		{ "", "/cwd", NULL, "/cwd" },
		{ ".", "/cwd", NULL, "/cwd" },
		{ "..", "/cwd/a", NULL, "/cwd" },
		{ "../../..", "/cwd/a", NULL, "/" },
		{ "./x", "/", NULL, "/x" },
		{ "~", "/cwd", "/home/ann", "/home/ann" },
		{ "~/x", "/cwd", "/home/ann/", "/home/ann/x" },
		{ "~/../x", NULL, "/home/ann", "/home/x" },
		{ "~ann", "/cwd", "/home/ann", "/cwd/~ann" },
		{ "~x/y", "/cwd", "/home/ann", "/cwd/~x/y" },
		{ "/~", NULL, "/home/ann", "/~" },
		/* Without a base there is no answer. */
		{ "x", NULL, "/home/ann", NULL },
		{ "", NULL, NULL, NULL },
		{ "~", "/cwd", NULL, NULL },
	};
	cleanup_arena struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *clean =
			mount_clean_path(&arena, rows[i].path, rows[i].cwd, rows[i].home);

		if (!rows[i].clean) {
			assert_null(clean);
			continue;
		}
		assert_string_equal(clean, rows[i].clean);
		assert_string_equal(mount_clean_path(&arena, clean, NULL, NULL), clean);
	}
}

static void below(void **state)
{
	static const struct {
		const char *path, *dir;
		bool below;
	} rows[] = {
		{ "/a", "/", true },          { "/", "/", true },     { "/a", "/a", true },
		{ "/a/b", "/a", true },       { "/ab", "/a", false }, { "/a", "/a/b", false },
		{ "/b/a", "/a", false },      { "/", "/a", false },   { "/a-b", "/a", false },
		{ "/usr/src", "/usr", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(mount_is_below(rows[i].path, rows[i].dir), rows[i].below);
}

static void homes(void **state)
{
	const struct facts facts = { .home = "/srv/people/ann" };
	static const char *const yes[] = { "/srv/people/ann", "/root", "/home", "/home/bob" };
	static const char *const no[] = {
		"/srv/people", "/srv/people/ann/x", "/root/x", "/home/bob/x", "/homes", "/", "/tmp"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(mount_is_home(&facts, yes[i]));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_false(mount_is_home(&facts, no[i]));
}

/* Where the command starts. What is implied, on which host: tests/unit/resolve. */
static void workdirs(void **state)
{
	struct spec spec = { 0 };
	struct facts facts = { .cwd = "/srv/work/sub", .home = "/home/ann" };
	struct plan plan = { .spec = &spec, .facts = &facts, .settled = { .home = "/home/ann" } };

	(void)state;
	assert_string_equal(mount_default_workdir(&plan), "/srv/work/sub"); /* the caller's root */
	plan.settled.own_root = true;
	assert_string_equal(mount_default_workdir(&plan), "/srv/work/sub");
	spec.mounts.no_cwd = true;
	assert_string_equal(mount_default_workdir(&plan), "/home/ann");
	/* What was mounted over it or above it shows it after all. */
	spec_add_mount(&spec, MOUNT_BIND, "/srv")->source = "/x";
	assert_string_equal(mount_default_workdir(&plan), "/srv/work/sub");
	spec.mounts.root.mode = ROOT_DIR;
	spec.mounts.n_list = 0;
	assert_string_equal(mount_default_workdir(&plan), "/");
	facts.cwd = NULL;
	spec.mounts.root.mode = ROOT_HOST;
	assert_string_equal(mount_default_workdir(&plan), "/home/ann");
	arena_deinit(&spec.arena);
	arena_deinit(&plan.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleaning),
		cmocka_unit_test(below),
		cmocka_unit_test(homes),
		cmocka_unit_test(workdirs),
	};

	return cmocka_run_group_tests_name("mount/defaults", tests, NULL, NULL);
}
