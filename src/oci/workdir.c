/* SPDX-License-Identifier: Apache-2.0 */

/*
 * process.cwd: made where it is missing, below the new root and nowhere else. It is entered by
 * root of the container, which may be more than its user may; and where root may not, as on a file
 * system of the net, once more by the user.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/target.h"
#include "oci/root.h"
#include "plan/run.h"

struct workdir_args {
	const char *path;
	bool denied; /* set where it has to be tried again: the child's own copy */
};

/* A directory outside of the root answers with another beginning. */
static int check_inside(const char *path, struct inro_error *error)
{
	char buffer[4096];
	ssize_t n = sys_getcwd(buffer, sizeof(buffer));

	/* One whose path is too long to tell is no less inside. */
	if (n == -ENAMETOOLONG || n == -ERANGE || (n > 0 && buffer[0] == '/'))
		return 0;
	error_raw(error, -EXDEV, "getcwd", path);
	error_raw_kind(error, INRO_ERROR_STEP, "this directory is not inside of the new root");
	return -EXDEV;
}

/* 1 where the caller may not go there. */
static int enter(int fd, const char *path, struct inro_error *error)
{
	if (fd == -EACCES)
		return 1;
	if (fd < 0)
		return error_raw(error, fd, "openat2", path);
	if (fchdir(fd) < 0)
		return errno == EACCES ? 1 : error_raw(error, -errno, "fchdir", path);
	return check_inside(path, error);
}

static int run_enter(struct run *run, const struct step *step, struct inro_error *error)
{
	struct workdir_args *args = (struct workdir_args *)step->args;
	cleanup_close int fd = target_open(run_fd(run, SLOT_ROOT), args->path, TARGET_DIR, 0755, 0);
	int r = enter(fd, args->path, error);

	args->denied = r > 0;
	return r < 0 ? r : 0;
}

static int run_enter_again(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct workdir_args *args = step->args;
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	cleanup_close int fd = -EBADF;
	int r;

	(void)run;
	if (!args->denied)
		return 0;
	fd = sys_openat2(AT_FDCWD, args->path, &how);
	r = enter(fd, args->path, error);
	return r > 0 ? error_raw(error, -EACCES, "fchdir", args->path) : r;
}

/* Of a container that is joined: its root is "/" already, and nothing is made there. */
static int run_enter_joined(struct run *run, const struct step *step, struct inro_error *error)
{
	struct workdir_args *args = (struct workdir_args *)step->args;
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	cleanup_close int fd = sys_openat2(AT_FDCWD, args->path, &how);
	int r = enter(fd, args->path, error);

	(void)run;
	args->denied = r > 0;
	return r < 0 ? r : 0;
}

static void advise_workdir(const struct step *step, const struct plan *plan,
			   struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EROFS)
		error_why(error,
			  "process.cwd does not exist in the root, and cannot be made there");
	else if (error->code == ELOOP)
		error_why(error, "links in a circle, or one of /proc that is not followed");
	else if (error->code == ENOTDIR)
		error_why(error, "process.cwd is not a directory");
	else if (error->code == EACCES)
		error_why(error, "neither root of the container nor its user may go there");
}

static const struct step_kind kind_enter = {
	.name = "make-workdir",
	.what = "make where missing, and go to",
	.calls = "openat2, mkdirat, fchdir, getcwd",
	.run = run_enter,
	.advise = advise_workdir,
};

static const struct step_kind kind_enter_again = {
	.name = "chdir",
	.what = "go to",
	.calls = "openat2, fchdir, getcwd",
	.run = run_enter_again,
	.advise = advise_workdir,
};

static const struct step_kind kind_enter_joined = {
	.name = "enter-workdir",
	.what = "go to",
	.calls = "openat2, fchdir, getcwd",
	.run = run_enter_joined,
	.advise = advise_workdir,
};

int oci_workdir_add_joined(struct plan *plan, struct inro_error *error)
{
	struct workdir_args *args = arena_alloc(&plan->arena, sizeof(*args));

	if (!args)
		return fail_memory(error);
	args->path = plan->settled.workdir;
	plan_add(plan, STAGE_PROCESS, &kind_enter_joined, args->path, "process.cwd", args);
	plan_add(plan, STAGE_DEATH, &kind_enter_again, args->path,
		 "only if root of the container was not let in", args);
	return 0;
}

int oci_workdir_add(struct oci_root *root, struct inro_error *error)
{
	struct plan *plan = root->plan;
	struct workdir_args *args;

	/* Changing the root goes there anyway. */
	if (strcmp(plan->settled.workdir, "/") == 0 && root->config->root.path)
		return 0;
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args)
		return fail_memory(error);
	args->path = plan->settled.workdir;
	plan_add(plan, STAGE_PIVOT, &kind_enter, args->path, "process.cwd", args);
	plan_add(plan, STAGE_DEATH, &kind_enter_again, args->path,
		 "only if root of the container was not let in", args);
	return 0;
}
