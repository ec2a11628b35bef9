/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Masked and read-only paths, once the root is the container's. Engines mask hundreds of paths, one
 * for each processor, so all masks of one list are one step, and there are two things that cover:
 * one empty tmpfs and one /dev/null, which was checked to be it. The first path gets that mount
 * itself and each later one a clone of it, with its attributes: four system calls a path.
 *
 * A path is resolved once, to the descriptor that is looked at and mounted on. Below /proc and /sys
 * it is resolved from the mount itself, so that nothing in the image can lead it elsewhere.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/target.h"
#include "oci/root.h"
#include "plan/run.h"

struct place {
	const char *object, *path; /* whole, and from the base */
	int base_slot;
};

struct mask_args {
	struct place *places;
	size_t n;
	int null_slot;
};

enum { COVERING = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };

/* What is not there cannot be seen. */
static bool is_absent(int code)
{
	return code == -ENOENT || code == -ENOTDIR;
}

static int run_take_null(struct run *run, const struct step *step, struct inro_error *error)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		.propagation = PROPAGATION_PRIVATE,
	};
	const int *slot = step->args;
	int r, fd = sys_open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return error_raw(error, fd, "open_tree", "/dev/null");
	run_store(run, *slot, fd);
	if (fstat(fd, &st) < 0)
		return error_raw(error, -errno, "fstat", "/dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3)) {
		error_raw(error, -ENODEV, "fstat", "/dev/null");
		error_raw_kind(error, INRO_ERROR_STEP, "it is not the null device");
		return -ENODEV;
	}
	r = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	return r < 0 ? error_raw(error, r, "mount_setattr", "/dev/null") : 0;
}

static const struct step_kind kind_take_null = {
	.name = "take-null",
	.what = "clone and check",
	.calls = "open_tree, fstat, mount_setattr",
	.run = run_take_null,
};

static int make_empty(struct inro_error *error)
{
	static const char *const config[] = { "mode", "0555", NULL, NULL };
	static const struct mount_fs fs = {
		.type = "tmpfs",
		.config = config,
		.attributes = COVERING,
	};
	const char *call;
	int fd = mount_make_fs(&fs, NULL, &call);

	return fd < 0 ? error_raw(error, fd, call, "an empty directory") : fd;
}

/* What covers one kind of file: not used yet, then mounted somewhere, of which clones are made. */
struct cover {
	int fd;
	bool used;
};

