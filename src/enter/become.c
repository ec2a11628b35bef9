/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The order. First what is done with the rights over the mount namespace: propagation, so that no
 * mount leaves it; the interpreter, registered through a detached mount of binfmt_misc while the
 * program that it names can still be opened in the old root; the root; then the mounts, which belong
 * into the new root; the working directory. Then what takes rights away: the capability bounding set,
 * group, user, capabilities, no_new_privs. The signal for the parent's death comes after the ids,
 * whose change clears it, and then a look whether the parent still lives, since it may have ended
 * before.
 *
 * Mounts are made by descriptor. Their mount points are looked up as the user wrote them: the paths
 * are the user's own, in a mount namespace that is new or a copy.
 */

#include "enter/become.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"

static const char default_binfmt_dir[] = "/proc/sys/fs/binfmt_misc";

int become_set_propagation(uint64_t propagation, struct inro_error *error)
{
	struct mount_attr attr = { .propagation = propagation };
	int r = sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr));

	return r < 0 ? error_raw(error, r, "mount_setattr", "/") : 0;
}

/* A mount of its own of a file system without a source, mounted nowhere yet. */
static int new_mount(const char *type, struct inro_error *error)
{
	cleanup_close int fs = sys_fsopen(type, FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return error_raw(error, fs, "fsopen", type);
	r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return error_raw(error, r, "fsconfig", type);
	r = sys_fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return r < 0 ? error_raw(error, r, "fsmount", type) : r;
}

static int put_mount(int mount_fd, const char *dir, struct inro_error *error)
{
	struct mount_attr private = { .propagation = 1UL << 18 /* MS_PRIVATE */ };
	int r;

	/* Where it is no mount point there is nothing that could be passed on. */
	sys_mount_setattr(AT_FDCWD, dir, AT_RECURSIVE, &private, sizeof(private));
	r = sys_move_mount(mount_fd, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
	return r < 0 ? error_raw(error, r, "move_mount", dir) : 0;
}

int become_mount_proc(const char *dir, struct inro_error *error)
{
	cleanup_close int mount_fd = new_mount("proc", error);

	return mount_fd < 0 ? mount_fd : put_mount(mount_fd, dir, error);
}

static int register_interpreter(int mount_fd, const char *line, struct inro_error *error)
{
	cleanup_close int fd = openat(mount_fd, "register", O_WRONLY | O_CLOEXEC);
	size_t size = strlen(line);

	if (fd < 0)
		return error_raw(error, -errno, "openat", "binfmt_misc/register");
	if (write(fd, line, size) != (ssize_t)size)
		return error_raw(error, -errno, "write", line);
	return 0;
}

static int change_root(const struct become *become, struct inro_error *error)
{
	const char *name = become->root ? become->root : "the target's root";

	if (become->root_fd < 0 && !become->root)
		return 0;
	if ((become->root_fd >= 0 ? fchdir(become->root_fd) : chdir(become->root)) < 0)
		return error_raw(error, -errno, "chdir", name);
	if (chroot(".") < 0)
		return error_raw(error, -errno, "chroot", name);
	if (chdir("/") < 0)
		return error_raw(error, -errno, "chdir", "/");
	return 0;
}

static int change_directory(const struct become *become, struct inro_error *error)
{
	const char *name = become->wd ? become->wd : "the target's working directory";

	if (become->wd_fd < 0 && !become->wd)
		return 0;
	if ((become->wd_fd >= 0 ? fchdir(become->wd_fd) : chdir(become->wd)) < 0)
		return error_raw(error, -errno, "chdir", name);
	return 0;
}

static int change_files(const struct become *become, struct inro_error *error)
{
	cleanup_close int binfmt_fd = -EBADF;
	int r = 0;

	if (become->set_propagation)
		r = become_set_propagation(become->propagation, error);
	if (r == 0 && (become->binfmt_dir || become->interpreter))
		r = binfmt_fd = new_mount("binfmt_misc", error);
	if (r >= 0 && become->interpreter)
		r = register_interpreter(binfmt_fd, become->interpreter, error);
	if (r >= 0)
		r = change_root(become, error);
	/* Before the procfs, since its usual place is in there: a new one would be without it. */
	if (r == 0 && become->proc_dir)
		r = become_mount_proc(become->proc_dir, error);
	if (r == 0 && binfmt_fd >= 0)
		r = put_mount(binfmt_fd, become->binfmt_dir ? become->binfmt_dir : default_binfmt_dir, error);
	return r < 0 ? r : change_directory(become, error);
}

static int no_such_id(const struct become *become, int code, const char *call, struct inro_error *error)
{
	if (code == -EINVAL && become->keep_own)
		return 0;
	error_raw(error, code, call, NULL);
	if (code == -EINVAL)
		error_raw_kind(error, INRO_ERROR_HOST, "the user namespace does not have that id");
	return code;
}

static int change_ids(const struct become *become, struct inro_error *error)
{
	int r;

	if (become->drop_groups) {
		r = sys_setgroups(0, NULL);
		/* Denied for good in many a user namespace; then there is nothing to be gained by them. */
		if (r < 0 && r != -EPERM)
			return error_raw(error, r, "setgroups", NULL);
	}
	if (become->set_gid) {
		r = sys_setresgid(become->gid);
		if (r < 0)
			r = no_such_id(become, r, "setresgid", error);
		if (r < 0)
			return r;
	}
	if (become->set_uid) {
		if (become->keep_caps || become->caps)
			prctl(PR_SET_KEEPCAPS, 1);
		r = sys_setresuid(become->uid);
		if (r < 0)
			r = no_such_id(become, r, "setresuid", error);
		if (r < 0)
			return r;
	}
	return 0;
}

static int raise_ambient(uint64_t caps, struct inro_error *error)
{
	for (unsigned long number = 0; number < 64; number++) {
		if (!(caps >> number & 1))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0)
			return error_raw(error, -errno, "prctl PR_CAP_AMBIENT", NULL);
	}
	return 0;
}

static int keep_caps(struct inro_error *error)
{
	struct kernel_caps caps;
	int r = sys_capget(&caps);

	if (r < 0)
		return error_raw(error, r, "capget", NULL);
	caps.effective = caps.inheritable = caps.permitted;
	r = sys_capset(&caps);
	return r < 0 ? error_raw(error, r, "capset", NULL) : raise_ambient(caps.permitted, error);
}

/* While it still has CAP_SETPCAP, so before the ids change. */
static int take_bounding(const struct become_caps *like, struct inro_error *error)
{
	for (unsigned long number = 0; number < 64; number++)
		if (!(like->bounding >> number & 1) && prctl(PR_CAPBSET_READ, number) == 1 &&
		    prctl(PR_CAPBSET_DROP, number) < 0)
			return error_raw(error, -errno, "prctl PR_CAPBSET_DROP", NULL);
	return 0;
}

/* Never more than one has: what the target has and this process has not is left away. */
static int take_caps(const struct become_caps *like, struct inro_error *error)
{
	struct kernel_caps caps;
	int r = sys_capget(&caps);

	if (r < 0)
		return error_raw(error, r, "capget", NULL);
	caps.permitted &= like->permitted;
	caps.effective = like->effective & caps.permitted;
	caps.inheritable = like->inheritable & caps.permitted;
	r = sys_capset(&caps);
	if (r < 0)
		return error_raw(error, r, "capset", NULL);
	return raise_ambient(like->ambient & caps.inheritable, error);
}

static int write_label(const struct become *become, struct inro_error *error)
{
	cleanup_close int fd = openat(become->proc_fd, become->label_file, O_WRONLY | O_CLOEXEC);
	ssize_t size = (ssize_t)strlen(become->label);

	if (fd < 0)
		return error_raw(error, -errno, "openat", become->label_file);
	if (write(fd, become->label, (size_t)size) != size)
		return error_raw(error, -errno, "write", become->label_file);
	return 0;
}

/* The parent's death, from now on and until now. */
static void watch_parent(const struct become *become)
{
	struct pollfd parent = { .fd = become->parent_fd, .events = POLLIN };

	if (!become->death_signal)
		return;
	prctl(PR_SET_PDEATHSIG, become->death_signal);
	if (become->parent_fd >= 0 && poll(&parent, 1, 0) > 0 && (parent.revents & POLLHUP))
		raise(become->death_signal);
}

static int join_cgroups(const struct become *become, struct inro_error *error)
{
	for (size_t i = 0; i < become->n_cgroup_fds; i++)
		if (write(become->cgroup_fds[i], "0", 1) != 1)
			return error_raw(error, -errno, "write", "cgroup.procs");
	return 0;
}

int become_command(const struct become *become, struct inro_error *error)
{
	int r = join_cgroups(become, error);

	if (r == 0)
		r = change_files(become, error);
	if (r == 0 && become->label)
		r = write_label(become, error);
	if (r == 0 && become->caps)
		r = take_bounding(become->caps, error);
	if (r == 0)
		r = change_ids(become, error);
	if (r == 0 && become->keep_caps)
		r = keep_caps(error);
	if (r == 0 && become->caps)
		r = take_caps(become->caps, error);
	if (r < 0)
		return r;
	if (become->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_raw(error, -errno, "prctl PR_SET_NO_NEW_PRIVS", NULL);
	watch_parent(become);
	if (become->mask)
		sigprocmask(SIG_SETMASK, become->mask, NULL);
	return program_exec(&become->program, error);
}

static bool is_call(const struct inro_error *error, const char *call)
{
	return strcmp(error->call, call) == 0;
}

void become_explain(struct inro_error *error)
{
	static const struct {
		const char *call, *what;
	} words[] = {
		{ "fsopen", "mount" }, { "fsconfig", "mount" }, { "fsmount", "mount" },
		{ "move_mount", "mount on" }, { "mount_setattr", "set the propagation of" },
		{ "chdir", "change directory to" }, { "chroot", "change root to" },
		{ "setresuid", "become the user" }, { "setresgid", "become the group" },
		{ "setgroups", "drop the groups" }, { "capset", "set the capabilities" },
		{ "prctl PR_CAPBSET_DROP", "reduce the capability bounding set" },
		{ "prctl PR_CAP_AMBIENT", "keep the capabilities" }, { "execve", "run" },
		{ "setns", "join the namespace" }, { "write", "write" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words) && !error->what[0]; i++)
		if (is_call(error, words[i].call))
			strcpy(error->what, words[i].what);
	if (strncmp(error->call, "fs", 2) == 0 && error->code == EPERM && strcmp(error->object, "proc") == 0) {
		error_why(error, "a procfs may only be mounted in a user namespace with a PID namespace of "
				 "its own, and where no part of the present /proc is covered by other mounts");
		error_hint(error, "add --pid --fork; inside of a container, one that does not mask /proc");
	} else if (is_call(error, "fsopen") && error->code == ENODEV) {
		error_why(error, "the kernel has no such file system, or its module is not loaded");
	} else if (is_call(error, "fsconfig") && strcmp(error->object, "binfmt_misc") == 0) {
		error_why(error, "in a user namespace it can be mounted since Linux 6.7");
	} else if (is_call(error, "openat") && strcmp(error->object, "binfmt_misc/register") == 0 &&
		   error->code == EACCES) {
		error_why(error, "it belongs to user 0 and group 0 of the user namespace, which are not mapped");
		error_hint(error, "add --map-root-user");
	} else if (is_call(error, "mount_setattr") && error->code == EPERM) {
		error_hint(error, "it takes CAP_SYS_ADMIN over the mount namespace: add --mount, and as an "
				  "ordinary user --user");
	} else if ((is_call(error, "fsopen") || is_call(error, "fsconfig")) && error->code == EPERM) {
		error_hint(error, "mounting takes CAP_SYS_ADMIN: as an ordinary user add --user");
	}
}
