/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bind mounts. Whoever may clone mount trees does it before the container exists, and with the
 * attributes set before anybody can see it. An ordinary user can in the new mount namespace only,
 * where the child opens the source again, before it has mounted anything, and checks that it is
 * the one that was opened (see mount/tree.c).
 *
 * A tree is put in its place by descriptor, and its descriptor is closed at once. A container may
 * have hundreds of mounts, and its engine a low limit of descriptors: those trees that it cannot
 * hold are cloned by the child before it mounts anything else, and wait mounted in the scratch
 * tmpfs.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/target.h"
#include "oci/root.h"
#include "plan/run.h"

struct bind_args {
	const char *source, *target;
	struct oci_look look;
	bool source_nofollow, target_nofollow, copy_symlink;
	unsigned target_flags;
	int source_slot, tree_slot, keep_slot;
	const char *waits; /* where it waits in the scratch tmpfs; NULL */
	char *link; /* PATH_MAX bytes: where a link to be copied points; "" where it is none */
};

static unsigned open_tree_flags(const struct bind_args *args)
{
	return OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (args->look.tree ? AT_RECURSIVE : 0) |
	       (args->source_nofollow ? AT_SYMLINK_NOFOLLOW : 0);
}

/* Parent: a link that is to be copied is read now. 1 if it was one. */
static int read_link(const struct bind_args *args)
{
	ssize_t n = args->copy_symlink ? readlink(args->source, args->link, PATH_MAX - 1) : 0;

	if (n < 0)
		return errno == EINVAL ? 0 : -errno;
	args->link[n] = '\0';
	return n > 0;
}

static int clone_source(struct run *run, const struct bind_args *args, struct inro_error *error)
{
	int fd = sys_open_tree(AT_FDCWD, args->source, open_tree_flags(args)), r;

	if (fd < 0)
		return error_raw(error, fd, "open_tree", args->source);
	r = oci_look_apply(run, fd, &args->look, args->source, error);
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	return run_store(run, args->tree_slot, fd);
}

static int run_clone(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct bind_args *args = step->args;
	int r = args->link ? read_link(args) : 0;

	if (r < 0)
		return error_raw(error, r, "readlink", args->source);
	return r > 0 ? 0 : clone_source(run, args, error);
}

static int run_open(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct bind_args *args = step->args;
	int fd, r = args->link ? read_link(args) : 0;

	if (r < 0)
		return error_raw(error, r, "readlink", args->source);
	if (r > 0)
		return 0;
	fd = open(args->source, O_PATH | O_CLOEXEC | (args->source_nofollow ? O_NOFOLLOW : 0));
	return fd < 0 ? error_raw(error, -errno, "open", args->source)
		      : run_store(run, args->source_slot, fd);
}

static int run_clone_again(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct bind_args *args = step->args;
	int source_fd = run_fd(run, args->source_slot);
	int r;

	if (source_fd < 0)
		return 0;
	r = clone_source(run, args, error);
	if (r < 0)
		return r;
	if (!fd_same_file(source_fd, run_fd(run, args->tree_slot))) {
		error_raw(error, -ESTALE, "open_tree", args->source);
		error_raw_kind(error, INRO_ERROR_STEP, "it was replaced by another file just now");
		return -ESTALE;
	}
	run->slots[args->source_slot] = fd_close(source_fd);
	return 0;
}