static int cover_one(struct cover *cover, int target_fd, const char *path, struct inro_error *error)
{
	cleanup_close int clone_fd = -EBADF;
	int r, fd = cover->fd;

	if (cover->used) {
		fd = clone_fd = sys_open_tree(cover->fd, "",
					      AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		if (fd < 0)
			return error_raw(error, fd, "open_tree", path);
	}
	r = sys_move_mount(fd, "", target_fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	if (r < 0)
		return error_raw(error, r, "move_mount", path);
	cover->used = true;
	return 0;
}

static int mask_one(struct run *run, const struct place *place, struct cover *null,
		    struct cover *empty, struct inro_error *error)
{
	cleanup_close int target_fd =
		target_open(run_fd(run, place->base_slot), place->path, TARGET_ANY, 0, 0);
	struct stat st;

	if (is_absent(target_fd))
		return 0;
	if (target_fd < 0)
		return error_raw(error, target_fd, "openat2", place->object);
	if (fstat(target_fd, &st) < 0)
		return error_raw(error, -errno, "fstat", place->object);
	if (!S_ISDIR(st.st_mode))
		return cover_one(null, target_fd, place->object, error);
	if (empty->fd < 0)
		empty->fd = make_empty(error);
	return empty->fd < 0 ? empty->fd : cover_one(empty, target_fd, place->object, error);
}

static int run_mask(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct mask_args *args = step->args;
	struct cover null = { .fd = run_fd(run, args->null_slot) }, empty = { .fd = -EBADF };
	int r = 0;

	for (size_t i = 0; i < args->n && r == 0; i++)
		r = mask_one(run, &args->places[i], &null, &empty, error);
	fd_close(empty.fd);
	run->slots[args->null_slot] = fd_close(null.fd);
	return r;
}

/* Mounted on itself, with all below it; it keeps what it has besides. */
static int read_only_one(struct run *run, const struct place *place, struct inro_error *error)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	cleanup_close int target_fd =
		target_open(run_fd(run, place->base_slot), place->path, TARGET_ANY, 0, 0);
	cleanup_close int tree_fd = -EBADF;
	int r;

	if (is_absent(target_fd))
		return 0;
	if (target_fd < 0)
		return error_raw(error, target_fd, "openat2", place->object);
	tree_fd = sys_open_tree(target_fd, "",
				AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree_fd < 0)
		return error_raw(error, tree_fd, "open_tree", place->object);
	r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	if (r < 0)
		return error_raw(error, r, "mount_setattr", place->object);
	r = sys_move_mount(tree_fd, "", target_fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return r < 0 ? error_raw(error, r, "move_mount", place->object) : 0;
}

static int run_read_only(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct mask_args *args = step->args;
	int r = 0;

	for (size_t i = 0; i < args->n && r == 0; i++)
		r = read_only_one(run, &args->places[i], error);
	return r;
}

static void tell_places(const struct step *step, struct buf *text)
{
	const struct mask_args *args = step->args;
	enum { SHOWN = 12 };

	for (size_t i = 0; i < args->n && i < SHOWN; i++)
		buf_printf(text, "%s%s", i ? ", " : "", args->places[i].object);
	if (args->n > SHOWN)
		buf_printf(text, " and %zu more", args->n - SHOWN);
}

static void advise_mask(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	oci_advise_target(error);
}

static const struct step_kind kind_mask = {
	.name = "mask-paths",
	.what = "hide the masked paths",
	.calls = "openat2, fstat, open_tree, move_mount",
	.run = run_mask,
	.tell = tell_places,
	.advise = advise_mask,
};

static const struct step_kind kind_read_only = {
	.name = "read-only-paths",
	.what = "make the read-only paths so",
	.calls = "openat2, open_tree, mount_setattr, move_mount",
	.run = run_read_only,
	.tell = tell_places,
	.advise = advise_mask,
};

static struct mask_args *list(struct oci_root *root, const struct oci_strings *paths)
{
	struct arena *arena = &root->plan->arena;
	struct mask_args *args = arena_alloc(arena, sizeof(*args));

	if (!args)
		return NULL;
	args->places = arena_array(arena, paths->n + 1, sizeof(*args->places));
	if (!args->places)
		return NULL;
	for (size_t i = 0; i < paths->n; i++) {
		struct place *place = &args->places[args->n++];

		place->object = paths->list[i];
		place->base_slot = oci_root_base(root, place->object, &place->path);
	}
	return args;
}

static int add_masked(struct oci_root *root)
{
	struct plan *plan = root->plan;
	struct mask_args *args = list(root, &root->config->linux_.masked_paths);

	if (!args)
		return -ENOMEM;
	args->null_slot = plan_transient(plan, plan_slot(plan));
	plan_add(plan, root->by_parent ? STAGE_OPEN : STAGE_SOURCE, &kind_take_null, "/dev/null",
		 "it covers files that are masked", &args->null_slot);
	plan_add(plan, STAGE_PIVOT, &kind_mask, NULL, "linux.maskedPaths", args);
	return 0;
}

int oci_masks_add(struct oci_root *root, struct inro_error *error)
{
	const struct oci_linux *linux_ = &root->config->linux_;
	struct mask_args *args = NULL;

	if (linux_->readonly_paths.n > 0) {
		args = list(root, &linux_->readonly_paths);
		if (!args)
			return fail_memory(error);
		plan_add(root->plan, STAGE_PIVOT, &kind_read_only, NULL, "linux.readonlyPaths",
			 args);
	}
	if (linux_->masked_paths.n > 0 && add_masked(root) < 0)
		return fail_memory(error);
	return 0;
}
