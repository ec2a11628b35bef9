/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/macros.h"
#include "idmap/maps.h"
#include "idmap/parse.h"
#include "idmap/range.h"
#include "inro/error.h"
#include "plan/facts.h"
#include "plan/plan.h"

#define ALL_CAPS 0x1ffffffffffULL
#define ONE_CAP(cap) (1ULL << (cap))

/* Recorded callers. */
static struct id_range subs[] = { { 0, 100000, 65536 } };
static struct id_range two_subs[] = { { 0, 500, 1000 }, { 0, 100000, 65536 } };
static struct id_range next_subs[] = { { 0, 1001, 100 } };
static struct id_range one_id[] = { { 0, 1000, 1 } };
static struct id_range host_ids[] = { { 0, 0, 65536 } };
static struct id_range other_ids[] = { { 0, 1878982656, 65536 } };
static struct id_range user_auto[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } };
static struct id_range many_ids[] = { { 0, 100000, 200000 } };
static struct id_range inner_subs[] = { { 0, 65536, 65536 } };
static struct id_range straddling_subs[] = { { 0, 190000, 65536 } };

#define SUBIDS(list)                               \
	.subids = {                                \
		.looked_up = true,                 \
		.uids = (list),                    \
		.n_uids = ARRAY_SIZE(list),        \
		.gids = (list),                    \
		.n_gids = ARRAY_SIZE(list),        \
		.newuidmap = "/usr/bin/newuidmap", \
		.newgidmap = "/usr/bin/newgidmap", \
	}
#define OWN(list)                                                               \
	.own_uids = (list), .n_own_uids = ARRAY_SIZE(list), .own_gids = (list), \
	.n_own_gids = ARRAY_SIZE(list)

static const struct facts user = {
	.uid = 1000, .gid = 1000, .initial_userns = true, .user = "ann", SUBIDS(subs)
};
static const struct facts user_100 = { .uid = 1000, .gid = 100, .initial_userns = true, SUBIDS(subs) };
static const struct facts user_between = {
	.uid = 1000, .gid = 1000, .initial_userns = true, SUBIDS(two_subs)
};
static const struct facts user_beside = {
	.uid = 1000, .gid = 1000, .initial_userns = true, SUBIDS(next_subs)
};
static const struct facts user_bare = { .uid = 1000, .gid = 1000, .initial_userns = true };
static const struct facts user_no_helper = {
	.uid = 1000,
	.gid = 1000,
	.initial_userns = true,
	.subids = { .uids = subs,
		    .n_uids = 1,
		    .gids = subs,
		    .n_gids = 1,
		    .newuidmap = "/usr/bin/newuidmap" },
};
static const struct facts root = { .caps = ALL_CAPS, .initial_userns = true, SUBIDS(subs) };
static const struct facts root_no_setfcap = {
	.caps = ALL_CAPS & ~ONE_CAP(CAP_SETFCAP),
	.initial_userns = true,
	SUBIDS(subs),
};
static const struct facts root_no_caps = { .initial_userns = true };
static const struct facts root_setfcap = { .caps = ONE_CAP(CAP_SETFCAP), .initial_userns = true };
static const struct facts in_other_ids_no_caps = { OWN(other_ids) };
static const struct facts capable_user = {
	.uid = 1000, .gid = 1000, .caps = ALL_CAPS, .initial_userns = true, SUBIDS(subs)
};

static uint32_t more_groups[] = { 1000, 27 };
static const struct facts capable_in_groups = {
	.uid = 1000, .gid = 1000, .caps = ALL_CAPS, .initial_userns = true, SUBIDS(subs),
	.groups = more_groups,
	.n_groups = 2,
};
/* Inside containers: of an ordinary user with its one id, of root by default, of root nestable, ... */
static const struct facts in_one_id = { .caps = ALL_CAPS, .setgroups_denied = true, OWN(one_id) };
static const struct facts in_host_ids = { .caps = ALL_CAPS, OWN(host_ids) };
static const struct facts in_other_ids = { .caps = ALL_CAPS, OWN(other_ids) };
static const struct facts in_user_auto = { .caps = ALL_CAPS, OWN(user_auto) };
static const struct facts in_many = { .caps = ALL_CAPS, OWN(many_ids), SUBIDS(inner_subs) };
static const struct facts in_many_straddling = { .caps = ALL_CAPS, OWN(many_ids), SUBIDS(straddling_subs) };

