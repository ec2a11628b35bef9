/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <linux/capability.h>

#include "caps/names.h"
#include "feature_child.h"
#include "oci/config.h"

extern const struct feature feature_oci_caps;

static struct oci_config config;
static struct oci_namespace own_user = { .kind = NS_USER };
static struct oci_caps expected;

/* Stands in for the feature that changes the ids; tells whether what comes then may mount. */
static int run_ids(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct settled *settled = &run->plan->settled;
	int r = sys_setresgid(settled->gid);

	(void)step;
	if (r == 0)
		r = sys_setresuid(settled->uid);
	return r < 0 ? error_raw(error, r, "ids", NULL) : 0;
}

static int run_privs(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)step;
	if (run->plan->settled.no_new_privs)
		return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* As a filter would without no_new_privs, this needs CAP_SYS_ADMIN effective. */
	return sethostname("test", 4) < 0 ? error_raw(error, -errno, "sethostname", NULL) : 0;
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

static uint64_t field(const char *name)
{
	char text[64];

	self_status(name, text, sizeof(text));
	return strtoull(text, NULL, 16);
}

static int check(struct trial *trial)
{
	(void)trial;
	if (field("CapBnd") != expected.bounding)
		return 10;
	if (field("CapPrm") != expected.permitted)
		return 11;
	if (field("CapEff") != expected.effective)
		return 12;
	if (field("CapInh") != expected.inheritable)
		return 13;
	return field("CapAmb") != expected.ambient ? 14 : 0;
}

static void map(struct trial *trial)
{
	bool many = geteuid() == 0;

	trial_write_maps(trial, many ? 0 : trial->plan.settled.uid, many ? 2000 : 1);
}

static void start(struct trial *trial, uint32_t uid)
{
	config = (struct oci_config){ .linux_ = { .namespaces = &own_user, .n_namespaces = 1 } };
	config.process.caps.set = true;
	expected = (struct oci_caps){ 0 };
	TRIAL_INIT(trial, &feature_oci_caps, &feature_rest);
	trial->spec.oci = &config;
	trial->plan.settled.ns_new = NS_BIT(NS_USER) | NS_BIT(NS_UTS);
	trial->clone_flags = CLONE_NEWUSER | CLONE_NEWUTS;
	trial->plan.settled.uid = trial->plan.settled.gid = uid;
	trial->between = map;
	trial->check = check;
}

static void go(struct trial *trial, size_t n_notes)
{
	assert_int_equal(trial_plan(trial, true), 0);
	assert_int_equal(trial->plan.n_notes, n_notes);
	assert_int_equal(trial_run(trial), 0);
	trial_deinit(trial);
}

#define A CAPS_BIT(CAP_CHOWN)
#define B CAPS_BIT(CAP_KILL)
#define C CAPS_BIT(CAP_NET_RAW)
#define D CAPS_BIT(CAP_SYS_ADMIN)

static void five_sets_as_given(void **state)
{
	static const uint32_t ids[] = { 0, 1000 };
	struct trial trial;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		for (int nnp = 0; nnp < 2; nnp++) {
			start(&trial, ids[i]);
			trial.plan.settled.no_new_privs = nnp;
			config.process.caps = (struct oci_caps){
				.set = true, .bounding = A | B | C, .permitted = A | B | D, .effective = A,
				.inheritable = A | C, .ambient = A,
			};
			expected = config.process.caps;
			go(&trial, 0);
		}
}

static void none_of_none(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial, 0);
	config.process.caps.set = false;
	go(&trial, 0);
	start(&trial, 1000);
	trial.plan.settled.no_new_privs = false;
	go(&trial, 0);
}

/* Nothing becomes inheritable for the sake of something else. */
static void what_cannot_be_is_left_out(void **state)
{
	static const char *const names[] = { "CAP_TIME_TRAVEL", NULL };
	struct trial trial;

	(void)state;
	start(&trial, 1000);
	config.process.caps = (struct oci_caps){
		.set = true, .bounding = A | B, .permitted = A, .effective = A | B, .inheritable = B | C,
		.ambient = A | B, .unknown = { names, 1 },
	};
	expected = (struct oci_caps){ .bounding = A | B, .permitted = A, .effective = A, .inheritable = B };
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_non_null(strstr(trial.plan.notes[0], "CAP_TIME_TRAVEL"));
	assert_non_null(strstr(trial.plan.notes[1], "effective: CAP_KILL"));
	assert_non_null(strstr(trial.plan.notes[2], "inheritable: CAP_NET_RAW"));
	assert_non_null(strstr(trial.plan.notes[3], "ambient: CAP_CHOWN, CAP_KILL"));
	assert_int_equal(trial.plan.n_notes, 4);
	assert_int_equal(trial.plan.settled.caps, A | B);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

/* Without a user namespace the caller's own are all there is to give. */
static void what_the_caller_lacks(void **state)
{
	struct trial trial;
	pid_t pid;

	(void)state;
	if (geteuid() != 0 || prctl(PR_CAPBSET_READ, CAP_SETPCAP, 0, 0, 0) != 1)
		skip_because("needs root with CAP_SETPCAP");
	pid = child_fork(0);
	if (pid == 0) {
		struct kernel_caps some = { .permitted = A | B | CAPS_BIT(CAP_SETPCAP) | CAPS_BIT(CAP_SETUID) |
							 CAPS_BIT(CAP_SETGID) };

		start(&trial, 1000);
		some.effective = some.permitted;
		if (prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0) < 0 || sys_capset(&some) < 0)
			_exit(1);
		config.linux_.n_namespaces = 0;
		config.process.caps = (struct oci_caps){ .set = true, .bounding = A | C, .permitted = A | D,
							 .effective = A };
		expected = (struct oci_caps){ .bounding = A, .permitted = A, .effective = A };
		trial.plan.settled.ns_new = 0;
		trial.clone_flags = 0;
		trial.between = NULL;
		if (trial_plan(&trial, true) != 0 || trial.plan.n_notes != 2)
			_exit(2);
		_exit(trial_run(&trial));
	}
	assert_int_equal(child_result(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_sets_as_given),
		cmocka_unit_test(none_of_none),
		cmocka_unit_test(what_cannot_be_is_left_out),
		cmocka_unit_test(what_the_caller_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
