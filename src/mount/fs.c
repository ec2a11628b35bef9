/* SPDX-License-Identifier: Apache-2.0 */

/*
 * New file systems (tmpfs, proc, sysfs, devpts, mqueue, cgroup2): configured and mounted by
 * descriptor, seen by nobody until they are moved to their place.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"
#include "mount/steps.h"
#include "mount/target.h"
#include "ns/join.h"
#include "plan/run.h"

static int configure(int fd, const char *const *pairs)
{
	int r = 0;

	for (; r == 0 && pairs && pairs[0]; pairs += 2)
		r = sys_fsconfig(fd, pairs[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, pairs[0],
				 pairs[1], 0);
	return r;
}

int mount_make_fs(const struct mount_fs *fs, const char *const *more, const char **ret_call)
{
	cleanup_close int fd = sys_fsopen(fs->type, FSOPEN_CLOEXEC);
	int r = fd;

	*ret_call = "fsopen";
	if (r < 0)
		return r;
	*ret_call = "fsconfig";
	r = configure(fd, fs->config);
	if (r == 0)
		r = configure(fd, more);
	if (r == 0)
		r = sys_fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return r;
	*ret_call = "fsmount";
	return sys_fsmount(fd, FSMOUNT_CLOEXEC, fs->attributes);
}

static int take_fallback(struct run *run, const struct step *step, const struct mount_fs *fs);

/*
 * Parent: the procfs of a PID namespace that is joined. A procfs is that of the namespace of who
 * mounts it, unless it is told another (6.17).
 */
static int run_joined_proc(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct mount_fs *fs = step->args;
	int fd = procfs_mount_pidns(run->plan->joins->ns_fd[NS_PID]);

	if (fd < 0)
		fd = take_fallback(run, step, fs);
	return fd < 0 ? error_raw(error, fd, "fsopen", "/proc") : run_store(run, fs->slot, fd);
}

static const struct step_kind kind_joined_proc = {
	.name = "joined-proc",
	.what = "make the procfs of the PID namespace that is joined",
	.calls = "fsopen, fsconfig pidns, fsmount",
	.run = run_joined_proc,
};

int mount_joined_proc(struct plan *plan)
{
	const struct mount_fs fs = { .type = "proc",
				     .slot = plan_transient(plan, plan_slot(plan)),
				     .fallback_source = "/proc" };
	const struct mount_fs *copy = arena_copy(&plan->arena, &fs, sizeof(fs));

	plan->failed |= !copy;
	plan_add(plan, STAGE_OPEN, &kind_joined_proc, NULL,
		 "its numbers are those that the command will see", copy)
		->fallback = "before Linux 6.17 the host's own, read-only";
	return fs.slot;
}

int mount_take_read_only(const char *path)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    MOUNT_ATTR_NOEXEC,
		.propagation = PROPAGATION_PRIVATE,
	};
	int r, fd = sys_open_tree(AT_FDCWD, path,
				  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (fd < 0)
		return fd;
	r = sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr));
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	return fd;
}

/* The second way: what the caller's own mount namespace has there, read-only. */
static int take_fallback(struct run *run, const struct step *step, const struct mount_fs *fs)
{
	int fd = mount_take_read_only(fs->fallback_source);

	if (fd >= 0)
		run_second_way(run, step);
	return fd;
}

