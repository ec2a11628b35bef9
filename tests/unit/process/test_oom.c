/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <linux/capability.h>

#include "feature_child.h"

extern const struct feature feature_oom;

static const char *expected;

static int check(struct trial *trial)
{
	char text[16];

	(void)trial;
	if (fd_read_file_at(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof(text)) < 0)
		return 1;
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, expected) != 0;
}

static void higher(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_oom);
	trial.plan.settled.wait_release = false;
	assert_int_equal(trial_set(&trial, "oom-score-adj", "+0500"), 0);
	expected = "500";
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_true(trial.plan.settled.wait_release);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

/* Also where the child has a user namespace of its own, before and after its maps. */
static void in_a_user_namespace(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_oom);
	trial.clone_flags = CLONE_NEWUSER;
	assert_int_equal(trial_set(&trial, "oom-score-adj", "1000"), 0);
	expected = "1000";
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void lower_is_denied(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_oom);
	if (facts_has_cap(&trial.facts, CAP_SYS_RESOURCE))
		skip_because("this host would allow it");
	assert_int_equal(trial_set(&trial, "oom-score-adj", "-1000"), 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), -EACCES);
	assert_non_null(strstr(trial.error.why, "CAP_SYS_RESOURCE"));
	assert_true(trial.error.hint[0]);
	trial_deinit(&trial);
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"", "1001", "-1001", "9999999999999999999", "low", "1 "
	};
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_oom);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(trial_set(&trial, "oom-score-adj", bad[i]), -EINVAL);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(higher),
		cmocka_unit_test(in_a_user_namespace),
		cmocka_unit_test(lower_is_denied),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
