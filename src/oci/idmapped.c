/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Id maps of mounts. The kernel takes one as a user namespace, so a process is made in a new one,
 * its maps are written, the namespace is opened by its descriptor and the process goes. A map that
 * several mounts have is made once. A mount that names none, neither in its own fields nor in its
 * options (idmap_option.h), has that of the container.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "idmap/range.h"
#include "kernel/syscalls.h"
#include "ns/join.h"
#include "oci/idmap_option.h"
#include "oci/root.h"
#include "plan/run.h"

struct idmap_args {
	const char *uids, *gids; /* as uid_map wants them */
	int slot;
};

static int write_map(int dir_fd, const char *file, const char *text)
{
	return fd_write_file_at(dir_fd, file, text);
}

/* The maps, by the caller, and then the namespace itself. */
static int take_userns(pid_t pid, const struct idmap_args *args, const char **ret_call)
{
	cleanup_close int proc_fd = procfs_open();
	cleanup_close int dir_fd = proc_fd < 0 ? proc_fd : procfs_open_pid(proc_fd, pid);
	int fd, r = dir_fd;

	*ret_call = "open /proc/PID";
	if (r < 0)
		return r;
	*ret_call = "write uid_map";
	r = write_map(dir_fd, "uid_map", args->uids);
	if (r < 0)
		return r;
	*ret_call = "write gid_map";
	r = write_map(dir_fd, "gid_map", args->gids);
	if (r < 0)
		return r;
	*ret_call = "open ns/user";
	fd = openat(dir_fd, "ns/user", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The process does nothing; it is there for as long as its namespace has no other holder. */
static int run_idmap(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct idmap_args *args = step->args;
	struct clone_args clone = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&clone, sizeof(clone));
	const char *call;
	int fd;

	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0)
		return error_raw(error, pid, "clone3", NULL);
	fd = take_userns(pid, args, &call);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return fd < 0 ? error_raw(error, fd, call, NULL) : run_store(run, args->slot, fd);
}

/* The user namespace that is joined has the map already. */
static int run_joined_idmap(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct idmap_args *args = step->args;
	int fd = fcntl(run->plan->joins->ns_fd[NS_USER], F_DUPFD_CLOEXEC, 3);

	return fd < 0 ? error_raw(error, -errno, "fcntl", NULL) : run_store(run, args->slot, fd);
}

static void tell_idmap(const struct step *step, struct buf *text)
{
	const struct idmap_args *args = step->args;

	if (args->uids)
		buf_printf(text, "users %.*s, groups %.*s", (int)strcspn(args->uids, "\n"),
			   args->uids, (int)strcspn(args->gids, "\n"), args->gids);
}

static void advise_idmap(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EPERM)
		error_why(error, "an id map of a mount takes rights over all ids in it");
	else if (error->code == ENOSPC)
		error_why(error, "no further user namespace is allowed (user.max_user_namespaces)");
}

static const struct step_kind kind_idmap = {
	.name = "make-idmap",
	.what = "make an id map for mounts",
	.calls = "clone3, write uid_map and gid_map, open",
	.run = run_idmap,
	.tell = tell_idmap,
	.advise = advise_idmap,
};

static const struct step_kind kind_joined_idmap = {
	.name = "take-idmap",
	.what = "take the id map of the user namespace that is joined",
	.calls = "fcntl",
	.run = run_joined_idmap,
};

static bool is_same_map(const struct idmap_args *args, const char *uids, const char *gids)
{
	if (!args->uids || !uids)
		return !args->uids && !uids;
	return strcmp(args->uids, uids) == 0 && strcmp(args->gids, gids) == 0;
}

/* One that stands in the plan already, or a new one. */
static int slot_of(struct plan *plan, const struct step_kind *kind, const char *uids,
		   const char *gids)
{
	struct idmap_args *args;

	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == kind && is_same_map(plan->steps[i].args, uids, gids))
			return ((const struct idmap_args *)plan->steps[i].args)->slot;
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args) {
		plan->failed = true;
		return SLOT_NONE;
	}
	*args = (struct idmap_args){
		.uids = uids,
		.gids = gids,
		.slot = plan_transient(plan, plan_slot(plan)),
	};
	plan_add(plan, STAGE_OPEN, kind, NULL, "mounts of config.json", args);
	return args->slot;
}

int oci_idmap_slot(struct oci_root *root, const struct oci_mount *mount,
		   const struct oci_mount_options *options, int *ret_slot, struct inro_error *error)
{
	const struct oci_linux *linux_ = &root->config->linux_;
	const struct oci_id_maps *uids = &mount->uids, *gids = &mount->gids;
	struct oci_id_maps written_uids, written_gids;
	struct plan *plan = root->plan;
	const char *uid_text, *gid_text;

	if (!uids->n != !gids->n)
		return fail_usage(error, mount->destination,
				  "uidMappings and gidMappings of a mount go together");
	/* What stands in the fields of the spec counts before what stands among the options. */
	if (!uids->n && options->idmap_text) {
		int r = oci_idmap_option(&plan->arena, mount->destination, options->idmap_text,
					 &linux_->uids, &linux_->gids, &written_uids, &written_gids,
					 error);

		if (r < 0)
			return r;
		uids = &written_uids;
		gids = &written_gids;
	}
	if (!uids->n && plan->settled.ns_join & NS_BIT(NS_USER)) {
		*ret_slot = slot_of(plan, &kind_joined_idmap, NULL, NULL);
		return 0;
	}
	if (!uids->n) {
		uids = &linux_->uids;
		gids = &linux_->gids;
	}
	if (!uids->n || !gids->n)
		return fail_usage(
			error, mount->destination,
			"idmap takes uidMappings and gidMappings, or a user namespace of the "
			"container");
	uid_text = ranges_format_map(&plan->arena, uids->list, uids->n);
	gid_text = ranges_format_map(&plan->arena, gids->list, gids->n);
	if (!uid_text || !gid_text)
		return fail_memory(error);
	*ret_slot = slot_of(plan, &kind_idmap, uid_text, gid_text);
	return 0;
}
