/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Masks: an empty read-only directory or file over what must not be seen, and a read-only mount of
 * a path over itself. The path is resolved once, to the descriptor that is then both looked at and
 * mounted on, so that nothing can be exchanged in between; no link is followed on the way.
 *
 * Where the host's root user is mapped in, procfs takes a process of it for root itself, without
 * any capability; so the files through which root can change or read the kernel are masked then.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/steps.h"
#include "mount/target.h"
#include "plan/run.h"

/* Nothing to hide is no failure: what is not there cannot be seen. */
static bool is_absent(int code)
{
	return code == -ENOENT || code == -ENOTDIR;
}

static int mount_on(int tree_fd, int target_fd, uint64_t attributes, bool recursive,
		    const char *path, struct inro_error *error)
{
	struct mount_attr attr = { .attr_set = attributes };
	int r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0),
				  &attr, sizeof(attr));

	if (r < 0)
		return error_raw(error, r, "mount_setattr", path);
	r = sys_move_mount(tree_fd, "", target_fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return r < 0 ? error_raw(error, r, "move_mount", path) : 0;
}

/* What a step masks: PATH below what is in SLOT, the new root or one mount on it. */
struct mask_args {
	const char *path;
	int slot;
	bool required; /* it was there just now, and so must still be */
};

static int cover(struct run *run, int base_fd, const char *path, struct inro_error *error)
{
	cleanup_close int target_fd = target_open(base_fd, path, TARGET_ANY, 0, TARGET_NO_LINKS);
	cleanup_close int tree_fd = -EBADF;
	struct stat st;

	if (is_absent(target_fd))
		return 0;
	if (target_fd < 0)
		return error_raw(error, target_fd, "openat2", path);
	if (fstat(target_fd, &st) < 0)
		return error_raw(error, -errno, "fstat", path);
	tree_fd = sys_open_tree(run_fd(run, SLOT_SCRATCH),
				S_ISDIR(st.st_mode) ? SCRATCH_EMPTY_DIR : SCRATCH_EMPTY_FILE,
				OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree_fd < 0)
		return error_raw(error, tree_fd, "open_tree", path);
	return mount_on(tree_fd, target_fd,
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				MOUNT_ATTR_NOEXEC,
			false, path, error);
}

int mask_cover(struct run *run, const char *path, struct inro_error *error)
{
	return cover(run, run_fd(run, SLOT_ROOT), path, error);
}

static int run_hide(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct mask_args *args = step->args;

	return cover(run, run_fd(run, args->slot), args->path, error);
}

/* A path mounted on itself, with ATTRIBUTES. */
static int mount_on_itself(struct run *run, const struct step *step, uint64_t attributes,
			   struct inro_error *error)
{
	const struct mask_args *args = step->args;
	const char *path = args->path;
	cleanup_close int target_fd =
		target_open(run_fd(run, args->slot), path, TARGET_ANY, 0, TARGET_NO_LINKS);
	cleanup_close int tree_fd = -EBADF;

	if (is_absent(target_fd) && !args->required)
		return 0;
	if (target_fd < 0)
		return error_raw(error, target_fd, "openat2", path);
	tree_fd = sys_open_tree(target_fd, "",
				AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree_fd < 0)
		return error_raw(error, tree_fd, "open_tree", path);
	return mount_on(tree_fd, target_fd, attributes, true, path, error);
}

static int run_read_only(struct run *run, const struct step *step, struct inro_error *error)
{
	return mount_on_itself(run, step, MOUNT_ATTR_RDONLY, error);
}

static int run_pin(struct run *run, const struct step *step, struct inro_error *error)
{
	return mount_on_itself(run, step, 0, error);
}

static void advise_mask(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == ELOOP)
		error_why(error,
			  "a symbolic link stands in this path, and it must not be followed");
}

static const struct step_kind kind_hide = {
	.name = "hide",
	.what = "hide",
	.calls = "openat2, open_tree, mount_setattr, move_mount",
	.run = run_hide,
	.advise = advise_mask,
};

static const struct step_kind kind_read_only = {
	.name = "read-only",
	.what = "make read-only",
	.calls = "openat2, open_tree, mount_setattr, move_mount",
	.run = run_read_only,
	.advise = advise_mask,
};

static const struct step_kind kind_pin = {
	.name = "pin",
	.what = "make a mount point of",
	.calls = "openat2, open_tree, mount_setattr, move_mount",
	.run = run_pin,
	.advise = advise_mask,
};

static const struct mask_args *new_args(struct plan *plan, const char *path, int slot, bool required)
{
	const struct mask_args args = { .path = path, .slot = slot, .required = required };
	const struct mask_args *copy = arena_copy(&plan->arena, &args, sizeof(args));

	plan->failed |= !copy;
	return copy;
}

void mask_pin(struct plan *plan, const char *target, const char *why)
{
	plan_add(plan, STAGE_MASK, &kind_pin, target, why, new_args(plan, target, SLOT_ROOT, true));
}

void mask_hide(struct plan *plan, enum stage stage, const char *target, bool optional,
	       const char *why)
{
	root_need_scratch(plan);
	plan_add(plan, stage, &kind_hide, target, why, new_args(plan, target, SLOT_ROOT, false))->optional =
		optional;
}

void mask_read_only(struct plan *plan, const char *target, bool required, const char *why)
{
	plan_add(plan, STAGE_MASK, &kind_read_only, target, why,
		 new_args(plan, target, SLOT_ROOT, required));
}

/*
 * Below a mount of ours nothing is exchanged, whatever becomes of the directory that it stands on:
 * so its descriptor is where the path begins.
 */
static void mask_below(struct plan *plan, const struct step_kind *kind, const char *target, int slot,
		       const char *name)
{
	const char *object = arena_printf(&plan->arena, "%s/%s", target, name);

	plan->failed |= !object;
	root_need_scratch(plan);
	plan_add(plan, STAGE_MASK, kind, object, "the host's root is mapped in",
		 new_args(plan, name, slot, false));
}

void mask_proc_defaults(struct plan *plan, const char *target, int slot)
{
	static const char *const hidden[] = {
		"acpi", "asound",      "interrupts", "kcore",	   "keys", "latency_stats",
		"scsi", "sched_debug", "timer_list", "timer_stats",
	};
	static const char *const read_only[] = { "bus", "fs", "irq", "sys", "sysrq-trigger" };

	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		mask_below(plan, &kind_hide, target, slot, hidden[i]);
	for (size_t i = 0; i < ARRAY_SIZE(read_only); i++)
		mask_below(plan, &kind_read_only, target, slot, read_only[i]);
}

void mask_sys_defaults(struct plan *plan, const char *target, int slot)
{
	mask_below(plan, &kind_hide, target, slot, "devices/virtual/powercap");
	mask_below(plan, &kind_hide, target, slot, "firmware");
}
