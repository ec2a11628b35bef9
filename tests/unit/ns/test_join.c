/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../ns_child.h"
#include "base/fd.h"
#include "inro/error.h"
#include "ns/join.h"
#include "ns/open.h"

#define NEEDS_ROOT()                                      \
	do {                                              \
		if (geteuid() != 0)                       \
			skip_because("needs CAP_SYS_ADMIN"); \
	} while (0)

#define ALL_BUT_TIME (NS_ALL & ~NS_BIT(NS_TIME))

/* Is the caller in the same namespaces of KINDS as the process? Its PID namespace is that for children. */
static bool is_in(int pidfd, unsigned kinds)
{
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		cleanup_close int own = -EBADF, theirs = -EBADF;

		if (!(kinds & NS_BIT(kind)))
			continue;
		own = ns_open_self(kind, kind == NS_PID ? NS_OPEN_FOR_CHILDREN : 0, NULL);
		theirs = ns_open_pidfd(pidfd, kind, 0, NULL);
		if (ns_same(own, theirs) != 1)
			return false;
	}
	return true;
}

/* Run CHECK in a child; its result must be 0. */
static void in_child(uint64_t flags, int (*check)(int), int argument)
{
	pid_t pid = child_fork(flags);

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check(argument));
	assert_int_equal(child_result(pid), 0);
}

static int join_everything(int pidfd)
{
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;
	struct inro_error error = { 0 };

	if (ns_join_add_pidfd(&join, pidfd, NS_ALL, &error) < 0)
		return 1;
	if (ns_join_prepare(&join, &error) < 0)
		return 2;
	if (join.kinds != ALL_BUT_TIME) /* the time namespace is the same */
		return 3;
	if (ns_join_now(&join, NS_ALL, &error) < 0)
		return 4;
	return is_in(pidfd, ALL_BUT_TIME) ? 0 : 5;
}

static void one_process_as_root(void **state)
{
	cleanup_close int pidfd = -EBADF;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_spawn(ns_kinds_to_flags(ALL_BUT_TIME), NULL);
	pidfd = sys_pidfd_open(pid, 0);
	in_child(0, join_everything, pidfd);
	child_end(pid);
}

/* The same without the pidfd, by single calls: what is outside first, then the user namespace. */
static int join_by_fds(int pidfd)
{
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;
	enum ns_kind kind;

	for (kind = 0; kind < NS_KINDS; kind++) {
		int fd = ns_open_pidfd(pidfd, kind, 0, NULL);

		if (fd < 0 || ns_join_add_fd(&join, kind, fd, NULL) < 0)
			return 1;
	}
	if (join.group_kinds || ns_join_prepare(&join, NULL) < 0)
		return 2;
	if (ns_join_prepared(&join, NS_ALL, &kind) < 0)
		return 20 + (int)kind;
	return is_in(pidfd, ALL_BUT_TIME) ? 0 : 3;
}

static void descriptors_as_root(void **state)
{
	cleanup_close int pidfd = -EBADF;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_spawn(ns_kinds_to_flags(ALL_BUT_TIME), NULL);
	pidfd = sys_pidfd_open(pid, 0);
	in_child(0, join_by_fds, pidfd);
	child_end(pid);
	/* A user namespace alone, and all but it. */
	pid = child_spawn(CLONE_NEWUTS | CLONE_NEWNET, NULL);
	fd_close_ptr(&pidfd);
	pidfd = sys_pidfd_open(pid, 0);
	in_child(0, join_by_fds, pidfd);
	child_end(pid);
}

/* What an ordinary user may: all that its own user namespace owns, with it, in one call or several. */
static int as_ordinary_user(int unused_argument)
{
	cleanup_close int pidfd = -EBADF;
	pid_t target, pid;
	int r = 0;

	(void)unused_argument;
	child_drop_root();
	target = child_fork(ns_kinds_to_flags(ALL_BUT_TIME));
	if (target < 0)
		return 77;
	if (target == 0)
		for (;;)
			pause();
	pidfd = sys_pidfd_open(target, 0);
	for (int way = 0; way < 2 && r == 0; way++) {
		pid = child_fork(0);
		if (pid == 0)
			_exit(way ? join_by_fds(pidfd) : join_everything(pidfd));
		r = child_result(pid);
	}
	child_end(target);
	return r;
}

static void ordinary_user(void **state)
{
	pid_t pid = child_fork(0);
	int r;

	(void)state;
	if (pid == 0)
		_exit(as_ordinary_user(0));
	r = child_result(pid);
	if (r == 77)
		skip_because("this host forbids user namespaces to ordinary users");
	assert_int_equal(r, 0);
}

