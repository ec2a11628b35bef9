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
#include <sys/stat.h>

#include "../ns_child.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "ns/mounts.h"
#include "ns/open.h"

static void links(void **state)
{
	static const char *const bad[] = {
		"",        "net",      "net:",        "net:[",           "net:[]",
		"net:[12", "web:[12]", "net:[-1]",    "socket:[123]",    "net[12]",
		"net:12",  ":[12]",    "net: [4026]", "anon_inode:[1]",
	};
	enum ns_kind kind = NS_KINDS;
	size_t length;
	ino_t ino = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ns_parse_link(bad[i], &kind, &ino, &length), -EINVAL);
	assert_int_equal(kind, NS_KINDS);
	assert_int_equal(ino, 7);
	assert_int_equal(ns_parse_link("pid:[4026531836] x", &kind, &ino, &length), 0);
	assert_int_equal(kind, NS_PID);
	assert_int_equal(ino, 4026531836);
	assert_int_equal(length, 16);
	assert_int_equal(ns_parse_link("pid:[99999999999999999999999]", &kind, &ino, NULL), -EINVAL);
}

struct seen {
	ino_t ino;
	char path[256];
	int n;
};

static int look(void *data, const struct ns_mount *mount)
{
	struct seen *seen = data;

	if (mount->ino != seen->ino || mount->kind != NS_UTS)
		return 0;
	seen->n++;
	snprintf(seen->path, sizeof(seen->path), "%s", mount->path);
	return 0;
}

/* In a mount namespace of its own: a name with blanks and a backslash comes back as it is. */
static int mount_and_walk(void)
{
	cleanup_close int proc_fd = procfs_open(), self = procfs_open_pid(proc_fd, getpid());
	cleanup_close int uts = ns_open_self(NS_UTS, 0, NULL), tree = -EBADF, file = -EBADF;
	static const char path[] = "/tmp/a b\\\t\nc";
	struct seen seen = { 0 };
	struct ns_id id;

	if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE,
			      &(struct mount_attr){ .propagation = 1 << 18 /* MS_PRIVATE */ },
			      sizeof(struct mount_attr)) < 0)
		return 1;
	tree = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (tree < 0 || sys_fsconfig(tree, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return 2;
	file = sys_fsmount(tree, 0, 0);
	if (file < 0 || sys_move_mount(file, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return 3;
	fd_close_ptr(&file);
	fd_close_ptr(&tree);
	file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	tree = sys_open_tree(uts, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0 || sys_move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return 4;
	ns_fd_id(uts, &id);
	seen.ino = id.ino;
	if (ns_mounts_walk(self, look, &seen) != 0 || seen.n != 1)
		return 5;
	return strcmp(seen.path, path) == 0 ? 0 : 6;
}

static void mounts(void **state)
{
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip_because("mounting needs CAP_SYS_ADMIN");
	pid = child_fork(CLONE_NEWNS | CLONE_NEWUTS);
	if (pid == 0)
		_exit(mount_and_walk());
	assert_int_equal(child_result(pid), 0);
}

static int stop(void *data, const struct ns_mount *mount)
{
	(void)mount;
	++*(int *)data;
	return 42;
}

static void early_end(void **state)
{
	cleanup_close int proc_fd = procfs_open(), self = procfs_open_pid(proc_fd, getpid());
	int n = 0, r;

	(void)state;
	r = ns_mounts_walk(self, stop, &n);
	assert_true((r == 0 && n == 0) || (r == 42 && n == 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links),
		cmocka_unit_test(mounts),
		cmocka_unit_test(early_end),
	};

	return cmocka_run_group_tests_name("ns/mounts", tests, NULL, NULL);
}
