/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "engine/box.h"

static int ready[2];

/* Called inside: what the test waits for before it goes on. */
static void say_ready(void)
{
	if (write(ready[1], "", 1) != 1)
		_exit(99);
}

static void await_ready(void)
{
	char byte;

	assert_int_equal(read(ready[0], &byte, 1), 1);
}

static void start(struct box *box, void (*main)(void *data), void *data)
{
	assert_int_equal(box_init(box, TTY_NONE), 0);
	assert_int_equal(box_start(box, main, data), 0);
}

static void run_box(struct box *box, void (*main)(void *data), void *data)
{
	start(box, main, data);
	assert_int_equal(box_wait(box), 0);
}

static void exited(void **state)
{
	struct box box;

	(void)state;
	run_box(&box, box_shell, "exit 3");
	assert_int_equal(box.result.end, INRO_END_EXITED);
	assert_int_equal(box.result.status, 3);
	assert_int_equal(box.result.code, 3);
	assert_int_equal(box.result.signal, 0);
	assert_true(box.result.was_init);
	assert_false(box.result.by_terminal);
	assert_true(box.result.wall_ns > 0);
	assert_true(box.result.peak_memory_bytes > 0);
	box_end(&box);
}

static void killed(void **state)
{
	struct box box;
	char text[128];

	(void)state;
	start(&box, box_shell, "sleep 100");
	assert_int_equal(sys_pidfd_send_signal(box.run.pidfd, SIGKILL, NULL, 0), 0);
	assert_int_equal(box_wait(&box), 0);
	assert_int_equal(box.result.end, INRO_END_SIGNALED);
	assert_int_equal(box.result.status, 137);
	assert_int_equal(box.result.signal, SIGKILL);
	assert_int_equal(box.result.code, -1);
	inro_result_format(&box.result, text, sizeof(text));
	assert_string_equal(text, "killed by SIGKILL");
	box_end(&box);
}

static void call_abort(void *data)
{
	(void)data;
	prctl(PR_SET_DUMPABLE, 0); /* no core file */
	abort();
}

static void aborted(void **state)
{
	struct box box;
	char text[128];

	(void)state;
	run_box(&box, call_abort, NULL);
	assert_int_equal(box.result.end, INRO_END_SIGNALED);
	assert_true(box.result.signal == SIGSEGV || box.result.signal == SIGILL);
	inro_result_format(&box.result, text, sizeof(text));
	assert_non_null(strstr(text, "abort()"));
	box_end(&box);
}

static void call_reboot(void *data)
{
	/* Only ever in a PID namespace of its own. */
	if (getpid() != 1 || getppid() != 0)
		_exit(98);
	reboot(*(int *)data);
	_exit(97);
}

static void rebooted(void **state)
{
	int restart = LINUX_REBOOT_CMD_RESTART, halt = LINUX_REBOOT_CMD_POWER_OFF;
	struct box box;

	(void)state;
	run_box(&box, call_reboot, &restart);
	assert_int_equal(box.result.end, INRO_END_REBOOT);
	box_end(&box);
	run_box(&box, call_reboot, &halt);
	assert_int_equal(box.result.end, INRO_END_HALT);
	box_end(&box);
}

static void idle(void *data)
{
	(void)data;
	say_ready();
	for (;;)
		pause();
}

/* A signal that comes before anyone waits is not lost; PID 1 has no handler: the default action. */
static void dropped_signal(void **state)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct box box;

		start(&box, idle, NULL);
		await_ready();
		assert_int_equal(kill(getpid(), numbers[i]), 0);
		assert_int_equal(box_wait(&box), 0);
		assert_int_equal(box.result.end, INRO_END_INTERRUPTED);
		assert_int_equal(box.result.status, 128 + numbers[i]);
		assert_int_equal(box.result.signal, numbers[i]);
		assert_false(box.result.by_terminal);
		box_end(&box);
	}
}

static void handler(int number)
{
	_exit(number);
}

static void with_handler(void *data)
{
	int number = *(int *)data;

	signal(number, handler);
	say_ready();
	for (;;)
		pause();
}

static void caught_signal(void **state)
{
	int numbers[] = { SIGTERM, SIGUSR1, SIGRTMIN + 3, SIGWINCH };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct box box;

		start(&box, with_handler, &numbers[i]);
		await_ready();
		assert_int_equal(kill(getpid(), numbers[i]), 0);
		assert_int_equal(box_wait(&box), 0);
		assert_int_equal(box.result.end, INRO_END_EXITED);
		assert_int_equal(box.result.status, numbers[i]);
		box_end(&box);
	}
}

static void with_sigwait(void *data)
{
	sigset_t set;
	int number;

	(void)data;
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	say_ready();
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigwait(&set, &number);
	_exit(40 + number);
}

static void awaited_signal(void **state)
{
	struct box box;

	(void)state;
	start(&box, with_sigwait, NULL);
	await_ready();
	assert_int_equal(kill(getpid(), SIGINT), 0);
	assert_int_equal(box_wait(&box), 0);
	assert_int_equal(box.result.end, INRO_END_EXITED);
	assert_int_equal(box.result.status, 40 + SIGINT);
	box_end(&box);
}

/* It said that it does not want SIGTERM; SIGINT, which follows, is another matter. */
static void ignoring(void *data)
{
	(void)data;
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, handler);
	say_ready();
	for (;;)
		pause();
}

static void ignored_signal(void **state)
{
	struct box box;

	(void)state;
	start(&box, ignoring, NULL);
	await_ready();
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(kill(getpid(), SIGINT), 0);
	assert_int_equal(box_wait(&box), 0);
	assert_int_equal(box.result.end, INRO_END_EXITED);
	assert_int_equal(box.result.status, SIGINT);
	box_end(&box);
}