/* Something to mount it on, of its own type. */
static int make_waiting_place(int dir_fd, const char *name, bool directory)
{
	int r = directory ? mkdirat(dir_fd, name, 0700) : mknodat(dir_fd, name, S_IFREG | 0600, 0);
	int fd = r < 0 ? r : openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int run_let_wait(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct bind_args *args = step->args;
	cleanup_close int place_fd = -EBADF;
	struct stat st;
	int tree_fd, r = args->link ? read_link(args) : 0;

	if (r < 0)
		return error_raw(error, r, "readlink", args->source);
	if (r > 0)
		return 0;
	r = clone_source(run, args, error);
	if (r < 0)
		return r;
	tree_fd = run_fd(run, args->tree_slot);
	if (fstat(tree_fd, &st) < 0)
		return error_raw(error, -errno, "fstat", args->source);
	place_fd = make_waiting_place(run_fd(run, SLOT_SCRATCH), args->waits, S_ISDIR(st.st_mode));
	if (place_fd < 0)
		return error_raw(error, place_fd, "mkdirat", args->source);
	r = sys_move_mount(tree_fd, "", place_fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	run->slots[args->tree_slot] = fd_close(tree_fd);
	return r < 0 ? error_raw(error, r, "move_mount", args->source) : 0;
}

static int fetch_waiting(struct run *run, const struct bind_args *args)
{
	return run_store(run, args->tree_slot,
			 sys_open_tree(run_fd(run, SLOT_SCRATCH), args->waits, OPEN_TREE_CLOEXEC));
}

static int copy_link(struct run *run, const struct bind_args *args, struct inro_error *error)
{
	const char *name;
	cleanup_close int dir_fd = target_open_parent(run_fd(run, SLOT_ROOT), args->target, &name);

	if (dir_fd < 0)
		return error_raw(error, dir_fd, "openat2", args->target);
	if (symlinkat(args->link, dir_fd, name) < 0 && errno != EEXIST)
		return error_raw(error, -errno, "symlinkat", args->target);
	return 0;
}

/* The mount point: made as a directory or a file to match; with dest-nofollow it may be a link. */
static int open_target(struct run *run, const struct bind_args *args, bool directory)
{
	const char *name;
	cleanup_close int dir_fd = -EBADF;
	int fd;

	if (!args->target_nofollow)
		return target_open(run_fd(run, SLOT_ROOT), args->target,
				   directory ? TARGET_DIR : TARGET_FILE, directory ? 0755 : 0644,
				   args->target_flags);
	dir_fd = target_open_parent(run_fd(run, SLOT_ROOT), args->target, &name);
	if (dir_fd < 0)
		return dir_fd;
	fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	return target_open(dir_fd, name, directory ? TARGET_DIR : TARGET_FILE,
			   directory ? 0755 : 0644, TARGET_NO_LINKS | TARGET_NEW);
}

/* The placed mount is the root's itself, or is worked below later, or is not needed any more. */
static void keep_or_close(struct run *run, const struct bind_args *args)
{
	int fd = run_fd(run, args->tree_slot);

	run->slots[args->tree_slot] = -EBADF;
	if (args->keep_slot == SLOT_NONE) {
		fd_close(fd);
		return;
	}
	fd_close(run->slots[args->keep_slot]);
	run->slots[args->keep_slot] = fd;
}

static int run_place(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct bind_args *args = step->args;
	cleanup_close int target_fd = -EBADF;
	struct stat st;
	int tree_fd, r;

	if (args->link && args->link[0])
		return copy_link(run, args, error);
	r = args->waits ? fetch_waiting(run, args) : 0;
	if (r < 0)
		return error_raw(error, r, "open_tree", args->target);
	tree_fd = run_fd(run, args->tree_slot);
	if (fstat(tree_fd, &st) < 0)
		return error_raw(error, -errno, "fstat", args->target);
	target_fd = open_target(run, args, S_ISDIR(st.st_mode));
	if (target_fd < 0)
		return error_raw(error, target_fd, "openat2", args->target);
	r = sys_move_mount(tree_fd, "", target_fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	if (r < 0)
		return error_raw(error, r, "move_mount", args->target);
	keep_or_close(run, args);
	return 0;
}

static void tell_bind(const struct step *step, struct buf *text)
{
	const struct bind_args *args = step->args;

	oci_look_tell(&args->look, text);
}

static void tell_place(const struct step *step, struct buf *text)
{
	const struct bind_args *args = step->args;

	buf_printf(text, "from %s", args->source);
}

static void advise_source(const struct step *step, const struct plan *plan,
			  struct inro_error *error)
{
	const struct bind_args *args = step->args;
	bool clears = args->look.own.clear | args->look.recursive.clear;

	(void)plan;
	if (error->code == EACCES)
		error_why(error, "this user may not go there");
	else if (error->code == EPERM && clears)
		error_why(error,
			  "flags that the host's mount has set (nosuid, nodev, noexec, ro, atime) "
			  "cannot be cleared in a user namespace");
	else if (error->code == EINVAL && args->look.userns_slot != SLOT_NONE)
		error_why(error, "its file system has no id-mapped mounts");
	else if (error->code == EPERM && args->look.userns_slot != SLOT_NONE)
		error_why(error,
			  "it is id-mapped already, or its file system belongs to another user "
			  "namespace");
	else if (error->code == EINVAL && strcmp(error->call, "open_tree") == 0)
		error_why(error, "it is unbindable, or of another mount namespace");
}

static void advise_place(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	oci_advise_target(error);
}

static const struct step_kind kind_clone = {
	.name = "open-tree",
	.what = "clone the mounts at",
	.calls = "open_tree, mount_setattr",
	.run = run_clone,
	.tell = tell_bind,
	.advise = advise_source,
};

static const struct step_kind kind_open = {
	.name = "open-source",
	.what = "open",
	.calls = "open O_PATH",
	.run = run_open,
	.advise = advise_source,
};

static const struct step_kind kind_clone_again = {
	.name = "take-tree",
	.what = "clone the mounts at",
	.calls = "open_tree, mount_setattr, fstat",
	.run = run_clone_again,
	.tell = tell_bind,
	.advise = advise_source,
};

static const struct step_kind kind_let_wait = {
	.name = "clone-to-scratch",
	.what = "clone, to wait in the scratch tmpfs, the mounts at",
	.calls = "open_tree, mount_setattr, mkdirat, move_mount",
	.run = run_let_wait,
	.tell = tell_bind,
	.advise = advise_source,
};

static const struct step_kind kind_place = {
	.name = "place",
	.what = "mount it on",
	.calls = "fstat, openat2, move_mount",
	.run = run_place,
	.tell = tell_place,
	.advise = advise_place,
};

static int fill_args(struct oci_root *root, const struct oci_mount *mount,
		     const struct oci_mount_options *options, struct bind_args *args,
		     struct inro_error *error)
{
	struct plan *plan = root->plan;

	*args = (struct bind_args){
		.source = mount->source,
		.target = mount->destination,
		.look = {
			.own = options->own,
			.recursive = options->recursive,
			.propagation = options->propagation ?: root->propagation,
			.propagation_recursive =
				!options->propagation || options->propagation_recursive,
			.tree = options->rbind,
			.userns_slot = SLOT_NONE,
			.idmap_recursive = options->ridmap,
		},
		.source_nofollow = options->source_nofollow || options->copy_symlink,
		.target_nofollow = options->target_nofollow,
		.copy_symlink = options->copy_symlink,
		.target_flags = oci_target_flags("", mount->destination),
		.source_slot = plan_transient(plan, plan_slot(plan)),
		.tree_slot = plan_transient(plan, plan_slot(plan)),
	};
	args->keep_slot = oci_root_keep_slot(root, mount->destination);
	if (options->copy_symlink) {
		args->link = arena_alloc(&plan->arena, PATH_MAX);
		plan->failed |= !args->link;
	}
	if (options->idmap || options->ridmap || mount->uids.n || mount->gids.n)
		return oci_idmap_slot(root, mount, options, &args->look.userns_slot, error);
	return 0;
}

/* A quarter of the descriptors is for trees; who opens sources first has two for each. */
static bool can_hold(struct oci_root *root)
{
	size_t each = root->by_parent ? 4 : 8;

	/* The scratch tmpfs would lie on the root of all who are in a namespace that is joined. */
	return ++root->n_trees * each <= root->part->n_fds || root->joined;
}

static void add_source_steps(struct oci_root *root, struct bind_args *args)
{
	static const char why[] = "mounts of config.json";
	struct plan *plan = root->plan;

	/* An id map takes the rights of who starts the container. */
	if (!can_hold(root) && args->look.userns_slot == SLOT_NONE) {
		args->waits = arena_printf(&plan->arena, "tree%zu", root->n_trees);
		plan->failed |= !args->waits;
		root_need_scratch(plan);
		plan_add(plan, STAGE_SOURCE, &kind_let_wait, args->source,
			 "there are too many to be held open", args);
	} else if (root->by_parent) {
		plan_add(plan, STAGE_OPEN, &kind_clone, args->source, why, args);
	} else {
		plan_add(plan, STAGE_OPEN, &kind_open, args->source, why, args);
		plan_add(plan, STAGE_SOURCE, &kind_clone_again, args->source,
			 "it must be the one that was opened", args);
	}
}

int oci_bind_add(struct oci_root *root, const struct oci_mount *mount,
		 struct oci_mount_options *options, struct inro_error *error)
{
	struct bind_args *args = arena_alloc(&root->plan->arena, sizeof(*args));
	const char *target = mount->destination;
	int r;

	if (!args)
		return fail_memory(error);
	if (!mount->source)
		return fail_usage(error, target, "a bind mount needs a source");
	/* What mount(2) takes for a bind mount too, and then has no effect. */
	oci_mount_config_drop_common(options);
	if (options->n_config > 0)
		return fail_usage(error, target,
				  "'%s' is an option of a file system, and this is a bind mount",
				  options->config[0]);
	r = fill_args(root, mount, options, args, error);
	if (r < 0)
		return r;
	add_source_steps(root, args);
	plan_add(root->plan, STAGE_MOUNT, &kind_place, target, "mounts of config.json", args);
	return 0;
}
