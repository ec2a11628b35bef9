/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

/*
 * All timers share one timerfd, set to the earliest: epoll_wait's own timeout stands still while
 * the machine sleeps. It is made with the first timer.
 *
 * A source that is removed may still stand in the batch of events that epoll_wait returned, so it
 * is only marked and freed after the batch. A source without interest in any event is taken out of
 * the epoll set, since epoll reports EPOLLHUP even to those who asked for nothing.
 */

struct loop_source {
	struct loop *loop;
	struct loop_source *next;
	loop_callback callback;
	void *data;
	int fd;            /* -EBADF: a timer */
	uint32_t events;
	bool in_epoll;
	bool always_ready; /* a file that epoll refuses */
	bool armed;        /* a timer that has not fired */
	bool removed;
	uint64_t at_ns;
};

struct loop {
	int epoll_fd, timer_fd;
	struct loop_source *sources;
	size_t n_always_ready;
	uint64_t timer_set_ns; /* what the timerfd is set to; 0 = not */
	bool has_removed;
};

int loop_new(struct loop **ret)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->timer_fd = -EBADF;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		free(loop);
		return -errno;
	}
	*ret = loop;
	return 0;
}

struct loop *loop_free(struct loop *loop)
{
	if (!loop)
		return NULL;
	while (loop->sources) {
		struct loop_source *source = loop->sources;

		loop->sources = source->next;
		free(source);
	}
	fd_close(loop->timer_fd);
	fd_close(loop->epoll_fd);
	free(loop);
	return NULL;
}

static struct loop_source *add_source(struct loop *loop, int fd, loop_callback callback, void *data)
{
	struct loop_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->loop = loop;
	source->fd = fd;
	source->callback = callback;
	source->data = data;
	source->next = loop->sources;
	loop->sources = source;
	return source;
}

/* Bring the epoll set in line with what the source wants. */
static int set_interest(struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };
	int epoll_fd = source->loop->epoll_fd;
	int operation = EPOLL_CTL_MOD;

	if (events == 0) {
		if (source->in_epoll)
			epoll_ctl(epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
		source->in_epoll = false;
		return 0;
	}
	if (!source->in_epoll)
		operation = EPOLL_CTL_ADD;
	if (epoll_ctl(epoll_fd, operation, source->fd, &event) < 0)
		return -errno;
	source->in_epoll = true;
	return 0;
}

int loop_source_events(struct loop_source *source, uint32_t events)
{
	int r = 0;

	if (source->events == events)
		return 0;
	if (source->always_ready)
		source->loop->n_always_ready += (size_t)!!events - (size_t)!!source->events;
	else
		r = set_interest(source, events);
	if (r < 0)
		return r;
	source->events = events;
	return 0;
}

int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_callback callback, void *data,
		struct loop_source **ret)
{
	/* Asked even where no event is wanted yet: only epoll knows whether it takes the file. */
	struct epoll_event probe = { .events = events };
	struct loop_source *source;
	bool refused = false;

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &probe) < 0) {
		if (errno != EPERM)
			return -errno;
		refused = true;
	}
	source = add_source(loop, fd, callback, data);
	if (!source) {
		if (!refused)
			epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return -ENOMEM;
	}
	source->always_ready = refused;
	source->in_epoll = !refused;
	if (refused)
		loop->n_always_ready += !!events;
	else
		set_interest(source, events);
	source->events = events;
	if (ret)
		*ret = source;
	return 0;
}

/* Set the timerfd to the earliest timer. */
static int set_timer(struct loop *loop)
{
	struct itimerspec spec = { 0 };
	uint64_t first = 0;

	for (struct loop_source *s = loop->sources; s; s = s->next)
		if (s->armed && !s->removed && (!first || s->at_ns < first))
			first = s->at_ns;
	if (first == loop->timer_set_ns)
		return 0;
	spec.it_value.tv_sec = (time_t)(first / 1000000000);
	spec.it_value.tv_nsec = (long)(first % 1000000000);
	if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return -errno;
	loop->timer_set_ns = first;
	return 0;
}

static int open_timer(struct loop *loop)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	cleanup_close int fd = -EBADF;

	if (loop->timer_fd >= 0)
		return 0;
	fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	loop->timer_fd = take_fd(&fd);
	return 0;
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	return a > INT64_MAX - b || b > INT64_MAX ? INT64_MAX : a + b;
}

int loop_source_again(struct loop_source *source, uint64_t in_ns)
{
	source->at_ns = add_saturating(clock_ns(CLOCK_BOOTTIME), in_ns);
	source->armed = true;
	return set_timer(source->loop);
}

int loop_add_timer(struct loop *loop, uint64_t in_ns, loop_callback callback, void *data,
		   struct loop_source **ret)
{
	struct loop_source *source;
	int r = open_timer(loop);

	if (r < 0)
		return r;
	source = add_source(loop, -EBADF, callback, data);
	if (!source)
		return -ENOMEM;
	r = loop_source_again(source, in_ns);
	if (r < 0) {
		loop_source_remove(source);
		return r;
	}
	if (ret)
		*ret = source;
	return 0;
}

struct loop_source *loop_source_remove(struct loop_source *source)
{
	if (!source || source->removed)
		return NULL;
	if (source->fd >= 0)
		loop_source_events(source, 0);
	source->armed = false;
	source->removed = true;
	source->loop->has_removed = true;
	return NULL;
}

static void free_removed(struct loop *loop)
{
	struct loop_source **at = &loop->sources;

	if (!loop->has_removed)
		return;
	while (*at) {
		struct loop_source *source = *at;

		if (source->removed) {
			*at = source->next;
			free(source);
		} else {
			at = &source->next;
		}
	}
	loop->has_removed = false;
}

static int run_timers(struct loop *loop)
{
	uint64_t expirations, now = clock_ns(CLOCK_BOOTTIME);
	int r = 0;

	/* Only to make it unreadable; EAGAIN when another timer moved it meanwhile. */
	if (read(loop->timer_fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		return -errno;
	loop->timer_set_ns = 0;
	for (struct loop_source *s = loop->sources; s && r == 0; s = s->next) {
		if (!s->armed || s->removed || s->at_ns > now)
			continue;
		s->armed = false;
		r = s->callback(loop, s, 0, s->data);
	}
	return r != 0 ? r : set_timer(loop);
}

static int run_always_ready(struct loop *loop)
{
	for (struct loop_source *s = loop->sources; s; s = s->next) {
		int r;

		if (!s->always_ready || s->removed || !s->events)
			continue;
		r = s->callback(loop, s, s->events, s->data);
		if (r != 0)
			return r;
	}
	return 0;
}

static int turn(struct loop *loop)
{
	struct epoll_event events[16];
	int n = epoll_wait(loop->epoll_fd, events, ARRAY_SIZE(events), loop->n_always_ready ? 0 : -1);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct loop_source *source = events[i].data.ptr;
		int r = 0;

		if (!source)
			r = run_timers(loop);
		else if (!source->removed && source->events)
			r = source->callback(loop, source, events[i].events, source->data);
		if (r != 0)
			return r;
	}
	return loop->n_always_ready ? run_always_ready(loop) : 0;
}

int loop_run(struct loop *loop)
{
	int r;

	do {
		r = turn(loop);
		free_removed(loop);
	} while (r == 0);
	return r > 0 ? 0 : r;
}
