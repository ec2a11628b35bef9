/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feature_child.h"
#include "process/proc_child.h"

extern const struct feature feature_procfs;

/* The procfs of the plan, and through it the child that was cloned. */
static void opened(void **state)
{
	struct trial trial;
	char text[64];
	int fd;

	(void)state;
	TRIAL_INIT(&trial, &feature_procfs);
	assert_int_equal(trial_plan(&trial, false), 0);
	assert_int_equal(trial.plan.n_steps, 1);
	assert_int_equal(trial_walk(&trial, STAGE_OPEN, STAGE_OPEN), 0);
	assert_true(trial.slots[SLOT_HOST_PROC] >= 0);
	assert_int_equal(fcntl(trial.slots[SLOT_HOST_PROC], F_GETFD), FD_CLOEXEC);

	trial.run.pid = child_spawn(0, NULL);
	/* Without the plan's own, /proc is opened for the time. */
	for (int i = 0; i < 2; i++) {
		fd = proc_child_open(&trial.run);
		assert_true(fd >= 0);
		assert_true(fd_read_file_at(fd, "stat", text, sizeof(text)) == -E2BIG);
		assert_int_equal(atoi(text), trial.run.pid);
		fd_close(fd);
		trial.slots[SLOT_HOST_PROC] = fd_close(trial.slots[SLOT_HOST_PROC]);
	}
	child_end(trial.run.pid);
	assert_true(proc_child_open(&trial.run) < 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(opened) };

	return cmocka_run_group_tests_name("process/procfs", tests, NULL, NULL);
}
