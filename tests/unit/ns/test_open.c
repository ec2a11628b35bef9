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
#include <sys/stat.h>

#include "../ns_child.h"
#include "../old_kernel.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "inro/error.h"
#include "ns/open.h"

#define NEEDS_ROOT()                                   \
	do {                                           \
		if (geteuid() != 0)                    \
			skip_because("needs CAP_SYS_ADMIN"); \
	} while (0)

static ino_t ino_of_link(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

/* Every kind, by every way, is the one that the link in /proc shows. */
static void every_kind_by_every_way(void **state)
{
	cleanup_close int proc_fd = procfs_open(), dir = procfs_open_pid(proc_fd, getpid());
	cleanup_close int pidfd = sys_pidfd_open(getpid(), 0);

	(void)state;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		char path[64];
		int fds[4];

		snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_kind_name(kind));
		fds[0] = ns_open_self(kind, 0, NULL);
		fds[1] = ns_open_pidfd(pidfd, kind, 0, NULL);
		fds[2] = ns_open_proc_dir(dir, kind, 0, NULL);
		fds[3] = ns_open_path(AT_FDCWD, path, NULL, NULL);
		for (int i = 0; i < 4; i++) {
			struct ns_id id;

			assert_true(fds[i] >= 0);
			assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
			assert_int_equal(ns_fd_check(fds[i], kind), 0);
			assert_int_equal(ns_fd_id(fds[i], &id), 0);
			assert_int_equal(id.ino, ino_of_link(getpid(), ns_kind_name(kind)));
			assert_int_equal(ns_same(fds[0], fds[i]), 1);
			assert_int_equal(ns_fd_check(fds[i], (kind + 1) % NS_KINDS), -EINVAL);
		}
		for (int i = 0; i < 4; i++)
			fd_close(fds[i]);
	}
}

static void a_child_in_its_own(void **state)
{
	cleanup_close int pidfd = -EBADF, ours = -EBADF, theirs = -EBADF, shared = -EBADF;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_spawn(CLONE_NEWUTS, NULL);
	pidfd = sys_pidfd_open(pid, 0);
	ours = ns_open_self(NS_UTS, 0, NULL);
	theirs = ns_open_pidfd(pidfd, NS_UTS, 0, NULL);
	assert_int_equal(ns_same(ours, theirs), 0);
	shared = ns_open_pidfd(pidfd, NS_NET, 0, NULL);
	fd_close_ptr(&ours);
	ours = ns_open_self(NS_NET, 0, NULL);
	assert_int_equal(ns_same(ours, shared), 1);
	child_end(pid);
}

static void zombies_and_the_gone(void **state)
{
	cleanup_close int proc_fd = procfs_open(), pidfd = -EBADF, dir = -EBADF;
	struct inro_error error = { 0 };
	pid_t pid = child_spawn(0, NULL);

	(void)state;
	pidfd = sys_pidfd_open(pid, 0);
	dir = procfs_open_pid(proc_fd, pid);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal(ns_open_pidfd(pidfd, NS_UTS, 0, &error), -ESRCH);
	assert_non_null(strstr(error.why, "zombie"));
	assert_int_equal(ns_open_proc_dir(dir, NS_UTS, 0, NULL), -ESRCH);
	child_end(pid);
	assert_int_equal(ns_open_pidfd(pidfd, NS_UTS, 0, NULL), -ESRCH);
	assert_int_equal(ns_open_proc_dir(dir, NS_UTS, 0, NULL), -ESRCH);
}

/* An ordinary user may not see root's; it is told who may. */
static void denied(void **state)
{
	cleanup_close int proc_fd = procfs_open(), dir = procfs_open_pid(proc_fd, getpid());
	cleanup_close int pidfd = sys_pidfd_open(getpid(), 0);
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_fork(0);
	if (pid == 0) {
		struct inro_error error = { 0 };

		child_drop_root();
		if (ns_open_pidfd(pidfd, NS_NET, 0, &error) != -EACCES || !strstr(error.hint, "root") ||
		    error.kind != INRO_ERROR_DENIED)
			_exit(1);
		if (ns_open_proc_dir(dir, NS_NET, 0, NULL) != -EACCES)
			_exit(2);
		if (ns_open_self(NS_NET, 0, NULL) < 0)
			_exit(3);
		_exit(0);
	}
	assert_int_equal(child_result(pid), 0);
}

static void *in_a_thread(void *ok)
{
	cleanup_close int fd = -EBADF;

	if (unshare(CLONE_NEWUTS) == 0) {
		struct stat st;
		struct ns_id id;

		fd = ns_open_self(NS_UTS, 0, NULL);
		*(bool *)ok = ns_fd_id(fd, &id) == 0 && stat("/proc/thread-self/ns/uts", &st) == 0 &&
			      id.ino == st.st_ino && id.ino != ino_of_link(getpid(), "uts");
	}
	return NULL;
}

static void self_is_the_thread(void **state)
{
	bool ok = false;
	pthread_t thread;

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(pthread_create(&thread, NULL, in_a_thread, &ok), 0);
	pthread_join(thread, NULL);
	assert_true(ok);
}

