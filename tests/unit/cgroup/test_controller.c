/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "cgroup/controller.h"

static void names_both_ways(void **state)
{
	(void)state;
	for (enum cgroup_controller i = 0; i < CGROUP_CONTROLLERS; i++) {
		const char *name = cgroup_controller_name(i);
		enum cgroup_controller found;

		assert_int_equal(cgroup_controller_parse(name, strlen(name), &found), 0);
		assert_int_equal(found, i);
	}
}

static void unknown_names(void **state)
{
	enum cgroup_controller found = CGROUP_PIDS;

	(void)state;
	assert_int_equal(cgroup_controller_parse("cpuse", 5, &found), -EINVAL);
	assert_int_equal(cgroup_controller_parse("cpu", 2, &found), -EINVAL);
	assert_int_equal(cgroup_controller_parse("", 0, &found), -EINVAL);
	assert_int_equal(found, CGROUP_PIDS);
}

static void lists(void **state)
{
	(void)state;
	assert_int_equal(cgroup_controllers_parse("cpuset cpu io memory hugetlb pids rdma misc\n"),
			 CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_PIDS));
	assert_int_equal(cgroup_controllers_parse("cpu,cpuacct"),
			 CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUACCT));
	assert_int_equal(cgroup_controllers_parse("\n"), 0);
	assert_int_equal(cgroup_controllers_parse(""), 0);
	assert_int_equal(cgroup_controllers_parse(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_both_ways),
		cmocka_unit_test(unknown_names),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests_name("cgroup/controller", tests, NULL, NULL);
}
