/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "feature_child.h"
#include "oci/start.h"
#include "skip.h"

extern const struct feature feature_oci_keyring;

static struct oci_config config;
static struct oci_start how;
static char id[32];

static void start(struct trial *trial)
{
	snprintf(id, sizeof(id), "test%d", getpid());
	how = (struct oci_start){ .id = id };
	config = (struct oci_config){ .start = &how };
	TRIAL_INIT(trial, &feature_oci_keyring);
	trial->spec.oci = &config;
}

/* The line of the keyring, and its permissions, in /proc/keys. */
static int find_key(unsigned *ret_permissions, unsigned *ret_key)
{
	FILE *file = fopen("/proc/keys", "re");
	char line[512], name[64];
	int found = 0;

	snprintf(name, sizeof(name), " _ses.%s:", id);
	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, name)) {
			char permissions[16] = "";

			found += sscanf(line, "%x %*s %*s %*s %15s", ret_key, permissions) == 2;
			*ret_permissions = (unsigned)strtoul(permissions, NULL, 16);
		}
	if (file)
		fclose(file);
	return found;
}

/* A second one who joins is in the same keyring. */
static int check(struct trial *trial)
{
	unsigned permissions = 0, key = 0, again = 0;

	if (trial->state[0] == STEP_SECOND)
		return 77;
	if (find_key(&permissions, &key) != 1)
		return 10;
	if (permissions != 0x3f1b0000)
		return 11;
	if (trial_walk(trial, STAGE_PROCESS, STAGE_PROCESS) < 0)
		return 12;
	return find_key(&permissions, &again) == 1 && key == again ? 0 : 13;
}

static void one_of_that_name(void **state)
{
	struct trial trial;
	int r;

	(void)state;
	start(&trial);
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	r = trial_run(&trial);
	trial_deinit(&trial);
	if (r == 77)
		skip_because("this host's kernel has no keys, or forbids them");
	assert_int_equal(r, 0);
}

static void none(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	how.no_new_keyring = true;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_of_that_name), cmocka_unit_test(none) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
