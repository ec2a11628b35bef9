/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"
#include "ns/hold.h"
#include "ns/open.h"
#include "ns/scan.h"
#include "state/record.h"

/*
 * Theory of operation
 *
 * A name is a directory. Root's has a file for each kind, "net", "pid", on which the namespace is
 * mounted: no process is needed. Somebody who may not mount has a process instead that does nothing
 * but hold descriptors, each under the number that belongs to its kind, and the file "holder" with
 * its PID and start time. Others open its /proc/PID/fd/N, which takes the rights of the same user
 * and no more, and what they have opened must answer that it is a namespace of that kind.
 *
 * A PID namespace that was kept together with a small init has a file "init" of the same form: only
 * with it can the name be dropped as a whole.
 *
 * A file of neither sort is none of ours: it is never removed, and so the directory stays.
 */

static const char file_holder[] = "holder", file_init[] = "init";

void kept_deinit(struct kept *kept)
{
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		fd_close(kept->ns_fd[kind]);
	*kept = (struct kept)KEPT_NULL;
}

bool kept_name_ok(const char *name)
{
	return state_name_ok(name);
}

int kept_open_dir(int state_fd, bool create)
{
	int fd;

	if (state_fd < 0)
		return -ENOENT;
	if (create && mkdirat(state_fd, "ns", 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(state_fd, "ns", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* "PID START\n" */
static int read_process(int name_fd, const char *file, pid_t *ret_pid, uint64_t *ret_start)
{
	unsigned long long start;
	char text[64];
	int pid;

	if (fd_read_file_at(name_fd, file, text, sizeof(text)) < 0)
		return -ENOENT;
	if (sscanf(text, "%d %llu", &pid, &start) != 2 || pid <= 0)
		return -EINVAL;
	*ret_pid = pid;
	*ret_start = start;
	return 0;
}

static int write_process(int name_fd, const char *file, pid_t pid, uint64_t start)
{
	cleanup_close int fd = openat(name_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				      0600);
	char text[64];

	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%d %llu\n", pid, (unsigned long long)start);
	return fd_write_all(fd, text, strlen(text));
}

/* The descriptors of the holder. Its directory, once open, stays with that process. */
static int open_held(int proc_fd, struct kept *kept)
{
	cleanup_close int pidfd = procfs_open_pidfd(proc_fd, kept->holder, kept->holder_start);
	cleanup_close int dir = pidfd < 0 ? pidfd : procfs_open_pid(proc_fd, kept->holder);

	if (dir < 0)
		return dir == -ENOENT ? -ESRCH : dir;
	/* The descriptors of one that has ended are refused, not gone, until somebody reaps it. */
	if (procfs_pidfd_ended(pidfd))
		return -ESRCH;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		char path[24];
		int fd;

		snprintf(path, sizeof(path), "fd/%d", KEPT_FD(kind));
		fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 && errno != ENOENT)
			return -errno;
		if (fd >= 0 && ns_fd_check(fd, kind) < 0)
			fd = fd_close(fd);
		kept->ns_fd[kind] = fd;
		if (fd >= 0)
			kept->kinds |= NS_BIT(kind);
	}
	/* Its number cannot have become another's while the pidfd says that it lives. */
	return procfs_pidfd_ended(pidfd) ? -ESRCH : 0;
}

static void open_mounted(int name_fd, struct kept *kept)
{
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		int fd = openat(name_fd, ns_kind_name(kind),
				O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

		if (fd >= 0 && ns_fd_check(fd, kind) < 0)
			fd = fd_close(fd);
		if (fd < 0)
			continue;
		kept->ns_fd[kind] = fd;
		kept->kinds |= NS_BIT(kind);
	}
}

static int nothing_held(struct inro_error *error, int code, const char *name, const struct kept *kept)
{
	if (code == -EACCES || code == -EPERM) {
		fail_host(error, INRO_ERROR_DENIED, code, "open the kept name",
			  "the process %d that holds '%s' may not be looked at", kept->holder, name);
		return code;
	}
	if (kept->holder)
		fail_host(error, INRO_ERROR_HOST, -ESRCH, "open the kept name",
			  "the process that held '%s' has ended", name);
	else
		fail_host(error, INRO_ERROR_HOST, -ESRCH, "open the kept name",
			  "no namespace is mounted under '%s' in this mount namespace", name);
	error_hint(error, "inro drop %s removes what is left of it", name);
	return -ESRCH;
}

static int open_name(int dir_fd, const char *name)
{
	int fd;

	if (dir_fd < 0 || !kept_name_ok(name))
		return -ENOENT;
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -ENOENT : fd;
}

int kept_open(int dir_fd, int proc_fd, const char *name, struct kept *ret, struct inro_error *error)
{
	cleanup_kept struct kept kept = KEPT_NULL;
	cleanup_close int name_fd = open_name(dir_fd, name);
	int r = 0;

	if (name_fd < 0)
		return -ENOENT;
	if (read_process(name_fd, file_init, &kept.init, &kept.init_start) == 0) {
		cleanup_close int pidfd = procfs_open_pidfd(proc_fd, kept.init, kept.init_start);

		if (pidfd < 0)
			kept.init = 0;
	}
	if (read_process(name_fd, file_holder, &kept.holder, &kept.holder_start) == 0)
		r = open_held(proc_fd, &kept);
	else
		open_mounted(name_fd, &kept);
	if (r < 0 || !kept.kinds)
		return nothing_held(error, r, name, &kept);
	*ret = kept;
	kept = (struct kept)KEPT_NULL;
	return 0;
}

int kept_each(int dir_fd, int (*each)(void *data, const char *name), void *data)
{
	int fd = dir_fd < 0 ? -ENOENT : openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		fd_close(fd);
		return dir_fd < 0 ? 0 : -errno;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (kept_name_ok(entry->d_name))
			r = each(data, entry->d_name);
	closedir(dir);
	return r;
}

static int add_failed(struct inro_error *error, int code, const char *call, const char *name)
{
	fail_call(error, code, "keep", call, name);
	if (code == -EEXIST) {
		error_why(error, "the name is taken");
		error_hint(error, "inro enter %s uses it, inro drop %s gives it up", name, name);
	} else if (code == -ENOSPC || code == -EDQUOT) {
		error_why(error, "the directory of names is full");
		error_hint(error, "inro drop makes room; inro ls shows what is kept");
	}
	return code;
}

static int fill_name(int name_fd, const char *name, const struct kept *kept, struct inro_error *error)
{
	int r = 0;

	if (kept->init)
		r = write_process(name_fd, file_init, kept->init, kept->init_start);
	if (r == 0 && kept->holder)
		r = write_process(name_fd, file_holder, kept->holder, kept->holder_start);
	if (r < 0)
		return add_failed(error, r, "write", name);
	if (kept->holder)
		return 0;
	for (enum ns_kind kind = 0; kind < NS_KINDS && r == 0; kind++)
		if (kept->kinds & NS_BIT(kind))
			r = ns_hold(kept->ns_fd[kind], name_fd, ns_kind_name(kind), error);
	if (r == -ENOSPC && error)
		error_hint(error, "inro drop makes room; inro ls shows what is kept");
	return r;
}

/* Everything of ours in the directory of a name, and then the directory. */
static int remove_name(int dir_fd, int name_fd, const char *name, struct inro_error *error)
{
	int r = 0;

	for (enum ns_kind kind = 0; kind < NS_KINDS && r == 0; kind++)
		if (faccessat(name_fd, ns_kind_name(kind), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			r = ns_hold_drop(name_fd, ns_kind_name(kind), error);
	if (r < 0)
		return r;
	unlinkat(name_fd, file_holder, 0);
	unlinkat(name_fd, file_init, 0);
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0) {
		r = -errno;
		fail_call(error, r, "drop", "unlinkat", name);
		if (r == -ENOTEMPTY)
			error_why(error, "there are files in its directory that are not inro's");
	}
	return r;
}

int kept_add(int dir_fd, const char *name, const struct kept *kept, struct inro_error *error)
{
	cleanup_close int name_fd = -EBADF;
	int r;

	if (mkdirat(dir_fd, name, 0700) < 0)
		return add_failed(error, -errno, "mkdirat", name);
	name_fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (name_fd < 0)
		return add_failed(error, -errno, "openat", name);
	r = fill_name(name_fd, name, kept, error);
	if (r < 0)
		remove_name(dir_fd, name_fd, name, NULL);
	return r;
}

/* How many processes beside its init live in a PID namespace and below. */
static size_t count_others(const struct kept *kept)
{
	cleanup_free struct ns_member *members = NULL;
	size_t n = 0;

	if (kept->ns_fd[NS_PID] < 0 || ns_scan_members(kept->ns_fd[NS_PID], &members, &n, NULL) < 0)
		return 0;
	return n > 0 ? n - 1 : 0;
}

/* End a process of ours, and see it gone. */
static int end_process(int proc_fd, pid_t pid, uint64_t start)
{
	cleanup_close int pidfd = procfs_open_pidfd(proc_fd, pid, start);
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	int r;

	if (pidfd == -ESRCH || pidfd == -ENOENT)
		return 0;
	if (pidfd < 0)
		return pidfd;
	r = sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	while (poll(&ended, 1, 10000) < 0 && errno == EINTR)
		;
	return 0;
}

int kept_drop(int dir_fd, int proc_fd, const char *name, bool force, struct inro_error *error)
{
	cleanup_kept struct kept kept = KEPT_NULL;
	cleanup_close int name_fd = open_name(dir_fd, name);
	uint64_t start;
	size_t others;
	pid_t pid;
	int r = 0;

	if (name_fd < 0) {
		fail_host(error, INRO_ERROR_HOST, -ENOENT, "drop", "no namespaces are kept as '%s'", name);
		return -ENOENT;
	}
	if (kept_open(dir_fd, proc_fd, name, &kept, NULL) == 0 && kept.init && !force &&
	    (others = count_others(&kept)) > 0) {
		fail_host(error, INRO_ERROR_HOST, -EBUSY, "drop",
			  "%zu other processes live in the PID namespace of '%s', and would end with its init",
			  others, name);
		error_hint(error, "--force ends them");
		return -EBUSY;
	}
	if (read_process(name_fd, file_init, &pid, &start) == 0)
		r = end_process(proc_fd, pid, start);
	if (r == 0 && read_process(name_fd, file_holder, &pid, &start) == 0)
		r = end_process(proc_fd, pid, start);
	if (r < 0)
		return fail_call(error, r, "drop", "pidfd_send_signal", name);
	return remove_name(dir_fd, name_fd, name, error);
}
