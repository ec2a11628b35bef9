/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/macros.h"
#include "landlock/rules.h"
#include "ns_child.h"

static char base[] = "/tmp/inro-test-landlock-XXXXXX";

static const char *below(const char *name)
{
	static char paths[4][128];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", base, name);
	return paths[turn];
}

static int make_tree(void **state)
{
	static const char *const dirs[] = { "r", "w", "none" };

	(void)state;
	if (!mkdtemp(base))
		return -1;
	chmod(base, 0755);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		char path[128];

		mkdir(below(dirs[i]), 0777);
		chmod(below(dirs[i]), 0777);
		snprintf(path, sizeof(path), "%s/%s/file", base, dirs[i]);
		fd_close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
		chmod(path, 0666);
	}
	return 0;
}

static int remove_tree(void **state)
{
	static const char *const names[] = { "r/file", "w/file", "none/file", "w/new",
					     "r",      "w",	 "none" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		remove(below(names[i]));
	return rmdir(base);
}

static int try_open(const char *name, int flags)
{
	int fd = open(below(name), flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void needs_abi(int abi)
{
	if (landlock_abi(NULL) < abi)
		skip_because("this kernel's Landlock is older, or there is none");
}

static int restrict_now(struct landlock_rules *rules)
{
	const char *call, *path;

	landlock_reduce(rules, landlock_abi(NULL));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return landlock_restrict(rules, &call, &path);
}

static int check_files(void)
{
	const struct landlock_path paths[] = {
		{ .path = below("r"), .access = LANDLOCK_READ },
		{ .path = below("w"), .access = LANDLOCK_READ | LANDLOCK_WRITE },
		{ .path = below("none/file"), .access = LANDLOCK_READ | LANDLOCK_WRITE },
		{ .path = below("missing"), .access = LANDLOCK_READ, .optional = true },
	};
	struct landlock_rules rules = {
		.handled.handled_access_fs = LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_EXECUTE,
		.paths = paths,
		.n_paths = ARRAY_SIZE(paths),
	};

	if (restrict_now(&rules) < 0)
		return 1;
	if (try_open("r/file", O_RDONLY) || try_open("r/file", O_WRONLY) != EACCES)
		return 2;
	if (landlock_abi(NULL) >= LANDLOCK_ABI_TRUNCATE && truncate(below("r/file"), 0) == 0)
		return 3;
	if (try_open("r/new", O_WRONLY | O_CREAT) != EACCES)
		return 4;
	if (try_open("w/new", O_WRONLY | O_CREAT) || try_open("w/file", O_RDWR | O_TRUNC))
		return 5;
	if (unlink(below("w/new")) < 0)
		return 6;
	/* A file by itself: its directory cannot be used. */
	if (try_open("none/file", O_RDWR) || try_open("none", O_RDONLY | O_DIRECTORY) != EACCES)
		return 7;
	return access("/bin/sh", X_OK) == 0 && execl("/bin/sh", "sh", "-c", ":", NULL) < 0 &&
			       errno == EACCES ?
		       0 :
		       8;
}

static void files(void **state)
{
	pid_t pid;

	(void)state;
	needs_abi(1);
	pid = child_fork(0);
	if (pid == 0)
		_exit(check_files());
	assert_int_equal(child_result(pid), 0);
}

static void a_missing_path(void **state)
{
	pid_t pid;

	(void)state;
	needs_abi(1);
	pid = child_fork(0);
	if (pid == 0) {
		const struct landlock_path paths[] = { { .path = below("missing"),
							 .access = LANDLOCK_READ } };
		const struct landlock_rules rules = {
			.handled.handled_access_fs = LANDLOCK_READ,
			.paths = paths,
			.n_paths = 1,
		};
		const char *call, *path;

		if (landlock_restrict(&rules, &call, &path) != -ENOENT ||
		    strcmp(call, "openat2") != 0)
			_exit(1);
		_exit(path != paths[0].path);
	}
	assert_int_equal(child_result(pid), 0);
}

/* As seen from a mount namespace in which only one directory is mounted writable. */
static int check_follow(void)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY, .propagation = 1 << 18 };
	const struct landlock_path paths[] = {
		{ .path = "/",
		  .access = LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_EXECUTE,
		  .follow = true },
		{ .path = below("w"), .access = LANDLOCK_READ | LANDLOCK_WRITE, .follow = true },
	};
	struct landlock_rules rules = {
		.handled.handled_access_fs = LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_EXECUTE,
		.paths = paths,
		.n_paths = ARRAY_SIZE(paths),
	};
	static const char *const writable[] = { "w", "none" };

	if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &read_only, sizeof(read_only)) < 0)
		return 1;
	for (int i = 0; i < 2; i++) {
		cleanup_close int context = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
		cleanup_close int fd = -EBADF;

		if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
			return 2;
		fd = sys_fsmount(context, FSMOUNT_CLOEXEC, 0);
		if (sys_move_mount(fd, "", AT_FDCWD, below(writable[i]), MOVE_MOUNT_F_EMPTY_PATH) <
		    0)
			return 3;
	}
	if (try_open("none/new", O_WRONLY | O_CREAT))
		return 4;
	if (restrict_now(&rules) < 0)
		return 5;
	if (try_open("w/new", O_WRONLY | O_CREAT))
		return 6;
	/* Writable by its mount, but not among what is known. */
	if (try_open("none/other", O_WRONLY | O_CREAT) != EACCES || try_open("none/new", O_RDONLY))
		return 7;
	return try_open("r/file", O_RDONLY);
}

