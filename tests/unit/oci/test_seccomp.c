/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "feature_child.h"
#include "oci/seccomp_file.h"
#include "oci/start.h"
#include "seccomp/profile.h"
#include "skip.h"

extern const struct feature feature_oci_seccomp;

static struct oci_config config;
static struct oci_start how;
static struct oci_state kept;
static struct seccomp_profile profile;
static char dir[] = "/tmp/inro-test-seccomp-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	how.state_fd = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	how.state = &kept;
	return how.state_fd < 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(how.state_fd);
	return rmdir(dir);
}

/* uname(2) fails with EDOM, everything else works. */
static void start(struct trial *trial)
{
	struct seccomp_rule *rule;

	TRIAL_INIT(trial, &feature_oci_seccomp);
	seccomp_profile_init(&profile);
	profile.rules = NULL;
	profile.n_rules = 0;
	profile.match = SECCOMP_STRONGEST;
	profile.default_action = SECCOMP_RET_ALLOW;
	rule = seccomp_add_rule(&profile, &trial->spec.arena, SECCOMP_RET_ERRNO | EDOM);
	assert_int_equal(seccomp_add_call(rule, &trial->spec.arena, (uint32_t)seccomp_find_name("uname", 5)), 0);
	config = (struct oci_config){ .start = &how, .linux_.seccomp = { .set = true, .profile = &profile } };
	trial->spec.oci = &config;
}

static int no_new_privs(struct trial *trial)
{
	return trial->plan.settled.no_new_privs ? prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) : 0;
}

static int check(struct trial *trial)
{
	struct utsname names;

	(void)trial;
	if (uname(&names) == 0 || errno != EDOM)
		return 10;
	return prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER ? 0 : 11;
}

static void installed_and_kept(void **state)
{
	struct trial trial;
	struct oci_filter filter;

	(void)state;
	start(&trial);
	profile.flags = SECCOMP_FILTER_FLAG_LOG;
	trial.prepare = no_new_privs;
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.steps[1].stage, STAGE_SECCOMP);
	assert_int_equal(trial_run(&trial), 0);
	assert_int_equal(trial_walk(&trial, STAGE_MEANWHILE, STAGE_MEANWHILE), 0);
	assert_int_equal(oci_filter_read(how.state_fd, &trial.plan.arena, &filter, &trial.error), 0);
	assert_int_equal(filter.program.flags, SECCOMP_FILTER_FLAG_LOG);
	assert_int_equal(unlinkat(how.state_fd, OCI_SECCOMP_FILE, 0), 0);
	trial_deinit(&trial);
}

static void map(struct trial *trial)
{
	trial_write_maps(trial, 0, 1);
}

/* Before the capabilities go. */
static void without_no_new_privs(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	trial.plan.settled.no_new_privs = false;
	trial.clone_flags = CLONE_NEWUSER;
	trial.between = map;
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.steps[1].stage, STAGE_FDS);
	assert_true(STAGE_FDS < STAGE_CAPS);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

/* A flag that is none of the kernel's: the filter holds nevertheless, and the step says so. */
static int check_second_way(struct trial *trial)
{
	return trial->state[1] == STEP_SECOND ? check(trial) : 12;
}

static void a_flag_that_is_not_known(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	profile.flags = 1U << 30;
	trial.prepare = no_new_privs;
	trial.check = check_second_way;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void nothing_to_install(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	config.linux_.seccomp.set = false;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 0);
	config.linux_.seccomp.set = true;
	profile.n_rules = 0;
	profile.foreign_action = SECCOMP_RET_ALLOW;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(installed_and_kept),
		cmocka_unit_test(without_no_new_privs),
		cmocka_unit_test(a_flag_that_is_not_known),
		cmocka_unit_test(nothing_to_install),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
