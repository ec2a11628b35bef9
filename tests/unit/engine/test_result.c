/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/macros.h"
#include "engine/result.h"

static struct inro_result fill(enum inro_end end, int code, int status, int end_number, int typed, bool init)
{
	const struct rusage usage = { .ru_utime = { .tv_sec = 1, .tv_usec = 5 }, .ru_maxrss = 3 };
	struct inro_result result = { .end = end, .was_init = init };
	siginfo_t info = { 0 };

	info.si_code = code;
	info.si_status = status;
	result_fill(&result, &info, &usage, end_number, typed);
	assert_true(result.user_ns == 1000005000);
	assert_int_equal(result.peak_memory_bytes, 3072);
	return result;
}

struct row {
	enum inro_end before;
	int code, status, end_number, typed;
	bool init;
	enum inro_end end;
	int ret_status, ret_code, ret_signal;
	bool by_terminal;
	const char *text;
};

static const struct row rows[] = {
	{ 0, CLD_EXITED, 3, 0, 0, true, INRO_END_EXITED, 3, 3, 0, false, "exited with status 3" },
	{ 0, CLD_KILLED, 9, 0, 0, true, INRO_END_SIGNALED, 137, -1, 9, false, "killed by SIGKILL" },
	{ 0, CLD_DUMPED, 11, 0, 0, false, INRO_END_SIGNALED, 139, -1, 11, false, "killed by SIGSEGV" },
	{ 0, CLD_DUMPED, 11, 0, 0, true, INRO_END_SIGNALED, 139, -1, 11, false,
	  "killed by SIGSEGV (as PID 1, an abort() ends like this, too)" },
	{ 0, CLD_KILLED, 1, 0, 0, true, INRO_END_REBOOT, 129, -1, 1, false, "restarted itself by reboot(2)" },
	{ 0, CLD_KILLED, 2, 0, 0, true, INRO_END_HALT, 130, -1, 2, false, "halted itself by reboot(2)" },
	{ 0, CLD_KILLED, 1, 0, 0, false, INRO_END_SIGNALED, 129, -1, 1, false, "killed by SIGHUP" },
	{ INRO_END_INTERRUPTED, CLD_KILLED, 9, 2, 2, true, INRO_END_INTERRUPTED, 130, -1, 2, true,
	  "ended by inro for SIGINT, which its PID 1 would have dropped" },
	{ INRO_END_INTERRUPTED, CLD_KILLED, 9, 15, 0, true, INRO_END_INTERRUPTED, 143, -1, 15, false,
	  "ended by inro for SIGTERM, which its PID 1 would have dropped" },
	{ INRO_END_INTERRUPTED, CLD_EXITED, 4, 1, 0, true, INRO_END_EXITED, 4, 4, 0, false,
	  "exited with status 4" },
	{ 0, CLD_EXITED, 130, 0, 2, true, INRO_END_EXITED, 130, 130, 0, true, "exited with status 130" },
	{ 0, CLD_EXITED, 1, 0, 2, true, INRO_END_EXITED, 1, 1, 0, false, "exited with status 1" },
	{ INRO_END_TIMED_OUT, CLD_KILLED, 9, 15, 0, true, INRO_END_TIMED_OUT, 124, -1, 9, false,
	  "ended by inro: its time was over" },
	{ INRO_END_TIMED_OUT, CLD_EXITED, 130, 15, 2, true, INRO_END_TIMED_OUT, 124, 130, 0, false,
	  "ended by inro: its time was over" },
	{ INRO_END_MEMORY, CLD_KILLED, 9, 0, 0, true, INRO_END_MEMORY, 137, -1, 9, false,
	  "killed by the kernel: its memory limit was reached" },
};

static void ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct inro_result result =
			fill(row->before, row->code, row->status, row->end_number, row->typed, row->init);
		char text[128];

		assert_int_equal(result.end, row->end);
		assert_int_equal(result.status, row->ret_status);
		assert_int_equal(result.code, row->ret_code);
		assert_int_equal(result.signal, row->ret_signal);
		assert_int_equal(result.by_terminal, row->by_terminal);
		assert_int_equal(inro_result_format(&result, text, sizeof(text)), strlen(row->text));
		assert_string_equal(text, row->text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ends) };

	return cmocka_run_group_tests_name("engine/result", tests, NULL, NULL);
}
