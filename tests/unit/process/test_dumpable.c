/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include "feature_child.h"

extern const struct feature feature_dumpable;

static int check(struct trial *trial)
{
	(void)trial;
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
}

static void undumpable(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_dumpable);
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.steps[0].stage, STAGE_GUARD);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(undumpable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
