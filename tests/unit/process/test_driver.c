/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include "feature_child.h"

extern const struct feature feature_driver;

static int ends[2];

static const char *number(int fd)
{
	static char text[4][12];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(text[turn], sizeof(text[turn]), "%d", fd);
	return text[turn];
}

static void tell_info(uint64_t clone_flags, uint32_t kinds)
{
	struct trial trial;
	char text[512], expected[64];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	TRIAL_INIT(&trial, &feature_driver);
	trial.plan.settled.ns_new = kinds;
	trial.clone_flags = clone_flags;
	assert_int_equal(trial_set(&trial, "info-fd", number(ends[1])), 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_true(trial.plan.settled.wait_release);
	assert_int_equal(trial_run(&trial), 0);
	/* The end of file is there: it was closed on both sides. */
	assert_int_equal(fcntl(ends[1], F_GETFD), -1);
	n = fd_read_all(ends[0], text, sizeof(text));
	assert_true(n > 0);
	snprintf(expected, sizeof(expected), "{\n    \"child-pid\": %d,\n    ", trial.run.pid);
	assert_memory_equal(text, expected, strlen(expected));
	assert_non_null(strstr(text, "-namespace\": 40265"));
	assert_string_equal(text + n - 3, "\n}\n");
	close(ends[0]);
	trial_deinit(&trial);
}

static void info(void **state)
{
	pid_t pid;

	(void)state;
	if (geteuid() == 0)
		tell_info(CLONE_NEWPID | CLONE_NEWUTS, NS_BIT(NS_PID) | NS_BIT(NS_UTS));
	/* An ordinary user may look into the user namespace that it made. */
	pid = child_fork(0);
	if (pid == 0) {
		if (geteuid() == 0)
			child_drop_root();
		tell_info(CLONE_NEWUSER | CLONE_NEWPID, NS_BIT(NS_USER) | NS_BIT(NS_PID));
		_exit(0);
	}
	assert_int_equal(child_result(pid), 0);
}

static int order[2];

static int check_blocked(struct trial *trial)
{
	(void)trial;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 1;
	return write(order[1], "c", 1) != 1;
}

/* The driver sees into the child while that waits, says so, and lets it go. */
static void drive(const struct trial *trial, pid_t *ret)
{
	*ret = child_fork(0);
	if (*ret != 0)
		return;
	for (;;) {
		char path[64];
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d/ns/pid", trial->run.pid);
		if (stat(path, &st) == 0)
			break;
		poll(NULL, 0, 1);
	}
	_exit(write(order[1], "d", 1) != 1 || write(ends[1], "", 1) != 1);
}

static pid_t driver_pid;

static void between(struct trial *trial)
{
	drive(trial, &driver_pid);
}

static void block_until_a_byte(void **state)
{
	struct trial trial;
	char text[4];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_int_equal(pipe(order), 0);
	TRIAL_INIT(&trial, &feature_driver);
	trial.plan.settled.ns_new = NS_BIT(NS_PID);
	assert_int_equal(trial_set(&trial, "block-fd", number(ends[0])), 0);
	trial.between = between;
	trial.check = check_blocked;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	assert_int_equal(child_result(driver_pid), 0);
	close(order[1]);
	assert_int_equal(fd_read_all(order[0], text, sizeof(text)), 2);
	assert_string_equal(text, "dc");
	close(order[0]);
	close(ends[0]);
	close(ends[1]);
	trial_deinit(&trial);
}

static int prepare_end_of_file(struct trial *trial)
{
	(void)trial;
	return close(ends[1]);
}

static void block_until_the_end(void **state)
{
	struct trial trial;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	TRIAL_INIT(&trial, &feature_driver);
	assert_int_equal(trial_set(&trial, "block-fd", number(ends[0])), 0);
	trial.prepare = prepare_end_of_file;
	assert_int_equal(trial_plan(&trial, true), 0);
	close(ends[1]);
	ends[1] = dup(2);
	assert_int_equal(trial_run(&trial), 0);
	close(ends[0]);
	close(ends[1]);
	trial_deinit(&trial);
}

/* The copy is the last one: closing it is what the reader sees. */
static void sync_until_the_end(void **state)
{
	struct trial trial;
	struct pollfd reader;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	TRIAL_INIT(&trial, &feature_driver);
	assert_int_equal(trial_set(&trial, "sync-fd", number(ends[1])), 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	close(ends[1]);
	reader = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	assert_int_equal(poll(&reader, 1, 0), 0);
	trial_undo(&trial);
	assert_int_equal(poll(&reader, 1, -1), 1);
	assert_true(reader.revents & POLLHUP);
	close(ends[0]);
	trial_deinit(&trial);
}

static void refused(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_driver);
	assert_int_equal(trial_set(&trial, "block-fd", "-1"), -EINVAL);
	assert_int_equal(trial_set(&trial, "info-fd", "4294967295"), -EINVAL);
	assert_int_equal(trial_set(&trial, "sync-fd", "900"), 0);
	assert_int_equal(trial_plan(&trial, true), -EINVAL);
	assert_string_equal(trial.error.what, "--sync-fd");
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(info),
		cmocka_unit_test(block_until_a_byte),
		cmocka_unit_test(block_until_the_end),
		cmocka_unit_test(sync_until_the_end),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
