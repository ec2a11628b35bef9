/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writing the maps.
 *
 * Each of the three files takes one write(2), ever. setgroups must be denied before gid_map is
 * written by somebody without CAP_SETGID. The process's directory is found by number below the
 * verified procfs; where that procfs belongs to another PID namespace than inro's (a stale /proc),
 * the number there is asked of the pidfd, so that it cannot be another process.
 *
 * An ordinary user's only map is one line of its own id, which the child may write as well as the
 * parent. Then there is nothing to wait for: parent and child need no meeting at all. It is worth
 * little on an idle machine (from clone3 in six namespaces to the child's end, two cores, medians
 * of 2000 interleaved in three runs: 277, 285, 287 us by the parent and 274, 277, 279 us by the
 * child), but the child no longer depends on when the parent is scheduled, which a busy one feels.
 */

#include "idmap/write.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"
#include "plan/run.h"

/* Child-safe. The name of the call is that of the one that failed. */
static int write_at(int dir_fd, const char *path, unsigned resolve, const char *text, size_t size,
		    struct inro_error *error)
{
	const struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | resolve,
	};
	cleanup_close int fd = sys_openat2(dir_fd, path, &how);
	ssize_t n;

	if (fd < 0)
		return error_raw(error, fd, "openat2", path);
	do
		n = write(fd, text, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_raw(error, -errno, "write", path);
	return (size_t)n == size ? 0 : error_raw(error, -EIO, "write", path);
}

int maps_write_at(int pid_dir_fd, const struct map_args *args, struct inro_error *error)
{
	int r = 0;

	if (args->deny_setgroups)
		r = write_at(pid_dir_fd, "setgroups", RESOLVE_NO_SYMLINKS, "deny", 4, error);
	if (r == 0 && args->uids)
		r = write_at(pid_dir_fd, "uid_map", RESOLVE_NO_SYMLINKS, args->uids, args->uids_size,
			     error);
	if (r == 0 && args->gids)
		r = write_at(pid_dir_fd, "gid_map", RESOLVE_NO_SYMLINKS, args->gids, args->gids_size,
			     error);
	return r;
}

/* The child's number in the procfs of the run, which has nearly always inro's own numbers. */
static int child_number(int proc_fd, const struct run *run, pid_t *ret)
{
	char own[16], link[16];
	ssize_t n = readlinkat(proc_fd, "self", link, sizeof(link) - 1);

	if (n < 0)
		return -errno;
	link[n] = '\0';
	snprintf(own, sizeof(own), "%d", (int)run->parent_pid);
	if (strcmp(own, link) != 0)
		return procfs_number(proc_fd, run->pidfd, ret);
	*ret = run->pid;
	return 0;
}

static int open_child(const struct run *run, int *ret_fd, pid_t *ret_pid, struct inro_error *error)
{
	cleanup_close int own_proc = -EBADF;
	int proc_fd = run_fd(run, SLOT_HOST_PROC), fd, r;
	pid_t pid;

	if (proc_fd < 0)
		proc_fd = own_proc = procfs_open();
	if (proc_fd < 0)
		return error_raw(error, proc_fd, "open", "/proc");
	r = child_number(proc_fd, run, &pid);
	if (r < 0)
		return error_raw(error, r, "readlink", "/proc/self");
	fd = procfs_open_pid(proc_fd, pid);
	if (fd < 0)
		return error_raw(error, fd, "openat2", "/proc/PID");
	*ret_fd = fd;
	*ret_pid = pid;
	return 0;
}

static int run_write_maps(struct run *run, const struct step *step, struct inro_error *error)
{
	cleanup_close int dir_fd = -EBADF;
	pid_t pid;
	int r = open_child(run, &dir_fd, &pid, error);

	return r < 0 ? r : maps_write_at(dir_fd, step->args, error);
}

static int run_helper_maps(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct map_args *args = step->args;
	cleanup_close int dir_fd = -EBADF;
	pid_t pid;
	int r = open_child(run, &dir_fd, &pid, error);

	if (r == 0 && args->deny_setgroups)
		r = write_at(dir_fd, "setgroups", RESOLVE_NO_SYMLINKS, "deny", 4, error);
	return r < 0 ? r : maps_run_helpers(args, pid, error);
}

/*
 * The child has the parent's procfs, in which "self" leads to it under whatever number it has
 * there. Runs before the child turns undumpable, which would make the files root's.
 */
static int run_own_maps(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct map_args *args = step->args;
	int proc_fd = run_fd(run, SLOT_HOST_PROC), r;

	r = write_at(proc_fd, "self/setgroups", 0, "deny", 4, error);
	if (r == 0)
		r = write_at(proc_fd, "self/uid_map", 0, args->uids, args->uids_size, error);
	if (r == 0)
		r = write_at(proc_fd, "self/gid_map", 0, args->gids, args->gids_size, error);
	return r;
}

static void tell_maps(const struct step *step, struct buf *text)
{
	const struct map_args *args = step->args;

	buf_puts(text, args->tell);
	if (args->deny_setgroups)
		buf_puts(text, "; setgroups denied");
}

const struct step_kind kind_write_maps = {
	.name = "write-id-maps",
	.what = "map the ids of the new user namespace",
	.calls = "openat2, write",
	.run = run_write_maps,
	.tell = tell_maps,
	.advise = maps_advise,
};

const struct step_kind kind_helper_maps = {
	.name = "helper-id-maps",
	.what = "map the ids of the new user namespace by newuidmap and newgidmap",
	.calls = "posix_spawn, waitpid",
	.run = run_helper_maps,
	.tell = tell_maps,
	.advise = maps_advise,
};

const struct step_kind kind_own_maps = {
	.name = "own-id-maps",
	.what = "map its own ids in the new user namespace",
	.calls = "openat2, write",
	.run = run_own_maps,
	.tell = tell_maps,
	.advise = maps_advise,
};
