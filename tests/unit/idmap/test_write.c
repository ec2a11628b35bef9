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
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/procfs.h"
#include "idmap/write.h"
#include "inro/error.h"
#include "ns_child.h"
#include "plan/run.h"

/*
 * Real maps of real user namespaces. What is to be seen from an ordinary user is tried in a child
 * that became one; it tells by its exit status, which is the line where it failed.
 */

enum { USER = 12345 };

#define CHECK(condition)                           \
	do {                                       \
		if (!(condition))                  \
			return __LINE__ % 250 + 1; \
	} while (0)

static int in_child(int (*body)(void))
{
	pid_t pid = child_fork(0);

	if (pid == 0)
		_exit(body());
	return child_result(pid);
}

static void become_user(void)
{
	sys_setgroups(0, NULL);
	sys_setresgid(USER);
	sys_setresuid(USER);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
}

static struct map_args texts(const char *uids, const char *gids, bool deny)
{
	return (struct map_args){
		.uids = uids,
		.gids = gids,
		.uids_size = strlen(uids),
		.gids_size = strlen(gids),
		.deny_setgroups = deny,
	};
}

/* Does a file of PID say these numbers, whatever the blanks between them? */
static bool says(pid_t pid, const char *file, const char *expected)
{
	char path[64], text[512], squeezed[512];
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if (fd_read_file_at(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	for (const char *at = text; *at; at++) {
		bool blank = *at == ' ' || *at == '\n';

		if (!blank || (n > 0 && squeezed[n - 1] != ' '))
			squeezed[n++] = blank ? ' ' : *at;
	}
	while (n > 0 && squeezed[n - 1] == ' ')
		n--;
	squeezed[n] = '\0';
	return strcmp(squeezed, expected) == 0;
}

static int write_maps(pid_t pid, const struct map_args *args, struct inro_error *error)
{
	cleanup_close int proc_fd = procfs_open();
	cleanup_close int dir_fd = procfs_open_pid(proc_fd, pid);

	return maps_write_at(dir_fd, args, error);
}

static void skip_without_root(void)
{
	if (geteuid() != 0) {
		skip_because("only root can become another user or map its ids");
	}
}

static int root_maps(void)
{
	const struct map_args args = texts("0 0 65536\n", "0 100000 10\n20 0 1\n", false);
	pid_t pid = child_spawn(CLONE_NEWUSER, NULL);
	int r = write_maps(pid, &args, NULL);
	bool right = says(pid, "uid_map", "0 0 65536") && says(pid, "gid_map", "0 100000 10 20 0 1") &&
		     says(pid, "setgroups", "allow");

	child_end(pid);
	CHECK(r == 0);
	CHECK(right);
	return 0;
}

static void root_writes_many(void **state)
{
	(void)state;
	skip_without_root();
	assert_int_equal(in_child(root_maps), 0);
}

static int user_maps(void)
{
	const struct map_args own = texts("7 12345 1\n", "8 12345 1\n", true);
	const struct map_args keeping = texts("7 12345 1\n", "8 12345 1\n", false);
	const struct map_args another = texts("0 1 1\n", "0 12345 1\n", true);
	struct inro_error error = { 0 };
	bool right;
	pid_t pid;
	int r;

	become_user();
	pid = child_spawn(CLONE_NEWUSER, NULL);
	r = write_maps(pid, &own, NULL);
	right = says(pid, "uid_map", "7 12345 1") && says(pid, "gid_map", "8 12345 1") &&
		says(pid, "setgroups", "deny");
	child_end(pid);
	CHECK(r == 0);
	CHECK(right);

	/* What the kernel refuses is told with the file. */
	pid = child_spawn(CLONE_NEWUSER, NULL);
	r = write_maps(pid, &another, &error);
	child_end(pid);
	CHECK(r == -EPERM && strcmp(error.call, "write") == 0 && strcmp(error.object, "uid_map") == 0);
	memset(&error, 0, sizeof(error));
	pid = child_spawn(CLONE_NEWUSER, NULL);
	r = write_maps(pid, &keeping, &error);
	child_end(pid);
	CHECK(r == -EPERM && strcmp(error.object, "gid_map") == 0);
	return 0;
}

static void user_writes_own(void **state)
{
	(void)state;
	skip_without_root();
	assert_int_equal(in_child(user_maps), 0);
}

/* The steps themselves, as the engine runs them. */
static int steps(void)
{
	const struct map_args args = texts("0 12345 1\n", "0 12345 1\n", true);
	const struct step step = { .args = &args, .number = 1 };
	int slots[SLOTS_FIXED];
	struct run run = { .slots = slots, .parent_pid = getpid() };
	struct inro_error error = { 0 };
	pid_t pid;
	int r;

	become_user();
	slots[SLOT_HOST_PROC] = procfs_open();
	run.parent_pid = getpid();
	/* By the child itself, as PID 1 of another PID namespace than its procfs shows. */
	pid = child_fork(CLONE_NEWUSER | CLONE_NEWPID);
	if (pid == 0)
		_exit(kind_own_maps.run(&run, &step, &error) == 0 && getuid() == 0 && getgid() == 0 ? 0 :
												      1);
	CHECK(child_result(pid) == 0);

	/* By the parent. */
	pid = child_spawn(CLONE_NEWUSER | CLONE_NEWPID, NULL);
	run.pid = pid;
	run.pidfd = sys_pidfd_open(pid, 0);
	r = kind_write_maps.run(&run, &step, &error);
	CHECK(r == 0 && says(pid, "uid_map", "0 12345 1"));
	child_end(pid);

	/* With a procfs whose numbers are not inro's, the number comes from the pidfd. */
	pid = child_spawn(CLONE_NEWUSER, NULL);
	run.pid = 1;
	run.parent_pid = 2;
	run.pidfd = sys_pidfd_open(pid, 0);
	r = kind_write_maps.run(&run, &step, &error);
	CHECK(r == 0 && says(pid, "uid_map", "0 12345 1"));
	child_end(pid);
	/* It is gone: nobody else can be hit. */
	r = kind_write_maps.run(&run, &step, &error);
	CHECK(r == -ESRCH);
	return 0;
}

static void steps_write(void **state)
{
	(void)state;
	skip_without_root();
	assert_int_equal(in_child(steps), 0);
}

/* Put TEXT over a file of /etc, in the mount namespace of this child alone. */
static int cover(const char *dir, const char *name, const char *text)
{
	char from[128], to[128];
	struct mount_attr private = { .propagation = 1 << 18 };
	int fd, tree;

	snprintf(from, sizeof(from), "%s/%s", dir, name);
	snprintf(to, sizeof(to), "/etc/%s", name);
	fd = open(from, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0);
	close(fd);
	CHECK(sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)) == 0);
	tree = sys_open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	CHECK(tree >= 0);
	CHECK(sys_move_mount(tree, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) == 0);
	close(tree);
	return 0;
}

