/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include "feature_child.h"

extern const struct feature feature_keyring;

/* /proc/keys lists what the caller may view: it possesses what its session keyring holds. */
static int count_session_keys(void)
{
	char line[512];
	FILE *file = fopen("/proc/keys", "re");
	int n = 0;

	while (file && fgets(line, sizeof(line), file))
		n += strstr(line, "_ses:") != NULL;
	if (file)
		fclose(file);
	return n;
}

static int keys_before;

static int prepare(struct trial *trial)
{
	(void)trial;
	keys_before = count_session_keys();
	return 0;
}

static int check(struct trial *trial)
{
	if (trial->state[0] == STEP_SECOND)
		return 77;
	return count_session_keys() != keys_before + 1;
}

static void a_new_one(void **state)
{
	struct trial trial;
	int r;

	(void)state;
	TRIAL_INIT(&trial, &feature_keyring);
	trial.prepare = prepare;
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_non_null(trial.plan.steps[0].fallback);
	r = trial_run(&trial);
	trial_deinit(&trial);
	if (r == 77)
		skip_because("this host's kernel has no keys, or forbids them");
	assert_int_equal(r, 0);
}

static void none_where_not_wanted(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_keyring);
	assert_int_equal(trial_set(&trial, "keyring", "no"), 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 0);
	trial_deinit(&trial);
}

static void written_out_it_is_required(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_keyring);
	trial.spec.bare = true;
	assert_int_equal(trial_set(&trial, "keyring", "maybe"), -EINVAL);
	assert_int_equal(trial_set(&trial, "keyring", "yes"), 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 1);
	assert_null(trial.plan.steps[0].fallback);
	error_raw(&trial.error, -EDQUOT, "keyctl", NULL);
	trial.plan.steps[0].kind->advise(&trial.plan.steps[0], &trial.plan, &trial.error);
	assert_non_null(strstr(trial.error.why, "quota"));
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one),
		cmocka_unit_test(none_where_not_wanted),
		cmocka_unit_test(written_out_it_is_required),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