enum { DENY = 1, HELPER = 2, HOST_ROOT = 4, BY_CHILD = 8, NESTABLE = 16 };

static const struct {
	const char *name;
	const struct facts *facts;
	const char *map;  /* NULL: nothing is said */
	const char *user; /* -u */
	int flags;
	const char *uids, *gids; /* gids NULL = the same */
} rows[] = {
	{ "user", &user, NULL, NULL, DENY | BY_CHILD, "1000:1000:1", NULL },
	{ "user, its gid another", &user_100, NULL, NULL, DENY | BY_CHILD, "1000:1000:1", "100:100:1" },
	{ "user as 0", &user, NULL, "0", DENY | BY_CHILD, "0:1000:1", "1000:1000:1" },
	{ "user as 5:6", &user, NULL, "5:6", DENY | BY_CHILD, "5:1000:1", "6:1000:1" },
	{ "user, own", &user, "own", NULL, DENY | BY_CHILD, "1000:1000:1", NULL },
	{ "user, root", &user_100, "root", NULL, DENY | BY_CHILD, "0:1000:1", "0:100:1" },
	{ "user, nestable", &user, NULL, NULL, DENY | BY_CHILD | NESTABLE, "1000:1000:1", NULL },
	{ "user, auto", &user, "auto", NULL, HELPER, "0:1000:1, 1:100000:65536", NULL },
	{ "user among its subids, auto", &user_between, "auto", NULL, HELPER,
	  "0:1000:1, 1:500:500, 501:1001:499, 1000:100000:65536", NULL },
	{ "user with capabilities, auto", &capable_user, "auto", NULL, 0, "0:1000:1, 1:100000:65536",
	  NULL },
	{ "user with capabilities", &capable_user, NULL, NULL, DENY | BY_CHILD, "1000:1000:1", NULL },
	{ "user with capabilities and groups", &capable_in_groups, NULL, NULL, 0, "1000:1000:1", NULL },
	{ "user, its own by range", &user, "7:1000:1", NULL, DENY | BY_CHILD, "7:1000:1", NULL },
	{ "user, subids by range", &user, "0:100000:1000", NULL, HELPER, "0:100000:1000", NULL },
	{ "user, both by range", &user, "0:1000:1,1:100000:10", NULL, HELPER, "0:1000:1, 1:100000:10",
	  NULL },
	{ "user, groups apart", &user_100, "0:1000:1,gid:0:100:1", NULL, DENY | BY_CHILD, "0:1000:1",
	  "0:100:1" },
	{ "user, subids for groups", &user, "0:1000:1,gid:0:100000:5", NULL, HELPER, "0:1000:1",
	  "0:100000:5" },
	{ "user, subids for users", &user, "0:100000:5,gid:0:1000:1", NULL, HELPER | DENY, "0:100000:5",
	  "0:1000:1" },
	{ "root", &root, NULL, NULL, HOST_ROOT, "0:0:65536", NULL },
	{ "root, nestable", &root, NULL, NULL, NESTABLE, "0:100000:65536", NULL },
	{ "root, auto", &root, "auto", NULL, 0, "0:100000:65536", NULL },
	{ "root, own", &root, "own", NULL,
	  DENY | BY_CHILD | HOST_ROOT, "0:0:1", NULL },
	{ "root, as 0", &root, "root", NULL,
	  DENY | BY_CHILD | HOST_ROOT, "0:0:1", NULL },
	{ "root, ranges", &root, "0:5000:10,100:0:1", NULL, HOST_ROOT, "0:5000:10, 100:0:1", NULL },
	{ "root, ranges without 0", &root, "0:5000:10", NULL, 0, "0:5000:10", NULL },
	{ "root, ranges, no CAP_SETFCAP", &root_no_setfcap, "0:5000:10", NULL, 0, "0:5000:10", NULL },
	{ "root with CAP_SETFCAP alone", &root_setfcap, NULL, NULL, DENY | BY_CHILD | HOST_ROOT, "0:0:1",
	  NULL },
	{ "in a container of one id", &in_one_id, NULL, NULL, DENY | BY_CHILD, "0:0:1", NULL },
	{ "in a container with the host's ids", &in_host_ids, NULL, NULL, HOST_ROOT, "0:0:65536", NULL },
	{ "in a container with other ids", &in_other_ids, NULL, NULL, 0, "0:0:65536", NULL },
	{ "the same, nestable", &in_other_ids, NULL, NULL, NESTABLE, "0:0:65536", NULL },
	{ "in a user's container, by a range over two lines", &in_user_auto, "0:0:3,5:4:2", NULL, 0,
	  "0:0:1, 1:1:2, 5:4:2", NULL },
	{ "in a user's container", &in_user_auto, NULL, NULL, 0, "0:0:1, 1:1:65535", NULL },
	{ "in a container with many ids", &in_many, NULL, NULL, 0, "0:0:65536", NULL },
	{ "the same, auto", &in_many, "auto", NULL, 0, "0:65536:65536", NULL },
	{ "subids beyond its ids, auto", &in_many_straddling, "auto", NULL, 0, "0:190000:10000", NULL },
	{ "the same, ranges", &in_many, "0:150000:50000", NULL, 0, "0:150000:50000", NULL },
};

