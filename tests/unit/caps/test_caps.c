/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>

#include "caps/names.h"
#include "feature_child.h"

extern const struct feature feature_caps;

/* Stands in for the features that change ids and set no_new_privs. */
static int run_ids(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct settled *settled = &run->plan->settled;
	int r = sys_setresgid(settled->gid);

	(void)step;
	if (r == 0)
		r = sys_setresuid(settled->uid);
	if (r == 0)
		r = prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return r < 0 ? error_raw(error, r, "ids", NULL) : 0;
}

static int run_privs(struct run *run, const struct step *step, struct inro_error *error)
{
	int r;

	(void)step;
	if (run->plan->settled.no_new_privs)
		return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* As a seccomp filter would without no_new_privs, this needs CAP_SYS_ADMIN effective. */
	r = sethostname("test", 4);
	return r < 0 ? error_raw(error, -errno, "sethostname", NULL) : 0;
}

static const struct step_kind kind_ids = { .name = "ids", .run = run_ids };
static const struct step_kind kind_privs = { .name = "privs", .run = run_privs };

static int resolve_rest(struct plan *plan, struct inro_error *error)
{
	(void)error;
	plan_add(plan, STAGE_IDS, &kind_ids, NULL, "", NULL);
	plan_add(plan, STAGE_PRIVS, &kind_privs, NULL, "", NULL);
	return 0;
}

static const struct feature feature_rest = { .name = "rest", .resolve = resolve_rest };

static uint64_t expected, expected_bounding;

static uint64_t field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 16) : 0x123;
}

/* What a program sees that the command executes, after an exec of its own. */
static int check_after_exec(struct trial *trial)
{
	bool ambient = trial->plan.settled.uid != 0;
	int fds[2], number = 0;
	char text[8192];
	pid_t pid;

	prctl(PR_GET_PDEATHSIG, &number, 0, 0, 0);
	if (number != SIGKILL)
		return 10;
	if (pipe(fds) < 0)
		return 11;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		execl("/bin/sh", "sh", "-c", "exec cat /proc/self/status", NULL);
		_exit(1);
	}
	close(fds[1]);
	if (fd_read_all(fds[0], text, sizeof(text)) < 0 || child_result(pid) != 0)
		return 12;
	if (field(text, "CapPrm:\t") != expected)
		return 13;
	if (field(text, "CapEff:\t") != expected)
		return 14;
	if (field(text, "CapBnd:\t") != expected_bounding)
		return 15;
	if (field(text, "CapInh:\t") != (ambient ? expected : 0))
		return 16;
	if (field(text, "CapAmb:\t") != (ambient ? expected : 0))
		return 17;
	return 0;
}

static void map_to_root(struct trial *trial)
{
	trial_write_maps(trial, 0, 1);
}

static void map_to_a_user(struct trial *trial)
{
	trial_write_maps(trial, 1000, 1);
}

static void map_many(struct trial *trial)
{
	trial_write_maps(trial, 0, 2000);
}

static uint64_t every(void)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < 64 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		set |= CAPS_BIT(i);
	return set;
}

static void start(struct trial *trial, uint32_t uid)
{
	TRIAL_INIT(trial, &feature_caps, &feature_rest);
	trial->plan.settled.ns_new = NS_BIT(NS_USER) | NS_BIT(NS_UTS);
	trial->clone_flags = CLONE_NEWUSER | CLONE_NEWUTS;
	trial->plan.settled.uid = trial->plan.settled.gid = uid;
	trial->check = check_after_exec;
}

static void go(struct trial *trial, uint64_t set)
{
	expected = expected_bounding = set;
	assert_int_equal(trial_plan(trial, true), 0);
	assert_int_equal(trial->plan.settled.caps, set);
	assert_int_equal(trial_run(trial), 0);
	trial_deinit(trial);
}

static void none_by_default(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial, 0);
	trial.between = map_to_root;
	go(&trial, 0);
	start(&trial, 1000);
	trial.between = map_to_a_user;
	go(&trial, 0);
	/* Also where setuid root programs may work: the bounding set keeps them down. */
	start(&trial, 0);
	trial.between = map_to_root;
	trial.plan.settled.no_new_privs = false;
	go(&trial, 0);
}

static void some_for_root(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial, 0);
	trial.between = map_to_root;
	assert_int_equal(trial_set(&trial, "cap-add", "net_raw,CAP_KILL,0"), 0);
	assert_int_equal(trial_set(&trial, "cap-drop", "chown"), 0);
	go(&trial, CAPS_BIT(CAP_NET_RAW) | CAPS_BIT(CAP_KILL));
}

static void some_for_a_user(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial, 1000);
	trial.between = map_to_a_user;
	assert_int_equal(trial_set(&trial, "cap-add", "net_raw"), 0);
	go(&trial, CAPS_BIT(CAP_NET_RAW));
	start(&trial, 1000);
	trial.between = map_to_a_user;
	assert_int_equal(trial_set(&trial, "cap-add", "ALL"), 0);
	go(&trial, every());
}

