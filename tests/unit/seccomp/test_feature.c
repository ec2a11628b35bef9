/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/capability.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "feature_child.h"
#include "seccomp/feature.h"
#include "seccomp/profile_of.h"

extern const struct feature feature_seccomp;

static int no_new_privs(struct trial *trial)
{
	(void)trial;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? 1 : 0;
}

static size_t n_filters(void)
{
	char text[32];

	self_status("Seccomp_filters", text, sizeof(text));
	return (size_t)atoi(text);
}

static int has_one(struct trial *trial)
{
	(void)trial;
	if (n_filters() != 1)
		return 2;
	return ioctl(-1, TIOCSTI, "") < 0 && errno == EPERM ? 0 : 3;
}

static int has_none(struct trial *trial)
{
	(void)trial;
	return n_filters() == 0 ? 0 : 4;
}

static void run_with(const char *choice, void (*prepare)(struct trial *trial), int (*check)(struct trial *trial))
{
	struct trial trial;

	TRIAL_INIT(&trial, &feature_seccomp);
	trial.prepare = no_new_privs;
	trial.check = check;
	if (choice)
		assert_int_equal(trial_set(&trial, "seccomp", choice), 0);
	if (prepare)
		prepare(&trial);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void bare(struct trial *trial)
{
	trial->spec.bare = true;
}

static void nestable(struct trial *trial)
{
	trial->spec.nestable = true;
}

static void with_capability(struct trial *trial)
{
	trial->plan.settled.caps = UINT64_C(1) << CAP_SYS_TIME;
}

static void shared_terminal(struct trial *trial)
{
	trial->plan.settled.filter_tty_input = true;
}

static void installs(void **state)
{
	(void)state;
	run_with(NULL, NULL, has_one);
	run_with(NULL, nestable, has_one);
	run_with(NULL, with_capability, has_one);
	run_with("strict", bare, has_one);
	run_with(NULL, bare, has_none);
	run_with("off", NULL, has_none);
	run_with("none", NULL, has_none);
}

/* Without a filter of its own a shared terminal still gets its guard, and no second one otherwise. */
static void guards_a_shared_terminal(void **state)
{
	(void)state;
	run_with("off", shared_terminal, has_one);
	run_with(NULL, shared_terminal, has_one);
}

static int memory_file(const void *data, size_t size)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int both_count(struct trial *trial)
{
	(void)trial;
	if (n_filters() != 2)
		return 5;
	if (getpgid(0) != -1 || errno != 44)
		return 6;
	return ioctl(-1, TIOCSTI, "") < 0 && errno == EPERM ? 0 : 7;
}

static int foreign_alone(struct trial *trial)
{
	(void)trial;
	return n_filters() == 1 && getpgid(0) == -1 && errno == 44 ? 0 : 8;
}

static void takes_descriptors(void **state)
{
	static const char *const names[] = { "seccomp-fd", "seccomp" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		cleanup_arena struct arena arena = { 0 };
		struct seccomp_program program = program_of(&arena, "default allow\nerrno 44 getpgid\n");
		cleanup_close int fd = memory_file(program.code, program.n * sizeof(*program.code));
		struct trial trial;
		char number[16];

		snprintf(number, sizeof(number), "%d", fd);
		TRIAL_INIT(&trial, &feature_seccomp);
		trial.prepare = no_new_privs;
		trial.check = i == 0 ? both_count : foreign_alone;
		assert_int_equal(trial_set(&trial, names[i], number), 0);
		assert_int_equal(trial_plan(&trial, true), 0);
		assert_int_equal(trial_run(&trial), 0);
		trial_deinit(&trial);
	}
}

static enum stage stage_of(bool with_no_new_privs)
{
	struct trial trial;
	enum stage stage;

	TRIAL_INIT(&trial, &feature_seccomp);
	trial.plan.settled.no_new_privs = with_no_new_privs;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 1);
	stage = trial.plan.steps[0].stage;
	trial_deinit(&trial);
	return stage;
}

static void comes_last_where_it_may(void **state)
{
	(void)state;
	assert_int_equal(stage_of(true), STAGE_SECCOMP);
	assert_int_equal(stage_of(false), STAGE_PRIVS);
}

/* A profile from a file; what is wrong with one is said before anything is started. */
static void files(void **state)
{
	static const char notify[] = "default allow\nnotify read\n", wrong[] = "default allow\nallow opne\n";
	static const char good[] = "default allow\nerrno 44 getpgid\n";
	const struct {
		const char *text;
		int wanted;
	} table[] = { { notify, -EINVAL }, { wrong, -EINVAL }, { good, 0 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		cleanup_close int fd = memory_file(table[i].text, strlen(table[i].text));
		struct trial trial;
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		TRIAL_INIT(&trial, &feature_seccomp);
		trial.prepare = no_new_privs;
		trial.check = foreign_alone;
		assert_int_equal(trial_set(&trial, "seccomp", path), 0);
		assert_int_equal(trial_plan(&trial, true), table[i].wanted);
		if (table[i].wanted == 0)
			assert_int_equal(trial_run(&trial), 0);
		else
			assert_int_equal(trial.error.kind, INRO_ERROR_USAGE);
		trial_deinit(&trial);
	}
}

static void refuses(void **state)
{
	static const char *const table[][2] = {
		{ "seccomp", "" }, { "seccomp-fd", "x" }, { "seccomp-fd", "-1" }, { "seccomp-dump", "all" },
	};
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_seccomp);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(trial_set(&trial, table[i][0], table[i][1]), -EINVAL);
	assert_int_equal(trial_set(&trial, "seccomp", "no-such-preset"), 0);
	assert_int_equal(trial_plan(&trial, true), -EINVAL);
	assert_non_null(strstr(trial.error.hint, "nestable"));
	trial_deinit(&trial);
}

static void dumps(void **state)
{
	struct trial trial;
	cleanup_buf struct buf text = { 0 };

	(void)state;
	TRIAL_INIT(&trial, &feature_seccomp);
	assert_int_equal(seccomp_dump_wanted(&trial.spec), SECCOMP_DUMP_NOT);
	assert_int_equal(trial_set(&trial, "seccomp-dump", ""), 0);
	assert_int_equal(seccomp_dump_wanted(&trial.spec), SECCOMP_DUMP_TEXT);
	assert_int_equal(trial_plan(&trial, true), 0);
	seccomp_dump(&trial.plan, SECCOMP_DUMP_TEXT, &text);
	assert_non_null(strstr(buf_text(&text), "default errno EPERM\n"));
	buf_clear(&text);
	seccomp_dump(&trial.plan, SECCOMP_DUMP_BPF, &text);
	assert_non_null(strstr(buf_text(&text), "ld   arch"));
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(installs),		   cmocka_unit_test(guards_a_shared_terminal),
		cmocka_unit_test(takes_descriptors),	   cmocka_unit_test(comes_last_where_it_may),
		cmocka_unit_test(files),		   cmocka_unit_test(refuses),
		cmocka_unit_test(dumps),
	};

	return cmocka_run_group_tests_name("seccomp/feature", tests, NULL, NULL);
}
