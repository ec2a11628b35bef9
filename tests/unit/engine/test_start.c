/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "small_plan.h"

static const char *const true_args[] = { "true", NULL };
static const char *const sleep_args[] = { "sleep", "1000", NULL };

/* The usual three lanes of letters around the frame; STAGE's own letter is replaced by WITH. */
static void make(struct small *small, const char *const args[], enum stage stage, const char *with)
{
	static const struct {
		enum stage stage;
		const char *letter;
	} steps[] = {
		{ STAGE_OPEN, "A" },      { STAGE_CGROUP, "B" },  { STAGE_MAP, "C" },
		{ STAGE_MEANWHILE, "D" }, { STAGE_GUARD, "K" },   { STAGE_MOUNT, "L" },
		{ STAGE_CAPS, "M" },      { STAGE_STARTED, "S" },
	};

	small_init(small, args);
	small->plan.settled.wait_release = true;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		small_add(small, steps[i].stage, steps[i].stage == stage ? with : steps[i].letter);
	small_seal(small);
}

/* Only the parent's letters, in order (both sides write at once). */
static const char *parents_part(void)
{
	static char text[64];
	size_t n = 0;

	for (unsigned i = 0; i < noted->n; i++)
		if (!strchr("KLMklm", noted->done[i]))
			text[n++] = noted->done[i];
	text[n] = '\0';
	return text;
}

static void nothing_left(struct small *small, int fds)
{
	small_deinit(small);
	expect_no_child();
	assert_int_equal(count_fds(), fds);
}