static int join_uts_denied(int pidfd)
{
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;
	struct inro_error error = { 0 };

	if (ns_join_add_pidfd(&join, pidfd, NS_BIT(NS_UTS), NULL) < 0)
		return 1;
	child_drop_root();
	if (ns_join_prepare(&join, NULL) < 0)
		return 2;
	if (ns_join_now(&join, NS_ALL, &error) != -EPERM)
		return 3;
	return error.kind == INRO_ERROR_DENIED && strstr(error.hint, "user namespace") ? 0 : 4;
}

static void denied(void **state)
{
	cleanup_close int pidfd = -EBADF;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_spawn(CLONE_NEWUTS, NULL);
	pidfd = sys_pidfd_open(pid, 0);
	in_child(0, join_uts_denied, pidfd);
	child_end(pid);
}

/* Nothing to do for what one is in: an ordinary user may "join" it. */
static void own_are_left_away(void **state)
{
	cleanup_close int pidfd = sys_pidfd_open(getpid(), 0);
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;

	(void)state;
	assert_int_equal(ns_join_add_pidfd(&join, pidfd, NS_ALL, NULL), 0);
	assert_int_equal(ns_join_prepare(&join, NULL), 0);
	assert_int_equal(join.kinds, 0);
	assert_int_equal(join.group_kinds, 0);
	assert_int_equal(ns_join_prepared(&join, NS_ALL, NULL), 0);
}

static void masks_and_groups(void **state)
{
	cleanup_close int a = -EBADF, b = -EBADF, again = -EBADF;
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;
	pid_t pid_a, pid_b;

	(void)state;
	NEEDS_ROOT();
	pid_a = child_spawn(CLONE_NEWUTS | CLONE_NEWNET, NULL);
	pid_b = child_spawn(CLONE_NEWIPC, NULL);
	a = sys_pidfd_open(pid_a, 0);
	b = sys_pidfd_open(pid_b, 0);
	assert_int_equal(ns_join_add_pidfd(&join, a, NS_BIT(NS_UTS) | NS_BIT(NS_NET), NULL), 0);
	assert_int_equal(ns_join_add_pidfd(&join, b, NS_BIT(NS_IPC), NULL), 0);
	assert_int_equal(join.kinds, NS_BIT(NS_UTS) | NS_BIT(NS_NET) | NS_BIT(NS_IPC));
	assert_int_equal(join.group_kinds, NS_BIT(NS_UTS) | NS_BIT(NS_NET));
	/* Another pidfd of the same process belongs to its group. */
	again = sys_pidfd_open(pid_a, 0);
	assert_int_equal(ns_join_add_pidfd(&join, again, NS_BIT(NS_CGROUP), NULL), 0);
	assert_int_equal(join.group_kinds, NS_BIT(NS_UTS) | NS_BIT(NS_NET) | NS_BIT(NS_CGROUP));
	/* A later source of the same kind counts. */
	assert_int_equal(ns_join_add_pidfd(&join, b, NS_BIT(NS_UTS), NULL), 0);
	assert_int_equal(join.group_kinds, NS_BIT(NS_NET) | NS_BIT(NS_CGROUP));
	assert_int_equal(ns_join_add_fd(&join, NS_NET, ns_open_self(NS_UTS, 0, NULL), NULL), -EINVAL);
	assert_int_equal(ns_join_prepare(&join, NULL), 0);
	assert_int_equal(join.kinds, NS_BIT(NS_NET) | NS_BIT(NS_IPC));
	pid_t pid = child_fork(0);
	if (pid == 0) {
		if (ns_join_prepared(&join, NS_BIT(NS_IPC), NULL) < 0 || !is_in(b, NS_BIT(NS_IPC)) ||
		    is_in(a, NS_BIT(NS_NET)))
			_exit(1);
		if (ns_join_prepared(&join, NS_BIT(NS_NET), NULL) < 0 || !is_in(a, NS_BIT(NS_NET)))
			_exit(2);
		_exit(0);
	}
	assert_int_equal(child_result(pid), 0);
	child_end(pid_a);
	child_end(pid_b);
}

