/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "idmap/write.h"
#include "plan/feature.h"

extern const struct feature feature_idmap;

static struct id_range subs[] = { { 0, 100000, 65536 } };
static const struct subid_facts subids = {
	.looked_up = true,
	.uids = subs,
	.n_uids = 1,
	.gids = subs,
	.n_gids = 1,
	.newuidmap = "/usr/bin/newuidmap",
	.newgidmap = "/usr/bin/newgidmap",
};

/* Which of the three steps it becomes, in which stage, and how it is told. */
static void check(uint32_t id, uint64_t caps, const char *option, const char *value,
		  const struct step_kind *kind, enum stage stage, const char *told)
{
	struct facts facts = {
		.uid = id, .gid = id, .caps = caps, .initial_userns = true, .subids = subids
	};
	struct spec spec = { 0 };
	struct plan plan = { .spec = &spec, .facts = &facts, .settled = { .ns_new = NS_BIT(NS_USER) } };
	cleanup_buf struct buf text = { 0 };
	const struct option_row *row;

	if (option) {
		row = option_find(feature_idmap.options, feature_idmap.n_options, option);
		assert_non_null(row);
		assert_int_equal(row->set(&spec, value, NULL), 0);
	}
	assert_int_equal(feature_idmap.settle(&plan, NULL), 0);
	assert_int_equal(feature_idmap.resolve(&plan, NULL), 0);
	assert_int_equal(plan_seal(&plan), 0);
	assert_int_equal(plan.n_steps, 1);
	assert_ptr_equal(plan.steps[0].kind, kind);
	assert_int_equal(plan.steps[0].stage, stage);
	/* Whoever writes from outside makes the child wait. */
	assert_int_equal(plan.settled.wait_release, stage == STAGE_MAP);
	kind->tell(&plan.steps[0], &text);
	assert_string_equal(buf_text(&text), told);
	arena_deinit(&plan.arena);
	arena_deinit(&spec.arena);
}

static void steps(void **state)
{
	(void)state;
	check(1000, 0, NULL, NULL, &kind_own_maps, STAGE_GUARD,
	      "users and groups 1000:1000:1; setgroups denied");
	check(1000, 0, "map-root", "true", &kind_own_maps, STAGE_GUARD,
	      "users and groups 0:1000:1; setgroups denied");
	check(1000, 0, "fake-root", "false", &kind_own_maps, STAGE_GUARD,
	      "users and groups 1000:1000:1; setgroups denied");
	check(1000, 0, "map", "auto", &kind_helper_maps, STAGE_MAP,
	      "users and groups 0:1000:1, 1:100000:65536");
	check(1000, 0, "uidmap", "0:100000:5", &kind_helper_maps, STAGE_MAP, "users and groups 0:100000:5");
	check(0, UINT64_MAX, NULL, NULL, &kind_write_maps, STAGE_MAP, "users and groups 0:0:65536");
	check(0, UINT64_MAX, "map", "0:5:1,gid:0:6:1", &kind_write_maps, STAGE_MAP,
	      "users 0:5:1; groups 0:6:1");
}

static void helper_arguments(void **state)
{
	struct facts facts = { .uid = 1000, .gid = 1000, .initial_userns = true, .subids = subids };
	struct spec spec = { .ids = { .mode = MAP_AUTO } };
	struct plan plan = { .spec = &spec, .facts = &facts, .settled = { .ns_new = NS_BIT(NS_USER) } };
	static const char *const expected[] = { "newuidmap", "", "0", "1000", "1", "1", "100000", "65536" };
	const struct map_args *args;

	(void)state;
	assert_int_equal(feature_idmap.settle(&plan, NULL), 0);
	assert_int_equal(feature_idmap.resolve(&plan, NULL), 0);
	args = plan.steps[0].args;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_string_equal(args->uid_argv[i], expected[i]);
	assert_null(args->uid_argv[ARRAY_SIZE(expected)]);
	assert_string_equal(args->gid_argv[0], "newgidmap");
	arena_deinit(&plan.arena);
}

static void nothing_without_namespace(void **state)
{
	struct facts facts = { .initial_userns = true };
	struct spec spec = { 0 };
	struct plan plan = { .spec = &spec, .facts = &facts };

	(void)state;
	assert_int_equal(feature_idmap.settle(&plan, NULL), 0);
	assert_int_equal(feature_idmap.resolve(&plan, NULL), 0);
	assert_int_equal(plan.n_steps, 0);
	assert_false(plan.settled.wait_release);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps),
		cmocka_unit_test(helper_arguments),
		cmocka_unit_test(nothing_without_namespace),
	};

	return cmocka_run_group_tests_name("idmap/feature", tests, NULL, NULL);
}
