/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "idmap/parse.h"
#include "idmap/range.h"
#include "inro/error.h"

static void check_range(const struct id_range *range, uint32_t inner, uint32_t outer, uint32_t count)
{
	assert_int_equal(range->inner, inner);
	assert_int_equal(range->outer, outer);
	assert_int_equal(range->count, count);
}

static void maps(void **state)
{
	struct spec spec = { 0 };

	(void)state;
	assert_int_equal(parse_map(&spec, "--map", "auto", NULL), 0);
	assert_int_equal(spec.ids.mode, MAP_AUTO);
	assert_int_equal(parse_map(&spec, "--map", "root", NULL), 0);
	assert_int_equal(spec.ids.mode, MAP_ROOT);
	assert_int_equal(parse_map(&spec, "--map", "own", NULL), 0);
	assert_int_equal(spec.ids.mode, MAP_OWN);
	assert_int_equal(parse_map(&spec, "--map", "0:1000:1,1:100000:65536", NULL), 0);
	assert_int_equal(parse_map(&spec, "--map", "gid:0:100", NULL), 0);
	assert_int_equal(parse_map(&spec, "--map", "uid:70000:5000:2", NULL), 0);
	assert_int_equal(spec.ids.mode, MAP_RANGES);
	assert_int_equal(spec.ids.n_uids, 3);
	assert_int_equal(spec.ids.n_gids, 1);
	check_range(&spec.ids.uids[1], 1, 100000, 65536);
	check_range(&spec.ids.uids[2], 70000, 5000, 2);
	check_range(&spec.ids.gids[0], 0, 100, 1);
	assert_int_equal(parse_map_side(&spec, "--map-groups", MAP_GROUPS, "1:101:2,9:9:1", NULL), 0);
	assert_int_equal(spec.ids.n_gids, 3);
	/* A word takes back what was said before. */
	assert_int_equal(parse_map(&spec, "--map", "auto", NULL), 0);
	assert_int_equal(spec.ids.n_uids + spec.ids.n_gids, 0);
	/* The whole range of ids. */
	assert_int_equal(parse_map(&spec, "--map", "0:0:4294967295", NULL), 0);
	arena_deinit(&spec.arena);
}

static void bad_maps(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "empty" },
		{ "all", "none of auto" },
		{ "0:1000:0", "maps no id" },
		{ "0", "none of auto" },
		{ "0:1:2:3", "three numbers" },
		{ "0:x:1", "three numbers" },
		{ "-1:0:1", "three numbers" },
		{ "0:-1:1", "three numbers" },
		{ " 0:0:1", "three numbers" },
		{ "0:4294967295:1", "three numbers" },
		{ "0:4294967294:2", "beyond the last id" },
		{ "4294967294:0:2", "beyond the last id" },
		{ "0:0:4294967296", "three numbers" },
		{ "0:1000:10,9:5000:1", "second meaning" },
		{ "0:1000:10,10:1009:1", "a second time" },
		{ "0:1000:1,auto,", "none of auto" },
		{ "gid:0:0:1,gid:0:1:1", "second meaning" },
		{ "gid:root", "three numbers" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct inro_error error = { 0 };
		struct spec spec = { 0 };

		assert_int_equal(parse_map(&spec, "--map", bad[i].text, &error), -EINVAL);
		assert_int_equal(error.kind, INRO_ERROR_USAGE);
		if (!strstr(error.why, bad[i].says))
			fail_msg("'%s' is answered by: %s", bad[i].text, error.why);
		arena_deinit(&spec.arena);
	}
}

static void too_many_ranges(void **state)
{
	struct inro_error error = { 0 };
	struct spec spec = { 0 };
	char text[64];

	(void)state;
	for (unsigned i = 0; i < RANGES_MAX; i++) {
		snprintf(text, sizeof(text), "%u:%u:1", 2 * i, 5 * i);
		assert_int_equal(parse_map(&spec, "--map", text, &error), 0);
	}
	assert_int_equal(parse_map(&spec, "--map", "9000:9000:1", &error), -EINVAL);
	assert_non_null(strstr(error.why, "340"));
	assert_int_equal(spec.ids.n_uids, RANGES_MAX);
	arena_deinit(&spec.arena);
}

static void users(void **state)
{
	static const char *const bad[] = { "",
					   "root",
					   "1:root",
					   "1:",
					   ":1",
					   "1:2:3",
					   "-1",
					   "4294967295",
					   "+1",
					   " 1",
					   "1 ",
					   "0x1",
					   "18446744073709551617" };
	struct spec spec = { 0 };

	(void)state;
	assert_int_equal(parse_user(&spec, "--user", "1", NULL), 0);
	assert_true(spec.ids.user_set && !spec.ids.group_set);
	assert_int_equal(spec.ids.uid, 1);
	assert_int_equal(parse_user(&spec, "--user", "4294967294:100", NULL), 0);
	assert_true(spec.ids.user_set && spec.ids.group_set);
	assert_int_equal(spec.ids.uid, 4294967294U);
	assert_int_equal(spec.ids.gid, 100);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct inro_error error = { 0 };

		assert_int_equal(parse_user(&spec, "--user", bad[i], &error), -EINVAL);
		assert_int_equal(error.kind, INRO_ERROR_USAGE);
	}
	assert_int_equal(spec.ids.uid, 4294967294U);
	arena_deinit(&spec.arena);
}

static void groups(void **state)
{
	struct inro_error error = { 0 };
	struct spec spec = { 0 };

	(void)state;
	assert_int_equal(parse_groups(&spec, "--groups", "5,10", NULL), 0);
	assert_int_equal(parse_groups(&spec, "--groups", "27", NULL), 0);
	assert_true(spec.ids.groups_set);
	assert_int_equal(spec.ids.n_groups, 3);
	assert_int_equal(spec.ids.groups[2], 27);
	assert_int_equal(parse_groups(&spec, "--groups", "audio", &error), -EINVAL);
	assert_non_null(strstr(error.hint, "id -g"));
	arena_deinit(&spec.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps),	 cmocka_unit_test(bad_maps), cmocka_unit_test(too_many_ranges),
		cmocka_unit_test(users), cmocka_unit_test(groups),
	};

	return cmocka_run_group_tests_name("idmap/parse", tests, NULL, NULL);
}
