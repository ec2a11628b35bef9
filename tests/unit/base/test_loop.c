/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/loop.h"

static int count_and_stop(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	(void)loop, (void)source, (void)events;
	++*(int *)data;
	return 1;
}

static int fail_with_eio(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	(void)loop, (void)source, (void)events, (void)data;
	return -EIO;
}

static void readable(void **state)
{
	struct loop *loop;
	int fds[2], n = 0;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(loop_add_fd(loop, fds[0], EPOLLIN, count_and_stop, &n, NULL), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(n, 1);
	assert_int_equal(loop_run(loop), 0); /* level-triggered: it was not read */
	assert_int_equal(n, 2);
	loop = loop_free(loop);
	assert_null(loop);
	close(fds[0]);
	close(fds[1]);
}

static void error_ends_it(void **state)
{
	struct loop *loop;
	int fds[2];

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(loop_add_fd(loop, fds[1], EPOLLOUT, fail_with_eio, NULL, NULL), 0);
	assert_int_equal(loop_run(loop), -EIO);
	loop_free(loop);
	close(fds[0]);
	close(fds[1]);
}

struct order {
	struct loop_source *late;
	char text[8];
	int n;
	uint64_t begin, end;
};

static uint64_t boottime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int early(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	struct order *order = data;

	(void)loop, (void)events;
	order->text[order->n++] = 'e';
	return order->n < 3 ? loop_source_again(source, 1000000) : 0;
}

static int late(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	struct order *order = data;

	(void)loop, (void)events, (void)source;
	order->text[order->n++] = 'l';
	order->end = boottime();
	return 1;
}

static void timers(void **state)
{
	struct order order = { .begin = boottime() };
	struct loop *loop;
	int never = 0;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(loop_add_timer(loop, UINT64_MAX, count_and_stop, &never, NULL), 0);
	assert_int_equal(loop_add_timer(loop, 30000000, late, &order, &order.late), 0);
	assert_int_equal(loop_add_timer(loop, 0, early, &order, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_true(order.end >= order.begin + 30000000);
	assert_int_equal(order.text[0], 'e');
	assert_int_equal(order.text[order.n - 1], 'l');
	assert_int_equal(never, 0);
	loop_free(loop);
}

struct pair {
	struct loop_source *a, *b;
	int n;
};

/* Whichever comes first removes both: the other must not be called though its event is there. */
static int remove_both(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	struct pair *pair = data;

	(void)loop, (void)source, (void)events;
	pair->n++;
	pair->a = loop_source_remove(pair->a);
	pair->b = loop_source_remove(pair->b);
	return 0;
}

static void removal_in_a_batch(void **state)
{
	struct pair pair = { 0 };
	struct loop *loop;
	int fds[2], end = 0;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(loop_add_fd(loop, fds[0], EPOLLIN, remove_both, &pair, &pair.a), 0);
	assert_int_equal(loop_add_fd(loop, fds[1], EPOLLOUT, remove_both, &pair, &pair.b), 0);
	assert_int_equal(loop_add_timer(loop, 5000000, count_and_stop, &end, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(pair.n, 1);
	assert_int_equal(end, 1);
	loop_free(loop);
	close(fds[0]);
	close(fds[1]);
}

/* A hung-up pipe in which nobody is interested must not keep the loop busy. */
static void silenced(void **state)
{
	struct loop_source *source;
	struct loop *loop;
	int fds[2], n = 0, end = 0;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(loop_add_fd(loop, fds[0], 0, count_and_stop, &n, &source), 0);
	close(fds[1]);
	assert_int_equal(loop_add_timer(loop, 5000000, count_and_stop, &end, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(n, 0);
	assert_int_equal(end, 1);
	assert_int_equal(loop_source_events(source, EPOLLIN), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(n, 1);
	loop_free(loop);
	close(fds[0]);
}

static void regular_file(void **state)
{
	struct loop_source *source;
	struct loop *loop;
	FILE *file = tmpfile();
	int n = 0, end = 0;

	(void)state;
	assert_non_null(file);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(loop_add_fd(loop, fileno(file), EPOLLIN, count_and_stop, &n, &source), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(n, 1);
	assert_int_equal(loop_source_events(source, 0), 0);
	assert_int_equal(loop_add_timer(loop, 1000000, count_and_stop, &end, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(n, 1);
	assert_int_equal(end, 1);
	loop_free(loop);
	fclose(file);
}

static void closed_descriptor(void **state)
{
	struct loop *loop;
	int n = 0;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(loop_add_fd(loop, 1000000, EPOLLIN, count_and_stop, &n, NULL), -EBADF);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readable),
		cmocka_unit_test(error_ends_it),
		cmocka_unit_test(timers),
		cmocka_unit_test(removal_in_a_batch),
		cmocka_unit_test(silenced),
		cmocka_unit_test(regular_file),
		cmocka_unit_test(closed_descriptor),
	};

	return cmocka_run_group_tests_name("base/loop", tests, NULL, NULL);
}
