/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../ns_child.h"
#include "base/fd.h"
#include "inro/error.h"
#include "ns/find.h"
#include "ns/open.h"

static void own_of_every_kind(void **state)
{
	(void)state;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		cleanup_close int own = ns_open_self(kind, 0, NULL), found = -EBADF;
		enum ns_kind found_kind;
		struct ns_id id;

		assert_int_equal(ns_fd_id(own, &id), 0);
		found = ns_find(NS_ALL, id.ino, &found_kind, NULL);
		assert_true(found >= 0);
		assert_int_equal(found_kind, kind);
		assert_int_equal(ns_same(own, found), 1);
		/* Of another kind there is none with that number. */
		assert_int_equal(ns_find(NS_ALL & ~NS_BIT(kind), id.ino, &found_kind, NULL), -ENOENT);
	}
}

static void nothing_holds_it(void **state)
{
	struct inro_error error = { 0 };
	enum ns_kind kind;

	(void)state;
	assert_int_equal(ns_find(NS_BIT(NS_UTS), 1, &kind, &error), -ENOENT);
	assert_string_equal(error.object, "1");
	assert_non_null(strstr(error.why, "holds it"));
}

/* The namespace for children is found while no process is in it. */
static void for_children_only(void **state)
{
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip_because("a PID namespace needs CAP_SYS_ADMIN");
	pid = child_fork(0);
	if (pid == 0) {
		int children, found;
		enum ns_kind kind;
		struct ns_id id;

		if (unshare(CLONE_NEWTIME) < 0)
			_exit(1);
		children = ns_open_self(NS_TIME, NS_OPEN_FOR_CHILDREN, NULL);
		ns_fd_id(children, &id);
		found = ns_find(NS_BIT(NS_TIME), id.ino, &kind, NULL);
		_exit(ns_same(found, children) == 1 ? 0 : 2);
	}
	assert_int_equal(child_result(pid), 0);
}

static void user_inside(void)
{
	if (fd_write_file_at(AT_FDCWD, "/proc/self/setgroups", "deny") < 0 ||
	    fd_write_file_at(AT_FDCWD, "/proc/self/uid_map", "0 0 1") < 0 ||
	    fd_write_file_at(AT_FDCWD, "/proc/self/gid_map", "0 0 1") < 0 || unshare(CLONE_NEWUSER) < 0)
		_exit(1);
}

/* A user namespace without a process, known only as the parent of another; one held by a descriptor. */
static void without_processes(void **state)
{
	cleanup_close int pidfd = -EBADF, user = -EBADF, parent = -EBADF, found = -EBADF;
	enum ns_kind kind;
	struct ns_id id;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip_because("the tests of nesting need CAP_SYS_ADMIN");
	pid = child_spawn(CLONE_NEWUSER, user_inside);
	pidfd = sys_pidfd_open(pid, 0);
	user = ns_open_pidfd(pidfd, NS_USER, 0, NULL);
	parent = ns_parent(user, NULL);
	assert_int_equal(ns_fd_id(parent, &id), 0);
	fd_close_ptr(&parent);
	fd_close_ptr(&user);
	found = ns_find(NS_ALL, id.ino, &kind, NULL);
	child_end(pid);
	assert_true(found >= 0);
	assert_int_equal(kind, NS_USER);
	assert_int_equal(ns_fd_id(found, &id), 0);
	/* Now only this descriptor holds it. */
	user = ns_find(NS_BIT(NS_USER), id.ino, &kind, NULL);
	assert_int_equal(ns_same(user, found), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_of_every_kind),
		cmocka_unit_test(nothing_holds_it),
		cmocka_unit_test(for_children_only),
		cmocka_unit_test(without_processes),
	};

	return cmocka_run_group_tests_name("ns/find", tests, NULL, NULL);
}
