/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "feature_child.h"

extern const struct feature feature_fds;

/* A descriptor that can be told from all others: a memfd of that many bytes. */
static int token(int number, off_t size)
{
	int fd = sys_memfd_create("token", 0);

	if (fd < 0 || ftruncate(fd, size) < 0)
		return -1;
	if (number >= 0 && fd != number) {
		if (dup2(fd, number) < 0)
			return -1;
		close(fd);
		fd = number;
	}
	return fd;
}

static bool holds(int fd, off_t size)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == size;
}

/* The numbers that execve(2) would leave open, as text: "0 1 2". */
static void open_after_exec(char *text, size_t size)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	bool seen[1024] = { false };
	size_t used = 0;

	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd != dirfd(dir) &&
		    !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
			seen[fd] = true;
	}
	closedir(dir);
	text[0] = '\0';
	for (int fd = 0; fd < 1024; fd++)
		if (seen[fd])
			used += (size_t)snprintf(text + used, size - used, "%s%d", used ? " " : "",
						 fd);
}

static const char *expected;

static int check_list(void)
{
	char text[256];

	open_after_exec(text, sizeof(text));
	if (strcmp(text, expected) == 0)
		return 0;
	fprintf(stderr, "open: %s, expected: %s\n", text, expected);
	return 50;
}

static int prepare_nothing_passed(struct trial *trial)
{
	(void)trial;
	return token(3, 3) < 0 || token(40, 40) < 0;
}

static int check_nothing_passed(struct trial *trial)
{
	/* The channel is still there, and goes at exec. */
	if (!(fcntl(run_fd(&trial->run, SLOT_CHANNEL), F_GETFD) & FD_CLOEXEC))
		return 1;
	return check_list();
}

static void nothing_passed(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_fds);
	trial.prepare = prepare_nothing_passed;
	trial.check = check_nothing_passed;
	expected = "0 1 2";
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

/*
 * Each number is in another's way: 20 and 21 change places, 22 goes to where the channel is, an
 * engine's own descriptor sits on 30, and 31 stays.
 */
static int prepare_collisions(struct trial *trial)
{
	int channel = run_fd(&trial->run, SLOT_CHANNEL);

	if (channel != 25) {
		if (dup3(channel, 25, O_CLOEXEC) < 0)
			return 1;
		close(channel);
		trial->slots[SLOT_CHANNEL] = 25;
	}
	trial->slots[SLOT_ROOT] = token(30, 1000);
	return token(20, 20) < 0 || token(21, 21) < 0 || token(22, 22) < 0 || token(31, 31) < 0;
}

static int check_collisions(struct trial *trial)
{
	struct stat st;

	if (!holds(20, 21) || !holds(21, 20) || !holds(25, 22) || !holds(31, 31) || !holds(30, 20))
		return 2;
	/* What was in the way works on, elsewhere. */
	if (!holds(run_fd(&trial->run, SLOT_ROOT), 1000))
		return 3;
	if (fstat(run_fd(&trial->run, SLOT_CHANNEL), &st) < 0 || !S_ISSOCK(st.st_mode))
		return 4;
	return check_list();
}

static void collisions(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_fds);
	assert_int_equal(trial_set(&trial, "pass-fd", "31"), 0);
	assert_int_equal(trial_set(&trial, "pass-fd", "20:21"), 0);
	assert_int_equal(trial_set(&trial, "pass-fd", "22:25"), 0);
	assert_int_equal(trial_set(&trial, "pass-fd", "21:20"), 0);
	assert_int_equal(trial_set(&trial, "pass-fd", "20:30"), 0);
	trial.prepare = prepare_collisions;
	trial.check = check_collisions;
	expected = "0 1 2 20 21 25 30 31";
	assert_int_equal(trial_plan(&trial, false), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

/* Standard streams from slots; two of them hold each other's numbers. */
static int prepare_streams(struct trial *trial)
{
	if (token(0, 101) < 0 || token(1, 100) < 0)
		return 1;
	trial->slots[SLOT_STDIN] = 1;
	trial->slots[SLOT_STDOUT] = 0;
	return 0;
}

static int check_streams(struct trial *trial)
{
	(void)trial;
	if (!holds(0, 100) || !holds(1, 101))
		return 2;
	return check_list();
}

static void standard_streams(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_fds);
	trial.prepare = prepare_streams;
	trial.check = check_streams;
	expected = "0 1 2";
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static int prepare_init(struct trial *trial)
{
	(void)trial;
	return token(40, 40) < 0;
}

static int check_init(struct trial *trial)
{
	struct stat st;

	if (run_fd(&trial->run, SLOT_CHANNEL) != 3 || fstat(3, &st) < 0 || !S_ISSOCK(st.st_mode))
		return 2;
	return holds(4, 40) ? check_list() : 3;
}

static void the_life_line_of_init(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_fds);
	trial.spec.process.init = true;
	assert_int_equal(trial_set(&trial, "pass-fd", "40:4"), 0);
	trial.prepare = prepare_init;
	trial.check = check_init;
	expected = "0 1 2 3 4";
	assert_int_equal(trial_plan(&trial, false), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
	TRIAL_INIT(&trial, &feature_fds);
	trial.spec.process.init = true;
	assert_int_equal(trial_set(&trial, "pass-fd", "40:3"), 0);
	assert_int_equal(trial_plan(&trial, false), -EINVAL);
	assert_non_null(strstr(trial.error.hint, "40:4"));
	trial_deinit(&trial);
}

static int prepare_limit(struct trial *trial)
{
	const struct rlimit limit = { 32, 32 };
	int r;

	if (token(20, 20) < 0 || setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1;
	r = trial_walk(trial, STAGE_FDS, STAGE_FDS);
	_exit(r == -EINVAL && strstr(trial->error.why, "above 101") ? 0 : 2);
}

static void above_the_limit(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_fds);
	assert_int_equal(trial_set(&trial, "pass-fd", "20:100"), 0);
	trial.prepare = prepare_limit;
	assert_int_equal(trial_plan(&trial, false), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void refused(void **state)
{
	static const char *const bad[] = { "",	 "x",	  "3:",		":3",	  "3:2",
					   "-1", "3:4:5", "4294967296", "1048576" };
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_fds);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(trial_set(&trial, "pass-fd", bad[i]), -EINVAL);
	assert_int_equal(trial_set(&trial, "preserve-fds", "1000"), -EINVAL);
	assert_int_equal(trial_set(&trial, "pass-fd", "900"), 0);
	assert_int_equal(trial_plan(&trial, true), -EINVAL);
	assert_non_null(strstr(trial.error.why, "900 is not open"));
	trial_deinit(&trial);
}

static void from_three_on(void **state)
{
	struct trial trial;
	cleanup_buf struct buf text = { 0 };

	(void)state;
	TRIAL_INIT(&trial, &feature_fds);
	assert_int_equal(trial_set(&trial, "preserve-fds", "2"), 0);
	assert_int_equal(trial_set(&trial, "pass-fd", "9:4"), 0);
	assert_int_equal(trial_plan(&trial, false), 0);
	trial.plan.steps[0].kind->tell(&trial.plan.steps[0], &text);
	assert_string_equal(buf_text(&text), "kept: 0, 1, 2, 3, 4 (the caller's 9)");
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_passed),
		cmocka_unit_test(collisions),
		cmocka_unit_test(standard_streams),
		cmocka_unit_test(the_life_line_of_init),
		cmocka_unit_test(above_the_limit),
		cmocka_unit_test(refused),
		cmocka_unit_test(from_three_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
