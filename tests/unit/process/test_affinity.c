/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>

#include "feature_child.h"

extern const struct feature feature_affinity;

static char asked[16];

static int check(struct trial *trial)
{
	char text[64];

	(void)trial;
	self_status("Cpus_allowed_list", text, sizeof(text));
	return strcmp(text, asked) != 0;
}

static void one_cpu(void **state)
{
	struct trial trial;
	cpu_set_t set;
	int cpu = CPU_SETSIZE - 1;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	while (!CPU_ISSET(cpu, &set))
		cpu--;
	snprintf(asked, sizeof(asked), "%d", cpu);
	TRIAL_INIT(&trial, &feature_affinity);
	assert_int_equal(trial_set(&trial, "cpuset-cpus", asked), 0);
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static int prepare_refused(struct trial *trial)
{
	int r = trial_walk(trial, STAGE_GUARD, STAGE_EXEC);

	_exit(r != -EINVAL || !strstr(trial->error.why, "none of these CPUs"));
}

static void cpus_that_are_not_there(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_affinity);
	assert_int_equal(trial_set(&trial, "cpu-affinity", "8000-8191"), 0);
	trial.prepare = prepare_refused;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void refused(void **state)
{
	static const char *const bad[] = { "",	   "a",	   "1-",	   "-1", "3-1",
					   "1,,2", "8192", "0-4294967295", "1 2" };
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_affinity);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(trial_set(&trial, "cpu-affinity", bad[i]), -EINVAL);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_cpu),
		cmocka_unit_test(cpus_that_are_not_there),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
