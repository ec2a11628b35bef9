/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "state/log.h"

static char path[] = "/tmp/inro-test-XXXXXX";
static const char id[] = "0123456789abcdef";
static int dir_fd;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(path))
		return -1;
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	unlinkat(dir_fd, "logs", AT_REMOVEDIR);
	close(dir_fd);
	return rmdir(path);
}

/* The next entry of a log that was read to TEXT. */
static const char *next(const char *text, struct log_entry *ret)
{
	const char *end = strchr(text, '\n');

	assert_non_null(end);
	assert_int_equal(log_parse(text, (size_t)(end - text), ret), 0);
	return end + 1;
}

static void expect(const struct log_entry *entry, int stream, bool partial, const char *text)
{
	assert_int_equal(entry->stream, stream);
	assert_int_equal(entry->partial, partial);
	assert_int_equal(entry->size, strlen(text));
	assert_memory_equal(entry->text, text, entry->size);
	assert_int_equal(strlen(entry->time), 30);
	assert_int_equal(entry->time[29], 'Z');
}

static void entries(void **state)
{
	cleanup_free char *text = NULL;
	cleanup_close int fd = -EBADF;
	struct log_entry entry;
	struct log *log;
	const char *at;

	(void)state;
	assert_int_equal(log_open(dir_fd, id, &log), 0);
	log_add(log, 1, "one\n\nthr", 8);
	log_add(log, 2, "error", 5);
	log_add(log, 1, "ee\n", 3);
	log_close(log);
	fd = log_open_file(dir_fd, id, 0);
	assert_true(fd >= 0);
	assert_int_equal(fd_read_to_heap(fd, 1 << 20, &text, NULL), 0);
	at = next(text, &entry);
	expect(&entry, 1, false, "one");
	at = next(at, &entry);
	expect(&entry, 1, false, "");
	at = next(at, &entry);
	expect(&entry, 1, true, "thr");
	at = next(at, &entry);
	expect(&entry, 2, true, "error");
	at = next(at, &entry);
	expect(&entry, 1, false, "ee");
	assert_int_equal(*at, '\0');
	log_remove(dir_fd, id);
	assert_int_equal(log_open_file(dir_fd, id, 0), -ENOENT);
}

static void bounded(void **state)
{
	static char block[64 * 1024];
	struct stat status;
	struct log *log;

	(void)state;
	memset(block, 'x', sizeof(block));
	block[sizeof(block) - 1] = '\n';
	assert_int_equal(log_open(dir_fd, id, &log), 0);
	for (int i = 0; i < 100; i++)
		log_add(log, 1, block, sizeof(block));
	log_close(log);
	for (int generation = 0; generation < 2; generation++) {
		cleanup_close int fd = log_open_file(dir_fd, id, generation);

		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &status), 0);
		assert_true(status.st_size <= 1024 * 1024);
		assert_true(status.st_size > 0);
	}
	log_remove(dir_fd, id);
}

static void odd_lines(void **state)
{
	static const char *const lines[] = { "", "x", "2026 stdout F", "2026 stdin F x", "2026 stdout X x",
					     "0123456789012345678901234567890123456789 stdout F x" };
	struct log_entry entry;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(log_parse(lines[i], strlen(lines[i]), &entry), -EINVAL);
	assert_int_equal(log_parse("2026 stdout F ", 14, &entry), 0);
	assert_int_equal(entry.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries),
		cmocka_unit_test(bounded),
		cmocka_unit_test(odd_lines),
	};

	return cmocka_run_group_tests_name("state/log", tests, setup, teardown);
}
