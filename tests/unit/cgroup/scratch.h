/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_CGROUP_SCRATCH_H
#define TEST_CGROUP_SCRATCH_H

/*
 * Groups of the tests' own, below the caller's: "inro-test-PID" in the hierarchies that are there.
 * Include after <cmocka.h>.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../ns_child.h"
#include "base/fd.h"
#include "cgroup/controller.h"
#include "cgroup/detect.h"
#include "cgroup/dir.h"
#include "cgroup/v1.h"
#include "cgroup/v2.h"
#include "kernel/constants.h"

/* A skip tells its reason. */
#define skip_because(reason)                       \
	do {                                       \
		print_message("skipped: %s\n", reason); \
		skip();                            \
	} while (0)

static struct cgroup_facts scratch_facts;
static struct arena scratch_arena;
static char scratch_name[32];

static inline int scratch_setup(void **state)
{
	(void)state;
	snprintf(scratch_name, sizeof(scratch_name), "inro-test-%d", getpid());
	return cgroup_facts_gather(&scratch_facts, &scratch_arena, NULL);
}

static inline int scratch_teardown(void **state)
{
	(void)state;
	arena_deinit(&scratch_arena);
	return 0;
}

/* The caller's own group: of v2 (CONTROLLER negative) or of the v1 hierarchy of a controller. */
static inline int scratch_own(int controller)
{
	cleanup_close int mount_fd = -EBADF;

	if (controller < 0) {
		if (!scratch_facts.own_path || !scratch_facts.own_writable)
			return -EBADF;
		mount_fd = cgroup_open_mount(scratch_facts.mount, true);
		return cgroup_open_below(mount_fd, scratch_facts.own_path);
	}
	for (size_t i = 0; i < scratch_facts.n_v1; i++) {
		const struct cgroup_v1 *v1 = &scratch_facts.v1[i];

		if (!v1->writable || !(cgroup_controllers_parse(v1->controllers) & CGROUP_BIT(controller)))
			continue;
		mount_fd = cgroup_open_mount(v1->mount, false);
		return cgroup_open_below(mount_fd, v1->own_path);
	}
	return -EBADF;
}

/* A group in it; skips the test where there is no such hierarchy (or it is not ours to write). */
static inline int scratch_make(int controller)
{
	cleanup_close int own = scratch_own(controller);
	int fd;

	if (own < 0)
		skip_because(controller < 0 ? "no cgroup v2 group that this user may write" :
					      "no cgroup v1 hierarchy that this user may write");
	fd = cgroup_make(own, scratch_name);
	assert_true(fd >= 0);
	return fd;
}

static inline void scratch_remove(int controller, int fd)
{
	cleanup_close int own = scratch_own(controller);
	int r = -EBUSY;

	for (int i = 0; r == -EBUSY && i < 500; i++) {
		r = cgroup_remove(own, scratch_name);
		poll(NULL, 0, r == -EBUSY ? 2 : 0);
	}
	assert_int_equal(r, 0);
	fd_close(fd);
}

/* A child that is born in the v2 group (or placed in the v1 group), then forks N more, and waits. */
static inline pid_t scratch_spawn(int fd, bool v2, int n)
{
	struct clone_args args = { .flags = v2 ? CLONE_INTO_CGROUP : 0,
				   .exit_signal = SIGCHLD,
				   .cgroup = v2 ? (uint64_t)fd : 0 };
	int go[2], ready[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(ready), 0);
	pid = sys_clone3(&args, v2 ? sizeof(args) : CLONE_ARGS_SIZE_VER0);
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		for (int i = 0; i < n; i++)
			if (fork() == 0)
				break;
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (!v2)
		assert_int_equal(cgroup1_add(fd, pid), 0);
	assert_int_equal(write(go[1], "", 1), 1);
	for (int i = 0; i <= n; i++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(ready[i]);
	}
	return pid;
}

static inline void scratch_assert_killed(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

#endif