static void for_children(void **state)
{
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_fork(0);
	if (pid == 0) {
		int own, children, r;

		if (unshare(CLONE_NEWPID) < 0)
			_exit(1);
		own = ns_open_self(NS_PID, 0, NULL);
		children = ns_open_self(NS_PID, NS_OPEN_FOR_CHILDREN, NULL);
		/* Before 6.11 there is nothing to open until the first child was born. */
		r = children < 0 ? children : ns_same(own, children);
		_exit(r == 0 || r == -ENOENT ? 0 : 2);
	}
	assert_int_equal(child_result(pid), 0);
}

static void not_a_namespace(void **state)
{
	static const char *const paths[] = { "/dev/null", "/proc/self/exe", "/proc/self/status", "/" };
	struct inro_error error = { 0 };
	enum ns_kind kind = NS_KINDS;

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(ns_open_path(AT_FDCWD, paths[i], &kind, &error), -EINVAL);
		assert_string_equal(error.object, paths[i]);
	}
	assert_int_equal(ns_open_path(AT_FDCWD, "/nonexistent/net", &kind, &error), -ENOENT);
	assert_int_equal(ns_fd_kind(-1, &kind), -EBADF);
	assert_int_equal(kind, NS_KINDS);
}

static void parents_and_owners(void **state)
{
	cleanup_close int own = ns_open_self(NS_PID, 0, NULL), own_user = ns_open_self(NS_USER, 0, NULL);
	cleanup_close int uts = ns_open_self(NS_UTS, 0, NULL);
	cleanup_close int pidfd = -EBADF, child = -EBADF, parent = -EBADF, owner = -EBADF;
	struct inro_error error = { 0 };
	uid_t uid;
	pid_t pid;

	(void)state;
	assert_int_equal(ns_parent(uts, &error), -EINVAL);
	assert_non_null(strstr(error.why, "uts"));
	assert_int_equal(ns_parent(own, &error), -EPERM);
	assert_true(strstr(error.why, "first of the host") || strstr(error.why, "out of sight"));
	NEEDS_ROOT();
	pid = child_spawn(CLONE_NEWUSER | CLONE_NEWPID, NULL);
	pidfd = sys_pidfd_open(pid, 0);
	child = ns_open_pidfd(pidfd, NS_PID, 0, NULL);
	parent = ns_parent(child, NULL);
	assert_int_equal(ns_same(parent, own), 1);
	owner = ns_userns(child, NULL);
	assert_int_equal(ns_fd_check(owner, NS_USER), 0);
	assert_int_equal(ns_same(owner, own_user), 0);
	assert_int_equal(ns_owner_uid(owner, &uid, NULL), 0);
	assert_int_equal(uid, geteuid());
	assert_int_equal(ns_owner_uid(child, &uid, NULL), -EINVAL);
	fd_close_ptr(&parent);
	parent = ns_parent(owner, NULL);
	assert_int_equal(ns_same(parent, own_user), 1);
	child_end(pid);
}

/* Without what 6.9 and 6.11 brought, all is the same by way of procfs. */
static int open_by_procfs(pid_t zombie)
{
	int pidfd = sys_pidfd_open(getpid(), 0), zombie_fd = sys_pidfd_open(zombie, 0);

	old_kernel();
	if (sys_pidfd_open(gettid(), PIDFD_THREAD) != -EINVAL)
		return 1;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		int self = ns_open_self(kind, 0, NULL), by_pidfd = ns_open_pidfd(pidfd, kind, 0, NULL);
		struct ns_id id;

		if (ns_fd_check(by_pidfd, kind) < 0 || ns_same(self, by_pidfd) != 1)
			return 10 + (int)kind;
		if (ns_fd_id(self, &id) < 0 || id.ino != ino_of_link(getpid(), ns_kind_name(kind)) || id.unique)
			return 20 + (int)kind;
	}
	return ns_open_pidfd(zombie_fd, NS_UTS, 0, NULL) == -ESRCH ? 0 : 2;
}

/* This kernel has them all; adverse.bats has one that lacks some. */
static void none_is_absent(void **state)
{
	struct inro_error error = { 0 };

	(void)state;
	assert_int_equal(ns_kinds_absent(NS_ALL), 0);
	assert_false(ns_explain_absent(&error, NS_ALL));
	assert_string_equal(error.hint, "");
}

static void on_an_old_kernel(void **state)
{
	pid_t zombie = child_spawn(0, NULL), pid;

	(void)state;
	kill(zombie, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)zombie, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	pid = child_fork(0);
	if (pid == 0)
		_exit(open_by_procfs(zombie));
	assert_int_equal(child_result(pid), 0);
	child_end(zombie);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_by_every_way), cmocka_unit_test(a_child_in_its_own),
		cmocka_unit_test(zombies_and_the_gone),    cmocka_unit_test(denied),
		cmocka_unit_test(self_is_the_thread),      cmocka_unit_test(for_children),
		cmocka_unit_test(not_a_namespace),         cmocka_unit_test(parents_and_owners),
		cmocka_unit_test(on_an_old_kernel),	     cmocka_unit_test(none_is_absent),
	};

	return cmocka_run_group_tests_name("ns/open", tests, NULL, NULL);
}
