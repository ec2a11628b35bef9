/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void closing(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), kept;

	(void)state;
	errno = EDOM;
	assert_int_equal(fd_close(fd), -EBADF);
	assert_int_equal(errno, EDOM);
	assert_false(is_open(fd));
	assert_int_equal(fd_close(-EBADF), -EBADF);
	assert_int_equal(fd_close(-1), -EBADF);
	{
		cleanup_close int scoped = open("/dev/null", O_RDONLY | O_CLOEXEC);

		kept = scoped;
		assert_true(is_open(kept));
	}
	assert_false(is_open(kept));
	{
		cleanup_close int scoped = open("/dev/null", O_RDONLY | O_CLOEXEC);

		kept = take_fd(&scoped);
		assert_int_equal(scoped, -EBADF);
	}
	assert_true(is_open(kept));
	fd_close(kept);
}

/* A full pipe with a slow reader: writes come back short, and a signal breaks into them. */
static void on_alarm(int number)
{
	(void)number;
}

static void all_is_written(void **state)
{
	enum { SIZE = 1 << 20 };
	const struct sigaction action = { .sa_handler = on_alarm };
	static char data[SIZE], again[SIZE];
	int fds[2], status;
	size_t n = 0;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7 + i / 256);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		sigaction(SIGUSR1, &action, NULL);
		_exit(fd_write_all(fds[1], data, SIZE) == 0 ? 0 : 1);
	}
	close(fds[1]);
	while (n < SIZE) {
		ssize_t r = read(fds[0], again + n, 4000);

		assert_true(r > 0);
		n += (size_t)r;
		/* May come before its handler is there only while nothing was read yet. */
		if (n > 100000)
			kill(pid, SIGUSR1);
	}
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_memory_equal(data, again, SIZE);
}

static void write_errors(void **state)
{
	int fds[2], full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);

	(void)state;
	assert_int_equal(fd_write_all(full, "x", 1), -ENOSPC);
	assert_int_equal(fd_write_all(full, "x", 0), 0);
	close(full);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	assert_int_equal(fd_write_all(fds[1], "x", 1), -EPIPE);
	close(fds[1]);
	signal(SIGPIPE, old);
	assert_int_equal(fd_write_all(-EBADF, "x", 1), -EBADF);
}

/* A pipe gives what came so far: the rest must be waited for. */
static void short_reads(void **state)
{
	char text[16];
	int fds[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (const char *at = "hello"; *at; at++) {
			if (write(fds[1], at, 1) != 1)
				_exit(1);
			usleep(1000);
		}
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(fd_read_all(fds[0], text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	close(fds[0]);
	waitpid(pid, NULL, 0);
}

static void put(int dir_fd, const char *name, const char *text, size_t size)
{
	cleanup_close int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, size), 0);
}

static void whole_files(void **state)
{
	char path[] = "/tmp/inro-test-fd.XXXXXX", text[8], *heap = NULL;
	cleanup_close int dir_fd = -EBADF;
	size_t size = 0;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(path));
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(dir_fd, "f", "1234567", 7);
	/* Just fits, with its NUL; and does not. */
	assert_int_equal(fd_read_file_at(dir_fd, "f", text, sizeof(text)), 7);
	assert_string_equal(text, "1234567");
	assert_int_equal(fd_read_file_at(dir_fd, "f", text, sizeof(text) - 1), -E2BIG);
	assert_int_equal(fd_read_file_at(dir_fd, "none", text, sizeof(text)), -ENOENT);
	assert_int_equal(fd_read_file_at(dir_fd, ".", text, sizeof(text)), -EISDIR);
	put(dir_fd, "empty", "", 0);
	assert_int_equal(fd_read_file_at(dir_fd, "empty", text, sizeof(text)), 0);
	assert_string_equal(text, "");

	fd = openat(dir_fd, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_read_to_heap(fd, 7, &heap, &size), 0);
	assert_int_equal(size, 7);
	assert_string_equal(heap, "1234567");
	free(heap);
	heap = (char *)1;
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(fd_read_to_heap(fd, 6, &heap, &size), -E2BIG);
	assert_ptr_equal(heap, (char *)1);
	assert_int_equal(size, 7);
	fd_close(fd);

	assert_int_equal(fd_write_file_at(dir_fd, "f", "new"), 0);
	assert_int_equal(fd_read_file_at(dir_fd, "f", text, sizeof(text)), 7);
	assert_string_equal(text, "new4567"); /* as a file of procfs: nothing is truncated */
	assert_int_equal(fd_write_file_at(dir_fd, "none", "x"), -ENOENT);
	assert_int_equal(symlinkat("f", dir_fd, "link"), 0);
	assert_int_equal(fd_write_file_at(dir_fd, "link", "x"), -ELOOP);
	unlinkat(dir_fd, "f", 0);
	unlinkat(dir_fd, "empty", 0);
	unlinkat(dir_fd, "link", 0);
	assert_int_equal(rmdir(path), 0);
}

