/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "engine/trace.h"

static const struct step_kind kind = { .name = "test", .what = "do" };

static void table(void **state)
{
	struct step steps[] = {
		{ .kind = &kind, .stage = STAGE_OPEN, .number = 1, .object = "/a" },
		{ .kind = &kind, .stage = STAGE_MOUNT, .number = 2, .object = "/b c" },
		{ .kind = &kind, .stage = STAGE_CAPS, .number = 3, .object = "/never" },
		{ .kind = &kind, .stage = STAGE_EXEC, .number = 4 },
		{ .kind = &kind, .stage = STAGE_STARTED, .number = 5 },
	};
	/* The clock counts from the earliest, which need not be the first: both sides run at once. */
	struct trace_entry entries[] = {
		{ 1002000, 1003500 }, { 1000000, 1000100 }, { 0, 0 },
		{ 2000000, 0 },       { 1005000, 1005000 },
	};
	uint8_t states[] = { STEP_DONE, STEP_SKIPPED, STEP_PENDING, STEP_PENDING, STEP_SECOND };
	struct plan plan = { .steps = steps, .n_steps = 5 };
	struct run run = { .plan = &plan, .trace = entries, .state = states };
	cleanup_buf struct buf text = { 0 };

	(void)state;
	assert_int_equal(trace_text(&run, &text), 0);
	assert_string_equal(buf_text(&text), "      at µs   took µs  step\n"
					     "        2.0       1.5  1  do /a\n"
					     "        0.0       0.1  2    do '/b c' (skipped)\n"
					     "     1000.0         -  4    do\n"
					     "        5.0       0.0  5  do (by its second way)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(table) };

	return cmocka_run_group_tests_name("engine/trace", tests, NULL, NULL);
}
