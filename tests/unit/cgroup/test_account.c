/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>

#include "cgroup/account.h"

/* A run without a cgroup: what the engine knows stays as it is. */
static void without_a_cgroup(void **state)
{
	const struct plan plan = { 0 };
	const struct run run = { .plan = &plan };
	struct inro_result result = {
		.end = INRO_END_SIGNALED,
		.signal = SIGKILL,
		.user_ns = 1,
		.system_ns = 2,
		.peak_memory_bytes = 3,
	};

	(void)state;
	cgroup_fill_result(&run, &result);
	assert_int_equal(result.end, INRO_END_SIGNALED);
	assert_int_equal(result.user_ns, 1);
	assert_int_equal(result.system_ns, 2);
	assert_int_equal(result.peak_memory_bytes, 3);
	assert_false(result.whole);
	assert_int_equal(cgroup_freeze(&run, true), -ENOENT);
	assert_int_equal(cgroup_kill(&run), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(without_a_cgroup) };

	return cmocka_run_group_tests_name("cgroup/account", tests, NULL, NULL);
}
