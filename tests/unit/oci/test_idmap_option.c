/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/macros.h"
#include "idmap/range.h"
#include "oci/idmap_option.h"

static struct arena arena;
/* The container's: three ranges for users, one for groups. */
static struct id_range users[] = { { 0, 0, 1 }, { 1, 2, 1000 }, { 1001, 50000, 10 } };
static struct id_range groups[] = { { 0, 100000, 65536 } };
static const struct oci_id_maps own_uids = { users, ARRAY_SIZE(users) }, own_gids = { groups, ARRAY_SIZE(groups) };
static const struct oci_id_maps none;

/* TEXT comes to these maps. */
static void expect(const char *text, const char *uids, const char *gids)
{
	struct inro_error error = { 0 };
	struct oci_id_maps u = { 0 }, g = { 0 };

	assert_int_equal(oci_idmap_option(&arena, "/a", text, &own_uids, &own_gids, &u, &g, &error), 0);
	assert_string_equal(ranges_format(&arena, u.list, u.n), uids);
	assert_string_equal(ranges_format(&arena, g.list, g.n), gids);
}

static void lists(void **state)
{
	(void)state;
	expect("uids=0-1-10#10-11-10;gids=0-100-10", "0:1:10, 10:11:10", "0:100:10");
	expect("gids=5-6-7;uids=1-2-3", "1:2:3", "5:6:7");
	/* Of what is missing, the container's own. */
	expect("uids=4-5-6", "4:5:6", "0:100000:65536");
	expect("gids=4-5-6", "0:0:1, 1:2:1000, 1001:50000:10", "4:5:6");
	expect("uids=0-0-4294967295", "0:0:4294967295", "0:100000:65536");
}

static void relative_lists(void **state)
{
	(void)state;
	expect("uids=@1-3-10", "1:4:10", "0:100000:65536");
	expect("uids=@0-0-1#5-1-1;gids=0-0-1", "0:0:1, 5:2:1", "0:0:1");
	expect("uids=7-8-9#@5-1-1;gids=@0-1000-1", "7:8:9, 5:2:1", "0:101000:1");
	/* Over all three of the container's. */
	expect("uids=@10-0-1005", "10:0:1, 11:2:1000, 1011:50000:4", "0:100000:65536");
}

static void refused(void **state)
{
	static const struct {
		const char *text, *word;
	} bad[] = {
		{ "", "no ids of one kind" },
		{ "uids=", "no range" },
		{ "uids=@", "no range" },
		{ "pids=0-0-1", "neither uids= nor gids=" },
		{ "uids=0-0", "not a range" },
		{ "uids=0-0-0", "not a range" },
		{ "uids=0-0-1-2", "not a range" },
		{ "uids=a-0-1", "not a range" },
		{ "uids=0--1-1", "no ids of one kind" },
		{ "uids=1-4294967295-1", "not a range" },
		{ "uids=4294967296-0-1", "not a range" },
		{ "uids=2-4294967290-10", "not a range" },
		{ "uids=@0-1-1", "the container's user namespace has not" },
		{ "uids=0-0-1", "no ids of one kind" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct inro_error error = { 0 };
		struct oci_id_maps u = { 0 }, g = { 0 };

		assert_int_equal(oci_idmap_option(&arena, "/a", bad[i].text, &none, &none, &u, &g, &error), -EINVAL);
		if (!strstr(error.why, bad[i].word))
			fail_msg("%s: %s", bad[i].text, error.why);
		assert_null(u.list);
	}
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
		cmocka_unit_test(lists),
		cmocka_unit_test(relative_lists),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