static const struct {
	const char *name;
	const struct facts *facts;
	const char *map;
	enum inro_error_kind kind;
	const char *says, *hints;
} refused[] = {
	{ "no subids", &user_bare, "auto", INRO_ERROR_DENIED, "/etc/subuid has no line",
	  "usermod --add-subuids" },
	{ "no helper", &user_no_helper, "auto", INRO_ERROR_HOST, "newgidmap", "package uidmap" },
	{ "no helper, ranges", &user_no_helper, "0:100000:5", INRO_ERROR_HOST, "newgidmap",
	  "package uidmap" },
	{ "another's", &user, "0:5000:1", INRO_ERROR_DENIED, "user id 5000 is neither", "--map auto" },
	{ "beyond its own", &user, "0:165000:1000", INRO_ERROR_DENIED, "user id 165536 is neither",
	  "--add-subuids 165536-165999 ann" },
	{ "another's, no subids", &user_bare, "0:5000:1", INRO_ERROR_DENIED, "it has none", "--map-root" },
	{ "root's", &user, "0:0:1", INRO_ERROR_DENIED, "user id 0 is neither", "--map-root" },
	{ "groups follow users", &user_100, "0:1000:1", INRO_ERROR_DENIED, "group id 1000 is neither",
	  "gid:0:100:1" },
	{ "own mixed in", &user_beside, "0:1000:5", INRO_ERROR_DENIED, "mixes", "1000:1" },
	{ "only groups", &user, "gid:0:1000:1", INRO_ERROR_USAGE, "none for users", "" },
	{ "0 without CAP_SETFCAP", &root_no_setfcap, "0:0:10", INRO_ERROR_DENIED, "CAP_SETFCAP",
	  "leave id 0 out" },
	{ "root without capabilities", &root_no_caps, NULL, INRO_ERROR_DENIED, "CAP_SETFCAP",
	  "leave id 0 out" },
	{ "the same in a container", &in_other_ids_no_caps, NULL, INRO_ERROR_DENIED, "CAP_SETFCAP",
	  "--nestable" },
	{ "ids that are not there", &in_other_ids, "0:70000:10", INRO_ERROR_DENIED,
	  "user id 70000 does not exist", "" },
	{ "none to spare", &in_host_ids, "auto", INRO_ERROR_HOST, "no ids to spare", "--nestable" },
};

