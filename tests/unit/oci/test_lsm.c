/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feature_child.h"
#include "oci/config.h"
#include "skip.h"

extern const struct feature feature_oci_lsm, feature_procfs;

static struct oci_config config;

static void start(struct trial *trial)
{
	config = (struct oci_config){ 0 };
	TRIAL_INIT(trial, &feature_procfs, &feature_oci_lsm);
	trial->spec.oci = &config;
}

static void nothing_to_apply(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	config.process.apparmor_profile = "unconfined";
	config.process.selinux_label = "";
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 1);
	trial_deinit(&trial);
}

/* What a host without the module is asked for is refused, not passed over. */
static void a_host_without(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	config.process.apparmor_profile = "docker-default";
	assert_int_equal(trial_plan(&trial, false), -ENOTSUP);
	assert_non_null(strstr(trial.error.why, "apparmor not supported"));
	config.process.apparmor_profile = NULL;
	config.process.selinux_label = "system_u:system_r:container_t:s0";
	assert_int_equal(trial_plan(&trial, false), -ENOTSUP);
	assert_non_null(strstr(trial.error.why, "selinux is disabled"));
	trial_deinit(&trial);
}

/* Whatever module there is, it does not know this label; the words are those that engines look for. */
static int check_words(struct trial *trial)
{
	static const enum stage first = STAGE_SYSTEM;

	for (size_t i = 0; i < trial->plan.n_steps; i++) {
		const struct step *step = &trial->plan.steps[i];

		if (step->stage != first)
			continue;
		memset(&trial->error, 0, sizeof(trial->error));
		if (step->kind->run(&trial->run, step, &trial->error) == 0)
			return 10;
		if (strncmp(trial->error.object, "`/proc/thread-self/attr/", 24) != 0 ||
		    trial->error.object[strlen(trial->error.object) - 1] != '`')
			return 11;
	}
	return 0;
}

struct lsm_part {
	bool has_apparmor, has_selinux;
};

static void a_label_that_nobody_knows(void **state)
{
	struct trial trial;
	struct lsm_part *part;

	(void)state;
	start(&trial);
	config.process.apparmor_profile = config.process.selinux_label = "inro-no-such-label";
	part = spec_part(&trial.spec, &feature_oci_lsm);
	part->has_apparmor = part->has_selinux = true;
	assert_int_equal(trial_plan(&trial, false), 0);
	assert_int_equal(trial.plan.n_steps, 4);
	assert_string_equal(trial.plan.steps[1].object, "inro-no-such-label");
	/* Its own steps are run by check_words(). */
	assert_int_equal(trial_walk(&trial, STAGE_OPEN, STAGE_OPEN), 0);
	assert_int_equal(check_words(&trial), 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_apply),
		cmocka_unit_test(a_host_without),
		cmocka_unit_test(a_label_that_nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
