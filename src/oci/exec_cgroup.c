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

struct group {
	const char *dir;
	bool v2, born; /* the child is born there */
	int slot;
};

struct groups_args {
	const struct oci_start *start;
	struct group *list;
	size_t n;
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

/* The directory that init is in by GROUPS, or the container's where that cannot be told. */
static int open_of_init(const struct group *group, const char *groups)
{
	cleanup_close int dir_fd = open(group->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char below[4096];
	int fd;

	if (dir_fd < 0)
		return -errno;
	if (!oci_exec_cgroup_below(group->dir, groups, group->v2, below, sizeof(below)) || !*below)
		return take_fd(&dir_fd);
	fd = open_below(dir_fd, below);
	return fd >= 0 ? fd : take_fd(&dir_fd);
}

static int open_group(struct run *run, const struct group *group, const char *groups, const char *sub,
		      struct inro_error *error)
{
	cleanup_close int fd = open_of_init(group, groups);
	int below;

	run->slots[group->slot] = fd_close(run_fd(run, group->slot));
	if (fd < 0)
		return error_raw(error, fd, "open", group->dir);
	if (!sub)
		return run_store(run, group->slot, take_fd(&fd));
	below = open_below(fd, sub);
	return below < 0 ? error_raw(error, below, "openat2", sub) : run_store(run, group->slot, below);
}

static int run_open_groups(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct groups_args *args = step->args;
	cleanup_close int pid_fd = procfs_open_pid(run_fd(run, SLOT_HOST_PROC), args->start->state->pid);
	const char *sub = args->start->sub_cgroup;
	char groups[8192] = "";
	int r = 0;

	if (pid_fd >= 0 && procfs_read_start_at(pid_fd, "cgroup", groups, sizeof(groups)) < 0)
		groups[0] = '\0';
	sub = sub ? sub + strspn(sub, "/") : NULL;
	for (size_t i = 0; i < args->n && r == 0; i++)
		r = open_group(run, &args->list[i], groups, sub && *sub ? sub : NULL, error);
	return r;
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

static const struct step_kind kind_open_groups = {
	.name = "open-cgroups",
	.what = "open the cgroups of the container's init",
	.calls = "read, open, openat2",
	.run = run_open_groups,
	.advise = advise_open_group,
};

static int run_place(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct groups_args *args = step->args;
	char text[16];
	int r = 0;

	snprintf(text, sizeof(text), "%d", run->pid);
	for (size_t i = 0; i < args->n && r == 0; i++) {
		const struct group *group = &args->list[i];

		if (group->born)
			continue;
		r = fd_write_file_at(run_fd(run, group->slot), "cgroup.procs", text);
		if (r < 0)
			error_raw(error, r, "write", group->dir);
	}
	return r;
}

static const struct step_kind kind_place = {
	.name = "place-in-cgroups",
	.what = "place it in the cgroups where it is not born",
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

static void add(struct plan *plan, struct groups_args *args, const char *dir, bool v2)
{
	bool born = v2 && born_there(plan);

	args->list[args->n++] = (struct group){
		.dir = dir,
		.v2 = v2,
		.born = born,
		.slot = born ? SLOT_CGROUP : plan_transient(plan, plan_slot(plan)),
	};
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_start *start = plan->spec->oci->start;
	const struct oci_cgroup_place *place = &start->state->cgroup;
	struct groups_args *args = arena_alloc(&plan->arena, sizeof(*args));

	if (!place->v2 && !place->v1.n)
		return 0;
	if (args)
		args->list = arena_array(&plan->arena, place->v1.n + 1, sizeof(*args->list));
	if (!args || !args->list)
		return fail_memory(error);
	args->start = start;
	if (place->v2)
		add(plan, args, place->v2, true);
	for (size_t i = 0; i < place->v1.n; i++)
		add(plan, args, place->v1.list[i], false);
	/* An init that starts moves itself, maybe right now. */
	plan_add(plan, STAGE_CGROUP, &kind_open_groups, NULL, "the container's limits are its limits", args)
		->again = true;
	if (place->v1.n || !born_there(plan))
		plan_add(plan, STAGE_MAP, &kind_place, NULL, "on v1, or in a user namespace, nobody is born there", args);
	return 0;
}

const struct feature feature_oci_exec_cgroup = {
	.name = "oci_exec_cgroup",
	.settle = settle,
	.resolve = resolve,
};
