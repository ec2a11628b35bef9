/* SPDX-License-Identifier: Apache-2.0 */
#include "tty/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/loop.h"

enum {
	BUFFER_SIZE = 16 * 1024,
	SHARED_WRITE_SIZE = 1024, /* below PIPE_BUF: a pipe that is ready takes it without blocking */
	ROUNDS = 16,              /* per turn, so that one busy pump cannot keep signals waiting */
};

struct pump {
	struct loop *loop;
	struct pump_end in, out;
	struct loop_source *in_source, *out_source;
	const struct pump_hooks *hooks;
	void *data;
	size_t start, used;
	char last;
	bool in_done, paused, draining, done;
	char buffer[BUFFER_SIZE];
};

/* An open file of our own for the same terminal or pipe; negative where there cannot be one. */
static int open_again(int proc_fd, int fd, int flags)
{
	cleanup_close int own = -EBADF;
	struct stat status;
	char path[32];

	if (fstat(fd, &status) < 0 || !(S_ISFIFO(status.st_mode) || (S_ISCHR(status.st_mode) && isatty(fd))))
		return -EBADF;
	if (proc_fd >= 0)
		snprintf(path, sizeof(path), "self/fd/%d", fd);
	else
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = openat(proc_fd, path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own >= 0 && fd_same_file(own, fd) ? take_fd(&own) : -EBADF;
}

int pump_end_open(int proc_fd, int fd, int flags, struct pump_end *ret)
{
	int own = open_again(proc_fd, fd, flags);
	bool shared = own < 0;

	if (shared)
		own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own < 0)
		return -errno;
	*ret = (struct pump_end){ .fd = own, .shared = shared };
	return 0;
}

struct pump_end pump_end_own(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	return (struct pump_end){ .fd = fd };
}

static bool is_ready(const struct pump_end *end, short events)
{
	struct pollfd poll_fd = { .fd = end->fd, .events = events };

	return !end->shared || poll(&poll_fd, 1, 0) > 0;
}

/* Add the bytes that belong behind the last one. */
static void end_input(struct pump *pump)
{
	char bytes[4];
	size_t n = 0;

	pump->in_done = true;
	if (pump->hooks->trailer && !pump->draining)
		n = pump->hooks->trailer(pump->data, pump->last, bytes);
	memmove(pump->buffer, pump->buffer + pump->start, pump->used);
	pump->start = 0;
	memcpy(pump->buffer + pump->used, bytes, n);
	pump->used += n;
}

/* Read once. True when something came of it. */
static bool fill(struct pump *pump)
{
	size_t end = pump->start + pump->used;
	/* The last bytes are kept for the trailer. */
	size_t space = BUFFER_SIZE - 4 - end;
	ssize_t n;

	if (pump->in_done || (pump->paused && !pump->draining) || space == 0)
		return false;
	if (is_ready(&pump->in, POLLIN)) {
		do
			n = read(pump->in.fd, pump->buffer + end, space);
		while (n < 0 && errno == EINTR);
	} else {
		n = -1;
		errno = EAGAIN;
	}
	if (n > 0) {
		pump->last = pump->buffer[end + (size_t)n - 1];
		pump->used += (size_t)n;
		if (pump->hooks->seen)
			pump->hooks->seen(pump->data, pump->buffer + end, (size_t)n);
		return true;
	}
	if (n < 0 && errno == EAGAIN && !pump->draining)
		return false;
	if (n < 0 && errno == EIO && pump->hooks->away && pump->hooks->away(pump->data, pump->in.fd)) {
		pump->paused = true;
		return false;
	}
	end_input(pump);
	return true;
}

/* Write once. 1 = something was written, 0 = not now, or a negative errno. */
static int empty(struct pump *pump)
{
	size_t size = pump->used;
	ssize_t n;

	if (size > 0 && pump->hooks->sink) {
		pump->hooks->sink(pump->data, pump->buffer + pump->start, size);
		pump->start = pump->used = 0;
		return 1;
	}
	if (size == 0 || !is_ready(&pump->out, POLLOUT))
		return 0;
	if (pump->out.shared && size > SHARED_WRITE_SIZE)
		size = SHARED_WRITE_SIZE;
	do
		n = write(pump->out.fd, pump->buffer + pump->start, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	pump->used -= (size_t)n;
	pump->start = pump->used ? pump->start + (size_t)n : 0;
	return n > 0;
}

static void close_ends(struct pump *pump)
{
	pump->in_source = loop_source_remove(pump->in_source);
	pump->out_source = loop_source_remove(pump->out_source);
	pump->in.fd = fd_close(pump->in.fd);
	pump->out.fd = fd_close(pump->out.fd);
}

static int finish(struct pump *pump, enum pump_outcome outcome)
{
	pump->done = true;
	close_ends(pump);
	return pump->hooks->done ? pump->hooks->done(pump->data, outcome) : 0;
}

static int set_interest(struct pump *pump)
{
	bool wants_input = !pump->in_done && !pump->paused && !pump->draining &&
			   pump->start + pump->used < BUFFER_SIZE - 4;
	/* While it drains, the output's readiness alone drives it. */
	bool wants_output = pump->used > 0 || pump->draining;
	int r = loop_source_events(pump->in_source, wants_input ? EPOLLIN : 0);

	if (r < 0 || !pump->out_source)
		return r;
	return loop_source_events(pump->out_source, wants_output ? EPOLLOUT : 0);
}

static int turn(struct pump *pump)
{
	/* A sink is always ready, so nothing would call again while it drains. */
	bool to_the_end = pump->draining && pump->hooks->sink;

	for (int round = 0; round < ROUNDS || to_the_end; round++) {
		bool moved = fill(pump);
		int r = empty(pump);

		if (r < 0)
			return finish(pump, PUMP_BROKEN);
		if (pump->in_done && pump->used == 0)
			return finish(pump, PUMP_EOF);
		if (!moved && r == 0)
			break;
	}
	return set_interest(pump);
}

static int on_event(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	struct pump *pump = data;

	(void)loop, (void)source, (void)events;
	return pump->done ? 0 : turn(pump);
}

int pump_new(struct loop *loop, struct pump_end in, struct pump_end out, const struct pump_hooks *hooks,
	     void *data, struct pump **ret)
{
	cleanup(pump_free_ptr) struct pump *pump = malloc(sizeof(*pump));
	int r;

	if (!pump) {
		fd_close(in.fd);
		fd_close(out.fd);
		return -ENOMEM;
	}
	/* Not zeroed as a whole: the buffer's pages are touched only once bytes come. */
	memset(pump, 0, offsetof(struct pump, buffer));
	pump->loop = loop;
	pump->in = in;
	pump->out = out;
	pump->hooks = hooks;
	pump->data = data;
	r = loop_add_fd(loop, in.fd, EPOLLIN, on_event, pump, &pump->in_source);
	if (r == 0 && !hooks->sink)
		r = loop_add_fd(loop, out.fd, 0, on_event, pump, &pump->out_source);
	if (r < 0)
		return r;
	*ret = take_ptr(pump);
	return 0;
}

struct pump *pump_free(struct pump *pump)
{
	if (!pump)
		return NULL;
	close_ends(pump);
	free(pump);
	return NULL;
}

int pump_pause(struct pump *pump, bool paused)
{
	if (pump->done || pump->paused == paused)
		return 0;
	pump->paused = paused;
	return set_interest(pump);
}

int pump_drain(struct pump *pump)
{
	if (pump->done)
		return 0;
	pump->draining = true;
	return turn(pump);
}

bool pump_is_done(const struct pump *pump)
{
	return pump->done;
}