/* Around the sizes at which the memory grows. */
static void heap_growth(void **state)
{
	static const size_t sizes[] = { 0, 1, 4094, 4095, 4096, 4097, 8191, 8192, 100000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		FILE *file = tmpfile();
		cleanup_free char *heap = NULL;
		size_t size;

		assert_non_null(file);
		for (size_t j = 0; j < sizes[i]; j++)
			putc((int)(j % 251) + 1, file);
		rewind(file);
		assert_int_equal(fd_read_to_heap(fileno(file), 1 << 20, &heap, &size), 0);
		assert_int_equal(size, sizes[i]);
		assert_int_equal(heap[size], 0);
		for (size_t j = 0; j < size; j++)
			assert_int_equal((unsigned char)heap[j], j % 251 + 1);
		fclose(file);
	}
}

static void moving_up(void **state)
{
	int fd = open("/dev/null", O_RDONLY), moved, same;

	(void)state;
	moved = fd_move_up(fd, 50);
	assert_true(moved >= 50);
	assert_false(is_open(fd));
	assert_int_equal(fcntl(moved, F_GETFD), FD_CLOEXEC);
	same = fd_move_up(moved, 10);
	assert_int_equal(same, moved);
	assert_int_equal(fd_move_up(-EBADF, 10), -EBADF);
	fd_close(moved);
}

static void standard(void **state)
{
	(void)state;
	for (unsigned closed = 0; closed < 8; closed++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			struct stat st, null;

			for (int fd = 0; fd < 3; fd++)
				if (closed >> fd & 1)
					close(fd);
			if (fd_fill_standard() < 0 || stat("/dev/null", &null) < 0)
				_exit(1);
			for (int fd = 0; fd < 3; fd++)
				if (fstat(fd, &st) < 0 ||
				    ((closed >> fd & 1) && st.st_rdev != null.st_rdev))
					_exit(2);
			/* They are for the command: not closed on exec. */
			for (int fd = 0; fd < 3; fd++)
				if ((closed >> fd & 1) && fcntl(fd, F_GETFD) != 0)
					_exit(3);
			_exit(is_open(63) ? 4 : 0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void same_file(void **state)
{
	cleanup_close int a = open("/dev/null", O_RDONLY | O_CLOEXEC),
			  b = open("/dev/null", O_PATH | O_CLOEXEC),
			  c = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd_same_file(a, b));
	assert_true(fd_same_file(a, a));
	assert_false(fd_same_file(a, c));
	assert_false(fd_same_file(a, -EBADF));
	assert_false(fd_same_file(-EBADF, -EBADF));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closing),      cmocka_unit_test(all_is_written),
		cmocka_unit_test(write_errors), cmocka_unit_test(short_reads),
		cmocka_unit_test(whole_files),  cmocka_unit_test(heap_growth),
		cmocka_unit_test(moving_up),    cmocka_unit_test(standard),
		cmocka_unit_test(same_file),
	};

	return cmocka_run_group_tests_name("base/fd", tests, NULL, NULL);
}
