/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Taking a tree of the host: a detached clone of what is mounted at a path, with its flags set
 * before anybody can see it.
 *
 * The source is always opened by the parent, before there is any namespace: that descriptor is what
 * the user meant. Who may mount in the parent's mount namespace clones it right there. Anybody else
 * can do so only in a mount namespace of a user namespace of its own, where the parent's descriptor
 * is refused, being of another mount namespace: there the child opens the path again, before it
 * has mounted anything, and goes on only with the same device and inode.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
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

struct tree_args {
	const char *path;
	int source_slot, tree_slot;
	struct mount_flags flags;
	bool clone_here; /* the parent may clone it */
	bool idmap;
	bool *no_idmap;
};

/* Set the flags of a detached tree, and its id map. Child-safe. */
static int set_flags(struct run *run, int tree_fd, const struct step *step,
		     struct inro_error *error)
{
	const struct tree_args *args = step->args;
	struct mount_attr attr = {
		.attr_set = args->flags.set,
		.attr_clr = args->flags.clear,
		.propagation = args->flags.propagation,
	};
	unsigned at = AT_EMPTY_PATH | (args->flags.recursive ? AT_RECURSIVE : 0);
	int r;

	if (args->idmap) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (uint64_t)run_fd(run, SLOT_USERNS);
	}
	r = sys_mount_setattr(tree_fd, "", at, &attr, sizeof(attr));
	/* A file system without id-mapped mounts, or one that is id-mapped already. */
	if ((r == -EINVAL || r == -EPERM) && args->no_idmap) {
		*args->no_idmap = true;
		attr.attr_set &= ~(uint64_t)MOUNT_ATTR_IDMAP;
		attr.userns_fd = 0;
		run_second_way(run, step);
		r = sys_mount_setattr(tree_fd, "", at, &attr, sizeof(attr));
	}
	return r < 0 ? error_raw(error, r, "mount_setattr", args->path) : 0;
}

static int clone_tree(struct run *run, int dir_fd, const char *path, const struct step *step,
		      struct inro_error *error)
{
	const struct tree_args *args = step->args;
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
			 (args->flags.recursive ? AT_RECURSIVE : 0) | (*path ? 0 : AT_EMPTY_PATH);
	int fd = sys_open_tree(dir_fd, path, flags), r;

	if (fd < 0)
		return error_raw(error, fd, "open_tree", args->path);
	r = set_flags(run, fd, step, error);
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	return run_store(run, args->tree_slot, fd);
}

static int run_open_source(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct tree_args *args = step->args;
	int fd = open(args->path, O_PATH | O_CLOEXEC);

	return fd < 0 ? error_raw(error, -errno, "open", args->path)
		      : run_store(run, args->source_slot, fd);
}

static int run_open_tree(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct tree_args *args = step->args;

	return clone_tree(run, AT_FDCWD, args->path, step, error);
}

static int run_take_tree(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct tree_args *args = step->args;
	int source_fd = run_fd(run, args->source_slot);
	int r;

	if (source_fd < 0)
		return 0;
	r = clone_tree(run, AT_FDCWD, args->path, step, error);
	if (r < 0)
		return r;
	if (!fd_same_file(source_fd, run_fd(run, args->tree_slot))) {
		error_raw(error, -ESTALE, "open_tree", args->path);
		error_raw_kind(error, INRO_ERROR_STEP, "it was replaced by another file just now");
		return -ESTALE;
	}
	return 0;
}

void mount_tell_attributes(uint64_t attributes, struct buf *text)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} names[] = {
		{ MOUNT_ATTR_RDONLY, "read-only" },
		{ MOUNT_ATTR_NOSUID, "nosuid" },
		{ MOUNT_ATTR_NODEV, "nodev" },
		{ MOUNT_ATTR_NOEXEC, "noexec" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (attributes & names[i].flag)
			buf_printf(text, "%s%s", text->used ? ", " : "", names[i].name);
}

static void tell_tree(const struct step *step, struct buf *text)
{
	const struct tree_args *args = step->args;

	mount_tell_attributes(args->flags.set, text);
	if (args->flags.recursive && text->used)
		buf_puts(text, ", with all below");
	if (args->idmap)
		buf_printf(text, "%sroot's own files as nobody's", text->used ? ", " : "");
}

static void advise_source(const struct step *step, const struct plan *plan,
			  struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == ENOENT)
		error_hint(error, "create it, or mark it optional (…:optional)");
	else if (error->code == EACCES)
		error_why(error, "this user may not go there");
	else if (error->code == EPERM && strcmp(error->call, "mount_setattr") == 0)
		error_why(error, "flags that the host's mount has set cannot be cleared in a user "
				 "namespace");
}

static const struct step_kind kind_open_source = {
	.name = "open-source",
	.what = "open",
	.calls = "open O_PATH",
	.run = run_open_source,
	.advise = advise_source,
};

