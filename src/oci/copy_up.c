/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A copy takes as long as there are files, and more memory than a step of the child may have on
 * its stack; so a forked process does it, and the child waits. It still allocates nothing, since
 * it is a copy of a process whose other threads may have held locks.
 *
 * The tree is the image's: every entry is opened without following links, and what was opened is
 * looked at. Other file systems that are mounted in it are not gone into.
 *
 * A file with several names stays one. There is no room to remember them, so the copy itself does:
 * in a directory that is there only meanwhile, the first copy has the number of the original as one
 * more name, from which the others are linked.
 *
 * What a user namespace refuses (device nodes, owners that do not exist in it, attributes of the
 * host's security modules) is left away.
 */

#include "oci/copy_up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"

/* Two descriptors and a buffer a level. */
enum { MAX_DEPTH = 200, DIR_BUFFER = 4096, XATTR_SIZE = 64 * 1024 };

struct copy {
	dev_t device; /* of the tree */
	int depth;
	int top_from_fd, top_to_fd; /* where the copy begins */
	int links_fd;               /* the directory of first copies; -EBADF until there is one */
	char links_name[24];
	char names[XATTR_SIZE], value[XATTR_SIZE];
	char link[PATH_MAX];
	struct inro_error *error;
};

static int copy_tree(struct copy *copy, int from_fd, int to_fd);

static int failed(struct copy *copy, const char *call, const char *name)
{
	return error_raw(copy->error, -errno, call, name);
}

/* A refusal that the owner of a user namespace has to live with. */
static bool is_refused(int code)
{
	return code == EPERM || code == EINVAL || code == EOPNOTSUPP;
}

static int copy_xattrs(struct copy *copy, int from_fd, int to_fd, const char *name)
{
	ssize_t n = flistxattr(from_fd, copy->names, sizeof(copy->names));

	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : failed(copy, "flistxattr", name);
	for (const char *at = copy->names; at < copy->names + n; at += strlen(at) + 1) {
		ssize_t size = fgetxattr(from_fd, at, copy->value, sizeof(copy->value));

		if (size < 0)
			continue;
		if (fsetxattr(to_fd, at, copy->value, (size_t)size, 0) < 0 && !is_refused(errno))
			return failed(copy, "fsetxattr", name);
	}
	return 0;
}

/* Owner before permissions, since a new owner takes set-user-ID away. */
static int copy_metadata(struct copy *copy, int from_fd, int to_fd, const struct stat *st,
			 const char *name)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	int r;

	if (fchown(to_fd, st->st_uid, st->st_gid) < 0 && !is_refused(errno))
		return failed(copy, "fchown", name);
	if (fchmod(to_fd, st->st_mode & 07777) < 0)
		return failed(copy, "fchmod", name);
	r = copy_xattrs(copy, from_fd, to_fd, name);
	if (r == 0 && futimens(to_fd, times) < 0)
		r = failed(copy, "futimens", name);
	return r;
}

static int copy_data(struct copy *copy, int from_fd, int to_fd, const char *name)
{
	for (;;) {
		ssize_t n = sendfile(to_fd, from_fd, NULL, 1 << 30);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return failed(copy, "sendfile", name);
	}
}

static int copy_file(struct copy *copy, int from_dir, int to_dir, const char *name)
{
	cleanup_close int from_fd =
		openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_close int to_fd = -EBADF;
	struct stat st;
	int r;

	if (from_fd < 0 || fstat(from_fd, &st) < 0)
		return failed(copy, "openat", name);
	if (!S_ISREG(st.st_mode))
		return error_raw(copy->error, -ESTALE, "openat", name);
	to_fd = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to_fd < 0)
		return failed(copy, "openat", name);
	r = copy_data(copy, from_fd, to_fd, name);
	return r < 0 ? r : copy_metadata(copy, from_fd, to_fd, &st, name);
}

