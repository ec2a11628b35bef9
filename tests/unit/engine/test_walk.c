/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "small_plan.h"

static const char *const args[] = { "true", NULL };

/* Does what its letter says by its second way. */
static int run_second(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)error;
	run_second_way(run, step);
	return 0;
}

static const struct step_kind kind_second = {
	.name = "second", .what = "second", .run = run_second, .undo = undo_letter
};
/* Nothing to run, as the clone. */
static const struct step_kind kind_empty = { .name = "empty",
					     .what = "empty",
					     .undo = undo_letter };

static void seal(struct small *small)
{
	assert_int_equal(plan_seal(&small->plan), 0);
	assert_int_equal(run_init(&small->run, &small->plan), 0);
}

static void only_these_stages(void **state)
{
	struct small small;

	(void)state;
	small_init(&small, args);
	small_add(&small, STAGE_EXEC, "E");
	small_add(&small, STAGE_MOUNT, "M");
	small_add(&small, STAGE_OPEN, "O");
	small_add(&small, STAGE_CGROUP, "C");
	small_add(&small, STAGE_OPEN, "P");
	seal(&small);
	assert_int_equal(engine_walk(&small.run, STAGE_OPEN, STAGE_CLONE, &small.error), 0);
	assert_string_equal(noted->done, "OPC");
	assert_int_equal(engine_walk(&small.run, STAGE_MOUNT, STAGE_MOUNT, &small.error), 0);
	assert_string_equal(noted->done, "OPCM");
	assert_int_equal(small.run.state[4], STEP_PENDING);
	small_deinit(&small);
}

/* Done, skipped and second-way steps are undone; what was not reached and the child's are not. */
static void undoing(void **state)
{
	struct small small;

	(void)state;
	small_init(&small, args);
	small_add(&small, STAGE_OPEN, "A");
	small_add(&small, STAGE_OPEN, "b")->optional = true;
	plan_add(&small.plan, STAGE_OPEN, &kind_second, NULL, "a test", "C");
	plan_add(&small.plan, STAGE_OPEN, &kind_empty, NULL, "a test", "D");
	small_add(&small, STAGE_MOUNT, "M");
	small_add(&small, STAGE_STARTED, "S");
	seal(&small);
	assert_int_equal(engine_walk(&small.run, STAGE_OPEN, STAGE_MOUNT, &small.error), 0);
	assert_int_equal(small.error.kind, INRO_ERROR_NONE);
	assert_int_equal(small.run.state[0], STEP_DONE);
	assert_int_equal(small.run.state[1], STEP_SKIPPED);
	assert_int_equal(small.run.state[2], STEP_SECOND);
	assert_int_equal(small.run.state[3], STEP_DONE);
	engine_undo(&small.run);
	assert_string_equal(noted->done, "AbM-D-C-b-A");
	/* Once is enough. */
	engine_undo(&small.run);
	assert_string_equal(noted->done, "AbM-D-C-b-A");
	small_deinit(&small);
}

static void stops_at_the_first(void **state)
{
	struct small small;

	(void)state;
	small_init(&small, args);
	small_add(&small, STAGE_OPEN, "A");
	small_add(&small, STAGE_OPEN, "b");
	small_add(&small, STAGE_OPEN, "C");
	seal(&small);
	assert_int_equal(engine_walk(&small.run, STAGE_OPEN, STAGE_OPEN, &small.error), -ENOSPC);
	assert_string_equal(noted->done, "Ab");
	assert_int_equal(small.error.step, 2);
	assert_int_equal(small.run.state[1], STEP_PENDING);
	assert_string_equal(small.error.call, "frobnicate");
	assert_string_equal(small.error.hint, ""); /* advice is the parent's, later */
	small_deinit(&small);
}

static void completing(void **state)
{
	struct small small;
	struct inro_error own = {
		.kind = INRO_ERROR_STEP, .code = EIO, .what = "mine", .object = "/mine"
	};
	struct step step = { .kind = &kind_letter, .number = 2, .object = "/step" };

	(void)state;
	small_init(&small, args);
	small_add(&small, STAGE_OPEN, "A");
	small_add(&small, STAGE_OPEN, "B");
	small_add(&small, STAGE_OPEN, "C");
	seal(&small);
	error_raw(&small.error, -ENOSPC, "call", NULL);
	engine_complete_error(&small.run, &step, &small.error);
	assert_int_equal(small.error.step, 2);
	assert_int_equal(small.error.n_steps, 3);
	assert_string_equal(small.error.what, "note the letter");
	assert_string_equal(small.error.object, "/step");
	assert_string_equal(small.error.hint, "make room");
	/* What the step said itself stays. */
	engine_complete_error(&small.run, &step, &own);
	assert_string_equal(own.what, "mine");
	assert_string_equal(own.object, "/mine");
	assert_string_equal(own.hint, "");
	small_deinit(&small);
}

static void traced(void **state)
{
	struct small small;

	(void)state;
	small_init(&small, args);
	small.plan.trace = true;
	small_add(&small, STAGE_OPEN, "A");
	small_add(&small, STAGE_OPEN, "b");
	small_add(&small, STAGE_OPEN, "C");
	seal(&small);
	assert_int_equal(engine_walk(&small.run, STAGE_OPEN, STAGE_OPEN, &small.error), -ENOSPC);
	assert_true(small.run.trace[0].begin > 0);
	assert_true(small.run.trace[0].end >= small.run.trace[0].begin);
	assert_true(small.run.trace[1].begin >= small.run.trace[0].end);
	assert_true(small.run.trace[1].end >= small.run.trace[1].begin);
	assert_true(small.run.trace[2].begin == 0);
	small_deinit(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_these_stages),
		cmocka_unit_test(undoing),
		cmocka_unit_test(stops_at_the_first),
		cmocka_unit_test(completing),
		cmocka_unit_test(traced),
	};

	return cmocka_run_group_tests_name("engine/walk", tests, NULL, NULL);
}