/* There and back, so that a child is born there. */
static int for_a_while(int pidfd)
{
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL, back = NS_JOIN_NULL;
	unsigned kinds = NS_BIT(NS_UTS) | NS_BIT(NS_PID);
	int self = sys_pidfd_open(getpid(), 0);
	pid_t pid;

	if (ns_join_add_pidfd(&join, pidfd, kinds, NULL) < 0 || ns_join_add_self(&back, kinds, NULL) < 0)
		return 1;
	if (ns_join_prepare(&join, NULL) < 0 || ns_join_now(&join, NS_ALL, NULL) < 0)
		return 2;
	pid = child_fork(0);
	if (pid == 0)
		_exit(is_in(pidfd, NS_BIT(NS_UTS)) && getpid() == 2 ? 0 : 3);
	if (child_result(pid) != 0)
		return 4;
	if (ns_join_prepared(&back, NS_ALL, NULL) < 0)
		return 5;
	return is_in(self, kinds) && !is_in(pidfd, kinds) ? 0 : 6;
}

static void there_and_back(void **state)
{
	cleanup_close int pidfd = -EBADF;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_spawn(CLONE_NEWUTS | CLONE_NEWPID, NULL);
	pidfd = sys_pidfd_open(pid, 0);
	in_child(0, for_a_while, pidfd);
	child_end(pid);
}

/* As the owner: user and PID namespace joined, UTS and mount namespace new and owned by the former. */
static int clone_inside(int unused_argument)
{
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;
	int target_fd, pidfd = -1, self;
	struct clone_args args = {
		.flags = CLONE_NEWUTS | CLONE_NEWNS | CLONE_PIDFD,
		.exit_signal = SIGCHLD,
		.pidfd = (uintptr_t)&pidfd,
	};
	enum ns_kind kind;
	pid_t target, pid;
	int r;

	(void)unused_argument;
	self = sys_pidfd_open(getpid(), 0);
	child_drop_root();
	target = child_fork(CLONE_NEWUSER | CLONE_NEWPID);
	if (target < 0)
		return 77;
	if (target == 0)
		for (;;)
			pause();
	target_fd = sys_pidfd_open(target, 0);
	if (ns_join_add_pidfd(&join, target_fd, NS_BIT(NS_USER) | NS_BIT(NS_PID), NULL) < 0 ||
	    ns_join_prepare(&join, NULL) < 0)
		return 1;
	pid = ns_join_clone(&join, &args, &kind);
	if (pid == 0) {
		if (getpid() != 2 || getppid() != 0 || !is_in(target_fd, NS_BIT(NS_USER)))
			_exit(1);
		_exit(sethostname("inside", 6) == 0 ? 42 : 2);
	}
	if (pid < 0)
		return 2;
	if (!is_in(self, NS_ALL))
		return 3; /* the caller joined nothing */
	/* It is a child of ours, and there is no other but the target. */
	siginfo_t info = { 0 };
	if (sys_waitid_pidfd(pidfd, &info, WEXITED, NULL) < 0 || info.si_pid != pid || info.si_status != 42)
		return 4;
	r = waitpid(-1, NULL, WNOHANG);
	child_end(target);
	if (r != 0)
		return 5;
	/* The target has ended, and with it its PID namespace. */
	if (ns_join_clone(&join, &args, &kind) != -ENOMEM || kind != NS_KINDS)
		return 6;
	return 0;
}

static void clone_from_inside(void **state)
{
	pid_t pid = child_fork(0);
	int r;

	(void)state;
	if (pid == 0)
		_exit(clone_inside(0));
	r = child_result(pid);
	if (r == 77)
		skip_because("this host forbids user namespaces to ordinary users");
	assert_int_equal(r, 0);
}

static int clone_denied(int pidfd)
{
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;
	struct clone_args args = { .exit_signal = SIGCHLD };
	enum ns_kind kind = NS_USER;

	if (ns_join_add_pidfd(&join, pidfd, NS_BIT(NS_UTS), NULL) < 0)
		return 1;
	child_drop_root();
	return ns_join_clone(&join, &args, &kind) == -EPERM && kind == NS_UTS &&
			       waitpid(-1, NULL, 0) < 0 ? 0 : 2;
}

static void clone_is_denied(void **state)
{
	cleanup_close int pidfd = -EBADF;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_spawn(CLONE_NEWUTS, NULL);
	pidfd = sys_pidfd_open(pid, 0);
	in_child(0, clone_denied, pidfd);
	child_end(pid);
}

