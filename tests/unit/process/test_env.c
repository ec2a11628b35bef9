/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "feature_child.h"

extern const struct feature feature_env;

static const char *const host[] = {
	"PATH=/opt/bin:/bin", "HOME=/home/me",	 "USER=me",	   "LOGNAME=me", "SHELL=/bin/zsh",
	"TERM=xterm",	      "LANG=C.UTF-8",	 "LC_ALL=C",	   "LC_TIME=C",	 "TZ=UTC",
	"NO_COLOR=1",	      "COLORTERM=",	 "AWS_SECRET=x",   "LC_=no",	 "LC=no",
	"=odd",		      "odd",		 "TERMINAL=kitty", NULL,
};

static void start(struct trial *trial)
{
	TRIAL_INIT(trial, &feature_env);
	trial->spec.process.host_env = host;
	trial->facts.uid = trial->plan.settled.uid = 1000;
	trial->facts.user = "me";
	trial->plan.settled.home = "/home/inside";
}

static const char *value(const struct trial *trial, const char *name)
{
	size_t length = strlen(name);
	const char *found = NULL;
	int times = 0;

	for (size_t i = 0; i < trial->plan.settled.n_env; i++) {
		const char *variable = trial->plan.settled.env[i];

		if (strncmp(variable, name, length) == 0 && variable[length] == '=') {
			found = variable + length + 1;
			times++;
		}
	}
	assert_true(times <= 1);
	assert_null(trial->plan.settled.env[trial->plan.settled.n_env]);
	return found;
}

static void clean_by_default(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_string_equal(value(&trial, "PATH"), "/opt/bin:/bin");
	assert_string_equal(value(&trial, "HOME"), "/home/inside");
	assert_string_equal(value(&trial, "USER"), "me");
	assert_string_equal(value(&trial, "LC_TIME"), "C");
	assert_string_equal(value(&trial, "COLORTERM"), "");
	assert_string_equal(value(&trial, "container"), "inro");
	assert_null(value(&trial, "AWS_SECRET"));
	assert_null(value(&trial, "TERMINAL"));
	assert_null(value(&trial, "LC"));
	assert_int_equal(trial.plan.settled.n_env, 13);
	trial_deinit(&trial);
}

/* As many variables as the list has room for, so that nothing is behind its end yet. */
static void full_lists(void **state)
{
	static const char *const many[] = {
		"LC_1=", "LC_2=", "LC_3=", "LC_4=", "LC_5=", "LC_6=", "LC_7=", "LC_8=",
		"LC_9=", "LC_A=", "LC_B=", "LC_C=", "LC_D=", "LC_E=", "LC_F=", "LC_G=",
	};

	(void)state;
	for (size_t n = 0; n <= ARRAY_SIZE(many); n++) {
		const char *env[ARRAY_SIZE(many) + 1] = { NULL };
		struct trial trial;

		memcpy(env, many, n * sizeof(*many));
		start(&trial);
		trial.spec.process.host_env = env;
		/* What the list grows into is not zero. */
		memset(arena_alloc(&trial.plan.arena, 2048), 'x', 2048);
		assert_int_equal(trial_plan(&trial, true), 0);
		assert_string_equal(value(&trial, "USER"), "me");
		assert_int_equal(trial.plan.settled.n_env, n + 5);
		trial_deinit(&trial);
	}
}