static int time_is_over(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	(void)loop, (void)source, (void)events;
	return run_end(data, INRO_END_TIMED_OUT, SIGTERM, 20000000);
}

static void stubborn_handler(int number)
{
	(void)number;
}

static void stubborn(void *data)
{
	(void)data;
	signal(SIGTERM, stubborn_handler);
	say_ready();
	for (;;)
		pause();
}

static void ended_by_limit(void **state)
{
	struct box box;

	(void)state;
	start(&box, stubborn, NULL);
	await_ready();
	assert_int_equal(loop_add_timer(box.run.loop, 1000000, time_is_over, &box.run, NULL), 0);
	assert_int_equal(box_wait(&box), 0);
	assert_int_equal(box.result.end, INRO_END_TIMED_OUT);
	assert_int_equal(box.result.status, 124);
	assert_int_equal(box.result.signal, SIGKILL);
	box_end(&box);
}

/* Its output may still have to be taken; how it ended is certain. */
static void no_limit_after_the_end(void **state)
{
	struct inro_result result = { .end = INRO_END_EXITED };
	struct supervisor supervisor = { .ended = true };
	struct run run = { .pidfd = -EBADF, .result = &result, .supervisor = &supervisor };

	(void)state;
	assert_int_equal(run_end(&run, INRO_END_TIMED_OUT, SIGTERM, 0), 0);
	assert_int_equal(result.end, INRO_END_EXITED);
	assert_false(run.ending);
}

/* A caller that ignores SIGCHLD would make the kernel forget the status. */
static void children_ignored(void **state)
{
	struct sigaction action;
	struct box box;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	run_box(&box, box_shell, "exit 5");
	assert_int_equal(box.result.status, 5);
	box_end(&box);
	sigaction(SIGCHLD, NULL, &action);
	assert_ptr_equal(action.sa_handler, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

static void reaped_by_another(void **state)
{
	struct box box;
	int status, r;

	(void)state;
	start(&box, box_shell, "exit 6");
	assert_int_equal(waitpid(box.run.pid, &status, 0), box.run.pid);
	r = box_wait(&box);
	if (r == -ECHILD) {
		print_message("skipped: this kernel's pidfds do not tell how a reaped process ended (6.15)\n");
		box_end(&box);
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(box.result.status, 6);
	box_end(&box);
}

/* A process enters the container, and whoever brought it there dies: it becomes our child. */
static int inject(struct box *box)
{
	pid_t bringer = fork();

	if (bringer == 0) {
		if (setns(box->run.pidfd, CLONE_NEWUSER) < 0 || setns(box->run.pidfd, CLONE_NEWPID) < 0)
			_exit(1);
		if (fork() == 0) {
			say_ready();
			for (;;)
				pause();
		}
		await_ready();
		_exit(0);
	}
	return bringer;
}

static int reaper_main(void)
{
	struct box box;
	int status;
	pid_t bringer;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (box_init(&box, TTY_NONE) < 0 || box_start(&box, box_shell, "exec sleep 100") < 0)
		return 2;
	bringer = inject(&box);
	if (waitpid(bringer, &status, 0) != bringer || status != 0)
		return 3;
	if (sys_pidfd_send_signal(box.run.pidfd, SIGKILL, NULL, 0) < 0)
		return 4;
	if (box_wait(&box) < 0 || box.result.status != 137)
		return 5;
	box_end(&box);
	return 0;
}

/* The kernel holds the end of PID 1 back until the one that was brought in is reaped. */
static void no_reaping_deadlock(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(reaper_main());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void nap(void *data)
{
	(void)data;
	usleep(200000);
	_exit(8);
}

/* Stopped as a job: the container stands still, and goes on with inro. */
static int job_main(void)
{
	struct box box;

	setpgid(0, 0); /* not orphaned: its parent is of the same session */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (box_init(&box, TTY_NONE) < 0 || box_start(&box, nap, NULL) < 0)
		return 2;
	if (write(ready[1], &box.run.pid, sizeof(box.run.pid)) < 0)
		return 3;
	if (box_wait(&box) < 0)
		return 4;
	box_end(&box);
	return box.result.status;
}

static char state_of(pid_t pid)
{
	char path[64], text[512] = "", *at;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	at = strrchr(text, ')');
	return at[2];
}

static void stopped_job(void **state)
{
	pid_t pid, inner;
	int status;

	(void)state;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(job_main());
	assert_int_equal(read(ready[0], &inner, sizeof(inner)), sizeof(inner));
	assert_int_equal(kill(pid, SIGTSTP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(WSTOPSIG(status), SIGTSTP);
	/* A stop is taken by the process itself, when it next runs. */
	for (int tries = 0; tries < 1000 && state_of(inner) != 'T'; tries++)
		usleep(1000);
	assert_int_equal(state_of(inner), 'T');
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 8);
}

static int setup(void **state)
{
	(void)state;
	return pipe2(ready, O_CLOEXEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exited),
		cmocka_unit_test(killed),
		cmocka_unit_test(aborted),
		cmocka_unit_test(rebooted),
		cmocka_unit_test(dropped_signal),
		cmocka_unit_test(caught_signal),
		cmocka_unit_test(awaited_signal),
		cmocka_unit_test(ignored_signal),
		cmocka_unit_test(ended_by_limit),
		cmocka_unit_test(children_ignored),
		cmocka_unit_test(no_limit_after_the_end),
		cmocka_unit_test(reaped_by_another),
		cmocka_unit_test(no_reaping_deadlock),
		cmocka_unit_test(stopped_job),
	};

	return cmocka_run_group_tests_name("engine/supervise", tests, setup, NULL);
}
