/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "../ns_child.h"
#include "base/fd.h"
#include "inro/ns.h"

#define NEEDS_ROOT()                                      \
	do {                                              \
		if (geteuid() != 0)                       \
			skip_because("needs CAP_SYS_ADMIN"); \
	} while (0)

static void kinds(void **state)
{
	struct inro_error error = { 0 };
	enum inro_ns_kind kind;
	unsigned mask = 0;

	(void)state;
	assert_string_equal(inro_ns_kind_name(INRO_NS_MNT), "mnt");
	assert_null(inro_ns_kind_name(INRO_NS_KINDS));
	assert_null(inro_ns_kind_name((enum inro_ns_kind)-1));
	assert_int_equal(inro_ns_kind_parse("network", &kind), 0);
	assert_int_equal(kind, INRO_NS_NET);
	assert_int_equal(inro_ns_kinds_parse("-net", INRO_NS_ALL, &mask, NULL), 0);
	assert_int_equal(mask, INRO_NS_ALL & ~INRO_NS_BIT(INRO_NS_NET));
	assert_int_equal(inro_ns_open_self(INRO_NS_KINDS, 0, &error), -EINVAL);
	assert_int_equal(error.kind, INRO_ERROR_USAGE);
}

static void open_and_compare(void **state)
{
	cleanup_close int self = inro_ns_open_self(INRO_NS_UTS, 0, NULL), file = -EBADF, target = -EBADF;
	cleanup_close int pidfd = sys_pidfd_open(getpid(), 0), by_pidfd = -EBADF;
	struct inro_ns_id a, b;
	enum inro_ns_kind kind;
	char text[16];

	(void)state;
	file = inro_ns_open_file(AT_FDCWD, "/proc/self/ns/uts", &kind, NULL);
	assert_int_equal(kind, INRO_NS_UTS);
	by_pidfd = inro_ns_open_pidfd(pidfd, INRO_NS_UTS, 0, NULL);
	snprintf(text, sizeof(text), "%d", getpid());
	target = inro_ns_open(text, INRO_NS_UTS, NULL);
	assert_int_equal(inro_ns_same(self, file), 1);
	assert_int_equal(inro_ns_same(self, by_pidfd), 1);
	assert_int_equal(inro_ns_same(self, target), 1);
	assert_int_equal(inro_ns_identify(self, &a, NULL), 0);
	assert_int_equal(inro_ns_identify(target, &b, NULL), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(inro_ns_kind(target, &kind, NULL), 0);
	assert_int_equal(kind, INRO_NS_UTS);
}

static void not_a_namespace(void **state)
{
	cleanup_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct inro_error error = { 0 };
	enum inro_ns_kind kind;
	struct inro_ns_id id;

	(void)state;
	assert_int_equal(inro_ns_kind(null, &kind, &error), -EINVAL);
	assert_non_null(strstr(error.why, "no namespace"));
	assert_int_equal(inro_ns_identify(null, &id, NULL), -EINVAL);
	assert_int_equal(inro_ns_join(&null, 1, NULL), -EINVAL);
	assert_int_equal(inro_ns_pid_state(null), INRO_NS_PID_UNKNOWN);
	assert_int_equal(inro_ns_open("no such target", INRO_NS_NET, &error), -ENOENT);
}

static void parents_and_owners(void **state)
{
	cleanup_close int self = inro_ns_open_self(INRO_NS_USER, 0, NULL), pidfd = -EBADF, user = -EBADF;
	cleanup_close int parent = -EBADF, owner = -EBADF;
	uid_t uid;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_spawn(CLONE_NEWUSER, NULL);
	pidfd = sys_pidfd_open(pid, 0);
	user = inro_ns_open_pidfd(pidfd, INRO_NS_USER, 0, NULL);
	child_end(pid);
	parent = inro_ns_parent(user, NULL);
	owner = inro_ns_owner(user, NULL);
	assert_int_equal(inro_ns_same(parent, self), 1);
	assert_int_equal(inro_ns_same(owner, self), 1);
	assert_int_equal(inro_ns_owner_uid(user, &uid, NULL), 0);
	assert_int_equal(uid, geteuid());
}

static int join_both_ways(int pidfd)
{
	int fds[3], own = inro_ns_open_self(INRO_NS_UTS, 0, NULL);
	struct inro_error error = { 0 };
	pid_t pid;

	fds[0] = inro_ns_open_pidfd(pidfd, INRO_NS_UTS, 0, NULL);
	fds[1] = inro_ns_open_pidfd(pidfd, INRO_NS_PID, 0, NULL);
	fds[2] = fds[0];
	if (inro_ns_join(fds, 3, &error) != -EINVAL || !strstr(error.why, "two namespaces"))
		return 1;
	if (inro_ns_join(fds, 2, &error) < 0)
		return 2;
	if (inro_ns_same(fds[0], inro_ns_open_self(INRO_NS_UTS, 0, NULL)) != 1)
		return 3;
	pid = child_fork(0);
	if (pid == 0)
		_exit(getpid() == 2 ? 0 : 4);
	if (child_result(pid) != 0)
		return 5;
	if (inro_ns_join(&own, 1, NULL) < 0)
		return 6;
	if (inro_ns_join_pidfd(pidfd, INRO_NS_ALL, &error) < 0)
		return 7;
	return inro_ns_same(fds[0], inro_ns_open_self(INRO_NS_UTS, 0, NULL)) == 1 ? 0 : 8;
}

static void joining(void **state)
{
	cleanup_close int pidfd = -EBADF;
	pid_t target, pid;

	(void)state;
	NEEDS_ROOT();
	target = child_spawn(CLONE_NEWUTS | CLONE_NEWPID, NULL);
	pidfd = sys_pidfd_open(target, 0);
	pid = child_fork(0);
	if (pid == 0)
		_exit(join_both_ways(pidfd));
	assert_int_equal(child_result(pid), 0);
	child_end(target);
}

static int hold_and_drop(const char *path)
{
	struct mount_attr attr = { .propagation = 1 << 18 /* MS_PRIVATE */ };
	int own = inro_ns_open_self(INRO_NS_UTS, 0, NULL), held;

	if (unshare(CLONE_NEWNS) < 0 ||
	    sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return 1;
	if (inro_ns_hold(own, path, NULL) < 0)
		return 2;
	held = inro_ns_open(path, INRO_NS_UTS, NULL);
	if (inro_ns_same(own, held) != 1)
		return 3;
	if (inro_ns_open(path, INRO_NS_NET, NULL) != -ENOENT)
		return 4;
	return inro_ns_drop(path, NULL) == 0 && access(path, F_OK) < 0 ? 0 : 5;
}

static void holding(void **state)
{
	char dir[] = "/tmp/inro-test-public-XXXXXX", path[64];
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/uts", dir);
	pid = child_fork(0);
	if (pid == 0)
		_exit(hold_and_drop(path));
	assert_int_equal(child_result(pid), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void graphs(void **state)
{
	struct inro_ns_graph *graph = NULL;
	const struct inro_ns_info *info;
	struct inro_ns_id id;
	size_t n = 0, found = 0;

	(void)state;
	assert_int_equal(inro_ns_scan(INRO_NS_ALL, INRO_NS_SCAN_USUAL, &graph, NULL), 0);
	while (inro_ns_graph_get(graph, n))
		n++;
	assert_true(n >= INRO_NS_KINDS - 1);
	for (enum inro_ns_kind kind = 0; kind < INRO_NS_KINDS; kind++) {
		cleanup_close int own = inro_ns_open_self(kind, 0, NULL);

		assert_int_equal(inro_ns_identify(own, &id, NULL), 0);
		info = inro_ns_graph_find(graph, id.inode);
		assert_non_null(info);
		assert_int_equal(info->kind, kind);
		assert_int_equal(info->unique, id.unique);
		assert_true(info->holders & INRO_NS_BY_PROCESS);
		assert_true(info->first_pid > 0 && info->command);
	}
	for (size_t i = 0; inro_ns_graph_pid(graph, i); i++) {
		if (inro_ns_graph_pid(graph, i) == getpid()) {
			assert_int_equal(inro_ns_graph_ns(graph, i, INRO_NS_UTS), id.inode);
			found++;
		}
	}
	assert_int_equal(found, 1);
	assert_int_equal(inro_ns_graph_ns(graph, SIZE_MAX, INRO_NS_UTS), 0);
	assert_false(inro_ns_graph_foreign(graph));
	assert_null(inro_ns_graph_find(graph, 1));
	assert_null(inro_ns_graph_free(graph));
	assert_null(inro_ns_graph_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),           cmocka_unit_test(open_and_compare),
		cmocka_unit_test(not_a_namespace), cmocka_unit_test(parents_and_owners),
		cmocka_unit_test(joining),         cmocka_unit_test(holding),
		cmocka_unit_test(graphs),
	};

	return cmocka_run_group_tests_name("ns/public", tests, NULL, NULL);
}
