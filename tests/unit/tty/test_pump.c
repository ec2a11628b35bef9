/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/loop.h"
#include "tty/pump.h"

struct seen {
	enum pump_outcome outcome;
	int n_done;
	size_t bytes;
};

static int end_loop(void *data, enum pump_outcome outcome)
{
	struct seen *seen = data;

	seen->outcome = outcome;
	seen->n_done++;
	return 1;
}

static void count(void *data, const char *bytes, size_t size)
{
	struct seen *seen = data;

	(void)bytes;
	seen->bytes += size;
}

static size_t add_mark(void *data, char last, char ret_bytes[static 4])
{
	(void)data;
	ret_bytes[0] = last;
	ret_bytes[1] = '!';
	return 2;
}

static const struct pump_hooks hooks = { .seen = count, .done = end_loop };
static const struct pump_hooks marking = { .trailer = add_mark, .done = end_loop };

static pid_t spawn_writer(int fd, size_t size)
{
	pid_t pid = fork();

	if (pid == 0) {
		char block[1000];

		for (size_t at = 0; at < size;) {
			size_t n = size - at < sizeof(block) ? size - at : sizeof(block);

			for (size_t i = 0; i < n; i++)
				block[i] = (char)((at + i) % 251);
			if (fd_write_all(fd, block, n) < 0)
				_exit(1);
			at += n;
		}
		_exit(0);
	}
	return pid;
}

/* A slow reader that checks every byte; its status is 0 when all SIZE came in order. */
static pid_t spawn_reader(int fd, size_t size)
{
	pid_t pid = fork();

	if (pid == 0) {
		unsigned char block[777];
		size_t at = 0;
		ssize_t n;

		usleep(50000);
		while ((n = read(fd, block, sizeof(block))) > 0)
			for (ssize_t i = 0; i < n; i++)
				if (block[i] != at++ % 251)
					_exit(2);
		_exit(at == size ? 0 : 3);
	}
	return pid;
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void through_pipes(bool shared)
{
	enum { SIZE = 3000000 };
	struct seen seen = { 0 };
	struct pump_end ends[2];
	struct pump *pump;
	struct loop *loop;
	int in[2], out[2];
	pid_t writer, reader;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	fflush(NULL);
	writer = spawn_writer(in[1], SIZE);
	close(in[1]);
	/* The reader must see the end, so it may not hold the other side. */
	reader = fork();
	if (reader == 0) {
		close(out[1]);
		reader = spawn_reader(out[0], SIZE);
		waitpid(reader, &in[0], 0);
		_exit(WEXITSTATUS(in[0]));
	}
	close(out[0]);
	if (shared) {
		ends[0] = (struct pump_end){ .fd = in[0], .shared = true };
		ends[1] = (struct pump_end){ .fd = out[1], .shared = true };
	} else {
		assert_int_equal(pump_end_open(-1, in[0], O_RDONLY, &ends[0]), 0);
		assert_int_equal(pump_end_open(-1, out[1], O_WRONLY, &ends[1]), 0);
		assert_false(ends[0].shared);
		assert_true(fcntl(ends[0].fd, F_GETFL) & O_NONBLOCK);
		assert_false(fcntl(in[0], F_GETFL) & O_NONBLOCK);
		close(in[0]);
		close(out[1]);
	}
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pump_new(loop, ends[0], ends[1], &hooks, &seen, &pump), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_true(pump_is_done(pump));
	assert_int_equal(seen.outcome, PUMP_EOF);
	assert_int_equal(seen.bytes, SIZE);
	pump_free(pump);
	loop_free(loop);
	assert_int_equal(status_of(writer), 0);
	assert_int_equal(status_of(reader), 0);
}

static void own_ends(void **state)
{
	(void)state;
	through_pipes(false);
}

static void shared_ends(void **state)
{
	(void)state;
	through_pipes(true);
}

static void broken_output(void **state)
{
	struct seen seen = { 0 };
	struct pump *pump;
	struct loop *loop;
	int in[2], out[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pump_new(loop, pump_end_own(in[0]), pump_end_own(out[1]), &hooks, &seen, &pump), 0);
	close(out[0]);
	assert_int_equal(write(in[1], "x", 1), 1);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(seen.outcome, PUMP_BROKEN);
	/* The writer behind it learns that nobody listens. */
	assert_int_equal(write(in[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	pump_free(pump);
	loop_free(loop);
	close(in[1]);
	signal(SIGPIPE, SIG_DFL);
}

/* The writer has ended, but someone else still holds the pipe: what was written comes, no more. */
static void drain(void **state)
{
	struct seen seen = { 0 };
	struct pump *pump;
	struct loop *loop;
	char text[16] = "";
	int in[2], out[2];

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pump_new(loop, pump_end_own(in[0]), pump_end_own(out[1]), &hooks, &seen, &pump), 0);
	assert_int_equal(write(in[1], "the end", 7), 7);
	assert_int_equal(pump_drain(pump), 1);
	assert_int_equal(seen.outcome, PUMP_EOF);
	assert_int_equal(read(out[0], text, sizeof(text)), 7);
	assert_string_equal(text, "the end");
	pump_free(pump);
	loop_free(loop);
	close(in[1]);
	close(out[0]);
}

static void trailer(void **state)
{
	struct seen seen = { 0 };
	struct pump *pump;
	struct loop *loop;
	char text[16] = "";
	int in[2], out[2];

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pump_new(loop, pump_end_own(in[0]), pump_end_own(out[1]), &marking, &seen, &pump), 0);
	assert_int_equal(write(in[1], "ab", 2), 2);
	close(in[1]);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(read(out[0], text, sizeof(text)), 4);
	assert_string_equal(text, "abb!");
	pump_free(pump);
	loop_free(loop);
	close(out[0]);
}

static int stop_timer(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	(void)loop, (void)source, (void)events, (void)data;
	return 1;
}

static void paused(void **state)
{
	struct seen seen = { 0 };
	struct pump *pump;
	struct loop *loop;
	int in[2], out[2];

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pump_new(loop, pump_end_own(in[0]), pump_end_own(out[1]), &hooks, &seen, &pump), 0);
	assert_int_equal(pump_pause(pump, true), 0);
	assert_int_equal(write(in[1], "x", 1), 1);
	assert_int_equal(loop_add_timer(loop, 5000000, stop_timer, NULL, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(seen.bytes, 0);
	assert_int_equal(pump_pause(pump, false), 0);
	close(in[1]);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(seen.bytes, 1);
	pump_free(pump);
	loop_free(loop);
	close(out[0]);
}

/* A terminal is opened again, so that its other users keep a blocking one. */
static void terminal_end(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), locked = 0, slave;
	struct pump_end end;

	(void)state;
	assert_true(master >= 0);
	assert_int_equal(ioctl(master, TIOCSPTLCK, &locked), 0);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	assert_int_equal(pump_end_open(-1, slave, O_WRONLY, &end), 0);
	assert_false(end.shared);
	assert_true(isatty(end.fd));
	assert_false(fcntl(slave, F_GETFL) & O_NONBLOCK);
	close(end.fd);
	close(slave);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_ends), cmocka_unit_test(shared_ends), cmocka_unit_test(broken_output),
		cmocka_unit_test(drain),    cmocka_unit_test(trailer),	   cmocka_unit_test(paused),
		cmocka_unit_test(terminal_end),
	};

	return cmocka_run_group_tests_name("tty/pump", tests, NULL, NULL);
}
