/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"

/*
 * Theory of operation
 *
 * A namespace is an inode of the kernel's own file system nsfs, and a descriptor of that inode
 * holds it. There are two ways to such a descriptor of a running process:
 *
 * - An ioctl on a pidfd (6.11). No path and no procfs is involved, and the process cannot be taken
 *   for another. It also finds the PID namespace for children before its first process exists,
 *   which the link in procfs does not (ENOENT).
 * - The link /proc/PID/ns/KIND. It is a magic link: opening it leads to the inode whatever the
 *   text says, so openat2 with RESOLVE_NO_MAGICLINKS is no use for the last step. Therefore the
 *   directory of the process is opened without following anything, on what fstatfs calls procfs,
 *   and then the link by plain openat; a file system that only looks like procfs cannot answer
 *   NS_GET_NSTYPE with the right kind from an inode of nsfs, which is checked on what came out.
 *   A pidfd that is still alive after the directory was opened proves that the number was not
 *   used again in between.
 *
 * Both need the right to ptrace-read the process (EACCES otherwise): same user, dumpable, no more
 * capabilities than the caller, or CAP_SYS_PTRACE in the process's user namespace. A zombie has no
 * namespaces any more (ESRCH by pidfd, a link that cannot be read in procfs).
 *
 * Identity is device and inode. The inode number may be used again once the namespace is gone, but
 * not while a descriptor is open. NS_GET_ID (6.18) gives a number that is never used again.
 *
 * Parents: NS_GET_PARENT and NS_GET_USERNS answer EPERM both at the top and for what lies above
 * the caller's own namespace. The inodes of the first namespaces are fixed numbers, which tells
 * the two cases apart in words.
 */

/* The fixed inode numbers of the host's first namespaces; uapi since 6.18, the values older. */
static const ino_t initial_ino[NS_KINDS] = {
	[NS_CGROUP] = 0xeffffffb, [NS_IPC] = 0xefffffff, [NS_MNT] = 0xeffffff8,
	[NS_NET] = 0xeffffff9,    [NS_PID] = 0xeffffffc, [NS_TIME] = 0xeffffffa,
	[NS_USER] = 0xeffffffd,   [NS_UTS] = 0xeffffffe,
};

bool ns_is_initial(enum ns_kind kind, ino_t ino)
{
	return initial_ino[kind] == ino;
}

int ns_fd_kind(int fd, enum ns_kind *ret)
{
	struct statfs fs;
	int flag;

	/* First the file system: the request means something else to a device. */
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != NSFS_MAGIC)
		return -EINVAL;
	flag = ioctl(fd, NS_GET_NSTYPE);
	if (flag < 0)
		return -errno;
	return ns_kind_from_flag((uint32_t)flag, ret);
}

int ns_fd_check(int fd, enum ns_kind kind)
{
	enum ns_kind found = NS_KINDS;
	int r = ns_fd_kind(fd, &found);

	if (r < 0)
		return r;
	return found == kind ? 0 : -EINVAL;
}

int ns_fd_id_short(int fd, struct ns_id *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = (struct ns_id){ .dev = st.st_dev, .ino = st.st_ino };
	return 0;
}

int ns_fd_id(int fd, struct ns_id *ret)
{
	uint64_t unique;
	int r = ns_fd_id_short(fd, ret);

	if (r == 0 && ioctl(fd, NS_GET_ID, &unique) == 0)
		ret->unique = unique;
	return r;
}

int ns_same(int a_fd, int b_fd)
{
	struct ns_id a = { 0 }, b = { 0 };
	int r = ns_fd_id_short(a_fd, &a);

	if (r == 0)
		r = ns_fd_id_short(b_fd, &b);
	return r < 0 ? r : ns_id_same(&a, &b);
}

/* Explain why a namespace of a process could not be opened; OWNER may be "". Returns CODE. */
static int explain_open(struct inro_error *error, int code, enum ns_kind kind, const char *call,
			const char *owner)
{
	char what[64];

	snprintf(what, sizeof(what), "open the %s namespace of", ns_kind_name(kind));
	fail_call(error, code, what, call, *owner ? owner : "the process");
	switch (code) {
	case -EACCES:
	case -EPERM:
		if (error)
			error->kind = INRO_ERROR_DENIED;
		error_why(error,
			  "to see the namespaces of a process takes the right to trace it: the "
			  "same user, no more capabilities than yours, not marked undumpable");
		error_hint(error, "run as root (CAP_SYS_PTRACE), or as the user of that process");
		break;
	case -ESRCH:
		error_why(error, "the process has ended; a zombie has no namespaces any more");
		break;
	case -EOPNOTSUPP:
		error_why(error, "this kernel has no %s namespaces", ns_kind_name(kind));
		break;
	case -ENOENT:
		error_why(error, "its children have no %s namespace yet", ns_kind_name(kind));
		error_hint(error,
			   "it can be opened once its first process was born (or on Linux 6.11)");
		break;
	default:
		break;
	}
	return code;
}

