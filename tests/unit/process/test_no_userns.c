/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include "feature_child.h"

extern const struct feature feature_no_userns;

static int prepare(struct trial *trial)
{
	trial->slots[SLOT_HOST_PROC] = procfs_open();
	return trial->slots[SLOT_HOST_PROC] < 0;
}

static int check(struct trial *trial)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	const struct kernel_caps none = { 0 };
	int own_fd = run_fd(&trial->run, SLOT_HOST_PROC);
	int proc_fd = own_fd >= 0 ? own_fd : run_fd(&trial->run, SLOT_HOST_PROC);
	pid_t pid = sys_clone3(&args, sizeof(args));

	if (pid == 0)
		_exit(0);
	if (pid != -ENOSPC)
		return 1;
	/* As the command will be, without capabilities: it cannot lift the limit. */
	if (sys_capset(&none) < 0)
		return 2;
	return procfs_open_at(proc_fd, "sys/user/max_user_namespaces", O_WRONLY) != -EACCES ? 3 : 0;
}

static void none_inside(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_no_userns);
	assert_int_equal(trial_set(&trial, "disable-userns", "true"), 0);
	trial.plan.settled.ns_new = NS_BIT(NS_USER);
	trial.clone_flags = CLONE_NEWUSER;
	trial.prepare = prepare;
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

/* Through the parent's procfs, opened before there was a child: still the child's limit. */
static void through_the_parents_procfs(void **state)
{
	struct trial trial;
	char before[32], after[32];

	(void)state;
	TRIAL_INIT(&trial, &feature_no_userns);
	assert_int_equal(trial_set(&trial, "disable-userns", "true"), 0);
	trial.plan.settled.ns_new = NS_BIT(NS_USER);
	trial.clone_flags = CLONE_NEWUSER;
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	trial.slots[SLOT_HOST_PROC] = procfs_open();
	assert_true(procfs_read_at(trial.slots[SLOT_HOST_PROC], "sys/user/max_user_namespaces",
				   before, sizeof(before)) > 0);
	assert_int_equal(trial_run(&trial), 0);
	assert_true(procfs_read_at(trial.slots[SLOT_HOST_PROC], "sys/user/max_user_namespaces",
				   after, sizeof(after)) > 0);
	assert_string_equal(before, after);
	trial_deinit(&trial);
}

static void refused(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_no_userns);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_set(&trial, "disable-userns", "true"), 0);
	assert_int_equal(trial_plan(&trial, true), -EINVAL);
	trial.plan.settled.ns_new = NS_BIT(NS_USER);
	trial.plan.settled.caps = 1ULL << 24;
	assert_int_equal(trial_plan(&trial, true), -EINVAL);
	assert_non_null(strstr(trial.error.why, "CAP_SYS_RESOURCE"));
	trial.spec.nestable = true;
	assert_int_equal(trial_plan(&trial, true), -EINVAL);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_inside),
		cmocka_unit_test(through_the_parents_procfs),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