static char scratch[] = "/tmp/inro-test-XXXXXX";

static int cover_all(void)
{
	int r = cover(scratch, "passwd", "root:x:0:0::/:/bin/sh\nann:x:12345:12345::/:/bin/sh\n");

	if (r == 0)
		r = cover(scratch, "subuid", "ann:300000:1000\n");
	if (r == 0)
		r = cover(scratch, "subgid", "ann:400000:1000\n");
	return r;
}

static struct map_args helper_args(char **uid_argv, char **gid_argv)
{
	return (struct map_args){
		.newuidmap = "/usr/bin/newuidmap",
		.newgidmap = "/usr/bin/newgidmap",
		.uid_argv = uid_argv,
		.gid_argv = gid_argv,
	};
}

static int helpers(void)
{
	char uid_pid[16], gid_pid[16];
	char *uid_argv[] = { "newuidmap", uid_pid, "0", "12345", "1", "1", "300000", "1000", NULL };
	char *gid_argv[] = { "newgidmap", gid_pid, "0", "12345", "1", "1", "400000", "1000", NULL };
	char *bad_argv[] = { "newuidmap", uid_pid, "0", "12345", "1", "1", "300000", "1001", NULL };
	const struct map_args args = helper_args(uid_argv, gid_argv), bad = helper_args(bad_argv, gid_argv);
	struct map_args none = args;
	struct inro_error error = { 0 };
	bool right;
	pid_t pid;
	int r = cover_all();

	if (r)
		return r;
	become_user();
	pid = child_spawn(CLONE_NEWUSER, NULL);
	r = maps_run_helpers(&args, pid, &error);
	right = says(pid, "uid_map", "0 12345 1 1 300000 1000") &&
		says(pid, "gid_map", "0 12345 1 1 400000 1000") && says(pid, "setgroups", "allow");
	child_end(pid);
	CHECK(r == 0);
	CHECK(right);

	/* More than the files give: the helper's own words are the cause. */
	pid = child_spawn(CLONE_NEWUSER, NULL);
	r = maps_run_helpers(&bad, pid, &error);
	child_end(pid);
	CHECK(r == -EPERM);
	CHECK(strcmp(error.object, "/usr/bin/newuidmap") == 0);
	CHECK(strstr(error.why, "status 1 and said: newuidmap: "));

	memset(&error, 0, sizeof(error));
	none.newgidmap = "/nonexistent/newgidmap";
	pid = child_spawn(CLONE_NEWUSER, NULL);
	r = maps_run_helpers(&none, pid, &error);
	child_end(pid);
	CHECK(r == -ENOENT && strcmp(error.object, "/nonexistent/newgidmap") == 0);
	/* No child is left behind by any of them. */
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);

	/* A caller that ignores SIGCHLD gets no status of a helper. */
	signal(SIGCHLD, SIG_IGN);
	pid = child_spawn(CLONE_NEWUSER, NULL);
	r = maps_run_helpers(&args, pid, &error);
	right = says(pid, "uid_map", "0 12345 1 1 300000 1000");
	kill(pid, SIGKILL);
	CHECK(r == 0);
	CHECK(right);
	return 0;
}

static int in_mount_namespace(int (*body)(void))
{
	pid_t pid = child_fork(CLONE_NEWNS);

	if (pid == 0)
		_exit(body());
	return child_result(pid);
}

static void remove_scratch(void)
{
	static const char *const names[] = { "passwd", "subuid", "subgid" };
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", scratch, names[i]);
		unlink(path);
	}
	rmdir(scratch);
}

static void helpers_write(void **state)
{
	int r;

	(void)state;
	skip_without_root();
	if (access("/usr/bin/newuidmap", X_OK) < 0 || access("/etc/subuid", F_OK) < 0) {
		skip_because("newuidmap or /etc/subuid is not there (package uidmap)");
	}
	assert_non_null(mkdtemp(scratch));
	r = in_mount_namespace(helpers);
	remove_scratch();
	assert_int_equal(r, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_writes_many),
		cmocka_unit_test(user_writes_own),
		cmocka_unit_test(steps_write),
		cmocka_unit_test(helpers_write),
	};

	return cmocka_run_group_tests_name("idmap/write", tests, NULL, NULL);
}
