/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "feature_child.h"

extern const struct feature feature_umask;

static int expected(struct trial *trial, const char *mask)
{
	char text[32];

	(void)trial;
	self_status("Umask", text, sizeof(text));
	return strcmp(text, mask) != 0;
}

static int check_default(struct trial *trial)
{
	return expected(trial, "0022");
}

static int check_asked(struct trial *trial)
{
	return expected(trial, "0077");
}

static int prepare(struct trial *trial)
{
	(void)trial;
	umask(0);
	return 0;
}

static void by_default(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_umask);
	trial.prepare = prepare;
	trial.check = check_default;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void asked_for(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_umask);
	assert_int_equal(trial_set(&trial, "umask", "027"), 0);
	assert_int_equal(trial_set(&trial, "umask", "0077"), 0);
	trial.spec.bare = true;
	trial.check = check_asked;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_string_equal(trial.plan.steps[0].object, "077");
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void refused(void **state)
{
	static const char *const bad[] = { "", "8", "1777", "u=rwx", "-1", " 22" };
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_umask);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(trial_set(&trial, "umask", bad[i]), -EINVAL);
		assert_string_equal(trial.error.what, "--umask");
	}
	trial.spec.bare = true;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_default),
		cmocka_unit_test(asked_for),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
