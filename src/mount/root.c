/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The new root, from laying it to changing to it.
 *
 * The new root is mounted over "/" itself: no directory of the host is needed for it, and the old
 * root stays reachable below it until pivot_root(".", ".") puts the old one on top of the new one,
 * from where it is detached. The scratch tmpfs, where one is needed, is mounted over "/" first, so
 * that it goes together with the old root.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/steps.h"
#include "mount/target.h"
#include "plan/run.h"

static int run_private(struct run *run, const struct step *step, struct inro_error *error)
{
	struct mount_attr attr = { .propagation = PROPAGATION_PRIVATE };
	int r = sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr));

	(void)run;
	(void)step;
	return r < 0 ? error_raw(error, r, "mount_setattr", "/") : 0;
}

static const struct step_kind kind_private = {
	.name = "private-mounts",
	.what = "make all mounts private",
	.calls = "mount_setattr",
	.run = run_private,
};

static int attach_over_root(struct run *run, int slot, int fd, struct inro_error *error)
{
	int r = sys_move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);

	if (r < 0)
		return error_raw(error, r, "move_mount", "/");
	return run_store(run, slot, fd);
}

static int new_tmpfs(const char *mode, unsigned attributes, struct inro_error *error)
{
	cleanup_close int fd = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
	int r;

	if (fd < 0)
		return error_raw(error, fd, "fsopen", "tmpfs");
	r = sys_fsconfig(fd, FSCONFIG_SET_STRING, "mode", mode, 0);
	if (r == 0)
		r = sys_fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return error_raw(error, r, "fsconfig", "tmpfs");
	r = sys_fsmount(fd, FSMOUNT_CLOEXEC, attributes);
	return r < 0 ? error_raw(error, r, "fsmount", "tmpfs") : r;
}

static int run_scratch(struct run *run, const struct step *step, struct inro_error *error)
{
	int fd = new_tmpfs("0700", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, error);

	int r;

	(void)step;
	if (fd < 0)
		return fd;
	r = attach_over_root(run, SLOT_SCRATCH, fd, error);
	if (r < 0)
		return r;
	if (mkdirat(fd, SCRATCH_EMPTY_DIR, 0555) < 0)
		return error_raw(error, -errno, "mkdirat", SCRATCH_EMPTY_DIR);
	r = openat(fd, SCRATCH_EMPTY_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (r < 0)
		return error_raw(error, -errno, "openat", SCRATCH_EMPTY_FILE);
	fd_close(r);
	return 0;
}

static int run_root_tmpfs(struct run *run, const struct step *step, struct inro_error *error)
{
	int fd = new_tmpfs("0755", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, error);

	(void)step;
	return fd < 0 ? fd : attach_over_root(run, SLOT_ROOT, fd, error);
}

static int run_root_tree(struct run *run, const struct step *step, struct inro_error *error)
{
	const int *slot = step->args;
	int fd = run_fd(run, *slot), r;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_raw(error, -errno, "fstat", step->object);
	if (!S_ISDIR(st.st_mode))
		return error_raw(error, -ENOTDIR, "fstat", step->object);
	r = mount_move(run, *slot, AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	if (r < 0)
		return error_raw(error, r, "move_mount", "/");
	fd = take_fd(&run->slots[*slot]);
	return run_store(run, SLOT_ROOT, fd);
}

static int run_pivot(struct run *run, const struct step *step, struct inro_error *error)
{
	int r;

	(void)step;
	if (fchdir(run_fd(run, SLOT_ROOT)) < 0)
		return error_raw(error, -errno, "fchdir", "the new root");
	r = sys_pivot_root(".", ".");
	if (r < 0)
		return error_raw(error, r, "pivot_root", "the new root");
	/* The topmost mount goes each time: the scratch tmpfs, then the old root with all below it. */
	for (int n = run_fd(run, SLOT_SCRATCH) >= 0 ? 2 : 1; n > 0; n--) {
		r = sys_umount2(".", MNT_DETACH);
		if (r < 0)
			return error_raw(error, r, "umount2", "the old root");
	}
	return chdir("/") < 0 ? error_raw(error, -errno, "chdir", "/") : 0;
}

static int run_seal_root(struct run *run, const struct step *step, struct inro_error *error)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int r = sys_mount_setattr(run_fd(run, SLOT_ROOT), "", AT_EMPTY_PATH, &attr, sizeof(attr));

	(void)step;
	return r < 0 ? error_raw(error, r, "mount_setattr", "/") : 0;
}

static int run_keep_root(struct run *run, const struct step *step, struct inro_error *error)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)step;
	return fd < 0 ? error_raw(error, -errno, "open", "/") : run_store(run, SLOT_ROOT, fd);
}

