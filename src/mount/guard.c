/* SPDX-License-Identifier: Apache-2.0 */

/*
 * --guard-project: the project writable, except for what project.h finds. What must stay absent is
 * made for the time of the run, so that it can be a mount point, and removed afterwards.
 *
 * Removing a file that is a mount point elsewhere takes the mount away there (since 3.18), and with
 * it another run's guard. So every run in a project holds a shared lock on its directory, and only
 * one that can have it alone removes what was made.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/setters.h"
#include "kernel/syscalls.h"
#include "mount/project.h"
#include "mount/spec.h"
#include "mount/steps.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_guard;

enum { LOCK_TRIES = 300 };

static const struct timespec lock_pause = { .tv_nsec = 10 * 1000 * 1000 };

struct guard_spec {
	bool on;
};

/* Make a placeholder on the host, below its existing directory, through no link. */
struct placeholder {
	const struct guard *guard;
	const char *root; /* of the project */
	int lock_slot;    /* the same, opened */
};

/* The directory of a guarded path: in the project no link leads there, whoever made one meanwhile. */
static int open_parent(struct run *run, const struct placeholder *args, const char **ret_name)
{
	const char *path = args->guard->path, *slash = strrchr(path, '/');
	bool inside = mount_is_below(path, args->root);
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC };
	size_t skip = inside ? strlen(args->root) + 1 : 0, length = (size_t)(slash - path);
	char dir[PATH_MAX];

	if (length >= sizeof(dir))
		return -ENAMETOOLONG;
	*ret_name = slash + 1;
	if (inside)
		how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	if (length < skip)
		return sys_openat2(run_fd(run, args->lock_slot), ".", &how);
	memcpy(dir, path + skip, length - skip);
	dir[length - skip] = '\0';
	return sys_openat2(inside ? run_fd(run, args->lock_slot) : AT_FDCWD, dir, &how);
}

static int make_placeholder(struct run *run, const struct placeholder *args)
{
	const struct guard *guard = args->guard;
	cleanup_close int fd = -EBADF, dir_fd = -EBADF;
	const char *name;

	dir_fd = open_parent(run, args, &name);
	if (dir_fd < 0)
		return dir_fd;
	if (guard->make_dir)
		return mkdirat(dir_fd, name, 0755) < 0 ? -errno : 0;
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fd_write_all(fd, guard->make_file, strlen(guard->make_file));
}

static int run_placeholder(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct placeholder *args = step->args;
	int r = make_placeholder(run, args);

	/* Two runs in one project: the other's is as good, and goes with the last of them. */
	if (r == -EEXIST)
		return 0;
	/* Where this user may not write, its containers may not either. */
	if (r == -EACCES || r == -EROFS)
		return 0;
	return r < 0 ? error_raw(error, r, "openat", step->object) : 0;
}

static int run_lock(struct run *run, const struct step *step, struct inro_error *error)
{
	const int *slot = step->args;
	int fd = open(step->object, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_raw(error, -errno, "open", step->object);
	/*
	 * Another run has it alone for a moment only, but a container may have it alone as long as it
	 * likes, and is not waited for.
	 */
	for (int tries = 0; flock(fd, LOCK_SH | LOCK_NB) < 0; tries++) {
		if (errno != EINTR && (errno != EWOULDBLOCK || tries == LOCK_TRIES)) {
			fd_close(fd);
			return error_raw(error, -errno, "flock", step->object);
		}
		nanosleep(&lock_pause, NULL);
	}
	return run_store(run, *slot, fd);
}

static void advise_lock(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EWOULDBLOCK)
		error_why(error, "another process keeps it locked (flock), perhaps one in another "
				 "container");
}

static void undo_lock(struct run *run, const struct step *step)
{
	const int *slot = step->args;

	run->slots[*slot] = fd_close(run->slots[*slot]);
}

static const struct step_kind kind_lock = {
	.name = "lock-project",
	.what = "lock, with the other runs there, the project",
	.calls = "flock",
	.run = run_lock,
	.undo = undo_lock,
	.advise = advise_lock,
};

