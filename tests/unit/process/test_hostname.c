/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/utsname.h>

#include "feature_child.h"

extern const struct feature feature_hostname;

static int check_names(struct trial *trial)
{
	struct utsname names;

	(void)trial;
	if (uname(&names) < 0)
		return 1;
	if (strcmp(names.nodename, "box.example") != 0)
		return 2;
	return strcmp(names.domainname, "nis") == 0 ? 0 : 3;
}

static void names(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_hostname);
	trial.plan.settled.ns_new = NS_BIT(NS_UTS);
	trial.clone_flags = CLONE_NEWUTS | CLONE_NEWUSER;
	trial.check = check_names;
	assert_int_equal(trial_set(&trial, "hostname", "not-this"), 0);
	assert_int_equal(trial_set(&trial, "uts-name", "box.example"), 0);
	assert_int_equal(trial_set(&trial, "domainname", "nis"), 0);
	assert_int_equal(trial_plan(&trial, false), 0);
	assert_int_equal(trial.plan.n_steps, 2);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

/* Without a word the name stays; with one there must be a namespace for it. */
static void nothing_and_too_much(void **state)
{
	char longest[66];
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_hostname);
	assert_int_equal(trial_plan(&trial, false), 0);
	assert_int_equal(trial.plan.n_steps, 0);
	memset(longest, 'h', 65);
	longest[65] = '\0';
	assert_int_equal(trial_set(&trial, "hostname", longest), -EINVAL);
	assert_string_equal(trial.error.what, "--hostname");
	assert_int_equal(trial_set(&trial, "domainname", longest), -EINVAL);
	assert_string_equal(trial.error.what, "--domainname");
	longest[64] = '\0';
	assert_int_equal(trial_set(&trial, "domainname", longest), 0);
	assert_int_equal(trial_plan(&trial, false), -EINVAL);
	assert_string_equal(trial.error.what, "--domainname");
	assert_non_null(strstr(trial.error.why, "UTS namespace"));
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(nothing_and_too_much),
	};

	return cmocka_run_group_tests_name("process/hostname", tests, NULL, NULL);
}
