/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "base/macros.h"
#include "idmap/ids.h"
#include "inro/error.h"
#include "plan/facts.h"
#include "plan/spec.h"

#define ALL_CAPS 0x1ffffffffffULL

static uint32_t two_groups[] = { 4, 27 };
static const struct facts user = { .uid = 1000, .gid = 100, .groups = two_groups, .n_groups = 2 };
static const struct facts root = { .caps = ALL_CAPS, .groups = two_groups, .n_groups = 2 };
static const struct facts root_alone = { .caps = ALL_CAPS };

static struct id_range own_uid[] = { { 1000, 1000, 1 } }, own_gid[] = { { 100, 100, 1 } };
static struct id_range zero_uid[] = { { 0, 1000, 1 } }, zero_gid[] = { { 0, 100, 1 } };
static struct id_range auto_uids[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } };
static struct id_range auto_gids[] = { { 0, 100, 1 }, { 1, 100000, 65536 } };
static struct id_range host_ids[] = { { 0, 0, 65536 } };
static struct id_range other_ids[] = { { 0, 100000, 65536 } };
static struct id_range high_ids[] = { { 500, 100000, 100 } };

enum { BECOME = 1, SET_UID = 2, SET_GID = 4, SET_GROUPS = 8, TOLERANT = 16, DENY = 32 };
enum { NO_USERNS, NEW_USERNS, JOINED_USERNS };
#define ANY UINT32_MAX

static const struct {
	const char *name;
	const struct facts *facts;
	int userns;
	struct id_range *uids, *gids;
	size_t n;
	uint32_t user, group; /* -u, ANY = not said */
	enum groups_wish wish;
	int flags;
	uint32_t uid, gid;
	size_t n_groups;
} rows[] = {
	{ "user", &user, NEW_USERNS, own_uid, own_gid, 1, ANY, ANY, 0, DENY, 1000, 100, 2 },
	{ "user as root", &user, NEW_USERNS, zero_uid, zero_gid, 1, ANY, ANY, 0, DENY, 0, 0, 2 },
	{ "user, auto", &user, NEW_USERNS, auto_uids, auto_gids, 2, ANY, ANY, 0, SET_GROUPS, 0, 0, 0 },
	{ "user, auto, groups kept", &user, NEW_USERNS, auto_uids, auto_gids, 2, ANY, ANY, GROUPS_KEEP, 0,
	  0, 0, 2 },
	{ "user, auto, -u", &user, NEW_USERNS, auto_uids, auto_gids, 2, 1000, ANY, 0,
	  SET_GROUPS | SET_UID | SET_GID, 1000, 1000, 0 },
	{ "user, own, -u itself", &user, NEW_USERNS, own_uid, own_gid, 1, 1000, ANY, 0, DENY, 1000, 100,
	  2 },
	{ "root", &root, NEW_USERNS, host_ids, host_ids, 1, ANY, ANY, 0, SET_GROUPS, 0, 0, 0 },
	{ "root without groups", &root_alone, NEW_USERNS, host_ids, host_ids, 1, ANY, ANY, 0, 0, 0, 0, 0 },
	{ "root, -u 5:6", &root_alone, NEW_USERNS, host_ids, host_ids, 1, 5, 6, 0, SET_UID | SET_GID, 5, 6,
	  0 },
	{ "root, -u 0:6", &root_alone, NEW_USERNS, host_ids, host_ids, 1, 0, 6, 0, SET_GID, 0, 6, 0 },
	{ "root, other ids", &root_alone, NEW_USERNS, other_ids, other_ids, 1, ANY, ANY, 0, BECOME, 0, 0,
	  0 },
	{ "root, other ids, -u", &root_alone, NEW_USERNS, other_ids, other_ids, 1, 5, 5, 0,
	  BECOME | SET_UID | SET_GID, 5, 5, 0 },
	{ "root, no id 0", &root_alone, NEW_USERNS, high_ids, high_ids, 1, ANY, ANY, 0, BECOME, 500, 500,
	  0 },
	{ "same, user", &user, NO_USERNS, NULL, NULL, 0, ANY, ANY, 0, 0, 1000, 100, 2 },
	{ "same, root", &root, NO_USERNS, NULL, NULL, 0, ANY, ANY, 0, SET_GROUPS, 0, 0, 0 },
	{ "same, root, -u", &root_alone, NO_USERNS, NULL, NULL, 0, 7, ANY, 0, SET_UID | SET_GID, 7, 7, 0 },
	{ "joined", &user, JOINED_USERNS, NULL, NULL, 0, ANY, ANY, 0, BECOME | TOLERANT | SET_GROUPS, 0, 0,
	  0 },
	{ "joined, -u", &root_alone, JOINED_USERNS, NULL, NULL, 0, 9, 10, 0,
	  BECOME | TOLERANT | SET_UID | SET_GID, 9, 10, 0 },
};