static int copy_dir(struct copy *copy, int from_dir, int to_dir, const char *name)
{
	cleanup_close int from_fd =
		openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int to_fd = -EBADF;
	struct stat st;
	int r = 0;

	if (from_fd < 0 || fstat(from_fd, &st) < 0)
		return failed(copy, "openat", name);
	if (mkdirat(to_dir, name, 0700) < 0)
		return failed(copy, "mkdirat", name);
	to_fd = openat(to_dir, name, O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	if (to_fd < 0)
		return failed(copy, "openat", name);
	if (st.st_dev == copy->device)
		r = copy_tree(copy, from_fd, to_fd);
	return r < 0 ? r : copy_metadata(copy, from_fd, to_fd, &st, name);
}

static int copy_link(struct copy *copy, int from_dir, int to_dir, const char *name,
		     const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	ssize_t n = readlinkat(from_dir, name, copy->link, sizeof(copy->link) - 1);

	if (n < 0)
		return failed(copy, "readlinkat", name);
	copy->link[n] = '\0';
	if (symlinkat(copy->link, to_dir, name) < 0)
		return failed(copy, "symlinkat", name);
	if (fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    !is_refused(errno))
		return failed(copy, "fchownat", name);
	(void)utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

/* A node, a pipe, a socket: nobody can put a link in the place of what was made here. */
static int copy_node(struct copy *copy, int to_dir, const char *name, const struct stat *st)
{
	if (mknodat(to_dir, name, st->st_mode, st->st_rdev) < 0)
		return errno == EPERM ? 0 : failed(copy, "mknodat", name);
	if (fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    !is_refused(errno))
		return failed(copy, "fchownat", name);
	return 0;
}

/* BEFORE and the digits of NUMBER. No stdio here. */
static void format_name(const char *before, uint64_t number, char text[static 24])
{
	char digits[24];
	size_t n = 0, used = 0;

	for (; *before; before++)
		text[used++] = *before;
	do {
		digits[n++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	while (n > 0)
		text[used++] = digits[--n];
	text[used] = '\0';
}

/* Under a name that the original does not have. */
static int open_links(struct copy *copy)
{
	struct stat st;

	for (unsigned i = 0; copy->links_fd < 0; i++) {
		format_name(".", i, copy->links_name);
		if (fstatat(copy->top_from_fd, copy->links_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (mkdirat(copy->top_to_fd, copy->links_name, 0700) < 0)
			return failed(copy, "mkdirat", copy->links_name);
		copy->links_fd = openat(copy->top_to_fd, copy->links_name,
					O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
		if (copy->links_fd < 0)
			return failed(copy, "openat", copy->links_name);
	}
	return 0;
}

static int close_links(struct copy *copy)
{
	_Alignas(struct dirent64) char buffer[DIR_BUFFER];
	ssize_t n;

	if (copy->links_fd < 0)
		return 0;
	while (lseek(copy->links_fd, 0, SEEK_SET) == 0 &&
	       (n = getdents64(copy->links_fd, buffer, sizeof(buffer))) > 0) {
		size_t removed = 0;

		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);

			if (entry->d_name[0] != '.')
				removed += unlinkat(copy->links_fd, entry->d_name, 0) == 0;
			at += entry->d_reclen;
		}
		if (!removed)
			break;
	}
	copy->links_fd = fd_close(copy->links_fd);
	return unlinkat(copy->top_to_fd, copy->links_name, AT_REMOVEDIR) < 0 ?
		       failed(copy, "unlinkat", copy->links_name) : 0;
}

static int copy_any(struct copy *copy, int from_dir, int to_dir, const char *name,
		    const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(copy, from_dir, to_dir, name);
	case S_IFDIR:
		return copy_dir(copy, from_dir, to_dir, name);
	case S_IFLNK:
		return copy_link(copy, from_dir, to_dir, name, st);
	default:
		return copy_node(copy, to_dir, name, st);
	}
}

/* What has other names: a link to the first copy, or the first itself. */
static int copy_linked(struct copy *copy, int from_dir, int to_dir, const char *name,
		       const struct stat *st)
{
	char number[24];
	int r = open_links(copy);

	if (r < 0)
		return r;
	format_name("", st->st_ino, number);
	if (linkat(copy->links_fd, number, to_dir, name, 0) == 0)
		return 0;
	r = copy_any(copy, from_dir, to_dir, name, st);
	/* A node that is refused was left away. */
	if (r == 0 && linkat(to_dir, name, copy->links_fd, number, 0) < 0 && errno != ENOENT &&
	    !is_refused(errno))
		r = failed(copy, "linkat", name);
	return r;
}

static int copy_entry(struct copy *copy, int from_dir, int to_dir, const char *name)
{
	struct stat st;

	if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(copy, "fstatat", name);
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1 && st.st_dev == copy->device)
		return copy_linked(copy, from_dir, to_dir, name, &st);
	return copy_any(copy, from_dir, to_dir, name, &st);
}

static int copy_tree(struct copy *copy, int from_fd, int to_fd)
{
	_Alignas(struct dirent64) char buffer[DIR_BUFFER];
	ssize_t n;
	int r = 0;

	if (++copy->depth > MAX_DEPTH)
		return error_raw(copy->error, -ELOOP, "openat", "directories too deep");
	while (r == 0 && (n = getdents64(from_fd, buffer, sizeof(buffer))) != 0) {
		if (n < 0)
			return failed(copy, "getdents64", NULL);
		for (ssize_t at = 0; at < n && r == 0;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);

			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				r = copy_entry(copy, from_fd, to_fd, entry->d_name);
			at += entry->d_reclen;
		}
	}
	copy->depth--;
	return r;
}

/* The helper: FROM_FD is opened to be read, and is still the directory that it was. */
static int copy_all(int from_path_fd, int to_path_fd, const char *path, struct inro_error *error)
{
	struct copy copy = { .error = error, .links_fd = -EBADF };
	cleanup_close int from_fd = openat(from_path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int to_fd = openat(to_path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r;

	if (from_fd < 0 || to_fd < 0 || fstat(from_fd, &st) < 0)
		return failed(&copy, "openat", path);
	copy.device = st.st_dev;
	if (fchown(to_fd, st.st_uid, st.st_gid) < 0 && !is_refused(errno))
		return failed(&copy, "fchown", path);
	copy.top_from_fd = from_fd;
	copy.top_to_fd = to_fd;
	r = copy_tree(&copy, from_fd, to_fd);
	return r < 0 ? r : close_links(&copy);
}

int oci_copy_up(int from_fd, int to_fd, const char *path, struct inro_error *error)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&args, sizeof(args));
	int status = 0;

	if (pid == 0)
		sys_exit_group(copy_all(from_fd, to_fd, path, error) < 0);
	if (pid < 0)
		return error_raw(error, pid, "clone3", path);
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return error_raw(error, error->code ? -error->code : -EIO, "copy", path);
}
