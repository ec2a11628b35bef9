/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include "base/buf.h"
#include "feature_child.h"
#include "landlock/rules.h"

extern const struct feature feature_landlock, feature_nnp;

static void start(struct trial *trial)
{
	TRIAL_INIT(trial, &feature_nnp, &feature_landlock);
	trial->plan.settled.home = "/root";
	trial->plan.settled.workdir = "/tmp";
}

static const char *applied(const struct trial *trial)
{
	for (size_t i = 0; i < trial->plan.n_applied; i++)
		if (strcmp(trial->plan.applied[i].name, "landlock") == 0)
			return trial->plan.applied[i].value;
	return "";
}

static const struct step *the_step(const struct trial *trial)
{
	for (size_t i = 0; i < trial->plan.n_steps; i++)
		if (trial->plan.steps[i].stage == STAGE_LANDLOCK)
			return &trial->plan.steps[i];
	return NULL;
}

/* With recorded facts of a kernel. */
static int plan_with(struct trial *trial, int abi)
{
	trial->facts.landlock_abi = abi;
	return trial_plan(trial, false);
}

static void off_by_default(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	assert_int_equal(plan_with(&trial, 7), 0);
	assert_null(the_step(&trial));
	trial_deinit(&trial);
}

static void follows_the_mounts(void **state)
{
	const struct landlock_rules *rules;
	cleanup_buf struct buf text = { 0 };
	struct trial trial;

	(void)state;
	start(&trial);
	trial.facts.cwd = "/work";
	spec_add_mount(&trial.spec, MOUNT_BIND, "/data");
	spec_add_mount(&trial.spec, MOUNT_BIND, "below");
	spec_add_mount(&trial.spec, MOUNT_TMPFS, "~/x");
	spec_add_mount(&trial.spec, MOUNT_TMPFS, "/tmp");
	assert_int_equal(trial_set(&trial, "landlock", "auto"), 0);
	assert_int_equal(plan_with(&trial, 7), 0);
	rules = the_step(&trial)->args;
	assert_int_equal(rules->n_paths, 7 + 2 + 3);
	for (size_t i = 0; i < rules->n_paths; i++)
		assert_true(rules->paths[i].follow && rules->paths[i].optional);
	the_step(&trial)->kind->tell(the_step(&trial), &text);
	assert_non_null(
		strstr(buf_text(&text), "/work/below rwx as mounted, /root/x rwx as mounted"));
	assert_string_equal(applied(&trial), "version 7: files, abstract sockets, signals");
	trial_deinit(&trial);
}

static void an_older_kernel(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	assert_int_equal(trial_set(&trial, "landlock", "require"), 0);
	assert_int_equal(plan_with(&trial, 2), 0);
	assert_string_equal(applied(&trial),
			    "version 2: files; left out: truncating files, ioctl of devices, "
			    "scopes");
	trial_deinit(&trial);
	start(&trial);
	assert_int_equal(trial_set(&trial, "landlock-tcp", "bind=80"), 0);
	assert_int_equal(plan_with(&trial, 3), -EOPNOTSUPP);
	assert_non_null(strstr(trial.error.why, "(version 3) cannot restrict: TCP ports"));
	assert_int_equal(trial_set(&trial, "landlock", "auto"), 0);
	assert_int_equal(plan_with(&trial, 3), 0);
	assert_string_equal(applied(&trial),
			    "version 3: files; left out: TCP ports, ioctl of devices, scopes");
	trial_deinit(&trial);
	start(&trial);
	assert_int_equal(trial_set(&trial, "landlock-path", "/usr:rx"), 0);
	assert_int_equal(plan_with(&trial, 2), -EOPNOTSUPP);
	trial_deinit(&trial);
}

static void a_kernel_without(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	assert_int_equal(trial_set(&trial, "landlock", "auto"), 0);
	assert_int_equal(plan_with(&trial, 0), 0);
	assert_null(the_step(&trial));
	assert_string_equal(applied(&trial), "none: not in this kernel");
	assert_int_equal(trial_set(&trial, "landlock", "require"), 0);
	assert_int_equal(plan_with(&trial, 0), -EOPNOTSUPP);
	assert_int_equal(trial.error.kind, INRO_ERROR_HOST);
	trial_deinit(&trial);
}

static void not_with_nestable(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	trial.spec.nestable = true;
	assert_int_equal(trial_set(&trial, "landlock", "auto"), 0);
	assert_int_equal(plan_with(&trial, 7), 0);
	assert_null(the_step(&trial));
	assert_int_equal(trial.plan.n_notes, 1);
	assert_int_equal(trial_set(&trial, "landlock", "require"), 0);
	assert_int_equal(plan_with(&trial, 7), -EINVAL);
	trial_deinit(&trial);
}

static int check(struct trial *trial)
{
	cleanup_close int proc_fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	(void)trial;
	if (proc_fd < 0)
		return 1;
	if (open("/etc/hostname", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return 2;
	if (open("/dev/null", O_WRONLY | O_CLOEXEC) < 0)
		return 3;
	return 0;
}

static void runs(void **state)
{
	struct trial trial;

	(void)state;
	if (landlock_abi(NULL) < LANDLOCK_ABI_TRUNCATE)
		skip_because("this kernel's Landlock is older, or there is none");
	start(&trial);
	assert_int_equal(trial_set(&trial, "landlock-path", "/proc:r"), 0);
	assert_int_equal(trial_set(&trial, "landlock-path", "/dev:rw"), 0);
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static int prepare_missing(struct trial *trial)
{
	int r = trial_walk(trial, STAGE_GUARD, STAGE_EXEC);

	_exit(r != -ENOENT || strcmp(trial->error.object, "/is/not/there") != 0 ||
	      !trial->error.hint[0]);
}

static void a_path_that_is_missing(void **state)
{
	struct trial trial;

	(void)state;
	if (landlock_abi(NULL) < LANDLOCK_ABI_TRUNCATE)
		skip_because("this kernel's Landlock is older, or there is none");
	start(&trial);
	assert_int_equal(trial_set(&trial, "landlock-path", "/is/not/there"), 0);
	trial.prepare = prepare_missing;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void refused(void **state)
{
	static const char *const bad[][2] = {
		{ "landlock", "yes" },
		{ "landlock", "" },
		{ "landlock-path", "usr" },
		{ "landlock-path", "/usr:" },
		{ "landlock-path", "/usr:rr" },
		{ "landlock-tcp", "80" },
		{ "landlock-tcp", "bind=65536" },
		{ "landlock-tcp", "bind=" },
		{ "landlock-tcp", "listen=1" },
		{ "landlock-scope", "signal,none" },
		{ "landlock-scope", "abstract" },
	};
	struct trial trial;

	(void)state;
	start(&trial);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(trial_set(&trial, bad[i][0], bad[i][1]), -EINVAL);
	assert_int_equal(trial_set(&trial, "landlock-scope", "none"), 0);
	assert_int_equal(plan_with(&trial, 7), 0);
	assert_null(the_step(&trial));
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(off_by_default),
		cmocka_unit_test(follows_the_mounts),
		cmocka_unit_test(an_older_kernel),
		cmocka_unit_test(a_kernel_without),
		cmocka_unit_test(not_with_nestable),
		cmocka_unit_test(runs),
		cmocka_unit_test(a_path_that_is_missing),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
