/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Finding what only root may read where administrators keep such files, and hiding it one by one.
 * The walk is the parent's, since it allocates; the child hides the paths that it found. It costs
 * milliseconds where an id map costs a fifth of one, so it is the second way only. The rest of /usr
 * is packages' own, and a walk through it would take a second.
 */

#include "mount/secrets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "mount/steps.h"
#include "plan/run.h"

enum { MAX_DEPTH = 32 };

static const char *const places[] = { "/etc", "/opt", "/usr/local" };

static int keep(struct secrets *secrets, const char *path)
{
	const char **slot =
		arena_grow(&secrets->arena, &secrets->paths, &secrets->n_paths, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = path;
	return 0;
}

static int walk(struct secrets *secrets, int parent_fd, const char *name, const char *path,
		int depth);

static int visit(struct secrets *secrets, int dir_fd, const char *dir, const char *name, int depth)
{
	struct stat st;
	const char *path;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	path = arena_printf(&secrets->arena, "%s/%s", dir, name);
	if (!path)
		return -ENOMEM;
	if (S_ISREG(st.st_mode))
		return st.st_mode & S_IROTH ? 0 : keep(secrets, path);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (!(st.st_mode & S_IXOTH) || depth == MAX_DEPTH)
		return keep(secrets, path);
	return walk(secrets, dir_fd, name, path, depth + 1);
}

static int walk(struct secrets *secrets, int parent_fd, const char *name, const char *path,
		int depth)
{
	int r = 0, fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!dir) {
		fd_close(fd);
		/* Gone meanwhile, or another kind of thing by now. */
		return errno == ENOENT || errno == ELOOP || errno == ENOTDIR ? 0 : -errno;
	}
	while (r == 0 && (entry = readdir(dir)))
		r = visit(secrets, fd, path, entry->d_name, depth);
	closedir(dir);
	return r;
}

static int run_find(struct run *run, const struct step *step, struct inro_error *error)
{
	struct secrets *secrets = *(struct secrets *const *)step->args;

	(void)run;
	for (size_t i = 0; i < ARRAY_SIZE(places) && secrets->needed; i++) {
		int r = walk(secrets, AT_FDCWD, places[i], places[i], 0);

		if (r < 0)
			return error_raw(error, r, "openat", places[i]);
	}
	return 0;
}

static void undo_find(struct run *run, const struct step *step)
{
	struct secrets *secrets = *(struct secrets *const *)step->args;

	(void)run;
	arena_deinit(&secrets->arena);
	secrets->paths = NULL;
	secrets->n_paths = 0;
}

static int run_hide(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct secrets *secrets = *(struct secrets *const *)step->args;
	int r = 0;

	for (size_t i = 0; i < secrets->n_paths && r == 0; i++)
		r = mask_cover(run, secrets->paths[i], error);
	return r;
}

static void tell_places(const struct step *step, struct buf *text)
{
	(void)step;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		buf_printf(text, "%s%s", i ? ", " : "", places[i]);
}

static const struct step_kind kind_find = {
	.name = "find-secrets",
	.what = "where that id map cannot be had, find what only root may read below",
	.calls = "openat, getdents, fstatat",
	.run = run_find,
	.undo = undo_find,
	.tell = tell_places,
};

static const struct step_kind kind_hide = {
	.name = "hide-secrets",
	.what = "hide what only root may read below",
	.calls = "openat2, open_tree, mount_setattr, move_mount",
	.run = run_hide,
	.tell = tell_places,
};

struct secrets *secrets_new(struct plan *plan)
{
	struct secrets *secrets = arena_alloc(&plan->arena, sizeof(*secrets));

	plan->failed |= !secrets;
	return secrets;
}

void secrets_add(struct plan *plan, struct secrets *secrets)
{
	struct secrets **args = arena_copy(&plan->arena, &secrets, sizeof(struct secrets *));

	plan->failed |= !args;
	root_need_scratch(plan);
	plan_add(plan, STAGE_OPEN, &kind_find, NULL, "the host's root is mapped in", args);
	plan_add(plan, STAGE_MASK, &kind_hide, NULL, "the host's root is mapped in", args);
}