/* Remove it again, if it is still what was made: an empty directory, or the same few bytes. */
static void undo_placeholder(struct run *run, const struct step *step)
{
	const struct placeholder *args = step->args;
	const struct guard *guard = args->guard;
	cleanup_close int dir_fd = -EBADF, fd = -EBADF;
	const char *name;
	char text[16];

	if (flock(run_fd(run, args->lock_slot), LOCK_EX | LOCK_NB) < 0)
		return;
	dir_fd = open_parent(run, args, &name);
	if (dir_fd >= 0 && guard->make_dir)
		unlinkat(dir_fd, name, AT_REMOVEDIR);
	if (dir_fd < 0 || guard->make_dir)
		return;
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fd_read_all(fd, text, sizeof(text)) >= 0 &&
	    strcmp(text, guard->make_file) == 0)
		unlinkat(dir_fd, name, 0);
}

static const struct step_kind kind_placeholder = {
	.name = "placeholder",
	.what = "make for the time of the run",
	.calls = "openat2, mkdirat, openat",
	.run = run_placeholder,
	.undo = undo_placeholder,
};

part_flag_setter(guard, guard_spec, feature_guard, on)

static const struct option_row options[] = {
	{
		.name = "guard-project",
		.form = OPTION_FLAG,
		.help = "protect git's hooks and configs, hide secrets",
		.rare = true,
		.section = "Files",
		.set = set_guard,
		.detail = "The project is the work tree around the current directory, or that "
			  "directory. "
			  "What git would later execute from it (hooks, config files, those of "
			  "work trees "
			  "and submodules) is read-only, also where there is none yet; files that "
			  "by their "
			  "name are secrets (.env, *.pem, ...) are empty.",
	},
};

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	const struct guard_spec *part = spec_part(spec, &feature_guard);

	if (!part->on || spec->mounts.root.mode != ROOT_HOST)
		return 0;
	if (!facts->cwd)
		return fail_usage(error, "--guard-project", "there is no current directory");
	if (mount_is_home(facts, facts->cwd) || strcmp(facts->cwd, "/") == 0)
		return fail_usage(error, "--guard-project", "%s is no project; go to one",
				  facts->cwd);
	facts->project = arena_alloc(&facts->arena, sizeof(*facts->project));
	if (!facts->project)
		return fail_memory(error);
	return project_find(&facts->arena, facts->cwd, facts->home, facts->project, error);
}

static void show(struct plan *plan, const char *path, const char *why)
{
	const struct mount_source source = {
		.path = path,
		.flags = {
			.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
			.propagation = PROPAGATION_PRIVATE,
			.recursive = true,
		},
	};

	mount_place(plan, mount_take(plan, &source, why), path, 0, why);
}

static void add_placeholder(struct plan *plan, const struct guard *guard, int lock_slot)
{
	const struct placeholder args = {
		.guard = guard,
		.root = plan->facts->project->root,
		.lock_slot = lock_slot,
	};
	const void *copy = arena_copy(&plan->arena, &args, sizeof(args));

	plan->failed |= !copy;
	plan_add(plan, STAGE_OPEN, &kind_placeholder, guard->path,
		 "only what is there can be guarded", copy);
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct project *project = plan->facts->project;

	int *lock_slot = arena_alloc(&plan->arena, sizeof(*lock_slot));

	if (!project || !plan->settled.own_root)
		return 0;
	if (!lock_slot)
		return fail_memory(error);
	*lock_slot = plan_slot(plan);
	plan_add(plan, STAGE_OPEN, &kind_lock, project->root,
		 "the last of them takes away what was made", lock_slot);
	if (strcmp(project->root, plan->facts->cwd) != 0)
		show(plan, project->root, "the project around the current directory");
	if (project->common_dir)
		show(plan, project->common_dir, "the repository of this work tree");
	for (size_t i = 0; i < project->n_guards; i++) {
		const struct guard *guard = &project->guards[i];

		if (guard->make_dir || guard->make_file)
			add_placeholder(plan, guard, *lock_slot);
		if (guard->action == GUARD_PIN)
			mask_pin(plan, guard->path, guard->reason);
		else if (guard->action == GUARD_READ_ONLY)
			mask_read_only(plan, guard->path, !guard->make_dir && !guard->make_file, guard->reason);
		else
			mask_hide(plan, STAGE_MASK, guard->path, false, guard->reason);
	}
	plan_applied(plan, "project", "%s, %zu places guarded", project->root, project->n_guards);
	return 0;
}

const struct feature feature_guard = {
	.name = "guard",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct guard_spec),
	.gather = gather,
	.resolve = resolve,
};
