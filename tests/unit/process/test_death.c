/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include "feature_child.h"

extern const struct feature feature_death;

static int parent_death_signal(void)
{
	int number = -1;

	prctl(PR_GET_PDEATHSIG, &number, 0, 0, 0);
	return number;
}

static int check(struct trial *trial)
{
	(void)trial;
	return parent_death_signal() != SIGKILL;
}

static void set_in_the_child(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_death);
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 2);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

/* What makes the second step necessary. */
static int prepare_ids(struct trial *trial)
{
	if (trial_walk(trial, STAGE_GUARD, STAGE_GUARD) < 0 || parent_death_signal() != SIGKILL)
		return 1;
	if (sys_setresgid(65534) < 0 || sys_setresuid(65534) < 0)
		return 2;
	if (parent_death_signal() != 0)
		return 3;
	if (trial_walk(trial, STAGE_DEATH, STAGE_DEATH) < 0 || parent_death_signal() != SIGKILL)
		return 4;
	return 0;
}

static void set_again_after_the_ids(void **state)
{
	struct trial trial;

	(void)state;
	if (geteuid() != 0)
		skip_because("needs to change ids");
	TRIAL_INIT(&trial, &feature_death);
	trial.prepare = prepare_ids;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

/* inro is gone before the child says what it wants: the signal would never come. */
static int prepare_orphan(struct trial *trial)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return 1;
	trial->slots[SLOT_CHANNEL] = pair[0];
	if (trial_walk(trial, STAGE_GUARD, STAGE_GUARD) < 0)
		return 2;
	close(pair[1]);
	r = trial_walk(trial, STAGE_DEATH, STAGE_DEATH);
	if (r != -ECHILD || !strstr(trial->error.why, "has ended"))
		return 3;
	_exit(0);
}

static void a_parent_that_is_gone(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_death);
	trial.prepare = prepare_orphan;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static int life_line[2];

static int check_forever(struct trial *trial)
{
	(void)trial;
	if (write(life_line[1], "", 1) != 1)
		return 1;
	for (;;)
		pause();
}

/* As PID 1 of a namespace, which ignores every signal from inside. */
static void it_dies(void **state)
{
	struct trial trial;
	char byte;
	pid_t inro;

	(void)state;
	TRIAL_INIT(&trial, &feature_death);
	trial.check = check_forever;
	trial.clone_flags = geteuid() == 0 ? CLONE_NEWPID : 0;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(pipe(life_line), 0);
	inro = child_fork(0);
	if (inro == 0)
		_exit(trial_run(&trial));
	close(life_line[1]);
	assert_int_equal(read(life_line[0], &byte, 1), 1);
	child_end(inro);
	/* The end of file comes when the last holder of the pipe is gone. */
	assert_int_equal(read(life_line[0], &byte, 1), 0);
	close(life_line[0]);
	trial_deinit(&trial);
}

static void not_where_unwanted(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_death);
	assert_int_equal(trial_set(&trial, "die-with-parent", "sometimes"), -EINVAL);
	assert_int_equal(trial_set(&trial, "die-with-parent", "false"), 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_in_the_child),
		cmocka_unit_test(set_again_after_the_ids),
		cmocka_unit_test(a_parent_that_is_gone),
		cmocka_unit_test(it_dies),
		cmocka_unit_test(not_where_unwanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
