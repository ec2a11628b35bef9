/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A writable layer over a tree. The layers meet in the scratch tmpfs under names of ours, and
 * overlayfs is given only those names, relative to the scratch directory: no path of the user's
 * becomes one of its options, so `,` and `:` in it mean nothing; where the kernel takes them (6.13)
 * the writable ones are given as descriptors.
 *
 * In a user namespace overlayfs stores its marks as user.* attributes ("userxattr", 5.11).
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/steps.h"
#include "mount/target.h"
#include "plan/run.h"

struct overlay_args {
	int lower_slot, dir_slot;
	const char *target;
	/* Names below the scratch directory. */
	const char *lower, *kept, *upper, *work;
	bool userxattr;
};

static int attach(struct run *run, int slot, const char *name, struct inro_error *error)
{
	int scratch_fd = run_fd(run, SLOT_SCRATCH), r;

	if (mkdirat(scratch_fd, name, 0700) < 0)
		return error_raw(error, -errno, "mkdirat", name);
	r = sys_move_mount(run_fd(run, slot), "", scratch_fd, name, MOVE_MOUNT_F_EMPTY_PATH);
	return r < 0 ? error_raw(error, r, "move_mount", name) : 0;
}

/* Make the layer's directories; the upper one shows through as the root of the result. */
static int make_layer(struct run *run, const struct overlay_args *args, struct inro_error *error)
{
	int scratch_fd = run_fd(run, SLOT_SCRATCH);
	struct stat st;

	if (fstat(run_fd(run, args->lower_slot), &st) < 0)
		return error_raw(error, -errno, "fstat", args->target);
	if (mkdirat(scratch_fd, args->upper, 0700) == 0) {
		if (fchmodat(scratch_fd, args->upper, st.st_mode & 07777, 0) < 0)
			return error_raw(error, -errno, "fchmodat", args->target);
	} else if (errno != EEXIST) {
		return error_raw(error, -errno, "mkdirat", args->target);
	}
	if (mkdirat(scratch_fd, args->work, 0700) < 0 && errno != EEXIST)
		return error_raw(error, -errno, "mkdirat", args->target);
	return 0;
}

/*
 * One directory of the layer. A kept layer may lie where an earlier container could write, and its
 * directories may have become links to anywhere: no link is followed. Kernels before 6.13 take no
 * descriptors here but names, so there one that is exchanged at this very moment by another
 * container that can see the layer would not be noticed.
 */
static int set_dir(struct run *run, int fd, const char *key, const char *name)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	cleanup_close int dir_fd = sys_openat2(run_fd(run, SLOT_SCRATCH), name, &how);
	int r;

	if (dir_fd < 0)
		return dir_fd;
	r = sys_fsconfig(fd, FSCONFIG_SET_FD, key, NULL, dir_fd);
	return r == -EINVAL ? sys_fsconfig(fd, FSCONFIG_SET_STRING, key, name, 0) : r;
}