static void write_where_mounted_so(void **state)
{
	pid_t pid;

	(void)state;
	needs_abi(1);
	if (geteuid() != 0)
		skip_because("needs a mount namespace");
	pid = child_fork(CLONE_NEWNS);
	if (pid == 0)
		_exit(check_follow());
	assert_int_equal(child_result(pid), 0);
}

static int try_bind(uint16_t port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	cleanup_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
}

static void tcp_ports(void **state)
{
	pid_t pid;

	(void)state;
	needs_abi(LANDLOCK_ABI_TCP);
	pid = child_fork(0);
	if (pid == 0) {
		const struct landlock_port ports[] = { { LANDLOCK_ACCESS_NET_BIND_TCP, 0 } };
		struct landlock_rules rules = {
			.handled.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP,
			.ports = ports,
			.n_ports = 1,
		};

		/* Port 0 lets the kernel choose: no other program can be in the way. */
		if (restrict_now(&rules) < 0)
			_exit(1);
		_exit(try_bind(0) == 0 && try_bind(40000) == EACCES ? 0 : 2);
	}
	assert_int_equal(child_result(pid), 0);
}

static void scopes(void **state)
{
	struct sockaddr_un_like {
		sa_family_t family;
		char path[24];
	} address = { .family = AF_UNIX };
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	(void)state;
	needs_abi(LANDLOCK_ABI_SCOPE);
	snprintf(address.path + 1, sizeof(address.path) - 1, "inro-test-%d", getpid());
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = child_fork(0);
	if (pid == 0) {
		cleanup_close int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct landlock_rules rules = {
			.handled.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET |
					  LANDLOCK_SCOPE_SIGNAL,
		};

		if (restrict_now(&rules) < 0)
			_exit(1);
		if (connect(client, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
		    errno != EPERM)
			_exit(2);
		_exit(kill(getppid(), 0) < 0 && errno == EPERM ? 0 : 3);
	}
	assert_int_equal(child_result(pid), 0);
}

static void reduced_to_an_abi(void **state)
{
	struct landlock_rules rules;

	(void)state;
	for (int abi = 1; abi < 8; abi++) {
		const struct landlock_port ports[] = { { LANDLOCK_ACCESS_NET_BIND_TCP, 1 } };

		rules = (struct landlock_rules){
			.handled = { .handled_access_fs = LANDLOCK_WRITE,
				     .handled_access_net = 3,
				     .scoped = 3 },
			.ports = ports,
			.n_ports = 1,
		};
		landlock_reduce(&rules, abi);
		assert_int_equal(!!(rules.handled.handled_access_fs & LANDLOCK_ACCESS_FS_REFER),
				 abi >= 2);
		assert_int_equal(!!(rules.handled.handled_access_fs & LANDLOCK_ACCESS_FS_TRUNCATE),
				 abi >= 3);
		assert_int_equal(rules.handled.handled_access_net, abi >= 4 ? 3 : 0);
		assert_int_equal(rules.n_ports, abi >= 4);
		assert_int_equal(!!(rules.handled.handled_access_fs & LANDLOCK_ACCESS_FS_IOCTL_DEV),
				 abi >= 5);
		assert_int_equal(rules.handled.scoped, abi >= 6 ? 3 : 0);
	}
}

static void letters(void **state)
{
	static const char *const good[] = { "r", "w", "rw", "x", "rx", "wx", "rwx" };
	static const char *const bad[] = { "", "rr", "a", "r ", "rwxr", "RO" };
	uint64_t access = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(landlock_parse_mode(good[i], &access), 0);
		assert_string_equal(landlock_mode_text(access), good[i]);
	}
	assert_int_equal(landlock_parse_mode("ro", &access), 0);
	assert_string_equal(landlock_mode_text(access), "rx");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(landlock_parse_mode(bad[i], &access), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(a_missing_path),
		cmocka_unit_test(write_where_mounted_so),
		cmocka_unit_test(tcp_ports),
		cmocka_unit_test(scopes),
		cmocka_unit_test(reduced_to_an_abi),
		cmocka_unit_test(letters),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
