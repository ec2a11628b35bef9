/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "ns/open.h"

/*
 * Theory of operation
 *
 * A bind mount of a namespace's inode holds it as well as a descriptor does. The inode may come
 * from anywhere (also from a pidfd, without any path): open_tree makes a detached mount of the
 * descriptor, move_mount puts it on the new file, which is open already. So no path is looked up
 * twice, and a symbolic link is never followed.
 *
 * A mount namespace cannot be mounted inside of itself or of one that is younger, since such pins
 * could hold each other for ever: the kernel compares ages and says ELOOP.
 *
 * Mount namespaces that were copied since have copies of the mount. Unlinking the file detaches
 * those too; it is refused with EBUSY only while the mount is in the caller's own. So: unmount
 * here, then unlink. umount2 takes only a path; the directory is named by its descriptor and the
 * last step is not followed, after a look at what is there.
 */

static const char what_hold[] = "hold the namespace as";
static const char what_drop[] = "drop the namespace held as";

static int explain_hold(struct inro_error *error, int code, int ns_fd, const char *call,
			const char *name)
{
	fail_call(error, code, what_hold, call, name);
	if (code == -EPERM) {
		if (error)
			error->kind = INRO_ERROR_DENIED;
		error_why(error, "mounting takes CAP_SYS_ADMIN over this mount namespace");
		error_hint(error,
			   "as an ordinary user, hold it by a process or an open descriptor");
	} else if ((code == -ELOOP || code == -EINVAL) && ns_fd_check(ns_fd, NS_MNT) == 0) {
		error_why(error,
			  "a mount namespace can only be held in one that is older than it is");
		error_hint(error, "hold it from the mount namespace that it was made from");
	} else if (code == -EEXIST) {
		error_why(error, "the name is taken");
	}
	return code;
}

int ns_hold(int ns_fd, int dir_fd, const char *name, struct inro_error *error)
{
	cleanup_close int file = -EBADF, tree = -EBADF;
	enum ns_kind kind;
	int r = ns_fd_kind(ns_fd, &kind);

	if (r < 0)
		return explain_hold(error, r, ns_fd, "NS_GET_NSTYPE", name);
	tree = sys_open_tree(ns_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0)
		return explain_hold(error, tree, ns_fd, "open_tree", name);
	file = openat(dir_fd, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
	if (file < 0)
		return explain_hold(error, -errno, ns_fd, "openat", name);
	r = sys_move_mount(tree, "", file, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	if (r < 0) {
		unlinkat(dir_fd, name, 0);
		return explain_hold(error, r, ns_fd, "move_mount", name);
	}
	return 0;
}

int ns_hold_over(int ns_fd, const char *path, struct inro_error *error)
{
	cleanup_close int file = open(path, O_PATH | O_CLOEXEC), tree = -EBADF;
	struct stat st;
	int r;

	if (file < 0)
		return errno == ENOENT ? ns_hold(ns_fd, AT_FDCWD, path, error)
				       : explain_hold(error, -errno, ns_fd, "open", path);
	if (fstat(file, &st) == 0 && S_ISDIR(st.st_mode))
		return explain_hold(error, -EISDIR, ns_fd, "open", path);
	tree = sys_open_tree(ns_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0)
		return explain_hold(error, tree, ns_fd, "open_tree", path);
	r = sys_move_mount(tree, "", file, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return r < 0 ? explain_hold(error, r, ns_fd, "move_mount", path) : 0;
}

static int unmount_at(int dir_fd, const char *name)
{
	char path[4200];

	if (dir_fd == AT_FDCWD || name[0] == '/')
		return sys_umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW);
	if (snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir_fd, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return sys_umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
}

/* Is it something that may be removed? 1: a namespace is mounted there; 0: an empty file. */
static int look(int dir_fd, const char *name)
{
	cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	enum ns_kind kind;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (ns_fd_kind(fd, &kind) == 0)
		return 1;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && st.st_size == 0 ? 0 : -EINVAL;
}

int ns_hold_drop(int dir_fd, const char *name, struct inro_error *error)
{
	int r = look(dir_fd, name);

	if (r < 0) {
		fail_call(error, r, what_drop, "openat", name);
		if (r == -EINVAL || r == -ELOOP)
			error_why(error,
				  "the file holds no namespace, and is not empty: left alone");
		return r;
	}
	/* As often as it was mounted over. */
	for (int i = 0; r == 1 && i < 64; i++) {
		r = unmount_at(dir_fd, name);
		if (r == 0)
			r = look(dir_fd, name);
	}
	if (r < 0) {
		fail_call(error, r, what_drop, "umount2", name);
		if (r == -EPERM) {
			if (error)
				error->kind = INRO_ERROR_DENIED;
			error_hint(error, "run as root");
		}
		return r;
	}
	if (unlinkat(dir_fd, name, 0) < 0)
		return fail_call(error, -errno, what_drop, "unlinkat", name);
	return 0;
}