static const char *link_name(enum ns_kind kind, unsigned flags)
{
	const struct ns_kind_info *info = &ns_kind_table[kind];

	return flags & NS_OPEN_FOR_CHILDREN && info->children_name ? info->children_name
								   : info->name;
}

static int open_proc_dir(int pid_dir_fd, enum ns_kind kind, unsigned flags)
{
	cleanup_close int dir = procfs_open_at(pid_dir_fd, "ns", O_PATH | O_DIRECTORY);
	cleanup_close int fd = -EBADF;
	char target[8];
	int r;

	if (dir < 0)
		return dir == -ENOENT ? -ESRCH : dir;
	fd = openat(dir, link_name(kind, flags), O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		/* No such kind, no process, or nothing behind the link yet? */
		if (faccessat(dir, "mnt", F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
		    readlinkat(dir, "mnt", target, sizeof(target)) < 0)
			return errno == EACCES ? -EACCES : -ESRCH;
		r = faccessat(dir, link_name(kind, flags), F_OK, AT_SYMLINK_NOFOLLOW);
		return r < 0 ? -EOPNOTSUPP : -ENOENT;
	}
	if (fd < 0)
		return -errno;
	r = ns_fd_check(fd, kind);
	return r < 0 ? r : take_fd(&fd);
}

int ns_open_proc_dir(int pid_dir_fd, enum ns_kind kind, unsigned flags, struct inro_error *error)
{
	int fd = open_proc_dir(pid_dir_fd, kind, flags);

	return fd < 0 ? explain_open(error, fd, kind, "openat", "") : fd;
}

/* Before 6.11. */
static int open_pidfd_by_procfs(int pidfd, enum ns_kind kind, unsigned flags)
{
	cleanup_close int proc_fd = procfs_open(), dir = -EBADF;
	pid_t pid;
	int r;

	if (proc_fd < 0)
		return proc_fd;
	r = procfs_pid_of_pidfd(pidfd, &pid);
	if (r < 0)
		return r;
	dir = procfs_open_pid(proc_fd, pid);
	if (dir < 0)
		return dir;
	r = sys_pidfd_send_signal(pidfd, 0, NULL, 0);
	if (r == -ESRCH)
		return r;
	return open_proc_dir(dir, kind, flags);
}

static int open_pidfd(int pidfd, enum ns_kind kind, unsigned flags)
{
	const struct ns_kind_info *info = &ns_kind_table[kind];
	bool children = flags & NS_OPEN_FOR_CHILDREN && info->children_request;
	int fd = ioctl(pidfd, children ? info->children_request : info->pidfd_request, 0);

	if (fd >= 0)
		return fd;
	if (errno == ENOTTY || errno == EINVAL)
		return open_pidfd_by_procfs(pidfd, kind, flags);
	return -errno;
}

int ns_open_pidfd(int pidfd, enum ns_kind kind, unsigned flags, struct inro_error *error)
{
	int fd = open_pidfd(pidfd, kind, flags);
	char owner[32] = "";
	pid_t pid;

	if (fd >= 0)
		return fd;
	if (error && procfs_pid_of_pidfd(pidfd, &pid) == 0)
		snprintf(owner, sizeof(owner), "process %d", pid);
	return explain_open(error, fd, kind, "PIDFD_GET_NAMESPACE", owner);
}

int ns_open_self(enum ns_kind kind, unsigned flags, struct inro_error *error)
{
	cleanup_close int thread_fd = sys_pidfd_open(gettid(), PIDFD_THREAD);
	cleanup_close int proc_fd = -EBADF, dir = -EBADF;
	char link[40] = "";
	int fd;

	if (thread_fd >= 0) {
		fd = open_pidfd(thread_fd, kind, flags);
		if (fd >= 0)
			return fd;
	}
	proc_fd = procfs_open();
	if (proc_fd < 0)
		return explain_open(error, proc_fd, kind, "open", "this process");
	if (readlinkat(proc_fd, "thread-self", link, sizeof(link) - 1) < 0)
		return explain_open(error, -errno, kind, "readlink", "this process");
	dir = procfs_open_at(proc_fd, link, O_RDONLY | O_DIRECTORY);
	fd = dir < 0 ? dir : open_proc_dir(dir, kind, flags);
	return fd < 0 ? explain_open(error, fd, kind, "openat", "this process") : fd;
}

unsigned ns_kinds_absent(unsigned kinds)
{
	cleanup_close int proc_fd = procfs_open();
	unsigned absent = 0;

	/* A procfs without the caller tells nothing. */
	if (proc_fd < 0 || faccessat(proc_fd, "self/ns", F_OK, 0) < 0)
		return 0;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		char path[32];

		snprintf(path, sizeof(path), "self/%s", ns_kind_table[kind].proc_path);
		if (kinds & NS_BIT(kind) && faccessat(proc_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			absent |= NS_BIT(kind);
	}
	return absent;
}

bool ns_explain_absent(struct inro_error *error, unsigned kinds)
{
	unsigned absent = ns_kinds_absent(kinds);
	char text[NS_KINDS_TEXT];

	if (!absent)
		return false;
	error_why(error, "this kernel has no namespaces of kind %s",
		  ns_kinds_format(absent, text, sizeof(text)));
	error_hint(error, "leave them out");
	return true;
}

/* The hint that belongs to a path below /proc that could not be opened. */
static int explain_path(struct inro_error *error, int code, const char *path)
{
	fail_call(error, code, "open the namespace", "open", path);
	if (code == -EACCES || code == -EPERM) {
		if (error)
			error->kind = INRO_ERROR_DENIED;
		error_hint(error,
			   "links under /proc/PID/ns open for who may trace that process: its "
			   "own user, or root");
	}
	return code;
}

int ns_open_path(int dir_fd, const char *path, enum ns_kind *ret_kind, struct inro_error *error)
{
	/* Not to hang in a fifo, nor to get a terminal, where the name is not what was meant. */
	cleanup_close int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum ns_kind kind = NS_KINDS;
	int r;

	if (fd < 0)
		return explain_path(error, -errno, path);
	r = ns_fd_kind(fd, &kind);
	if (r < 0) {
		fail_call(error, r, "open the namespace", NULL, path);
		error_why(error, "the file is no namespace");
		error_hint(error,
			   "name a link like /proc/PID/ns/net, or a file that a namespace is "
			   "mounted on");
		return r;
	}
	if (ret_kind)
		*ret_kind = kind;
	return take_fd(&fd);
}

/* What the namespace of a descriptor is called: "pid:[4026531836]". */
static void describe(int fd, char text[static 48], enum ns_kind *ret_kind, struct ns_id *ret_id)
{
	*ret_kind = NS_KINDS;
	*ret_id = (struct ns_id){ 0 };
	ns_fd_id_short(fd, ret_id);
	if (ns_fd_kind(fd, ret_kind) < 0)
		snprintf(text, 48, "descriptor %d", fd);
	else
		snprintf(text, 48, "%s:[%ju]", ns_kind_name(*ret_kind), (uintmax_t)ret_id->ino);
}

/* Why NS_GET_PARENT, NS_GET_USERNS or NS_GET_OWNER_UID of FD failed. Returns CODE. */
static int explain_relation(struct inro_error *error, int code, int fd, const char *what,
			    const char *call)
{
	char name[48];
	enum ns_kind kind;
	struct ns_id id;

	if (!error)
		return code;
	describe(fd, name, &kind, &id);
	fail_call(error, code, what, call, name);
	if (kind == NS_KINDS)
		error_why(error, "it is no namespace");
	else if (code == -EPERM && ns_is_initial(kind, id.ino))
		error_why(error, "it is the first of the host: nothing is above it");
	else if (code == -EPERM)
		error_why(error,
			  "what is above it is above the caller's own namespace, out of sight");
	else if (code == -EINVAL)
		error_why(error, "namespaces of the kind %s have none", ns_kind_name(kind));
	return code;
}

int ns_parent(int fd, struct inro_error *error)
{
	int parent = ioctl(fd, NS_GET_PARENT);

	if (parent < 0)
		return explain_relation(error, -errno, fd, "find the parent of", "NS_GET_PARENT");
	return parent;
}

int ns_userns(int fd, struct inro_error *error)
{
	int owner = ioctl(fd, NS_GET_USERNS);

	if (owner < 0)
		return explain_relation(error, -errno, fd, "find the owner of", "NS_GET_USERNS");
	return owner;
}

int ns_owner_uid(int fd, uid_t *ret, struct inro_error *error)
{
	uid_t uid;

	if (ioctl(fd, NS_GET_OWNER_UID, &uid) < 0)
		return explain_relation(error, -errno, fd, "find the owner's uid of",
					"NS_GET_OWNER_UID");
	*ret = uid;
	return 0;
}
