/* SPDX-License-Identifier: Apache-2.0 */
#include "enter/outside.h"

#include <errno.h>
#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "idmap/write.h"
#include "kernel/syscalls.h"
#include "ns/hold.h"
#include "ns/open.h"

static int write_maps(const struct outside *outside, pid_t pid, struct inro_error *error)
{
	cleanup_close int proc_fd = procfs_open(), pidfd = sys_pidfd_open(pid, 0), dir = -EBADF;
	pid_t number;
	int r = proc_fd < 0 ? proc_fd : pidfd < 0 ? pidfd : procfs_number(proc_fd, pidfd, &number);

	if (r == 0)
		r = dir = procfs_open_pid(proc_fd, number);
	if (r < 0)
		return error_raw(error, r, "open", "/proc/PID");
	if (!outside->maps_by_helper)
		return maps_write_at(dir, outside->maps, error);
	if (outside->maps->deny_setgroups) {
		r = fd_write_file_at(dir, "setgroups", "deny");
		if (r < 0)
			return error_raw(error, r, "write", "setgroups");
	}
	return maps_run_helpers(outside->maps, pid, error);
}

static int hold_all(const struct outside *outside, pid_t pid, struct inro_error *error)
{
	cleanup_close int pidfd = sys_pidfd_open(pid, 0);
	int r = pidfd < 0 ? fail_call(error, pidfd, "hold a namespace", "pidfd_open", NULL) : 0;

	for (enum ns_kind kind = 0; kind < NS_KINDS && r == 0; kind++) {
		bool children = outside->for_children && ns_kind_table[kind].children_name;
		cleanup_close int fd = -EBADF;

		if (!outside->files[kind])
			continue;
		fd = ns_open_pidfd(pidfd, kind, children ? NS_OPEN_FOR_CHILDREN : 0, error);
		r = fd < 0 ? fd : ns_hold_over(fd, outside->files[kind], error);
		if (fd == -ENOENT)
			error_hint(error, "add --fork: before Linux 6.11 a PID namespace can only be held "
					  "once it has a process");
	}
	return r;
}

int outside_work(const struct outside *outside, pid_t pid, struct inro_error *error)
{
	int r = outside->maps ? write_maps(outside, pid, error) : 0;

	return r < 0 ? r : hold_all(outside, pid, error);
}
