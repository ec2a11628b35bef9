/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include "feature_child.h"

extern const struct feature feature_signals;

/* Everything wrong that a caller can leave behind: ignored, blocked, and one of glibc's own. */
static int prepare(struct trial *trial)
{
	sigset_t all;

	(void)trial;
	for (int number = 1; number <= SIGRTMAX; number++)
		if (number != SIGKILL && number != SIGSTOP && number != SIGRTMIN - 1 &&
		    number != SIGRTMIN - 2)
			if (number < 32 || number >= SIGRTMIN)
				signal(number, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	return 0;
}

static int check(struct trial *trial)
{
	static const char *const sets[] = { "SigBlk", "SigIgn", "SigCgt" };

	(void)trial;
	for (int i = 0; i < 3; i++) {
		char text[32];

		self_status(sets[i], text, sizeof(text));
		if (strcmp(text, "0000000000000000") != 0)
			return i + 1;
	}
	return 0;
}

static void nothing_is_inherited(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_signals);
	trial.prepare = prepare;
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

/* The test would prove nothing if the preparation did not take. */
static void the_preparation_takes(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_signals);
	trial.prepare = prepare;
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	trial.plan.n_steps = 0;
	assert_int_not_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_inherited),
		cmocka_unit_test(the_preparation_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
