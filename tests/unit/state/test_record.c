/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/procfs.h"
#include "state/log.h"
#include "state/record.h"

static char path[] = "/tmp/inro-test-XXXXXX";
static int dir_fd, proc_fd;

static int setup(void **state)
{
	(void)state;
	proc_fd = procfs_open();
	if (proc_fd < 0 || !mkdtemp(path))
		return -1;
	dir_fd = state_open(path, false);
	return dir_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	unlinkat(dir_fd, "logs", AT_REMOVEDIR);
	close(dir_fd);
	close(proc_fd);
	return rmdir(path);
}

static uint64_t start_of(pid_t pid)
{
	cleanup_close int fd = procfs_open_pid(proc_fd, pid);
	struct procfs_stat stat;

	assert_true(fd >= 0);
	assert_int_equal(procfs_read_stat(fd, &stat), 0);
	return stat.start_ticks;
}

/* A record of this very process. */
static struct record own_record(const char *name)
{
	struct record record = { .pid = getpid(), .pid_start = start_of(getpid()), .uid = getuid(),
				 .created_ns = 5, .command = "sh -c 'a\nb\\x41'" };

	snprintf(record.name, sizeof(record.name), "%s", name);
	assert_int_equal(record_set_id(&record), 0);
	return record;
}

static void names(void **state)
{
	static const char *const good[] = { "web", "_", "a.b-c+d", "1a", "W_9" };
	static const char *const bad[] = { "", "12", ".x", "-x", "+x", "a/b", "a b", "..", "\xc3\xa4", "a\n" };
	char text[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(state_name_ok(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(state_name_ok(bad[i]));
	memset(text, 'a', sizeof(text));
	text[64] = '\0';
	assert_true(state_name_ok(text));
	text[64] = 'a';
	text[65] = '\0';
	assert_false(state_name_ok(text));
}

static void paths(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	const char *const env[] = { "HOME=/x", "XDG_RUNTIME_DIR=/run/user/7", NULL };
	const char *const relative[] = { "XDG_RUNTIME_DIR=x", NULL };

	(void)state;
	assert_string_equal(state_path(&arena, 0, env), "/run/inro");
	assert_string_equal(state_path(&arena, 7, env), "/run/user/7/inro");
	assert_string_equal(state_path(&arena, 7, relative), "/tmp/inro-7");
	assert_string_equal(state_path(&arena, 7, NULL), "/tmp/inro-7");
}

static void directory(void **state)
{
	char inner[64], other[64];
	struct stat status;
	int fd;

	(void)state;
	snprintf(inner, sizeof(inner), "%s/d", path);
	snprintf(other, sizeof(other), "%s/l", path);
	assert_int_equal(state_open(inner, false), -ENOENT);
	fd = state_open(inner, true);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	close(fd);
	assert_int_equal(symlink(inner, other), 0);
	assert_int_equal(state_open(other, true), -EPERM);
	assert_int_equal(chmod(inner, 0755), 0);
	assert_int_equal(state_open(inner, true), -EPERM);
	unlink(other);
	rmdir(inner);
}

static void round_trip(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct record record = own_record("web"), back;

	(void)state;
	record.detached = true;
	record.monitor = 77;
	record.monitor_start = UINT64_MAX;
	assert_int_equal(record_write(dir_fd, proc_fd, &record), 0);
	assert_int_equal(record_write(dir_fd, proc_fd, &record), -EEXIST);
	assert_int_equal(record_read(dir_fd, "web", &arena, &back), 0);
	assert_string_equal(back.name, "web");
	assert_string_equal(back.id, record.id);
	assert_string_equal(back.command, record.command);
	assert_true(back.detached);
	assert_false(back.named);
	assert_int_equal(back.monitor, 77);
	assert_true(back.monitor_start == UINT64_MAX);
	assert_int_equal(back.ended_ns, 0);
	assert_int_equal(record_state(&back, proc_fd), RECORD_RUNNING);
	record.ended_ns = 9;
	record.result = (struct inro_result){ .end = INRO_END_SIGNALED, .status = 137, .code = -1, .signal = 9 };
	assert_int_equal(record_replace(dir_fd, &record), 0);
	assert_int_equal(record_read(dir_fd, "web", &arena, &back), 0);
	assert_int_equal(back.result.code, -1);
	assert_int_equal(back.result.status, 137);
	assert_int_equal(back.result.end, INRO_END_SIGNALED);
	assert_int_equal(record_state(&back, proc_fd), RECORD_ENDED);
	assert_int_equal(record_remove(dir_fd, &record), 0);
	assert_int_equal(record_read(dir_fd, "web", &arena, &back), -ENOENT);
}

static void write_file(const char *name, const char *text)
{
	cleanup_close int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void no_records(void **state)
{
	static const char *const texts[] = {
		"", "inro 1\n", "inro 2\nid 0123456789abcdef\ndone\n", "inro 1\nid 0123456789abcdef\npid x\ndone\n",
		"inro 1\nid 0123456789abcdef\npid 12", "inro 1\nid ../../../../etc\ndone\n", "inro 1\npid 1\ndone\n",
	};
	cleanup_arena struct arena arena = { 0 };
	struct record record;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		write_file("odd", texts[i]);
		assert_int_equal(record_read(dir_fd, "odd", &arena, &record), -EINVAL);
	}
	/* Such a file holds no name. */
	assert_int_equal(state_claim(dir_fd, proc_fd, "odd", &pid), 0);
	assert_int_equal(faccessat(dir_fd, "odd", F_OK, 0), -1);
}

/* The number is in use again, by another process. */
static void reused_pid(void **state)
{
	struct record record = own_record("old");
	pid_t pid = 0;

	(void)state;
	record.pid_start--;
	assert_int_equal(record_state(&record, proc_fd), RECORD_STALE);
	assert_int_equal(record_write(dir_fd, proc_fd, &record), 0);
	assert_int_equal(state_claim(dir_fd, proc_fd, "old", &pid), 0);
	assert_int_equal(faccessat(dir_fd, "old", F_OK, 0), -1);
	record.pid_start++;
	assert_int_equal(record_write(dir_fd, proc_fd, &record), 0);
	assert_int_equal(state_claim(dir_fd, proc_fd, "old", &pid), -EEXIST);
	assert_int_equal(pid, getpid());
	assert_int_equal(record_remove(dir_fd, &record), 0);
}

/* A name that was given up and taken meanwhile is not taken away from its new owner. */
static void taken_meanwhile(void **state)
{
	struct record before = own_record("name"), after = own_record("name");
	cleanup_close int other_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	before.pid_start--;
	assert_string_not_equal(before.id, after.id);
	assert_int_equal(record_write(dir_fd, proc_fd, &before), 0);
	/* Another process removes, too, and takes long over it. */
	assert_int_equal(flock(other_fd, LOCK_EX), 0);
	assert_int_equal(record_remove(dir_fd, &before), -EBUSY);
	assert_int_equal(flock(other_fd, LOCK_UN), 0);
	assert_int_equal(record_remove(dir_fd, &before), 0);
	assert_int_equal(record_write(dir_fd, proc_fd, &after), 0);
	assert_int_equal(record_remove(dir_fd, &before), -ENOENT);
	assert_int_equal(faccessat(dir_fd, "name", F_OK, 0), 0);
	assert_int_equal(record_remove(dir_fd, &after), 0);
}

/* What somebody in another PID namespace wrote is neither believed nor removed. */
static void elsewhere(void **state)
{
	struct record record = own_record("there"), back;
	cleanup_arena struct arena arena = { 0 };
	pid_t pid = -1;

	(void)state;
	assert_true(record_own_pid_ns(proc_fd) != 0);
	record.pid_ns = record_own_pid_ns(proc_fd);
	assert_int_equal(record_state(&record, proc_fd), RECORD_RUNNING);
	record.pid_ns++;
	assert_int_equal(record_state(&record, proc_fd), RECORD_ELSEWHERE);
	record.pid_start++;
	assert_int_equal(record_state(&record, proc_fd), RECORD_ELSEWHERE);
	assert_int_equal(record_write(dir_fd, proc_fd, &record), 0);
	assert_int_equal(state_sweep(dir_fd, proc_fd, 0), 0);
	assert_int_equal(state_claim(dir_fd, proc_fd, "there", &pid), -EEXIST);
	assert_int_equal(pid, 0);
	assert_int_equal(record_read(dir_fd, "there", &arena, &back), 0);
	assert_true(back.pid_ns == record.pid_ns);
	/* How it ended is for everyone. */
	record.ended_ns = 7;
	assert_int_equal(record_state(&record, proc_fd), RECORD_ENDED);
	assert_int_equal(record_remove(dir_fd, &record), 0);
}

static int count(const struct record *record, enum record_state state, void *data)
{
	(void)record;
	*(int *)data += state == RECORD_RUNNING ? 1 : 100;
	return 0;
}

static void sweep(void **state)
{
	struct record alive = own_record("alive"), dead = own_record("dead"), ended = own_record("ended");
	int n = 0;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	dead.pid = pid;
	dead.detached = true;
	ended.ended_ns = 1; /* long ago */
	assert_int_equal(record_write(dir_fd, proc_fd, &alive), 0);
	assert_int_equal(record_write(dir_fd, proc_fd, &dead), 0);
	assert_int_equal(record_write(dir_fd, proc_fd, &ended), 0);
	assert_int_equal(state_sweep(dir_fd, proc_fd, 0), 2);
	assert_int_equal(state_each(dir_fd, proc_fd, count, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(record_remove(dir_fd, &alive), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),      cmocka_unit_test(paths),	    cmocka_unit_test(directory),
		cmocka_unit_test(round_trip), cmocka_unit_test(no_records), cmocka_unit_test(reused_pid),
		cmocka_unit_test(sweep),      cmocka_unit_test(elsewhere),  cmocka_unit_test(taken_meanwhile),
	};

	return cmocka_run_group_tests_name("state/record", tests, setup, teardown);
}
