/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/target.h"

/* A scratch directory with the root that is worked in, and beside it what nobody may reach. */
static char top[64];
static int top_fd, root_fd;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int begin(void **state)
{
	(void)state;
	strcpy(top, "/tmp/inro-test-target.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	umask(0);
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(top_fd, "root", 0755) < 0 || mkdirat(top_fd, "outside", 0755) < 0)
		return -1;
	root_fd = openat(top_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root_fd < 0 ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	fd_close(root_fd);
	fd_close(top_fd);
	umask(022);
	return nftw(top, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Where a descriptor is, below the root; NULL where it is outside. */
static const char *place(int fd)
{
	static char path[4096];
	char link[64], root[128];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	assert_true(n > 0);
	path[n] = '\0';
	snprintf(root, sizeof(root), "%s/root", top);
	if (strncmp(path, root, strlen(root)) != 0)
		return NULL;
	return path + strlen(root);
}

static void expect(const char *target, enum target_type type, mode_t mode, unsigned flags,
		   const char *wanted)
{
	cleanup_close int fd = target_open(root_fd, target, type, mode, flags);
	struct stat st;

	if (fd < 0)
		print_message("%s: %d\n", target, fd);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_non_null(place(fd));
	assert_string_equal(place(fd), wanted);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(S_ISDIR(st.st_mode), type != TARGET_FILE);
	if (mode)
		assert_int_equal(st.st_mode & 07777, mode);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(root_fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static void making(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags <= TARGET_NEW; flags += TARGET_NEW) {
		const char *base = flags ? "/n" : "/o";
		char path[64], inner[128];

		snprintf(path, sizeof(path), "%s/b/c", base);
		expect(path, TARGET_DIR, 0700, flags, path);
		assert_int_equal(mode_of(base + 1), 0755);
		expect(path, TARGET_DIR, 0700, flags, path); /* it stays as it is */
		snprintf(inner, sizeof(inner), "%s/b/c/d/file", base);
		expect(inner, TARGET_FILE, 0640, flags, inner);
		expect(inner, TARGET_FILE, 0640, flags, inner);
		snprintf(path, sizeof(path), "%s/x",
			 base + 1); /* not absolute is below the root as well */
		snprintf(inner, sizeof(inner), "/%s", path);
		expect(path, TARGET_DIR, 01777, flags, inner);
		expect(inner, TARGET_ANY, 0, flags, inner);
	}
	expect("//o///x//", TARGET_DIR, 0, 0, "/o/x");
	expect("/", TARGET_DIR, 0, 0, "");
	expect("/one", TARGET_DIR, 0755, TARGET_NEW, "/one");
}

static void refusals(void **state)
{
	(void)state;
	expect("/d", TARGET_DIR, 0755, 0, "/d");
	expect("/f", TARGET_FILE, 0644, 0, "/f");
	for (unsigned flags = 0; flags <= TARGET_NEW; flags += TARGET_NEW) {
		assert_int_equal(target_open(root_fd, "/none", TARGET_ANY, 0, flags), -ENOENT);
		assert_int_equal(target_open(root_fd, "/none/deeper", TARGET_ANY, 0, flags),
				 -ENOENT);
		assert_int_equal(target_open(root_fd, "/f", TARGET_DIR, 0755, flags), -ENOTDIR);
		assert_int_equal(target_open(root_fd, "/f/x", TARGET_DIR, 0755, flags), -ENOTDIR);
		assert_int_equal(target_open(root_fd, "/d", TARGET_FILE, 0644, flags), -EISDIR);
	}
	assert_int_equal(target_open(-EBADF, "x", TARGET_DIR, 0755, 0), -EBADF);
}

/* Links lead where they would inside: never out. */
static void links(void **state)
{
	static const char *const hostile[] = { "/outside", "../outside", "../../../../../../..",
					       "/..", "/" };
	char absolute[128];

	(void)state;
	expect("/real/deep", TARGET_DIR, 0755, 0, "/real/deep");
	assert_int_equal(symlinkat("/real", root_fd, "abs"), 0);
	assert_int_equal(symlinkat("real/deep", root_fd, "rel"), 0);
	assert_int_equal(symlinkat("abs", root_fd, "twice"), 0);
	for (unsigned flags = 0; flags <= TARGET_NEW; flags += TARGET_NEW) {
		expect("/abs/deep", TARGET_DIR, 0, flags, "/real/deep");
		expect("/abs", TARGET_DIR, 0, flags, "/real");
		expect("/twice/deep", TARGET_DIR, 0, flags, "/real/deep");
		expect("/rel", TARGET_DIR, 0, flags, "/real/deep");
		expect(flags ? "/twice/new1/x" : "/twice/new2/x", TARGET_DIR, 0755, flags,
		       flags ? "/real/new1/x" : "/real/new2/x");
	}
	snprintf(absolute, sizeof(absolute), "%s/outside", top);
	for (size_t i = 0; i <= ARRAY_SIZE(hostile); i++) {
		const char *to = i < ARRAY_SIZE(hostile) ? hostile[i] : absolute;

		assert_int_equal(symlinkat(to, root_fd, "evil"), 0);
		for (unsigned flags = 0; flags <= TARGET_NEW; flags += TARGET_NEW) {
			cleanup_close int fd =
				target_open(root_fd, "/evil/made", TARGET_DIR, 0755, flags);

			assert_true(fd < 0 || place(fd));
			assert_int_equal(faccessat(top_fd, "outside/made", F_OK, 0), -1);
		}
		assert_int_equal(unlinkat(root_fd, "evil", 0), 0);
	}
}

/* A link that leads nowhere is neither followed to make something, nor itself a mount point. */
static void dangling(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(symlinkat("/nowhere", root_fd, "gone"), 0);
	assert_int_equal(symlinkat("loop", root_fd, "loop"), 0);
	for (unsigned flags = 0; flags <= TARGET_NEW; flags += TARGET_NEW) {
		assert_true(target_open(root_fd, "/gone", TARGET_DIR, 0755, flags) < 0);
		assert_true(target_open(root_fd, "/gone", TARGET_FILE, 0644, flags) < 0);
		assert_true(target_open(root_fd, "/gone/x", TARGET_DIR, 0755, flags) < 0);
		assert_int_equal(target_open(root_fd, "/loop", TARGET_DIR, 0755, flags), -ELOOP);
		assert_int_equal(target_open(root_fd, "/loop/x", TARGET_FILE, 0755, flags), -ELOOP);
	}
	assert_int_equal(fstatat(root_fd, "nowhere", &st, AT_SYMLINK_NOFOLLOW), -1);
}

/* Where no link may stand, none is followed, at no place of the path. */
static void no_links(void **state)
{
	(void)state;
	expect("/real/proc", TARGET_DIR, 0755, 0, "/real/proc");
	assert_int_equal(symlinkat("/real", root_fd, "abs"), 0);
	assert_int_equal(symlinkat("/real/proc", root_fd, "proc"), 0);
	for (unsigned flags = 0; flags <= TARGET_NEW; flags += TARGET_NEW) {
		assert_int_equal(
			target_open(root_fd, "/proc", TARGET_DIR, 0755, flags | TARGET_NO_LINKS),
			-ELOOP);
		assert_int_equal(target_open(root_fd, "/abs/proc", TARGET_DIR, 0755,
					     flags | TARGET_NO_LINKS),
				 -ELOOP);
		assert_int_equal(
			target_open(root_fd, "/abs/new", TARGET_DIR, 0755, flags | TARGET_NO_LINKS),
			-ELOOP);
		expect("/real/proc", TARGET_DIR, 0, flags | TARGET_NO_LINKS, "/real/proc");
	}
	assert_int_equal(target_open(root_fd, "/proc", TARGET_ANY, 0, TARGET_NO_LINKS), -ELOOP);
}

static void parents(void **state)
{
	const char *name = NULL;
	cleanup_close int deep = target_open_parent(root_fd, "/a/b/name", &name), first = -EBADF,
			  bare = -EBADF;

	(void)state;
	assert_true(deep >= 0);
	assert_string_equal(place(deep), "/a/b");
	assert_string_equal(name, "name");
	assert_int_equal(faccessat(deep, "name", F_OK, 0), -1);
	first = target_open_parent(root_fd, "/name", &name);
	assert_string_equal(place(first), "");
	assert_string_equal(name, "name");
	bare = target_open_parent(root_fd, "name", &name);
	assert_string_equal(place(bare), "");
	assert_string_equal(name, "name");
}

static void long_paths(void **state)
{
	char path[5000];

	(void)state;
	memset(path, 'a', sizeof(path));
	for (size_t i = 0; i < sizeof(path); i += 100)
		path[i] = '/';
	path[4999] = '\0';
	assert_int_equal(target_open(root_fd, path, TARGET_DIR, 0755, 0), -ENAMETOOLONG);
	assert_true(target_open(root_fd, path, TARGET_DIR, 0755, TARGET_NEW) < 0);
	path[1] = '/';
	memset(path + 2, 'b', 300);
	path[302] = '\0';
	assert_int_equal(target_open(root_fd, path, TARGET_FILE, 0755, 0), -ENAMETOOLONG);
}

/* Somebody exchanges a directory for a link to the outside, as fast as can be. */
static pid_t exchanger(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	for (;;) {
		renameat(root_fd, "dir", root_fd, "aside");
		renameat(root_fd, "evil", root_fd, "dir");
		renameat(root_fd, "dir", root_fd, "evil");
		renameat(root_fd, "aside", root_fd, "dir");
	}
}

static void race(void **state)
{
	char outside[128];
	int made = 0;
	pid_t pid;

	(void)state;
	snprintf(outside, sizeof(outside), "../outside");
	expect("/dir", TARGET_DIR, 0755, 0, "/dir");
	assert_int_equal(symlinkat(outside, root_fd, "evil"), 0);
	pid = exchanger();
	for (int i = 0; i < 3000; i++) {
		char target[64];
		cleanup_close int fd = -EBADF;

		snprintf(target, sizeof(target), "/dir/%d/x", i % 50);
		fd = target_open(root_fd, target, i & 1 ? TARGET_FILE : TARGET_DIR, 0755,
				 i & 2 ? TARGET_NEW : 0);
		made += fd >= 0;
		if (fd >= 0)
			assert_non_null(place(fd));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(made > 0);
	/* Nothing was made outside: the directory is as empty as it was. */
	assert_int_equal(unlinkat(top_fd, "outside", AT_REMOVEDIR), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(making),   TEST(refusals), TEST(links),      TEST(dangling),
		TEST(no_links), TEST(parents),  TEST(long_paths), TEST(race),
	};

	return cmocka_run_group_tests_name("mount/target", tests, NULL, NULL);
}