/* PATH for another root; USER where the id inside is another. */
static void another_root_another_user(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	trial.spec.mounts.root.mode = ROOT_DIR;
	trial.plan.settled.uid = 0;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_string_equal(value(&trial, "PATH"),
			    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	assert_string_equal(value(&trial, "USER"), "root");
	assert_string_equal(value(&trial, "LOGNAME"), "root");
	trial_deinit(&trial);
	start(&trial);
	trial.plan.settled.uid = 7;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_null(value(&trial, "USER"));
	assert_null(value(&trial, "LOGNAME"));
	trial_deinit(&trial);
}

static void nothing_handed_over(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	trial.spec.process.host_env = NULL;
	trial.plan.settled.home = NULL;
	assert_int_equal(trial_set(&trial, "env", "AWS_SECRET"), 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_string_equal(value(&trial, "HOME"), "/");
	assert_string_equal(value(&trial, "USER"), "me");
	assert_non_null(value(&trial, "PATH"));
	assert_null(value(&trial, "AWS_SECRET"));
	trial_deinit(&trial);
}

static void the_last_word_counts(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	assert_int_equal(trial_set(&trial, "env", "A=1"), 0);
	assert_int_equal(trial_set(&trial, "env", "A=2=3"), 0);
	assert_int_equal(trial_set(&trial, "env", "AWS_SECRET"), 0);
	assert_int_equal(trial_set(&trial, "env", "MISSING"), 0);
	assert_int_equal(trial_set(&trial, "env", "EMPTY="), 0);
	assert_int_equal(trial_set(&trial, "unsetenv", "TERM"), 0);
	assert_int_equal(trial_set(&trial, "unset-env", "TZ"), 0);
	assert_int_equal(trial_set(&trial, "env", "TZ=Mars"), 0);
	assert_int_equal(trial_set(&trial, "unset-env", "container"), 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_string_equal(value(&trial, "A"), "2=3");
	assert_string_equal(value(&trial, "AWS_SECRET"), "x");
	assert_string_equal(value(&trial, "EMPTY"), "");
	assert_string_equal(value(&trial, "TZ"), "Mars");
	assert_null(value(&trial, "TERM"));
	assert_null(value(&trial, "MISSING"));
	assert_null(value(&trial, "container"));
	trial_deinit(&trial);
}

static void all_of_it(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	assert_int_equal(trial_set(&trial, "env-all", "true"), 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_string_equal(value(&trial, "AWS_SECRET"), "x");
	assert_string_equal(value(&trial, "HOME"), "/home/inside");
	assert_string_equal(value(&trial, "container"), "inro");
	trial_deinit(&trial);
	start(&trial);
	trial.spec.bare = true;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_string_equal(value(&trial, "HOME"), "/home/me");
	assert_null(value(&trial, "container"));
	trial_deinit(&trial);
}

static char path[] = "/tmp/inro-test-env-XXXXXX";

static int plan_with_file(struct trial *trial, const char *text, size_t size)
{
	cleanup_close int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	start(trial);
	assert_int_equal(fd_write_all(fd, text, size), 0);
	assert_int_equal(trial_set(trial, "env", "WINS=yes"), 0);
	assert_int_equal(trial_set(trial, "env-file", path), 0);
	return trial_plan(trial, true);
}

#define PLAN_WITH_FILE(trial, text) plan_with_file(trial, text, sizeof(text) - 1)

static void files(void **state)
{
	struct trial trial;

	(void)state;
	fd_close(mkstemp(path));
	assert_int_equal(
		PLAN_WITH_FILE(&trial,
			       "\xef\xbb\xbf# a comment\n\n  A=\"quoted\" # not a comment\r\n"
			       "AWS_SECRET\nWINS=no\nMISSING\nB= x \nA2=1\nLAST=y"),
		0);
	assert_string_equal(value(&trial, "A"), "\"quoted\" # not a comment");
	assert_string_equal(value(&trial, "AWS_SECRET"), "x");
	assert_string_equal(value(&trial, "WINS"), "yes");
	assert_string_equal(value(&trial, "B"), " x ");
	assert_string_equal(value(&trial, "LAST"), "y");
	assert_null(value(&trial, "MISSING"));
	trial_deinit(&trial);
	assert_int_equal(PLAN_WITH_FILE(&trial, "A=1\nB C=2\n"), -EINVAL);
	assert_non_null(strstr(trial.error.why, "line 2: there is white space"));
	trial_deinit(&trial);
	assert_int_equal(PLAN_WITH_FILE(&trial, "=2\n"), -EINVAL);
	trial_deinit(&trial);
	assert_int_equal(PLAN_WITH_FILE(&trial, "A=\0\n"), -EINVAL);
	trial_deinit(&trial);
	unlink(path);
	start(&trial);
	assert_int_equal(trial_set(&trial, "env-file", path), 0);
	assert_int_equal(trial_plan(&trial, true), -ENOENT);
	assert_string_equal(trial.error.object, path);
	trial_deinit(&trial);
}

static void refused(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	assert_int_equal(trial_set(&trial, "env", ""), -EINVAL);
	assert_int_equal(trial_set(&trial, "env", "=x"), -EINVAL);
	assert_int_equal(trial_set(&trial, "unset-env", "A=1"), -EINVAL);
	assert_int_equal(trial_set(&trial, "env-all", "some"), -EINVAL);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_by_default),
		cmocka_unit_test(full_lists),
		cmocka_unit_test(another_root_another_user),
		cmocka_unit_test(nothing_handed_over),
		cmocka_unit_test(the_last_word_counts),
		cmocka_unit_test(all_of_it),
		cmocka_unit_test(files),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
