/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/ioprio.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "feature_child.h"
#include "oci/start.h"
#include "skip.h"

extern const struct feature feature_oci_scheduling;

static struct oci_config config;
static struct oci_start how;
static int cpus_before, cpus_all;

static int n_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? -1 : CPU_COUNT(&set);
}

static void start(struct trial *trial)
{
	how = (struct oci_start){ 0 };
	config = (struct oci_config){ .start = &how };
	TRIAL_INIT(trial, &feature_oci_scheduling);
	trial->spec.oci = &config;
}

static int bind_to_one(struct trial *trial)
{
	cpu_set_t set;

	(void)trial;
	cpus_all = n_cpus();
	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0, kept = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set) && kept++ > 0)
			CPU_CLR(i, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return 30;
	cpus_before = n_cpus();
	return cpus_before == 1 ? 0 : 31;
}

static int check_free(struct trial *trial)
{
	(void)trial;
	return n_cpus() >= cpus_all ? 0 : 10;
}

static void the_runtimes_binding_goes(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	trial.prepare = bind_to_one;
	trial.check = check_free;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static int check_batch(struct trial *trial)
{
	(void)trial;
	if (sched_getscheduler(0) != (SCHED_BATCH | SCHED_RESET_ON_FORK))
		return 10;
	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) != 5)
		return 11;
	return syscall(SYS_ioprio_get, 1, 0) == IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6) ? 0 : 12;
}

static void map(struct trial *trial)
{
	trial_write_maps(trial, 0, 1);
}

/* By the child, and where it has a user namespace of its own by the parent. */
static void policy_and_priority(void **state)
{
	struct trial trial;

	(void)state;
	for (int own = 0; own < 2; own++) {
		start(&trial);
		config.process.scheduler = (struct oci_scheduler){ .set = true, .policy = SCHED_BATCH, .nice = 5,
								   .flags = 1 };
		config.process.io_priority = (struct oci_io_priority){ true, IOPRIO_CLASS_BE, 6 };
		trial.check = check_batch;
		if (own) {
			trial.plan.settled.ns_new = NS_BIT(NS_USER);
			trial.clone_flags = CLONE_NEWUSER;
			trial.between = map;
		}
		assert_int_equal(trial_plan(&trial, true), 0);
		for (size_t i = 0; i < trial.plan.n_steps; i++)
			if (strcmp(trial.plan.steps[i].kind->name, "free-cpus") != 0)
				assert_int_equal(trial.plan.steps[i].stage, own ? STAGE_MAP : STAGE_PROCESS);
		assert_int_equal(trial_run(&trial), 0);
		trial_deinit(&trial);
	}
}

static int check_final(struct trial *trial)
{
	cpu_set_t set;

	(void)trial;
	sched_getaffinity(0, sizeof(set), &set);
	return CPU_COUNT(&set) == 1 ? 0 : 10;
}

static void cpus_of_exec(void **state)
{
	char first[16];
	cpu_set_t set;
	struct trial trial;
	pid_t pid;

	(void)state;
	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			snprintf(first, sizeof(first), "%d", i);
	start(&trial);
	how.executes = true;
	config.process.cpu_affinity_initial = config.process.cpu_affinity_final = first;
	trial.check = check_final;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.steps[0].stage, STAGE_ENTER);
	pid = child_fork(0);
	if (pid == 0)
		_exit(trial_run(&trial));
	assert_int_equal(child_result(pid), 0);
	trial_deinit(&trial);
	/* A container's own init has no use for them. */
	start(&trial);
	config.process.cpu_affinity_final = "7";
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_string_equal(trial.plan.steps[0].kind->name, "free-cpus");
	assert_int_equal(trial.plan.n_steps, 1);
	trial_deinit(&trial);
	start(&trial);
	how.executes = true;
	config.process.cpu_affinity_final = "x";
	assert_int_equal(trial_plan(&trial, true), -EINVAL);
	assert_string_equal(trial.error.what, "process.execCPUAffinity.final");
	trial_deinit(&trial);
}

static void what_the_kernel_refuses(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	config.process.scheduler = (struct oci_scheduler){ .set = true, .policy = SCHED_BATCH, .priority = 5 };
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 121);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_runtimes_binding_goes),
		cmocka_unit_test(policy_and_priority),
		cmocka_unit_test(cpus_of_exec),
		cmocka_unit_test(what_the_kernel_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