static void pid_states(void **state)
{
	cleanup_close int own = ns_open_self(NS_PID, 0, NULL), fd = -EBADF, pidfd = -EBADF;
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;
	struct inro_error error = { 0 };
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(ns_pid_state(own), NS_PID_ALIVE);
	pid = child_spawn(CLONE_NEWPID, NULL);
	pidfd = sys_pidfd_open(pid, 0);
	fd = ns_open_pidfd(pidfd, NS_PID, 0, NULL);
	assert_int_equal(ns_pid_state(fd), NS_PID_ALIVE);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal(ns_pid_state(fd), NS_PID_DEAD); /* a zombie */
	child_end(pid);
	assert_int_equal(ns_pid_state(fd), NS_PID_DEAD);
	assert_int_equal(waitpid(-1, NULL, __WALL), -1); /* the probe left no child */
	assert_int_equal(ns_join_add_fd(&join, NS_PID, take_fd(&fd), NULL), 0);
	assert_int_equal(ns_join_prepare(&join, &error), -ESRCH);
	assert_non_null(strstr(error.why, "PID 1 has ended"));
}

/* ASKER: 0 the process that has it for its children, 1 another one. */
static int unborn(int asker)
{
	int fd, own;
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0)
		return 1;
	fd = ns_open_self(NS_PID, NS_OPEN_FOR_CHILDREN, NULL);
	if (fd == -ENOENT)
		return 77;
	own = ns_open_self(NS_PID, 0, NULL);
	if (asker == 1 && setns(own, CLONE_NEWPID) < 0)
		return 2;
	if (ns_pid_state(fd) != NS_PID_UNBORN)
		return 3;
	/* The probe did not take the place of PID 1. */
	if (setns(fd, CLONE_NEWPID) < 0)
		return 4;
	pid = child_fork(0);
	if (pid == 0)
		_exit(getpid() == 1 ? 0 : 5);
	if (child_result(pid) != 0)
		return 6;
	if (asker == 1 && setns(own, CLONE_NEWPID) < 0)
		return 7;
	return ns_pid_state(fd) == NS_PID_DEAD ? 0 : 8;
}

static void unborn_pid_namespace(void **state)
{
	(void)state;
	NEEDS_ROOT();
	for (int asker = 0; asker < 2; asker++) {
		pid_t pid = child_fork(0);
		int r;

		if (pid == 0)
			_exit(unborn(asker));
		r = child_result(pid);
		if (r == 77)
			skip_because("such a namespace can be opened since Linux 6.11");
		assert_int_equal(r, 0);
	}
}

static int join_upwards(int pidfd)
{
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;
	struct inro_error error = { 0 };

	if (ns_join_add_pidfd(&join, pidfd, NS_BIT(NS_PID), NULL) < 0)
		return 1;
	if (ns_join_prepare(&join, &error) != -EINVAL)
		return 2;
	return strstr(error.why, "inside of it") ? 0 : 3;
}

static void a_pid_namespace_above(void **state)
{
	cleanup_close int pidfd = sys_pidfd_open(getpid(), 0);

	(void)state;
	NEEDS_ROOT();
	in_child(CLONE_NEWPID, join_upwards, pidfd);
}

static void *wait_for_ever(void *unused_argument)
{
	(void)unused_argument;
	for (;;)
		pause();
	return NULL;
}

static int join_with_threads(int pidfd)
{
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;
	struct inro_error error = { 0 };
	pthread_t thread;

	if (ns_join_add_pidfd(&join, pidfd, NS_BIT(NS_USER), NULL) < 0)
		return 1;
	if (ns_join_prepare(&join, NULL) < 0 || pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
		return 2;
	if (ns_join_now(&join, NS_ALL, &error) != -EINVAL)
		return 3;
	return strstr(error.why, "single thread") ? 0 : 4;
}

static void threads(void **state)
{
	cleanup_close int pidfd = -EBADF;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_spawn(CLONE_NEWUSER, NULL);
	pidfd = sys_pidfd_open(pid, 0);
	in_child(0, join_with_threads, pidfd);
	child_end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_process_as_root),   cmocka_unit_test(descriptors_as_root),
		cmocka_unit_test(ordinary_user),         cmocka_unit_test(denied),
		cmocka_unit_test(own_are_left_away),     cmocka_unit_test(masks_and_groups),
		cmocka_unit_test(pid_states),            cmocka_unit_test(unborn_pid_namespace),
		cmocka_unit_test(a_pid_namespace_above), cmocka_unit_test(threads),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(clone_from_inside),
		cmocka_unit_test(clone_is_denied),
	};

	return cmocka_run_group_tests_name("ns/join", tests, NULL, NULL);
}
