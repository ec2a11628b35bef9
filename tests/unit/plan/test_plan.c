/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "plan/plan.h"

static const struct step_kind kind = { .name = "test", .what = "test" };

static void stages(void **state)
{
	enum lane last = LANE_PARENT;

	(void)state;
	for (enum stage stage = 0; stage < N_STAGES; stage++) {
		assert_non_null(stage_info[stage].name);
		assert_non_null(stage_info[stage].title);
		/* One lane follows the other, and none comes back. */
		assert_true(stage_info[stage].lane >= last);
		last = stage_info[stage].lane;
		for (enum stage other = 0; other < stage; other++)
			assert_string_not_equal(stage_info[stage].name, stage_info[other].name);
	}
	assert_int_equal(stage_info[STAGE_CLONE].lane, LANE_PARENT);
	assert_int_equal(stage_info[STAGE_MEANWHILE].lane, LANE_PARENT);
	assert_int_equal(stage_info[STAGE_GUARD].lane, LANE_CHILD);
	assert_int_equal(stage_info[STAGE_EXEC].lane, LANE_CHILD);
	assert_int_equal(stage_info[STAGE_STARTED].lane, LANE_STARTED);
}

/* By stage, and within a stage in the order of adding; numbered from 1 without a gap. */
static void sealing(void **state)
{
	static int order[400];
	struct plan plan = { 0 };

	(void)state;
	for (int i = 0; i < 400; i++) {
		struct step *step;

		order[i] = i;
		step = plan_add(&plan, (enum stage)(i * 7 % N_STAGES), &kind, "object", "why",
				&order[i]);
		assert_non_null(step);
		assert_ptr_equal(step->kind, &kind);
		assert_false(step->optional);
		assert_null(step->fallback);
		step->optional = i % 3 == 0;
	}
	assert_int_equal(plan_seal(&plan), 0);
	assert_int_equal(plan.n_steps, 400);
	for (size_t i = 0; i < plan.n_steps; i++) {
		const struct step *step = &plan.steps[i];
		const int *number = step->args;

		assert_int_equal(step->number, i + 1);
		assert_int_equal(step->stage, *number * 7 % N_STAGES);
		assert_int_equal(step->optional, *number % 3 == 0);
		assert_string_equal(step->object, "object");
		assert_string_equal(step->why, "why");
		if (i == 0)
			continue;
		assert_true(step[-1].stage <= step->stage);
		if (step[-1].stage == step->stage)
			assert_true(*(const int *)step[-1].args < *number);
	}
	arena_deinit(&plan.arena);
}

static void empty(void **state)
{
	struct plan plan = { 0 };

	(void)state;
	assert_int_equal(plan_seal(&plan), 0);
	assert_int_equal(plan.n_steps, 0);
	assert_int_equal(plan.n_slots, SLOTS_FIXED);
	arena_deinit(&plan.arena);
}

/* What could not be allocated on the way is told at the end. */
static void failure(void **state)
{
	struct plan plan = { 0 };

	(void)state;
	plan_add(&plan, STAGE_OPEN, &kind, NULL, NULL, NULL);
	plan.failed = true;
	assert_int_equal(plan_seal(&plan), -ENOMEM);
	arena_deinit(&plan.arena);
}

static void slots(void **state)
{
	struct plan plan = { 0 };

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(plan_slot(&plan), SLOTS_FIXED + i);
	assert_int_equal(plan_seal(&plan), 0);
	assert_int_equal(plan.n_slots, SLOTS_FIXED + 10);
	arena_deinit(&plan.arena);
}

static void told(void **state)
{
	struct plan plan = { 0 };
	char value[] = "64M";

	(void)state;
	plan_applied(&plan, "memory", "%s", value);
	plan_applied(&plan, "pids", "%d", 100);
	plan_note(&plan, "%s is private", value);
	strcpy(value, "xxx"); /* they are copies */
	assert_int_equal(plan.n_applied, 2);
	assert_string_equal(plan.applied[0].name, "memory");
	assert_string_equal(plan.applied[0].value, "64M");
	assert_string_equal(plan.applied[1].value, "100");
	assert_int_equal(plan.n_notes, 1);
	assert_string_equal(plan.notes[0], "64M is private");
	/* Of a path that was made to be shown. */
	plan_note(&plan, "%s", "/tmp/\x1b[2J\n");
	assert_string_equal(plan.notes[1], "/tmp/\\x1b[2J\\x0a");
	assert_false(plan.failed);
	arena_deinit(&plan.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stages),  cmocka_unit_test(sealing), cmocka_unit_test(empty),
		cmocka_unit_test(failure), cmocka_unit_test(slots),   cmocka_unit_test(told),
	};

	return cmocka_run_group_tests_name("plan/plan", tests, NULL, NULL);
}
