/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_NS_CHILD_H
#define TEST_NS_CHILD_H

/*
 * Children of tests, in namespaces of their own. Include after <cmocka.h>.
 */

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/syscalls.h"

/* fork with clone flags; ends with its parent. */
static inline pid_t child_fork(uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&args, sizeof(args));

	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* A child that prepares itself (PREPARE may be NULL), says so, and waits to be killed. */
static inline pid_t child_spawn(uint64_t flags, void (*prepare)(void))
{
	char byte;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = child_fork(flags);
	assert_true(pid >= 0);
	if (pid == 0) {
		if (prepare)
			prepare();
		if (write(fds[1], "", 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	return pid;
}

static inline void child_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The exit status of a child that checks something (asserts work in the parent only). */
static inline int child_result(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Turn an ordinary user, for good. Only in a child. */
static inline void child_drop_root(void)
{
	sys_setgroups(0, NULL);
	sys_setresgid(65534);
	sys_setresuid(65534);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* What changed its ids is not dumpable, which would hide its own links from itself. */
	prctl(PR_SET_DUMPABLE, 1);
}

#endif
