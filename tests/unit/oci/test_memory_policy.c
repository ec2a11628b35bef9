/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/mempolicy.h>

#include "feature_child.h"
#include "oci/config.h"
#include "skip.h"

extern const struct feature feature_oci_memory_policy;

static struct oci_config config;

/* "0x7f… bind:0 …" of the first mapping. */
static int check(struct trial *trial)
{
	char text[512];

	(void)trial;
	if (fd_read_file_at(AT_FDCWD, "/proc/thread-self/numa_maps", text, sizeof(text)) == -E2BIG)
		return strstr(text, "bind:0") ? 0 : 10;
	return 11;
}

static int plan(struct trial *trial, int mode, const char *nodes)
{
	config = (struct oci_config){ .linux_.memory_policy = { .set = true, .mode = mode, .nodes = nodes } };
	TRIAL_INIT(trial, &feature_oci_memory_policy);
	trial->spec.oci = &config;
	return trial_plan(trial, true);
}

static void bound_to_a_node(void **state)
{
	struct trial trial;
	int r;

	(void)state;
	if (access("/proc/self/numa_maps", R_OK) < 0)
		skip_because("this kernel was built without NUMA");
	assert_int_equal(plan(&trial, MPOL_BIND, "0"), 0);
	trial.check = check;
	r = trial_run(&trial);
	assert_int_equal(r, 0);
	trial_deinit(&trial);
	/* No nodes at all are right for some. */
	assert_int_equal(plan(&trial, MPOL_DEFAULT, NULL), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void what_does_not_go(void **state)
{
	struct trial trial;

	(void)state;
	assert_int_equal(plan(&trial, MPOL_BIND, "0-"), -EINVAL);
	assert_string_equal(trial.error.what, "linux.memoryPolicy.nodes");
	trial_deinit(&trial);
	assert_int_equal(plan(&trial, MPOL_BIND, ""), 0);
	assert_int_equal(trial_run(&trial), 121);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bound_to_a_node), cmocka_unit_test(what_does_not_go) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
