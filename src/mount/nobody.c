/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where root's own ids are mapped into a container, its root could read what on the host only root
 * may read: /etc/shadow, host keys. So the system directories are mounted with an id map under
 * which nobody inside owns anything of them: every file is somebody else's there, and what others
 * may not read stays unread (id-mapped mounts, 5.12). No list of secret files is needed.
 *
 * The map is a user namespace; a child is needed only to make one. It shares the parent's memory
 * and descriptors, opens its own namespace, and is gone before the parent goes on: the parent
 * stands still meanwhile (CLONE_VFORK), so the child may use its stack.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/nobody.h"
#include "plan/run.h"

/*
 * The one map that the namespace's own creator may write: its id, under a number that no file has.
 * Every other owner has no id at all there, and may be read but never written as.
 */
#define NOBODY_MAP "2147483646 0 1\n"

enum { STACK_SIZE = 16 * 1024 };

struct made {
	int fd;
	const char *call; /* what failed; the errno is in fd */
};

static int write_own(const char *path, const char *text)
{
	return fd_write_file_at(AT_FDCWD, path, text);
}

/* Runs on the parent's memory, with its descriptors, in the new namespace. */
static int make_userns(void *data)
{
	struct made *made = data;
	int r = write_own("/proc/self/setgroups", "deny");

	made->call = "write setgroups";
	if (r == 0) {
		made->call = "write gid_map";
		r = write_own("/proc/self/gid_map", NOBODY_MAP);
	}
	if (r == 0) {
		made->call = "write uid_map";
		r = write_own("/proc/self/uid_map", NOBODY_MAP);
	}
	if (r == 0) {
		made->call = "open ns/user";
		r = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
		r = r < 0 ? -errno : r;
	}
	made->fd = r;
	sys_exit_group(0);
}

static int run_nobody(struct run *run, const struct step *step, struct inro_error *error)
{
	alignas(16) char stack[STACK_SIZE];
	struct made made = { .fd = -EAGAIN, .call = "clone" };
	pid_t pid = clone(make_userns, stack + sizeof(stack),
			  CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_NEWUSER | SIGCHLD, &made);

	(void)step;
	if (pid < 0)
		return error_raw(error, -errno, "clone", NULL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return made.fd < 0 ? error_raw(error, made.fd, made.call, NULL)
			   : run_store(run, SLOT_USERNS, made.fd);
}

static const struct step_kind kind_nobody = {
	.name = "nobody",
	.what = "make an id map under which nobody owns anything",
	.calls = "clone, write uid_map and gid_map",
	.run = run_nobody,
};

void nobody_add(struct plan *plan)
{
	plan_transient(plan, SLOT_USERNS);
	plan_add(plan, STAGE_OPEN, &kind_nobody, NULL,
		 "files that only root may read are not for the container", NULL);
}
