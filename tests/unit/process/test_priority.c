/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>

#include "feature_child.h"

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif

extern const struct feature feature_priority;

static int expected_policy, expected_priority, expected_nice;

static int check(struct trial *trial)
{
	struct sched_param param;

	(void)trial;
	if (getpriority(PRIO_PROCESS, 0) != expected_nice)
		return 1;
	if ((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) != expected_policy)
		return 2;
	return sched_getparam(0, &param) < 0 || param.sched_priority != expected_priority ? 3 : 0;
}

static int run_with(const char *nice, const char *sched, const char *io, uint64_t clone_flags,
		    struct inro_error *ret_error)
{
	struct trial trial;
	int r;

	TRIAL_INIT(&trial, &feature_priority);
	trial.clone_flags = clone_flags;
	trial.check = check;
	if (nice)
		assert_int_equal(trial_set(&trial, "nice", nice), 0);
	if (sched)
		assert_int_equal(trial_set(&trial, "sched", sched), 0);
	if (io)
		assert_int_equal(trial_set(&trial, "ionice", io), 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	r = trial_run(&trial);
	if (ret_error)
		*ret_error = trial.error;
	trial_deinit(&trial);
	return r;
}

static void expect(int nice, int policy, int priority)
{
	expected_nice = nice;
	expected_policy = policy;
	expected_priority = priority;
}

static void ordinary(void **state)
{
	int own = getpriority(PRIO_PROCESS, 0);

	(void)state;
	expect(19, SCHED_OTHER, 0);
	assert_int_equal(run_with("19", NULL, "idle", 0, NULL), 0);
	expect(19, SCHED_BATCH, 0);
	assert_int_equal(run_with("19", "batch", "best-effort:7", 0, NULL), 0);
	expect(own < 0 ? 0 : own, SCHED_IDLE, 0);
	if (own == 0)
		assert_int_equal(run_with(NULL, "idle", NULL, CLONE_NEWUSER, NULL), 0);
}

/* Needs the host's CAP_SYS_NICE, which the parent has, and a child in a user namespace not. */
static void above_the_ordinary(void **state)
{
	struct kernel_caps caps;

	(void)state;
	assert_int_equal(sys_capget(&caps), 0);
	if (!(caps.effective >> CAP_SYS_NICE & 1))
		skip_because("needs CAP_SYS_NICE");
	expect(-5, SCHED_OTHER, 0);
	assert_int_equal(run_with("-5", NULL, "realtime:0", CLONE_NEWUSER, NULL), 0);
	expect(0, SCHED_RR, 7);
	assert_int_equal(run_with(NULL, "rr:7", NULL, CLONE_NEWUSER, NULL), 0);
	expect(0, SCHED_DEADLINE, 0);
	assert_int_equal(run_with(NULL, "deadline:1ms:10ms", NULL, 0, NULL), 0);
}

static void denied(void **state)
{
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip_because("needs root, to turn an ordinary user with known limits");
	pid = child_fork(0);
	if (pid == 0) {
		const struct rlimit none = { 0 };
		struct inro_error error;

		setrlimit(RLIMIT_NICE, &none);
		setrlimit(RLIMIT_RTPRIO, &none);
		child_drop_root();
		if (run_with("-5", NULL, NULL, 0, &error) != -EACCES ||
		    !strstr(error.why, "CAP_SYS_NICE"))
			_exit(1);
		if (run_with(NULL, "fifo", NULL, 0, &error) != -EPERM ||
		    !strstr(error.hint, "ulimit -r"))
			_exit(2);
		if (run_with(NULL, NULL, "realtime", 0, &error) != -EPERM ||
		    !strstr(error.hint, "best-effort:0"))
			_exit(3);
		_exit(0);
	}
	assert_int_equal(child_result(pid), 0);
}

static void refused(void **state)
{
	static const char *const bad[][2] = {
		{ "nice", "20" },
		{ "nice", "-21" },
		{ "nice", "" },
		{ "sched", "other:1" },
		{ "sched", "fifo:0" },
		{ "sched", "rr:100" },
		{ "sched", "rr:" },
		{ "sched", "" },
		{ "sched", "deadline" },
		{ "sched", "deadline:1ms" },
		{ "sched", "deadline:3ms:2ms" },
		{ "sched", "deadline:1ms:2ms:3ms:4ms" },
		{ "sched", "fair" },
		{ "ionice", "idle:1" },
		{ "ionice", "best-effort:8" },
		{ "ionice", "4" },
		{ "ionice", "" },
	};
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_priority);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(trial_set(&trial, bad[i][0], bad[i][1]), -EINVAL);
	assert_int_equal(trial_set(&trial, "ionice", "2:0"), 0);
	assert_int_equal(trial_set(&trial, "sched", "deadline:1ms:2ms:3ms"), 0);
	trial.spec.process.init = true;
	assert_int_equal(trial_plan(&trial, true), -EINVAL);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary),
		cmocka_unit_test(above_the_ordinary),
		cmocka_unit_test(denied),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