static int run_drop_scratch(struct run *run, const struct step *step, struct inro_error *error)
{
	int r = run_fd(run, SLOT_SCRATCH) >= 0 ? sys_umount2("/", MNT_DETACH) : 0;

	(void)step;
	return r < 0 ? error_raw(error, r, "umount2", "the scratch tmpfs") : 0;
}

static void advise_pivot(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EINVAL)
		error_why(error, "the root of this mount namespace cannot be changed (an "
				 "initramfs, or a chroot)");
}

static const struct step_kind kind_scratch = {
	.name = "scratch",
	.what = "mount a scratch tmpfs over the old root",
	.calls = "fsopen, fsconfig, fsmount, move_mount",
	.run = run_scratch,
};

static const struct step_kind kind_root_tmpfs = {
	.name = "root-tmpfs",
	.what = "mount the new root, an empty tmpfs, over the old one",
	.calls = "fsopen, fsconfig, fsmount, move_mount",
	.run = run_root_tmpfs,
};

static const struct step_kind kind_root_tree = {
	.name = "root-tree",
	.what = "mount the new root over the old one:",
	.calls = "move_mount",
	.run = run_root_tree,
};

static const struct step_kind kind_keep_root = {
	.name = "keep-root",
	.what = "keep the root:",
	.calls = "open",
	.run = run_keep_root,
};

static const struct step_kind kind_drop_scratch = {
	.name = "drop-scratch",
	.what = "detach the scratch tmpfs from the root",
	.calls = "umount2",
	.run = run_drop_scratch,
};

static const struct step_kind kind_pivot = {
	.name = "pivot",
	.what = "change to the new root and detach the old one",
	.calls = "fchdir, pivot_root, umount2, chdir",
	.run = run_pivot,
	.advise = advise_pivot,
};

static const struct step_kind kind_seal_root = {
	.name = "seal-root",
	.what = "make the root read-only",
	.calls = "mount_setattr",
	.run = run_seal_root,
};

unsigned root_target_flags(const struct plan *plan)
{
	return plan->settled.own_root && plan->spec->mounts.root.mode != ROOT_DIR ? TARGET_NEW : 0;
}

void root_begin(struct plan *plan)
{
	plan_add(plan, STAGE_BECOME, &kind_private, NULL,
		 "nothing mounted inside may reach the host", NULL);
}

void root_need_scratch(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == &kind_scratch)
			return;
	/* Of the stage before the root's own, so that it lies below it. */
	plan_add(plan, STAGE_SOURCE, &kind_scratch, NULL, "for files made here, layers and masks",
		 NULL);
	if (!plan->settled.own_root)
		plan_add(plan, STAGE_PIVOT, &kind_drop_scratch, NULL, "it would lie over the root",
			 NULL);
}

void root_keep(struct plan *plan)
{
	plan_add(plan, STAGE_ROOT, &kind_keep_root, "/", "nobody asked for another", NULL);
}

void root_new_tmpfs(struct plan *plan)
{
	plan_add(plan, STAGE_ROOT, &kind_root_tmpfs, NULL, "the host's own root is not to be seen",
		 NULL);
}

void root_from_tree(struct plan *plan, int slot, const char *dir)
{
	int *args = arena_copy(&plan->arena, &slot, sizeof(slot));

	plan->failed |= !args;
	plan_add(plan, STAGE_ROOT, &kind_root_tree, dir, "asked for by --rootfs", args);
}

void root_finish(struct plan *plan, bool read_only)
{
	plan_add(plan, STAGE_PIVOT, &kind_pivot, NULL, "nothing of the old root stays reachable",
		 NULL);
	if (read_only)
		plan_add(plan, STAGE_MASK, &kind_seal_root, "/", "all mount points are made", NULL);
}