static const struct step_kind kind_open_tree = {
	.name = "open-tree",
	.what = "clone the mounts at",
	.calls = "open_tree, mount_setattr",
	.run = run_open_tree,
	.tell = tell_tree,
	.advise = advise_source,
};

static const struct step_kind kind_take_tree = {
	.name = "take-tree",
	.what = "clone the mounts at",
	.calls = "open_tree, mount_setattr, fstat",
	.run = run_take_tree,
	.tell = tell_tree,
	.advise = advise_source,
};

int mount_take(struct plan *plan, const struct mount_source *source, const char *why)
{
	struct tree_args *args = arena_alloc(&plan->arena, sizeof(*args));
	struct step *step;

	if (!args) {
		plan->failed = true;
		return SLOT_NONE;
	}
	*args = (struct tree_args){
		.path = source->path,
		.source_slot = plan_transient(plan, plan_slot(plan)),
		.tree_slot = plan_transient(plan, plan_slot(plan)),
		.flags = source->flags,
		.clone_here = plan->facts->may_mount,
		.idmap = source->idmap,
		.no_idmap = source->no_idmap,
	};
	if (args->clone_here) {
		step = plan_add(plan, STAGE_OPEN, &kind_open_tree, source->path, why, args);
		step->optional = source->optional;
		if (source->no_idmap)
			step->fallback = "what only root may read there is found and hidden";
		return args->tree_slot;
	}
	plan_add(plan, STAGE_OPEN, &kind_open_source, source->path, why, args)->optional =
		source->optional;
	plan_add(plan, STAGE_SOURCE, &kind_take_tree, source->path,
		 "it must be the one that was opened", args);
	return args->tree_slot;
}

int mount_retake(struct run *run, int slot, struct inro_error *error)
{
	for (size_t i = 0; i < run->plan->n_steps; i++) {
		const struct step *step = &run->plan->steps[i];
		const struct tree_args *args = step->args;
		int old = run_fd(run, slot), r;

		if (step->kind != &kind_open_tree || args->tree_slot != slot)
			continue;
		r = clone_tree(run, AT_FDCWD, args->path, step, error);
		if (r == 0 && !fd_same_file(old, run_fd(run, slot)))
			r = error_raw(error, -ESTALE, "open_tree", args->path);
		fd_close(old);
		return r;
	}
	return -ELOOP;
}

/* move_mount, and once more with a tree of our own mount namespace where the kernel sees a loop. */
int mount_move(struct run *run, int slot, int target_fd, const char *target, unsigned flags)
{
	int r = sys_move_mount(run_fd(run, slot), "", target_fd, target, flags);

	if (r == -ELOOP && mount_retake(run, slot, NULL) == 0)
		r = sys_move_mount(run_fd(run, slot), "", target_fd, target, flags);
	return r;
}

struct place_args {
	const char *target;
	int slot;
	unsigned target_flags;
};

/* Put a detached tree on its mount point, made as a directory or a file to match. Child-safe. */
static int run_place(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct place_args *args = step->args;
	int tree_fd = run_fd(run, args->slot), r;
	cleanup_close int target_fd = -EBADF;
	struct stat st;

	if (tree_fd < 0)
		return 0;
	if (fstat(tree_fd, &st) < 0)
		return error_raw(error, -errno, "fstat", args->target);
	target_fd = target_open(run_fd(run, SLOT_ROOT), args->target,
				S_ISDIR(st.st_mode) ? TARGET_DIR : TARGET_FILE,
				S_ISDIR(st.st_mode) ? 0755 : 0644, args->target_flags);
	if (target_fd < 0)
		return error_raw(error, target_fd, "openat2", args->target);
	r = mount_move(run, args->slot, target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return r < 0 ? error_raw(error, r, "move_mount", args->target) : 0;
}

static void advise_place(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	if (error->code == EROFS ||
	    (error->code == EACCES && strcmp(error->call, "openat2") == 0)) {
		error_why(error, "the mount point does not exist inside, and cannot be made there");
		error_hint(error, plan->spec->mounts.root.overlay
					  ? "create it on the host"
					  : "create it on the host, or put a writable layer over "
					    "the root (--overlay)");
	} else if (error->code == ELOOP) {
		error_why(error,
			  "a symbolic link stands in this path, and it must not be followed");
	} else if (error->code == ENOTDIR || error->code == EISDIR) {
		error_why(error,
			  "a directory can only be mounted on a directory, a file on a file");
	}
}

static const struct step_kind kind_place = {
	.name = "place",
	.what = "mount it on",
	.calls = "openat2, move_mount",
	.run = run_place,
	.advise = advise_place,
};

void mount_place(struct plan *plan, int slot, const char *target, unsigned target_flags,
		 const char *why)
{
	struct place_args *args = arena_alloc(&plan->arena, sizeof(*args));

	if (!args) {
		plan->failed = true;
		return;
	}
	*args = (struct place_args){
		.target = target,
		.slot = slot,
		.target_flags = target_flags | root_target_flags(plan),
	};
	plan_add(plan, STAGE_MOUNT, &kind_place, target, why, args);
}
