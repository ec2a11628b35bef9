/* SPDX-License-Identifier: Apache-2.0 */
#include "mount/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/syscalls.h"

static int open_in_root(int root_fd, const char *path, int flags, unsigned target_flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(O_PATH | O_CLOEXEC | flags),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS |
			   (target_flags & TARGET_NO_LINKS ? RESOLVE_NO_SYMLINKS : 0),
	};

	return sys_openat2(root_fd, path, &how);
}

/*
 * What was made by NAME in DIR_FD, or by somebody else just before: a link is refused. (Asked for a
 * path's last component alone, openat2(2) would open the link itself, also with RESOLVE_NO_SYMLINKS.)
 */
static int open_made(int dir_fd, const char *name, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(O_PATH | O_CLOEXEC | O_NOFOLLOW | flags),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	cleanup_close int fd = sys_openat2(dir_fd, name, &how);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) < 0)
		return -errno;
	return fd >= 0 && S_ISLNK(st.st_mode) ? -ELOOP : take_fd(&fd);
}

static int make_dir(int dir_fd, const char *name, mode_t mode)
{
	if (mkdirat(dir_fd, name, mode) < 0 && errno != EEXIST)
		return -errno;
	return open_made(dir_fd, name, O_DIRECTORY);
}

/* A new file's own descriptor serves as well as one opened again. */
static int make_file(int dir_fd, const char *name, mode_t mode)
{
	int made = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (made < 0 && errno != EEXIST)
		return -errno;
	return made < 0 ? open_made(dir_fd, name, 0) : made;
}

static int make_last(int dir_fd, const char *name, enum target_type type, mode_t mode)
{
	return type == TARGET_FILE ? make_file(dir_fd, name, mode) : make_dir(dir_fd, name, mode);
}

/* The usual case: only the last component is missing. -ENOENT where it is not so. */
static int make_in_parent(int root_fd, const char *target, enum target_type type, mode_t mode,
			  unsigned flags)
{
	const char *slash = strrchr(target, '/');
	cleanup_close int dir_fd = -EBADF;
	char parent[PATH_MAX];
	size_t length = slash ? (size_t)(slash - target) : 0;

	if (length >= sizeof(parent) || (slash && !slash[1]))
		return -ENOENT;
	memcpy(parent, target, length);
	memcpy(parent + length, length ? "" : ".", length ? 1 : 2);
	dir_fd = open_in_root(root_fd, parent, O_DIRECTORY, flags);
	return dir_fd < 0 ? dir_fd : make_last(dir_fd, slash ? slash + 1 : target, type, mode);
}

/*
 * Copy the path up to and with its next component into BUFFER; *length is how much of it was there
 * before. Returns the start of that component in BUFFER, or NULL at the end.
 */
static const char *next_component(const char *path, char *buffer, size_t *length)
{
	size_t start = *length + strspn(path + *length, "/"), n = strcspn(path + start, "/");

	if (n == 0)
		return NULL;
	memcpy(buffer + *length, path + *length, start + n - *length);
	buffer[start + n] = '\0';
	*length = start + n;
	return buffer + start;
}

static bool is_last(const char *path, size_t length)
{
	return path[length + strspn(path + length, "/")] == '\0';
}

/* Walk down from the root, making what is missing, until the last component or all of it. */
static int make_path(int root_fd, const char *target, bool parent_only, enum target_type type,
		     mode_t mode, unsigned flags)
{
	cleanup_close int dir_fd = open_in_root(root_fd, ".", O_DIRECTORY, 0);
	char path[PATH_MAX];
	size_t length = 0;

	if (strlen(target) >= sizeof(path))
		return -ENAMETOOLONG;
	while (dir_fd >= 0) {
		const char *name = next_component(target, path, &length);
		bool last = is_last(target, length);
		int next;

		if (!name || (last && parent_only))
			return take_fd(&dir_fd);
		next = open_in_root(root_fd, path, last && type == TARGET_FILE ? 0 : O_DIRECTORY,
				    flags);
		if (next == -ENOENT)
			next = last ? make_last(dir_fd, name, type, mode)
				    : make_dir(dir_fd, name, 0755);
		if (next < 0)
			return next;
		fd_close(dir_fd);
		dir_fd = next;
	}
	return dir_fd;
}

static int check_type(int fd, enum target_type type)
{
	struct stat st;

	if (type == TARGET_ANY)
		return 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (type == TARGET_DIR && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return type == TARGET_FILE && S_ISDIR(st.st_mode) ? -EISDIR : 0;
}

int target_open(int root_fd, const char *target, enum target_type type, mode_t mode, unsigned flags)
{
	bool make_first = flags & TARGET_NEW && type != TARGET_ANY;
	cleanup_close int fd = make_first ? make_in_parent(root_fd, target, type, mode, flags) :
					    open_in_root(root_fd, target, 0, flags);
	int r;

	/* A link stands there: follow it, if that is allowed. */
	if (make_first && (fd == -ELOOP || fd == -ENOTDIR))
		fd = open_in_root(root_fd, target, 0, flags);
	if (fd == -ENOENT && type != TARGET_ANY && !make_first)
		fd = make_in_parent(root_fd, target, type, mode, flags);
	if (fd == -ENOENT && type != TARGET_ANY)
		fd = make_path(root_fd, target, false, type, mode, flags);
	if (fd < 0)
		return fd;
	r = check_type(fd, type);
	return r < 0 ? r : take_fd(&fd);
}

int target_open_parent(int root_fd, const char *target, const char **ret_name)
{
	const char *slash = strrchr(target, '/');

	*ret_name = slash ? slash + 1 : target;
	if (!slash || slash == target)
		return open_in_root(root_fd, ".", O_DIRECTORY, 0);
	return make_path(root_fd, target, true, TARGET_DIR, 0755, 0);
}