static void settles(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_arena struct arena arena = { 0 };
		struct settled settled = { .ns_new = NS_BIT(NS_USER) };
		struct spec spec = { .nestable = rows[i].flags & NESTABLE };
		struct inro_error error = { 0 };
		int flags = rows[i].flags & ~NESTABLE, got;

		if (rows[i].map)
			assert_int_equal(parse_map(&spec, "--map", rows[i].map, NULL), 0);
		if (rows[i].user)
			assert_int_equal(parse_user(&spec, "--user", rows[i].user, NULL), 0);
		if (maps_settle(&spec, rows[i].facts, &arena, &settled, &error) < 0)
			fail_msg("%s: %s", rows[i].name, error.why);
		got = (settled.deny_setgroups ? DENY : 0) | (settled.maps_by_helper ? HELPER : 0) |
		      (settled.host_root ? HOST_ROOT : 0) |
		      (maps_written_by_child(&settled, rows[i].facts) ? BY_CHILD : 0);
		if (got != flags)
			fail_msg("%s: flags %d, not %d", rows[i].name, got, flags);
		if (strcmp(ranges_format(&arena, settled.uids, settled.n_uids), rows[i].uids) != 0)
			fail_msg("%s: users %s", rows[i].name,
				 ranges_format(&arena, settled.uids, settled.n_uids));
		if (strcmp(ranges_format(&arena, settled.gids, settled.n_gids),
			   rows[i].gids ? rows[i].gids : rows[i].uids) != 0)
			fail_msg("%s: groups %s", rows[i].name,
				 ranges_format(&arena, settled.gids, settled.n_gids));
		arena_deinit(&spec.arena);
	}
}

static void refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		cleanup_arena struct arena arena = { 0 };
		struct settled settled = { .ns_new = NS_BIT(NS_USER) };
		struct inro_error error = { 0 };
		struct spec spec = { 0 };

		if (refused[i].map)
			assert_int_equal(parse_map(&spec, "--map", refused[i].map, NULL), 0);
		if (maps_settle(&spec, refused[i].facts, &arena, &settled, &error) >= 0)
			fail_msg("%s: not refused", refused[i].name);
		assert_int_equal(error.kind, refused[i].kind);
		if (!strstr(error.why, refused[i].says) || !strstr(error.hint, refused[i].hints))
			fail_msg("%s: %s; %s", refused[i].name, error.why, error.hint);
		assert_int_equal(settled.n_uids, 0);
		arena_deinit(&spec.arena);
	}
}

static void without_new_namespace(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct settled settled = { 0 }, joined = { .ns_join = NS_BIT(NS_USER) };
	struct spec spec = { 0 };
	struct inro_error error = { 0 };

	(void)state;
	assert_int_equal(maps_settle(&spec, &user, &arena, &settled, NULL), 0);
	assert_true(settled.host_root);
	assert_int_equal(settled.n_uids, 0);
	settled.host_root = true;
	assert_int_equal(maps_settle(&spec, &in_other_ids, &arena, &settled, NULL), 0);
	assert_false(settled.host_root);
	assert_int_equal(maps_settle(&spec, &user, &arena, &joined, NULL), 0);
	assert_false(joined.host_root);
	assert_int_equal(maps_settle(&spec, &root, &arena, &joined, NULL), 0);
	assert_true(joined.host_root);
	spec.ids.mode = MAP_ROOT;
	assert_int_equal(maps_settle(&spec, &user, &arena, &settled, &error), -EINVAL);
	assert_int_equal(error.kind, INRO_ERROR_USAGE);
}

static void subids_only_where_needed(void **state)
{
	struct spec spec = { 0 };

	(void)state;
	assert_false(maps_need_subids(&spec, &user));
	assert_false(maps_need_subids(&spec, &root));
	spec.nestable = true;
	assert_false(maps_need_subids(&spec, &user));
	assert_false(maps_need_subids(&spec, &in_other_ids));
	assert_true(maps_need_subids(&spec, &root));
	assert_int_equal(parse_map(&spec, "--map", "0:1000:1", NULL), 0);
	assert_false(maps_need_subids(&spec, &user));
	assert_false(maps_need_subids(&spec, &root));
	assert_true(maps_need_subids(&spec, &user_100));
	assert_int_equal(parse_map(&spec, "--map", "auto", NULL), 0);
	assert_true(maps_need_subids(&spec, &user));
	arena_deinit(&spec.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settles),
		cmocka_unit_test(refuses),
		cmocka_unit_test(without_new_namespace),
		cmocka_unit_test(subids_only_where_needed),
	};

	return cmocka_run_group_tests_name("idmap/maps", tests, NULL, NULL);
}
