/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where root's own ids are mapped into a container, its root could read what on the host only root
 * may read: /etc/shadow, host keys. So the system directories are mounted with an id map under
 * which nobody inside owns anything of them: every file is somebody else's there, and what others
 * may not read stays unread (id-mapped mounts, 5.12). No list of secret files is needed.
 *
 * The map is a user namespace; a child is needed only to make one. It shares the parent's memory
 * and is gone before the parent goes on.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/nobody.h"
#include "plan/run.h"

/* Ids that no map of a container uses: the last 65536 below the 2^31 that some tools stop at. */
#define NOBODY_MAP "0 2147352576 65536\n"

static int write_map(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fd_write_file_at(AT_FDCWD, path, NOBODY_MAP);
}

static int open_userns(pid_t pid)
{
	char path[64];
	int fd, r = write_map(pid, "uid_map");

	if (r == 0)
		r = write_map(pid, "gid_map");
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int run_nobody(struct run *run, const struct step *step, struct inro_error *error)
{
	int pidfd = -EBADF, fd;
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = sys_clone3(&args, sizeof(args));
	siginfo_t info;

	(void)step;
	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0)
		return error_raw(error, pid, "clone3", NULL);
	fd = open_userns(pid);
	sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	while (sys_waitid_pidfd(pidfd, &info, WEXITED, NULL) == -EINTR)
		;
	fd_close(pidfd);
	return fd < 0 ? error_raw(error, fd, "write", "uid_map") : run_store(run, SLOT_USERNS, fd);
}

static const struct step_kind kind_nobody = {
	.name = "nobody",
	.what = "make an id map under which nobody owns anything",
	.calls = "clone3, write uid_map and gid_map",
	.run = run_nobody,
};

void nobody_add(struct plan *plan)
{
	plan_add(plan, STAGE_OPEN, &kind_nobody, NULL, "files that only root may read are not for the container",
		 NULL);
}
