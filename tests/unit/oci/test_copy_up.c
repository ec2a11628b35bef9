/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/copy_up.h"

/* Two directories of the test's own; the error lies where the helper can write it. */
struct world {
	char from[64], to[64];
	int from_fd, to_fd;
	struct inro_error *error;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	strcpy(world->from, "/tmp/inro-from-XXXXXX");
	strcpy(world->to, "/tmp/inro-to-XXXXXX");
	if (!mkdtemp(world->from) || !mkdtemp(world->to))
		return -1;
	world->from_fd = open(world->from, O_PATH | O_DIRECTORY | O_CLOEXEC);
	world->to_fd = open(world->to, O_PATH | O_DIRECTORY | O_CLOEXEC);
	world->error = mmap(NULL, sizeof(*world->error), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return world->error == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char command[256];
	int r;

	fd_close(world->from_fd);
	fd_close(world->to_fd);
	munmap(world->error, sizeof(*world->error));
	snprintf(command, sizeof(command), "rm -rf %s %s", world->from, world->to);
	r = system(command);
	free(world);
	return r;
}

static void write_file(int dir_fd, const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void all_kinds_of_files(void **state)
{
	struct world *world = *state;
	char text[64];
	struct stat st;
	int fd;

	umask(077);
	assert_int_equal(mkdirat(world->from_fd, "dir", 0700), 0);
	assert_int_equal(fchmodat(world->from_fd, "dir", 01775, 0), 0);
	write_file(world->from_fd, "dir/file", "hello", 0640);
	write_file(world->from_fd, "suid", "", 04755);
	assert_int_equal(symlinkat("/etc/passwd", world->from_fd, "link"), 0);
	assert_int_equal(mkfifoat(world->from_fd, "fifo", 0600), 0);
	assert_int_equal(futimens(fd = openat(world->from_fd, "dir/file", O_RDONLY | O_CLOEXEC),
				  (struct timespec[]){ { 1, 2 }, { 3, 4 } }),
			 0);
	close(fd);
	assert_int_equal(oci_copy_up(world->from_fd, world->to_fd, "/dir", world->error), 0);

	assert_int_equal(fstatat(world->to_fd, "dir", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 01775);
	assert_int_equal(fstatat(world->to_fd, "dir/file", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_mtim.tv_sec, 3);
	assert_int_equal(st.st_mtim.tv_nsec, 4);
	assert_int_equal(fd_read_file_at(world->to_fd, "dir/file", text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(fstatat(world->to_fd, "suid", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 04755);
	assert_int_equal(readlinkat(world->to_fd, "link", text, sizeof(text)), 11);
	assert_memory_equal(text, "/etc/passwd", 11);
	assert_int_equal(fstatat(world->to_fd, "fifo", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

static ino_t inode(int dir_fd, const char *name, nlink_t links)
{
	struct stat st;

	assert_int_equal(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_nlink, links);
	return st.st_ino;
}

/* Files with several names, in several directories; one of them has the names that are used meanwhile. */
static void hard_links(void **state)
{
	struct world *world = *state;
	int from = world->from_fd, to = world->to_fd;
	struct stat st;
	char name[16];

	write_file(from, "a", "hello", 0640);
	assert_int_equal(mkdirat(from, "d", 0755), 0);
	assert_int_equal(linkat(from, "a", from, "d/b", 0), 0);
	assert_int_equal(linkat(from, "a", from, ".0", 0), 0);
	assert_int_equal(symlinkat("a", from, "link"), 0);
	assert_int_equal(linkat(from, "link", from, "d/link", 0), 0);
	assert_int_equal(mkfifoat(from, "fifo", 0600), 0);
	assert_int_equal(linkat(from, "fifo", from, "d/fifo", 0), 0);
	write_file(from, "alone", "x", 0600);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "d/n%d", i);
		write_file(from, name, name, 0600);
		assert_int_equal(linkat(from, name, from, name + 2, 0), 0);
	}
	assert_int_equal(oci_copy_up(from, to, "/x", world->error), 0);
	assert_int_equal(inode(to, "a", 3), inode(to, "d/b", 3));
	assert_int_equal(inode(to, "a", 3), inode(to, ".0", 3));
	assert_int_equal(inode(to, "link", 2), inode(to, "d/link", 2));
	assert_int_equal(inode(to, "fifo", 2), inode(to, "d/fifo", 2));
	inode(to, "alone", 1);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "d/n%d", i);
		assert_int_equal(inode(to, name, 2), inode(to, name + 2, 2));
	}
	assert_int_equal(fstatat(to, "d/b", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(fstatat(to, ".1", &st, 0), -1);
}

static void owners_and_attributes(void **state)
{
	struct world *world = *state;
	char path[128], value[8];
	struct stat st;
	bool has_xattrs;

	write_file(world->from_fd, "file", "x", 0600);
	snprintf(path, sizeof(path), "%s/file", world->from);
	has_xattrs = setxattr(path, "user.note", "kept", 4, 0) == 0;
	if (geteuid() == 0)
		assert_int_equal(fchownat(world->from_fd, "file", 5, 6, 0), 0);
	assert_int_equal(oci_copy_up(world->from_fd, world->to_fd, "/dir", world->error), 0);
	assert_int_equal(fstatat(world->to_fd, "file", &st, 0), 0);
	assert_int_equal(st.st_uid, geteuid() == 0 ? 5 : geteuid());
	snprintf(path, sizeof(path), "%s/file", world->to);
	if (has_xattrs) {
		assert_int_equal(getxattr(path, "user.note", value, sizeof(value)), 4);
		assert_memory_equal(value, "kept", 4);
	}
}

/* What cannot be copied is an error that says what. */
static void failure_is_told(void **state)
{
	struct world *world = *state;

	write_file(world->from_fd, "file", "x", 0600);
	write_file(world->to_fd, "file", "is there", 0600);
	assert_int_equal(oci_copy_up(world->from_fd, world->to_fd, "/dir", world->error), -EEXIST);
	assert_string_equal(world->error->object, "file");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_kinds_of_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hard_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(owners_and_attributes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(failure_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("oci/copy_up", tests, NULL, NULL);
}
