/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cgroup/sweep.h"
#include "scratch.h"

static void finds_its_way(void **state)
{
	char name[CGROUP_NAME_SIZE];
	int made = 0;
	pid_t dead = fork();

	(void)state;
	if (dead == 0)
		_exit(0);
	waitpid(dead, NULL, 0);
	cgroup_make_name(dead, 0xfedcba98, "swept", name);
	for (int i = -1; i < CGROUP_CONTROLLERS; i++) {
		cleanup_close int own = scratch_own(i);
		cleanup_close int fd = own < 0 ? -EBADF : cgroup_make(own, name);

		made += fd >= 0;
	}
	if (made == 0)
		skip_because("no cgroup that this user may write");
	/* Others may have left some, too. */
	assert_true(cgroup_sweep_all() >= made);
	for (int i = -1; i < CGROUP_CONTROLLERS; i++) {
		cleanup_close int own = scratch_own(i);
		struct stat st;

		if (own >= 0)
			assert_int_equal(fstatat(own, name, &st, 0), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds_its_way) };

	return cmocka_run_group_tests_name("cgroup/sweep", tests, scratch_setup, scratch_teardown);
}
