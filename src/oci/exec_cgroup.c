/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The cgroup of another process in a container: the one that its init is in now. An init like systemd
 * moves itself into a group below the container's, after which the kernel takes no processes into that
 * itself. --cgroup names one below it; nothing leads out of it, whatever links or dots are in the name.
 *
 * On v2 the process is born there. Not so where a user namespace is joined, from inside of which the
 * kernel lets nobody reach out to the group of its parent; nor on v1, where a clone knows no groups:
 * there the parent places it, while it waits.
 */

#include "oci/exec_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"
#include "oci/start.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_exec_cgroup;

struct group_args {
	const struct oci_start *start;
	const char *dir;
	bool v2;
	int slot;
};

/* ---- where init is ---- */

/* The line "N:CONTROLLERS:PATH": is it of the hierarchy that DIR is in? */
static bool is_line_of(const char *dir, bool v2, const char *controllers, size_t n)
{
	const char *name = controllers;
	char part[256];

	if (v2)
		return n == 0;
	if (n > 5 && memcmp(name, "name=", 5) == 0) {
		name += 5;
		n -= 5;
	}
	if (n == 0 || n + 3 > sizeof(part))
		return false;
	snprintf(part, sizeof(part), "/%.*s/", (int)n, name);
	return strstr(dir, part) != NULL;
}

/* PATH is where it is, from the hierarchy's root: its longest beginning at which DIR ends. */
static bool split(const char *dir, const char *path, size_t n, char *below, size_t size)
{
	size_t n_dir = strlen(dir);

	for (size_t i = n; i > 0; i--) {
		if ((i < n && path[i] != '/') || i > n_dir || memcmp(dir + n_dir - i, path, i) != 0)
			continue;
		i += i < n;
		if (n - i >= size)
			return false;
		memcpy(below, path + i, n - i);
		below[n - i] = '\0';
		return true;
	}
	return false;
}

bool oci_exec_cgroup_below(const char *dir, const char *groups, bool v2, char *below, size_t size)
{
	while (*groups) {
		size_t n = strcspn(groups, "\n");
		const char *controllers = memchr(groups, ':', n), *path;

		path = controllers ? memchr(controllers + 1, ':', n - (size_t)(controllers + 1 - groups)) : NULL;
		if (path && is_line_of(dir, v2, controllers + 1, (size_t)(path - controllers - 1)))
			return split(dir, path + 1, n - (size_t)(path + 1 - groups), below, size);
		groups += n + (groups[n] == '\n');
	}
	return false;
}

/* ---- steps ---- */

static int open_below(int dir_fd, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return sys_openat2(dir_fd, path, &how);
}

/* The directory that init is in, or the container's where that cannot be told. */
static int open_of_init(const struct run *run, const struct group_args *args)
{
	cleanup_close int dir_fd = open(args->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), pid_fd = -EBADF;
	char groups[8192], below[4096];
	int fd;

	if (dir_fd < 0)
		return -errno;
	pid_fd = procfs_open_pid(run_fd(run, SLOT_HOST_PROC), args->start->state->pid);
	if (pid_fd < 0 || procfs_read_start_at(pid_fd, "cgroup", groups, sizeof(groups)) < 0 ||
	    !oci_exec_cgroup_below(args->dir, groups, args->v2, below, sizeof(below)) || !*below)
		return take_fd(&dir_fd);
	fd = open_below(dir_fd, below);
	return fd >= 0 ? fd : take_fd(&dir_fd);
}

static int run_open_group(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct group_args *args = step->args;
	cleanup_close int fd = open_of_init(run, args);
	const char *sub = args->start->sub_cgroup;
	int below;

	if (fd < 0)
		return error_raw(error, fd, "open", args->dir);
	if (!sub)
		return run_store(run, args->slot, take_fd(&fd));
	below = open_below(fd, sub + strspn(sub, "/"));
	return below < 0 ? error_raw(error, below, "openat2", sub) : run_store(run, args->slot, below);
}

static void advise_open_group(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EXDEV || error->code == ELOOP)
		error_why(error, "it leads out of the container's cgroup");
	else if (error->code == ENOENT)
		error_why(error, "there is no such cgroup");
}

static const struct step_kind kind_open_group = {
	.name = "open-cgroup",
	.what = "open the cgroup of the container's init below",
	.calls = "open, read, openat2",
	.run = run_open_group,
	.advise = advise_open_group,
};

static int run_place(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct group_args *args = step->args;
	char text[16];
	int r;

	snprintf(text, sizeof(text), "%d", run->pid);
	r = fd_write_file_at(run_fd(run, args->slot), "cgroup.procs", text);
	return r < 0 ? error_raw(error, r, "write", "cgroup.procs") : 0;
}

static const struct step_kind kind_place = {
	.name = "place-in-cgroup",
	.what = "place it in the cgroup below",
	.calls = "write cgroup.procs",
	.run = run_place,
};

/* ---- the plan ---- */

static bool born_there(const struct plan *plan)
{
	return !((plan->settled.ns_new | plan->settled.ns_join) & NS_BIT(NS_USER));
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct oci_start *start = plan->spec->oci->start;
	const struct oci_cgroup_place *place = &start->state->cgroup;

	if (start->sub_cgroup && !place->v2 && !place->v1.n)
		return fail_usage(error, "--cgroup", "the container has no cgroup of its own");
	if (place->v1.n || (place->v2 && !born_there(plan)))
		plan->settled.wait_release = true;
	return 0;
}

static int add(struct plan *plan, const char *dir, bool v2, struct inro_error *error)
{
	struct group_args *args = arena_alloc(&plan->arena, sizeof(*args));
	bool born = v2 && born_there(plan);

	if (!args)
		return fail_memory(error);
	*args = (struct group_args){ .start = plan->spec->oci->start, .dir = dir, .v2 = v2 };
	args->slot = born ? SLOT_CGROUP : plan_transient(plan, plan_slot(plan));
	plan_add(plan, STAGE_CGROUP, &kind_open_group, dir, "its limits are the container's", args);
	if (!born)
		plan_add(plan, STAGE_MAP, &kind_place, dir, "it is not born there", args);
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_cgroup_place *place = &plan->spec->oci->start->state->cgroup;
	int r = place->v2 ? add(plan, place->v2, true, error) : 0;

	for (size_t i = 0; i < place->v1.n && r == 0; i++)
		r = add(plan, place->v1.list[i], false, error);
	return r;
}

const struct feature feature_oci_exec_cgroup = {
	.name = "oci_exec_cgroup",
	.settle = settle,
	.resolve = resolve,
};
