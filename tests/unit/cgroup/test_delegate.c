/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "cgroup/steps.h"
#include "scratch.h"

/* The group and what places processes in it change hands; the limits do not. */
static void hands_over_and_makes_a_leaf(void **state)
{
	int slots[2] = { scratch_make(-1), -EBADF };
	const struct cgroup_delegate_args args = {
		.slot = 0, .chown = geteuid() == 0, .uid = geteuid() == 0 ? 1000 : geteuid(), .gid = getegid(),
		.leaf_slot = 1,
	};
	const struct step step = { .kind = &kind_cgroup_delegate, .args = &args };
	const struct step enter = { .kind = &kind_cgroup_enter_leaf, .args = &args };
	struct run run = { .slots = slots };
	cleanup_close int leaf = -EBADF;
	struct clone_args clone = { .flags = CLONE_INTO_CGROUP,
				    .exit_signal = SIGCHLD,
				    .cgroup = (uint64_t)slots[0] };
	struct stat st;
	pid_t pid;

	(void)state;
	assert_int_equal(kind_cgroup_delegate.run(&run, &step, NULL), 0);
	leaf = cgroup_open_below(slots[0], CGROUP_LEAF_NAME);
	assert_true(leaf >= 0);
	assert_int_equal(fstatat(slots[0], "cgroup.procs", &st, 0), 0);
	assert_int_equal(st.st_uid, args.uid);
	assert_int_equal(fstat(leaf, &st), 0);
	assert_int_equal(st.st_uid, args.uid);
	assert_int_equal(fstatat(slots[0], "cgroup.max.descendants", &st, 0), 0);
	assert_int_equal(st.st_uid, geteuid());
	pid = sys_clone3(&clone, sizeof(clone));
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(kind_cgroup_enter_leaf.run(&run, &enter, NULL) == 0 && cgroup_has_processes(leaf) == 1 &&
				      cgroup_has_processes(slots[0]) == 0 ?
			      0 :
			      1);
	assert_int_equal(child_result(pid), 0);
	kind_cgroup_delegate.undo(&run, &step);
	assert_int_equal(slots[1], -EBADF);
	scratch_remove(-1, slots[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(hands_over_and_makes_a_leaf) };

	return cmocka_run_group_tests_name("cgroup/delegate", tests, scratch_setup, scratch_teardown);
}
