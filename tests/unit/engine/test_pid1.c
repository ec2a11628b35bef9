/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/procfs.h"
#include "engine/pid1.h"
#include "ns_child.h"

enum { WANTED = SIGTERM };

static void on_signal(int number)
{
	(void)number;
}

static atomic_bool thread_runs;

static void *wait_in_thread(void *data)
{
	(void)data;
	thread_runs = true;
	for (;;)
		pause();
	return NULL;
}

static void block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, WANTED);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void handles(void)
{
	signal(WANTED, on_signal);
}

static void ignores(void)
{
	signal(WANTED, SIG_IGN);
}

static void blocks_in_all(void)
{
	pthread_t thread;

	block();
	pthread_create(&thread, NULL, wait_in_thread, NULL);
}

/* The other thread takes the signal that the first one blocks, and drops it. */
static void blocks_in_first(void)
{
	pthread_t thread;

	thread_runs = false;
	pthread_create(&thread, NULL, wait_in_thread, NULL);
	/* A thread is born with all signals blocked, and takes its own mask a moment later. */
	while (!thread_runs)
		sched_yield();
	block();
}

static void nothing(void)
{
	signal(WANTED, SIG_DFL);
}

static int answer_of(void (*prepare)(void))
{
	cleanup_close int proc_fd = procfs_open();
	pid_t pid = child_spawn(CLONE_NEWUSER | CLONE_NEWPID, prepare);
	int answer = pid1_answer(proc_fd, pid, WANTED);

	assert_int_equal(pid1_is_init(proc_fd, pid), 1);
	child_end(pid);
	return answer;
}

static void answers(void **state)
{
	(void)state;
	assert_int_equal(answer_of(nothing), PID1_DROPS);
	assert_int_equal(answer_of(handles), PID1_TAKES);
	assert_int_equal(answer_of(ignores), PID1_IGNORES);
	assert_int_equal(answer_of(block), PID1_TAKES);
	assert_int_equal(answer_of(blocks_in_all), PID1_TAKES);
	assert_int_equal(answer_of(blocks_in_first), PID1_DROPS);
}

/* While it sleeps in sigwait(3), procfs shows a mask without the awaited signal. */
static void in_sigwait(void **state)
{
	cleanup_close int proc_fd = procfs_open();
	bool asleep = false;
	pid_t pid = child_fork(CLONE_NEWUSER | CLONE_NEWPID);

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		sigset_t set;
		int number;

		block();
		sigemptyset(&set);
		sigaddset(&set, WANTED);
		sigwait(&set, &number);
		_exit(0);
	}
	for (int tries = 0; tries < 2000 && !asleep; tries++) {
		cleanup_close int fd = procfs_open_pid(proc_fd, pid);
		struct procfs_status status;

		assert_int_equal(procfs_read_status(fd, &status), 0);
		asleep = status.state == 'S' && !procfs_signal_in(status.sig_blocked, WANTED);
		usleep(1000);
	}
	assert_int_equal(pid1_answer(proc_fd, pid, WANTED), PID1_TAKES);
	assert_int_equal(pid1_answer(proc_fd, pid, SIGINT), PID1_DROPS);
	child_end(pid);
}

static void no_init(void **state)
{
	cleanup_close int proc_fd = procfs_open();
	pid_t pid = child_spawn(0, NULL);

	(void)state;
	assert_int_equal(pid1_is_init(proc_fd, pid), 0);
	child_end(pid);
	assert_int_equal(pid1_is_init(proc_fd, pid), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(in_sigwait),
		cmocka_unit_test(no_init),
	};

	return cmocka_run_group_tests_name("engine/pid1", tests, NULL, NULL);
}
