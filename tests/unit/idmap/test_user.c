/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "base/buf.h"
#include "ns_child.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_user;

/* A plan of this feature alone, from options, to be run step by step in a child. */
struct fixture {
	struct spec spec;
	struct facts facts;
	struct plan plan;
	struct spec_part part;
};

static void set(struct fixture *fixture, const char *name, const char *value)
{
	const struct option_row *row = option_find(feature_user.options, feature_user.n_options, name);

	assert_non_null(row);
	assert_int_equal(row->set(&fixture->spec, value, NULL), 0);
}

static void begin(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->part.feature = &feature_user;
	fixture->part.data = calloc(1, feature_user.spec_size);
	fixture->spec.parts = &fixture->part;
	fixture->spec.n_parts = 1;
	fixture->facts.caps = UINT64_MAX;
	fixture->facts.initial_userns = true;
	fixture->plan.spec = &fixture->spec;
	fixture->plan.facts = &fixture->facts;
}

static void resolve(struct fixture *fixture)
{
	assert_int_equal(feature_user.settle(&fixture->plan, NULL), 0);
	assert_int_equal(feature_user.resolve(&fixture->plan, NULL), 0);
	assert_int_equal(plan_seal(&fixture->plan), 0);
}

static void finish(struct fixture *fixture)
{
	arena_deinit(&fixture->plan.arena);
	arena_deinit(&fixture->spec.arena);
	free(fixture->part.data);
}

/* Run every step: -1 where one failed, otherwise whether one took its second way. */
static int run_steps(const struct plan *plan)
{
	uint8_t states[8] = { 0 };
	struct run run = { .plan = plan, .state = states };
	int second = 0;

	for (size_t i = 0; i < plan->n_steps; i++) {
		struct inro_error error = { 0 };

		if (plan->steps[i].kind->run(&run, &plan->steps[i], &error) < 0)
			return -1;
		second |= states[i] == STEP_SECOND;
	}
	return second;
}

static bool has_ids(uid_t uid, gid_t gid, int n_groups, gid_t first_group)
{
	uid_t ids[3];
	gid_t gids[3], groups[16];

	return getresuid(&ids[0], &ids[1], &ids[2]) == 0 && ids[0] == uid && ids[1] == uid &&
	       ids[2] == uid && getresgid(&gids[0], &gids[1], &gids[2]) == 0 && gids[0] == gid &&
	       gids[1] == gid && gids[2] == gid && getgroups(16, groups) == n_groups &&
	       (n_groups == 0 || groups[0] == first_group);
}

static void skip_without_root(void)
{
	if (geteuid() != 0) {
		skip_because("only root can become another user");
	}
}

static void becomes_user(void **state)
{
	struct fixture fixture;
	pid_t pid;

	(void)state;
	skip_without_root();
	begin(&fixture);
	set(&fixture, "user", "5:6");
	set(&fixture, "groups", "7,8");
	set(&fixture, "groups", "9");
	resolve(&fixture);
	assert_int_equal(fixture.plan.n_steps, 1);
	assert_int_equal(fixture.plan.steps[0].stage, STAGE_IDS);
	assert_string_equal(fixture.plan.steps[0].object, "5:6");
	pid = child_fork(0);
	if (pid == 0)
		_exit(run_steps(&fixture.plan) == 0 && has_ids(5, 6, 3, 7) ? 0 : 1);
	assert_int_equal(child_result(pid), 0);
	finish(&fixture);
}

static void drops_groups(void **state)
{
	static gid_t groups[] = { 4, 27 };
	struct fixture fixture;
	cleanup_buf struct buf text = { 0 };
	pid_t pid;

	(void)state;
	skip_without_root();
	begin(&fixture);
	fixture.facts.groups = groups;
	fixture.facts.n_groups = 2;
	resolve(&fixture);
	assert_int_equal(fixture.plan.n_steps, 1);
	fixture.plan.steps[0].kind->tell(&fixture.plan.steps[0], &text);
	assert_string_equal(buf_text(&text), "no supplementary groups");
	pid = child_fork(0);
	if (pid == 0) {
		sys_setgroups(2, groups);
		_exit(run_steps(&fixture.plan) == 0 && has_ids(0, 0, 0, 0) ? 0 : 1);
	}
	assert_int_equal(child_result(pid), 0);
	finish(&fixture);

	begin(&fixture);
	fixture.facts.groups = groups;
	fixture.facts.n_groups = 2;
	set(&fixture, "groups", "9");
	set(&fixture, "groups", "keep");
	resolve(&fixture);
	assert_int_equal(fixture.plan.n_steps, 0);
	finish(&fixture);
}

/* A joined user namespace that maps nothing: the ids stay, and that is no failure unless asked for. */
static void keeps_ids_where_it_must(void **state)
{
	struct fixture fixture;
	pid_t pid;

	(void)state;
	begin(&fixture);
	fixture.plan.settled.ns_join = NS_BIT(NS_USER);
	resolve(&fixture);
	assert_int_equal(fixture.plan.n_steps, 1);
	assert_int_equal(fixture.plan.steps[0].stage, STAGE_BECOME);
	assert_non_null(fixture.plan.steps[0].fallback);
	pid = child_fork(CLONE_NEWUSER);
	if (pid == 0)
		_exit(run_steps(&fixture.plan) == 1 ? 0 : 1);
	assert_int_equal(child_result(pid), 0);
	finish(&fixture);

	begin(&fixture);
	fixture.plan.settled.ns_join = NS_BIT(NS_USER);
	set(&fixture, "user", "5");
	resolve(&fixture);
	assert_int_equal(fixture.plan.n_steps, 2);
	pid = child_fork(CLONE_NEWUSER);
	if (pid == 0)
		_exit(run_steps(&fixture.plan) == -1 ? 0 : 1);
	assert_int_equal(child_result(pid), 0);
	finish(&fixture);
}

static void nothing_to_do(void **state)
{
	static struct id_range own[] = { { 1000, 1000, 1 } };
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	fixture.facts.uid = fixture.facts.gid = 1000;
	fixture.facts.caps = 0;
	fixture.plan.settled = (struct settled){
		.ns_new = NS_BIT(NS_USER),
		.uids = own,
		.n_uids = 1,
		.gids = own,
		.n_gids = 1,
		.deny_setgroups = true,
	};
	resolve(&fixture);
	assert_int_equal(fixture.plan.n_steps, 0);
	assert_int_equal(fixture.plan.settled.uid, 1000);
	finish(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(becomes_user),
		cmocka_unit_test(drops_groups),
		cmocka_unit_test(keeps_ids_where_it_must),
		cmocka_unit_test(nothing_to_do),
	};

	return cmocka_run_group_tests_name("idmap/user", tests, NULL, NULL);
}
