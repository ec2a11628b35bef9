/* SPDX-License-Identifier: Apache-2.0 */
#include "process/proc_child.h"

#include "base/fd.h"
#include "base/procfs.h"
#include "plan/run.h"

int proc_child_open(const struct run *run)
{
	cleanup_close int own_fd = -EBADF;
	int proc_fd = run_fd(run, SLOT_HOST_PROC), r;
	enum procfs_view view;

	if (proc_fd < 0)
		proc_fd = own_fd = procfs_open();
	if (proc_fd < 0)
		return proc_fd;
	r = procfs_view(proc_fd, &view);
	if (r < 0)
		return r;
	return view == PROCFS_OWN ? procfs_open_pid(proc_fd, run->pid) : -EXDEV;
}