/* Root that turns another user, within its namespace; with and without no_new_privs. */
static void over_a_change_of_ids(void **state)
{
	struct trial trial;

	(void)state;
	if (geteuid() != 0)
		skip_because("needs to map many ids");
	for (int nnp = 0; nnp < 2; nnp++) {
		start(&trial, 1000);
		trial.between = map_many;
		trial.plan.settled.no_new_privs = nnp;
		assert_int_equal(trial_set(&trial, "cap-add", "net_admin"), 0);
		go(&trial, CAPS_BIT(CAP_NET_ADMIN));
		start(&trial, 1000);
		trial.between = map_many;
		trial.plan.settled.no_new_privs = nnp;
		go(&trial, 0);
	}
}

static void without_a_user_namespace(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial, 1000);
	if (!facts_has_cap(&trial.facts, CAP_SETPCAP) ||
	    !facts_has_cap(&trial.facts, CAP_NET_RAW)) {
		trial_deinit(&trial);
		skip_because("needs CAP_SETPCAP and CAP_NET_RAW");
	}
	trial.plan.settled.ns_new = NS_BIT(NS_UTS);
	trial.clone_flags = CLONE_NEWUTS;
	assert_int_equal(trial_set(&trial, "cap-add", "net_raw"), 0);
	go(&trial, CAPS_BIT(CAP_NET_RAW));
	start(&trial, 0);
	trial.plan.settled.ns_new = NS_BIT(NS_UTS);
	trial.clone_flags = CLONE_NEWUTS;
	trial.facts.caps = CAPS_BIT(CAP_KILL);
	assert_int_equal(trial_set(&trial, "cap-add", "ALL"), 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.settled.caps, CAPS_BIT(CAP_KILL));
	assert_int_equal(trial_set(&trial, "cap-add", "sys_admin"), 0);
	assert_int_equal(trial_plan(&trial, true), -EPERM);
	assert_int_equal(trial.error.kind, INRO_ERROR_DENIED);
	assert_non_null(strstr(trial.error.why, "CAP_SYS_ADMIN"));
	trial_deinit(&trial);
}

/* Neither namespace nor CAP_SETPCAP: no_new_privs stands in for the bounding set. */
static void an_ordinary_user_alone(void **state)
{
	struct trial trial;
	pid_t pid;

	(void)state;
	pid = child_fork(0);
	if (pid == 0) {
		if (geteuid() == 0)
			child_drop_root();
		start(&trial, geteuid());
		trial.plan.settled.ns_new = 0;
		trial.clone_flags = 0;
		trial.facts.caps = 0;
		expected_bounding = 0;
		assert_int_equal(trial_plan(&trial, true), 0);
		expected = 0;
		for (unsigned i = 0; i < 64; i++)
			if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) > 0)
				expected_bounding |= CAPS_BIT(i);
		_exit(trial_run(&trial));
	}
	assert_int_equal(child_result(pid), 0);
	start(&trial, 1000);
	trial.plan.settled.ns_new = 0;
	trial.plan.settled.no_new_privs = false;
	trial.facts.caps = 0;
	assert_int_equal(trial_plan(&trial, true), -EPERM);
	assert_string_equal(trial.error.what, "--new-privs");
	trial_deinit(&trial);
}

static void nothing_implied(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial, 0);
	trial.spec.bare = true;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 2);
	assert_int_equal(trial.plan.settled.caps, every());
	trial_deinit(&trial);
	start(&trial, 0);
	trial.between = map_to_root;
	trial.spec.bare = true;
	assert_int_equal(trial_set(&trial, "cap-drop", "SYS_ADMIN"), 0);
	go(&trial, every() & ~CAPS_BIT(CAP_SYS_ADMIN));
}

static void refused(void **state)
{
	static const char *const bad[] = { "",	 "NET_RAWW", "CHOWN,",	  "CAP_",
					   "64", "-CHOWN",   "CHOWN KILL" };
	struct trial trial;

	(void)state;
	start(&trial, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(trial_set(&trial, "cap-add", bad[i]), -EINVAL);
		assert_int_equal(trial_set(&trial, "cap-drop", bad[i]), -EINVAL);
	}
	assert_int_equal(trial_set(&trial, "cap-add", "NET_RAV"), -EINVAL);
	assert_non_null(strstr(trial.error.hint, "CAP_NET_RAW"));
	assert_int_equal(trial_set(&trial, "cap-add", "63"), 0);
	assert_int_equal(trial_plan(&trial, true), -EINVAL);
	assert_non_null(strstr(trial.error.why, "last capability"));
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_by_default),
		cmocka_unit_test(some_for_root),
		cmocka_unit_test(some_for_a_user),
		cmocka_unit_test(over_a_change_of_ids),
		cmocka_unit_test(without_a_user_namespace),
		cmocka_unit_test(an_ordinary_user_alone),
		cmocka_unit_test(nothing_implied),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