static int run_new_fs(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct mount_fs *fs = step->args;
	cleanup_close int target_fd = -EBADF;
	const char *call;
	cleanup_close int fd = mount_make_fs(fs, NULL, &call);
	int r;

	if ((fd == -EPERM || fd == -EACCES) && fs->fallback_source) {
		int second = take_fallback(run, step, fs);

		fd = second >= 0 ? second : fd;
	}
	if (fd < 0)
		return error_raw(error, fd, call, fs->target);
	if (fs->target) {
		target_fd = target_open(run_fd(run, SLOT_ROOT), fs->target, TARGET_DIR,
					fs->mode ? fs->mode : 0755, fs->target_flags);
		if (target_fd < 0)
			return error_raw(error, target_fd, "openat2", fs->target);
		r = sys_move_mount(fd, "", target_fd, "",
				   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
		if (r < 0)
			return error_raw(error, r, "move_mount", fs->target);
	}
	if (fs->slot != SLOT_NONE)
		run_store(run, fs->slot, take_fd(&fd));
	return 0;
}

static void tell_new_fs(const struct step *step, struct buf *text)
{
	const struct mount_fs *fs = step->args;

	mount_tell_attributes(fs->attributes, text);
	for (const char *const *pair = fs->config; pair && pair[0]; pair += 2)
		buf_printf(text, "%s%s%s%s", text->used ? ", " : "", pair[0], pair[1] ? "=" : "",
			   pair[1] ? pair[1] : "");
}

static void advise_new_fs(const struct step *step, const struct plan *plan,
			  struct inro_error *error)
{
	const struct mount_fs *fs = step->args;

	if (error->code == EPERM && strcmp(fs->type, "proc") == 0) {
		if (!(plan->settled.ns_new & NS_BIT(NS_PID)))
			error_why(error, "a new procfs in a user namespace needs a PID namespace "
					 "of its own");
		else if (plan->facts->proc_masked)
			error_why(error, "this container's own /proc is masked, so the kernel "
					 "refuses a new one");
		else
			error_why(error, "the kernel refuses a procfs that would show more than "
					 "the one here");
		error_hint(error, "start the outer container with --nestable (inro) or "
				  "--security-opt unmask=ALL (podman, docker)");
	} else if (error->code == EPERM && strcmp(fs->type, "sysfs") == 0) {
		error_why(error, "a new sysfs needs a network namespace of its own, and a sysfs "
				 "here that is whole");
	} else if (error->code == EINVAL && strcmp(error->call, "fsconfig") == 0) {
		error_why(error, "the kernel does not take one of its options");
	} else if (error->code == ELOOP) {
		error_why(error,
			  "a symbolic link stands in this path, and it must not be followed");
	} else if (error->code == EROFS) {
		error_why(error, "the mount point does not exist inside, and cannot be made there");
	}
}

#define NEW_FS(id, text)                                                      \
	{                                                                     \
		.name = "mount-" id, .what = text,                            \
		.calls = "fsopen, fsconfig, fsmount, openat2, move_mount",    \
		.run = run_new_fs, .tell = tell_new_fs, .advise = advise_new_fs \
	}

static const struct step_kind kinds[] = {
	NEW_FS("tmpfs", "mount tmpfs on"),   NEW_FS("proc", "mount proc on"),
	NEW_FS("sysfs", "mount sysfs on"),   NEW_FS("devpts", "mount devpts on"),
	NEW_FS("mqueue", "mount mqueue on"), NEW_FS("cgroup2", "mount cgroup2 on"),
	NEW_FS("cgroup", "mount cgroup on"),
};

static const struct step_kind *kind_of(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name + strlen("mount-"), type) == 0)
			return &kinds[i];
	return &kinds[0];
}

struct step *mount_new_fs(struct plan *plan, enum stage stage, const struct mount_fs *fs,
			  const char *why)
{
	struct mount_fs *copy = arena_copy(&plan->arena, fs, sizeof(*fs));
	struct step *step;

	plan->failed |= !copy;
	if (copy)
		copy->target_flags |= root_target_flags(plan);
	step = plan_add(plan, stage, kind_of(fs->type), fs->target, why, copy);
	if (fs->fallback_source)
		step->fallback = arena_printf(
			&plan->arena, "where the kernel refuses that, the one at %s, read-only",
			fs->fallback_source);
	return step;
}

const char *const *mount_tmpfs_config(struct plan *plan, const struct spec_mount *mount)
{
	const char **pairs = arena_array(&plan->arena, 9, sizeof(*pairs));
	size_t n = 0;

	if (!pairs) {
		plan->failed = true;
		return NULL;
	}
	pairs[n++] = "mode";
	pairs[n++] = arena_printf(&plan->arena, "%o", mount->mode ? mount->mode : 0755);
	if (mount->size) {
		pairs[n++] = "size";
		pairs[n++] = arena_printf(&plan->arena, "%llu", (unsigned long long)mount->size);
	}
	/* In a user namespace that is joined the ids are known only there: it is who mounts. */
	if (mount->own && !(plan->settled.ns_join & NS_BIT(NS_USER))) {
		pairs[n++] = "uid";
		pairs[n++] = arena_printf(&plan->arena, "%u", plan->settled.uid);
		pairs[n++] = "gid";
		pairs[n++] = arena_printf(&plan->arena, "%u", plan->settled.gid);
	}
	for (size_t i = 0; i < n; i++)
		plan->failed |= !pairs[i];
	return pairs;
}
