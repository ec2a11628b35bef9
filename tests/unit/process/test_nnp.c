/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "feature_child.h"

extern const struct feature feature_nnp;

static int check(struct trial *trial)
{
	char text[8];

	self_status("NoNewPrivs", text, sizeof(text));
	return strcmp(text, trial->plan.settled.no_new_privs ? "1" : "0") != 0;
}

static void plan_and_run(struct trial *trial, bool expected)
{
	trial->check = check;
	assert_int_equal(trial_plan(trial, true), 0);
	assert_int_equal(trial->plan.settled.no_new_privs, expected);
	assert_int_equal(trial->plan.n_steps, expected);
	assert_int_equal(trial_run(trial), 0);
	trial_deinit(trial);
}

static void on_by_default(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_nnp);
	plan_and_run(&trial, true);
}

static void off_where_asked(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_nnp);
	assert_int_equal(trial_set(&trial, "new-privs", "true"), 0);
	plan_and_run(&trial, false);
	TRIAL_INIT(&trial, &feature_nnp);
	trial.spec.bare = true;
	plan_and_run(&trial, false);
}

static void the_last_word_counts(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_nnp);
	trial.spec.bare = true;
	assert_int_equal(trial_set(&trial, "new-privs", "true"), 0);
	assert_int_equal(trial_set(&trial, "new-privs", "false"), 0);
	assert_int_equal(trial_set(&trial, "new-privs", "perhaps"), -EINVAL);
	plan_and_run(&trial, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_by_default),
		cmocka_unit_test(off_where_asked),
		cmocka_unit_test(the_last_word_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