static void success(void **state)
{
	struct small small;
	siginfo_t info;
	int fds = count_fds();

	(void)state;
	make(&small, sleep_args, N_STAGES, NULL);
	assert_int_equal(engine_start(&small.run, &small.error), 0);
	assert_true(small.run.pid > 0);
	assert_true(small.run.pidfd >= 0);
	assert_true(small.run.shared->at_exec);
	assert_string_equal(parents_part(), "ABCDS");
	/* The child is there, and all of its steps are done. */
	assert_int_equal(waitid(P_PID, (id_t)small.run.pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	assert_non_null(strchr(noted->done, 'M'));
	for (size_t i = 0; i + 1 < small.plan.n_steps; i++)
		if (small.plan.steps[i].kind == &kind_letter)
			assert_int_equal(small.run.state[i], STEP_DONE);
	engine_kill(&small.run);
	engine_undo(&small.run);
	assert_string_equal(parents_part(), "ABCDS-S-D-C-B-A");
	engine_kill(&small.run); /* a second time does nothing */
	nothing_left(&small, fds);
}

/* Every step of the parent failed in turn: what was done is undone in reverse, and nothing else. */
static void parents_steps_fail(void **state)
{
	static const struct {
		enum stage stage;
		const char *letter, *noted;
		const char *step;
	} rows[] = {
		{ STAGE_OPEN, "a", "a",
		  "step 1 of 13, note the letter /obj: frobnicate: No space left "
		  "on device; make room" },
		{ STAGE_CGROUP, "b", "Ab-A", "step 3 of 13, " },
		{ STAGE_MAP, "c", "ABc-B-A", "step 5 of 13, " },
		{ STAGE_MEANWHILE, "d", "ABCd-C-B-A", "step 7 of 13, " },
		{ STAGE_STARTED, "s", "ABCDs-D-C-B-A", "step 13 of 13, " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct small small;
		char text[1200];
		int fds = count_fds();

		make(&small, sleep_args, rows[i].stage, rows[i].letter);
		assert_int_equal(engine_start(&small.run, &small.error), -ENOSPC);
		assert_string_equal(parents_part(), rows[i].noted);
		inro_error_format(&small.error, text, sizeof(text));
		assert_memory_equal(text, rows[i].step, strlen(rows[i].step));
		assert_string_equal(small.error.hint, "make room");
		assert_int_equal(small.error.kind, INRO_ERROR_STEP);
		assert_int_equal(inro_error_status(&small.error), 125);
		nothing_left(&small, fds);
	}
}

static void childs_steps_fail(void **state)
{
	static const struct {
		enum stage stage;
		const char *letter;
		int step;
	} rows[] = { { STAGE_GUARD, "k", 8 }, { STAGE_MOUNT, "l", 10 }, { STAGE_CAPS, "m", 11 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct small small;
		int fds = count_fds();

		make(&small, sleep_args, rows[i].stage, rows[i].letter);
		assert_int_equal(engine_start(&small.run, &small.error), -ENOSPC);
		assert_string_equal(parents_part(), "ABCD-D-C-B-A");
		/* Completed in the parent: the child told call and object alone. */
		assert_int_equal(small.error.step, rows[i].step);
		assert_int_equal(small.error.n_steps, 13);
		assert_string_equal(small.error.what, "note the letter");
		assert_string_equal(small.error.call, "frobnicate");
		assert_string_equal(small.error.hint, "make room");
		/* Nothing of the child is done behind the one that failed. */
		assert_null(strchr(noted->done, 'm' == *rows[i].letter ? 'S' : 'M'));
		nothing_left(&small, fds);
	}
}

/* Steps that fail without an error of their own get one. */
static void without_a_word(void **state)
{
	static const enum stage stages[] = { STAGE_OPEN, STAGE_MAP, STAGE_MOUNT, STAGE_STARTED };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		struct small small;
		char text[512];
		int fds = count_fds();

		small_init(&small, sleep_args);
		plan_add(&small.plan, stages[i], &kind_mute, "the object", "a test", NULL);
		small_seal(&small);
		assert_int_equal(engine_start(&small.run, &small.error), -EIO);
		inro_error_format(&small.error, text, sizeof(text));
		assert_non_null(strstr(text, "fail without a word the object: Input/output error"));
		nothing_left(&small, fds);
	}
}

static void child_dies(void **state)
{
	static const struct {
		const struct step_kind *kind;
		const char *why;
	} rows[] = {
		{ &kind_suicide, "the child was killed by SIGKILL before the command ran" },
		{ &kind_exit, "the child ended with status 3 before the command ran" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct small small;
		int fds = count_fds();

		small_init(&small, sleep_args);
		small_add(&small, STAGE_OPEN, "A");
		plan_add(&small.plan, STAGE_MOUNT, rows[i].kind, NULL, "a test", NULL);
		small_add(&small, STAGE_STARTED, "S");
		small_seal(&small);
		assert_int_equal(engine_start(&small.run, &small.error), -ECHILD);
		assert_string_equal(small.error.why, rows[i].why);
		assert_string_equal(parents_part(), "A-A");
		nothing_left(&small, fds);
	}
}

static void optional(void **state)
{
	struct small small;
	int fds = count_fds();

	(void)state;
	small_init(&small, true_args);
	small_add(&small, STAGE_OPEN, "a")->optional = true;
	small_add(&small, STAGE_MOUNT, "l")->optional = true;
	small_add(&small, STAGE_STARTED, "S");
	small_seal(&small);
	assert_int_equal(engine_start(&small.run, &small.error), 0);
	assert_int_equal(small.error.kind, INRO_ERROR_NONE);
	assert_int_equal(small.run.state[0], STEP_SKIPPED);
	assert_string_equal(noted->done, "alS");
	engine_kill(&small.run);
	engine_undo(&small.run);
	nothing_left(&small, fds);
}

static void command_not_found(void **state)
{
	static const char *const args[] = { "no-such-command-anywhere", NULL };
	struct small small;
	int fds = count_fds();

	(void)state;
	make(&small, args, N_STAGES, NULL);
	assert_int_equal(engine_start(&small.run, &small.error), -ENOENT);
	assert_int_equal(inro_error_status(&small.error), 127);
	assert_string_equal(small.error.why, "not found in PATH");
	assert_string_equal(parents_part(), "ABCD-D-C-B-A");
	nothing_left(&small, fds);
}

/* One plan, many starts, also after failures. */
static void again(void **state)
{
	struct small small;
	int fds = count_fds();

	(void)state;
	make(&small, true_args, N_STAGES, NULL);
	for (int i = 0; i < 5; i++) {
		noted->n = 0;
		memset(noted->done, 0, sizeof(noted->done));
		assert_int_equal(engine_start(&small.run, NULL), 0);
		engine_kill(&small.run);
		engine_undo(&small.run);
		run_deinit(&small.run);
		assert_int_equal(run_init(&small.run, &small.plan), 0);
	}
	assert_string_equal(parents_part(), "ABCDS-S-D-C-B-A");
	nothing_left(&small, fds);
}

static void states(void **state)
{
	struct small small;

	(void)state;
	make(&small, true_args, N_STAGES, NULL);
	assert_null(small.run.trace);
	for (int i = 0; i < small.plan.n_slots; i++)
		assert_int_equal(small.run.slots[i], -EBADF);
	for (size_t i = 0; i < small.plan.n_steps; i++)
		assert_int_equal(small.run.state[i], STEP_PENDING);
	run_deinit(&small.run);
	run_deinit(&small.run);
	small_deinit(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(success),
		cmocka_unit_test(parents_steps_fail),
		cmocka_unit_test(childs_steps_fail),
		cmocka_unit_test(without_a_word),
		cmocka_unit_test(child_dies),
		cmocka_unit_test(optional),
		cmocka_unit_test(command_not_found),
		cmocka_unit_test(again),
		cmocka_unit_test(states),
	};

	return cmocka_run_group_tests_name("engine/start", tests, NULL, NULL);
}