static void prepare(size_t i, struct spec *spec, struct settled *settled)
{
	*spec = (struct spec){ 0 };
	*settled = (struct settled){
		.ns_new = rows[i].userns == NEW_USERNS ? NS_BIT(NS_USER) : 0,
		.ns_join = rows[i].userns == JOINED_USERNS ? NS_BIT(NS_USER) : 0,
		.uids = rows[i].uids,
		.gids = rows[i].gids,
		.n_uids = rows[i].n,
		.n_gids = rows[i].n,
		.deny_setgroups = rows[i].flags & DENY,
	};
	spec->ids.user_set = rows[i].user != ANY;
	spec->ids.group_set = rows[i].group != ANY;
	spec->ids.uid = rows[i].user;
	spec->ids.gid = rows[i].group;
}

static void settles(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inro_error error = { 0 };
		struct settled settled;
		struct ids_plan plan;
		struct spec spec;
		int flags;

		prepare(i, &spec, &settled);
		if (ids_settle(&spec, rows[i].facts, rows[i].wish, &settled, &plan, &error) < 0)
			fail_msg("%s: %s", rows[i].name, error.why);
		flags = (plan.become ? BECOME : 0) | (plan.set_uid ? SET_UID : 0) |
			(plan.set_gid ? SET_GID : 0) | (plan.set_groups ? SET_GROUPS : 0) |
			(plan.tolerant ? TOLERANT : 0);
		if (flags != (rows[i].flags & ~DENY))
			fail_msg("%s: flags %d", rows[i].name, flags);
		if (settled.uid != rows[i].uid || settled.gid != rows[i].gid ||
		    settled.n_groups != rows[i].n_groups)
			fail_msg("%s: %u:%u and %zu groups", rows[i].name, settled.uid, settled.gid,
				 settled.n_groups);
		if (plan.become && rows[i].userns == NEW_USERNS)
			assert_int_equal(plan.become_uid, rows[i].uids[0].inner);
	}
}

static void listed_groups(void **state)
{
	struct spec spec = { .ids = { .groups = two_groups, .n_groups = 2, .groups_set = true } };
	struct settled settled = {
		.ns_new = NS_BIT(NS_USER), .uids = host_ids, .n_uids = 1, .gids = host_ids, .n_gids = 1
	};
	struct settled single = { .ns_new = NS_BIT(NS_USER),
				  .uids = own_uid,
				  .n_uids = 1,
				  .gids = own_gid,
				  .n_gids = 1,
				  .deny_setgroups = true };
	struct settled other = {
		.ns_new = NS_BIT(NS_USER), .uids = high_ids, .n_uids = 1, .gids = high_ids, .n_gids = 1
	};
	struct inro_error error = { 0 };
	struct ids_plan plan;

	(void)state;
	assert_int_equal(ids_settle(&spec, &root_alone, GROUPS_LIST, &settled, &plan, NULL), 0);
	assert_true(plan.set_groups);
	assert_int_equal(settled.n_groups, 2);
	assert_int_equal(ids_settle(&spec, &user, GROUPS_LIST, &single, &plan, &error), -EPERM);
	assert_int_equal(error.kind, INRO_ERROR_DENIED);
	assert_non_null(strstr(error.hint, "--map auto"));
	assert_int_equal(ids_settle(&spec, &root_alone, GROUPS_LIST, &other, &plan, &error), -EINVAL);
	assert_non_null(strstr(error.why, "group id 4 does not exist"));
}

static void refusals(void **state)
{
	struct settled single = { .ns_new = NS_BIT(NS_USER),
				  .uids = own_uid,
				  .n_uids = 1,
				  .gids = own_gid,
				  .n_gids = 1,
				  .deny_setgroups = true };
	struct spec spec = { .ids = { .user_set = true, .uid = 5, .mode = MAP_OWN } };
	struct settled same = { 0 };
	struct inro_error error = { 0 };
	struct ids_plan plan;

	(void)state;
	assert_int_equal(ids_settle(&spec, &user, GROUPS_DEFAULT, &single, &plan, &error), -EINVAL);
	assert_non_null(strstr(error.why, "user id 5 does not exist"));
	assert_int_equal(ids_settle(&spec, &user, GROUPS_DEFAULT, &same, &plan, &error), -EPERM);
	assert_int_equal(error.kind, INRO_ERROR_DENIED);
	assert_int_equal(same.uid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settles),
		cmocka_unit_test(listed_groups),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests_name("idmap/ids", tests, NULL, NULL);
}
