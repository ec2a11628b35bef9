/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Directories, links and small files of the new root. A file with a given content is made in the
 * scratch tmpfs and mounted in its place, so that it can stand anywhere, also over a read-only
 * directory of the host, and touches no disk.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/steps.h"
#include "mount/target.h"
#include "plan/run.h"

struct make_args {
	const char *target, *text;
	const char *scratch; /* its name in the scratch tmpfs */
	int fd;              /* the content's source; -EBADF = text */
	mode_t mode;
	bool read_only;
	unsigned target_flags;
};

static int run_make_dir(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct make_args *args = step->args;
	int fd = target_open(run_fd(run, SLOT_ROOT), args->target, TARGET_DIR, args->mode,
			     args->target_flags);

	if (fd < 0)
		return error_raw(error, fd, "mkdirat", args->target);
	fd_close(fd);
	return 0;
}

static int run_make_symlink(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct make_args *args = step->args;
	const char *name;
	cleanup_close int dir_fd = target_open_parent(run_fd(run, SLOT_ROOT), args->target, &name);

	if (dir_fd < 0)
		return error_raw(error, dir_fd, "openat2", args->target);
	if (symlinkat(args->text, dir_fd, name) < 0 && errno != EEXIST)
		return error_raw(error, -errno, "symlinkat", args->target);
	return 0;
}

static int run_touch(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct make_args *args = step->args;
	int fd = target_open(run_fd(run, SLOT_ROOT), args->target, TARGET_FILE, args->mode,
			     TARGET_NO_LINKS | args->target_flags);

	if (fd < 0)
		return error_raw(error, fd, "openat", args->target);
	fd_close(fd);
	return 0;
}

/* Parent: the source directory and its parents, on the host. */
static int run_create_source(struct run *run, const struct step *step, struct inro_error *error)
{
	cleanup_close int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = root_fd < 0 ? -errno : target_open(root_fd, step->object, TARGET_DIR, 0755, 0);

	(void)run;
	if (fd < 0)
		return error_raw(error, fd, "mkdirat", step->object);
	fd_close(fd);
	return 0;
}

/* Copy all of FROM to TO, child-safe. */
static int copy_content(int from, int to)
{
	char buffer[4096];

	for (;;) {
		ssize_t n = read(from, buffer, sizeof(buffer));
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		r = fd_write_all(to, buffer, (size_t)n);
		if (r < 0)
			return r;
	}
}

static int fill_file(struct run *run, const struct make_args *args, struct inro_error *error)
{
	cleanup_close int fd =
		openat(run_fd(run, SLOT_SCRATCH), args->scratch,
		       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, args->mode);
	int r;

	if (fd < 0)
		return error_raw(error, -errno, "openat", args->target);
	r = args->fd >= 0 ? copy_content(args->fd, fd)
			  : fd_write_all(fd, args->text, strlen(args->text));
	return r < 0 ? error_raw(error, r, "write", args->target) : 0;
}

static int run_make_file(struct run *run, const struct step *step, struct inro_error *error)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
	const struct make_args *args = step->args;
	cleanup_close int tree_fd = -EBADF, target_fd = -EBADF;
	int r = fill_file(run, args, error);

	if (r < 0)
		return r;
	tree_fd = sys_open_tree(run_fd(run, SLOT_SCRATCH), args->scratch,
				OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree_fd < 0)
		return error_raw(error, tree_fd, "open_tree", args->target);
	attr.attr_set |= args->read_only ? MOUNT_ATTR_RDONLY : 0;
	r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	if (r < 0)
		return error_raw(error, r, "mount_setattr", args->target);
	target_fd = target_open(run_fd(run, SLOT_ROOT), args->target, TARGET_FILE, 0644,
				args->target_flags);
	if (target_fd < 0)
		return error_raw(error, target_fd, "openat2", args->target);
	r = sys_move_mount(tree_fd, "", target_fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return r < 0 ? error_raw(error, r, "move_mount", args->target) : 0;
}

static void advise_make(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EROFS)
		error_hint(
			error,
			"what is not there cannot be made in a read-only directory; --overlay puts "
			"a writable layer over the root");
}

static const struct step_kind kind_make_dir = {
	.name = "make-dir",
	.what = "make the directory",
	.calls = "mkdirat",
	.run = run_make_dir,
	.advise = advise_make,
};

static const struct step_kind kind_make_symlink = {
	.name = "make-symlink",
	.what = "make the link",
	.calls = "symlinkat",
	.run = run_make_symlink,
	.advise = advise_make,
};

static const struct step_kind kind_make_file = {
	.name = "make-file",
	.what = "write the file",
	.calls = "openat, write, open_tree, mount_setattr, move_mount",
	.run = run_make_file,
	.advise = advise_make,
};

static const struct step_kind kind_touch = {
	.name = "make-mount-point",
	.what = "make the empty file",
	.calls = "openat",
	.run = run_touch,
	.advise = advise_make,
};

static const struct step_kind kind_create_source = {
	.name = "create-source",
	.what = "make on the host, where missing, the directory",
	.calls = "openat2, mkdirat",
	.run = run_create_source,
};

static struct make_args *new_args(struct plan *plan, const char *target)
{
	struct make_args *args = arena_alloc(&plan->arena, sizeof(*args));
	static struct make_args lost;

	plan->failed |= !args;
	args = args ? args : &lost;
	args->target = target;
	args->target_flags = root_target_flags(plan);
	args->fd = -EBADF;
	return args;
}

void mount_make_dir(struct plan *plan, const char *target, mode_t mode, const char *why)
{
	struct make_args *args = new_args(plan, target);

	args->mode = mode;
	plan_add(plan, STAGE_MOUNT, &kind_make_dir, target, why, args);
}

void mount_make_symlink(struct plan *plan, const char *target, const char *link, const char *why)
{
	struct make_args *args = new_args(plan, target);
	const char *object = arena_printf(&plan->arena, "%s → %s", target, link);

	args->text = link;
	plan->failed |= !object;
	plan_add(plan, STAGE_MOUNT, &kind_make_symlink, object, why, args);
}

void mount_make_file(struct plan *plan, const char *target, const char *text, int fd, mode_t mode,
		     bool read_only, const char *why)
{
	struct make_args *args = new_args(plan, target);

	args->text = text;
	args->fd = fd;
	args->mode = mode ? mode : 0644;
	args->read_only = read_only;
	args->scratch = arena_printf(&plan->arena, "file%zu", plan->n_steps);
	plan->failed |= !args->scratch;
	root_need_scratch(plan);
	plan_add(plan, STAGE_MOUNT, &kind_make_file, target, why, args)->may_block = fd >= 0;
}

void mount_touch(struct plan *plan, const char *target, const char *why)
{
	struct make_args *args = new_args(plan, target);

	args->mode = 0666;
	plan_add(plan, STAGE_MOUNT, &kind_touch, target, why, args);
}

void mount_create_source(struct plan *plan, const char *source)
{
	plan_add(plan, STAGE_OPEN, &kind_create_source, source, "asked for by :create", NULL);
}
