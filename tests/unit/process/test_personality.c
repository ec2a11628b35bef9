/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "feature_child.h"

extern const struct feature feature_personality;

/* What execve(2) passes on, as the program that was executed sees it. */
static int check(struct trial *trial)
{
	char text[32];

	(void)trial;
	if (fd_read_file_at(AT_FDCWD, "/proc/self/personality", text, sizeof(text)) < 0)
		return 1;
	return strtoul(text, NULL, 16) != 0x00040008;
}

static void machine_and_flag(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_personality);
	assert_int_equal(trial_set(&trial, "personality", "LINUX32,addr-no-randomize"), 0);
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static int check_machine(struct trial *trial)
{
	struct utsname name;

	(void)trial;
	return uname(&name) < 0 || strcmp(name.machine, "i686") != 0;
}

static void a_32_bit_machine(void **state)
{
	struct trial trial;

	(void)state;
#ifndef __x86_64__
	skip_because("the name of the machine is x86's");
#endif
	TRIAL_INIT(&trial, &feature_personality);
	assert_int_equal(trial_set(&trial, "personality", "linux32"), 0);
	trial.check = check_machine;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void refused(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_personality);
	assert_int_equal(trial_set(&trial, "personality", ""), -EINVAL);
	assert_int_equal(trial_set(&trial, "personality", "linux32,"), -EINVAL);
	assert_int_equal(trial_set(&trial, "personality", "solaris"), -EINVAL);
	assert_non_null(strstr(trial.error.why, "'solaris'"));
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machine_and_flag),
		cmocka_unit_test(a_32_bit_machine),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