static int make_overlay(struct run *run, const struct overlay_args *args, struct inro_error *error)
{
	cleanup_close int fd = sys_fsopen("overlay", FSOPEN_CLOEXEC);
	int r = fd;

	if (fd < 0)
		return error_raw(error, fd, "fsopen", "overlay");
	if (fchdir(run_fd(run, SLOT_SCRATCH)) < 0)
		return error_raw(error, -errno, "fchdir", "the scratch directory");
	r = set_dir(run, fd, "upperdir", args->upper);
	if (r >= 0)
		r = set_dir(run, fd, "workdir", args->work);
	if (r == -ELOOP || r == -ENOTDIR)
		return error_raw(error, r, "openat2", args->target);
	if (r >= 0)
		r = sys_fsconfig(fd, FSCONFIG_SET_STRING, "source", "overlay", 0);
	if (r >= 0)
		r = sys_fsconfig(fd, FSCONFIG_SET_STRING, "lowerdir", args->lower, 0);
	if (r >= 0 && args->userxattr)
		r = sys_fsconfig(fd, FSCONFIG_SET_FLAG, "userxattr", NULL, 0);
	if (r >= 0)
		r = sys_fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return error_raw(error, r, "fsconfig", args->target);
	r = sys_fsmount(fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return r < 0 ? error_raw(error, r, "fsmount", args->target) : r;
}

static int place_overlay(struct run *run, const struct overlay_args *args, int fd,
			 struct inro_error *error)
{
	cleanup_close int target_fd = -EBADF;
	int r;

	if (strcmp(args->target, "/") == 0) {
		r = sys_move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
		if (r == 0) {
			r = fcntl(fd, F_DUPFD_CLOEXEC, 3);
			return r < 0 ? error_raw(error, -errno, "fcntl", "/")
				     : run_store(run, SLOT_ROOT, r);
		}
		return error_raw(error, r, "move_mount", args->target);
	}
	target_fd = target_open(run_fd(run, SLOT_ROOT), args->target, TARGET_DIR, 0755, 0);
	if (target_fd < 0)
		return error_raw(error, target_fd, "openat2", args->target);
	r = sys_move_mount(fd, "", target_fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return r < 0 ? error_raw(error, r, "move_mount", args->target) : 0;
}

static int run_overlay(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct overlay_args *args = step->args;
	cleanup_close int fd = -EBADF;
	int r;

	/* It was optional, and is not there. */
	if (run_fd(run, args->lower_slot) < 0)
		return 0;
	r = attach(run, args->lower_slot, args->lower, error);
	if (r == 0 && args->kept && run_fd(run, args->dir_slot) >= 0)
		r = attach(run, args->dir_slot, args->kept, error);
	if (r == 0 && args->kept)
		run->slots[args->dir_slot] = fd_close(run->slots[args->dir_slot]);
	if (r == 0)
		r = make_layer(run, args, error);
	if (r < 0)
		return r;
	fd = make_overlay(run, args, error);
	return fd < 0 ? fd : place_overlay(run, args, fd, error);
}

static void tell_overlay(const struct step *step, struct buf *text)
{
	const struct overlay_args *args = step->args;

	buf_puts(text, args->kept ? "kept" : "thrown away at the end");
}

static void advise_overlay(const struct step *step, const struct plan *plan,
			   struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EINVAL)
		error_why(error, "the file system of the layer or of what lies below cannot be one "
				 "of overlayfs");
	else if (error->code == ELOOP || error->code == ENOTDIR)
		error_why(error,
			  "the kept layer holds something else than a directory of that name");
	else if (error->code == EBUSY)
		error_why(error, "another overlay uses this directory");
}

static const struct step_kind kind_overlay = {
	.name = "overlay",
	.what = "put a writable layer over",
	.calls = "mkdirat, move_mount, openat2, fsopen, fsconfig, fsmount",
	.run = run_overlay,
	.tell = tell_overlay,
	.advise = advise_overlay,
};

/* The layer's name on disk: "/usr/lib" is kept as "usr-lib", the root itself as "root". */
static const char *layer_name(struct plan *plan, const char *target)
{
	char *name = arena_strdup(&plan->arena, target[1] ? target + 1 : "root");

	for (char *at = name; at && *at; at++)
		if (*at == '/')
			*at = '-';
	return name;
}

void overlay_add(struct plan *plan, int lower_slot, const char *target, int dir_slot,
		 const char *why)
{
	struct overlay_args *args = arena_alloc(&plan->arena, sizeof(*args));
	const char *name = layer_name(plan, target), *prefix = dir_slot != SLOT_NONE ? "kept/" : "";

	root_need_scratch(plan);
	if (!args || !name) {
		plan->failed = true;
		return;
	}
	args->lower_slot = lower_slot;
	args->dir_slot = dir_slot;
	args->target = target;
	args->kept = dir_slot != SLOT_NONE ? "kept" : NULL;
	args->lower = arena_printf(&plan->arena, "lower-%s", name);
	args->upper = arena_printf(&plan->arena, "%s%s", prefix, name);
	args->work = arena_printf(&plan->arena, "%swork-%s", prefix, name);
	args->userxattr = plan->settled.ns_new & NS_BIT(NS_USER) || !plan->facts->initial_userns;
	plan->failed |= !args->lower || !args->upper || !args->work;
	plan_add(plan, strcmp(target, "/") ? STAGE_MOUNT : STAGE_ROOT, &kind_overlay, target, why,
		 args);
}
