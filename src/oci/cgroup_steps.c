/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Making goes down the path by descriptors, one component at a time. On v2 every group above the
 * container's hands on all controllers that it has itself: what is not limited is still counted, and
 * `update` may limit it later. A group above that cannot (it holds processes) is no failure by itself; a
 * limit that is missing its file then is, and says so. On v1 a new cpuset has no CPUs and no memory, and
 * takes no process before it has what the one above has.
 */

#include "oci/cgroup_steps.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "cgroup/dir.h"
#include "cgroup/v1.h"
#include "cgroup/v2.h"
#include "oci/cgroup_devices.h"

enum {
	END_WAIT_MS = 10000,
	REMOVE_TRIES = 50,
	DEPTH = 32, /* groups below groups that are looked into */
};

static bool has_word(const char *list, const char *word, size_t n)
{
	for (const char *at = list; *at;) {
		size_t length = strcspn(at, " \n");

		if (length == n && memcmp(at, word, n) == 0)
			return true;
		at += length + (at[length] != '\0');
	}
	return false;
}

/*
 * Only the host's root, which alone has no type, holds processes and hands on. Elsewhere the kernel would
 * take cpu and pids, but none of the others: the group is the root of a threaded domain then, and those
 * below it can have no processes at all.
 */
static bool holds_processes(int dir_fd)
{
	return faccessat(dir_fd, "cgroup.type", F_OK, 0) == 0 && cgroup_has_processes(dir_fd) == 1;
}

/* Hand on what the group has and does not hand on yet: all at once, or as much as goes. */
static void hand_on(int dir_fd)
{
	char has[512], gives[512], text[1100] = "";
	size_t used = 0;

	if (cgroup_read(dir_fd, "cgroup.controllers", has, sizeof(has)) < 0 ||
	    cgroup_read(dir_fd, "cgroup.subtree_control", gives, sizeof(gives)) < 0)
		return;
	for (const char *at = has; *at;) {
		size_t n = strcspn(at, " \n");

		if (n > 0 && !has_word(gives, at, n)) {
			memcpy(text + used, used ? " +" : "+", used ? 2 : 1);
			used += used ? 2 : 1;
			memcpy(text + used, at, n);
			used += n;
		}
		at += n + (at[n] != '\0');
	}
	text[used] = '\0';
	if (!used || holds_processes(dir_fd) ||
	    cgroup_write(dir_fd, "cgroup.subtree_control", text) == 0)
		return;
	for (char *save, *word = strtok_r(text, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		cgroup_write(dir_fd, "cgroup.subtree_control", word);
}

static int copy_if_empty(int from_fd, int to_fd, const char *file)
{
	char text[4096];
	ssize_t n = cgroup_read(to_fd, file, text, sizeof(text));

	if (n < 0 || (n > 1 && text[0] != '\n'))
		return n < 0 ? (int)n : 0;
	n = cgroup_read(from_fd, file, text, sizeof(text));
	return n < 0 ? (int)n : cgroup_write(to_fd, file, text);
}

static int inherit_cpuset(int from_fd, int to_fd)
{
	int r = copy_if_empty(from_fd, to_fd, "cpuset.cpus");

	return r < 0 ? r : copy_if_empty(from_fd, to_fd, "cpuset.mems");
}

/* Open the group NAME below, made where it is missing: it mostly is where it is the LAST one. */
static int open_or_make(const struct oci_cgroup_make *args, int dir_fd, const char *name, bool last)
{
	int fd = last ? -ENOENT : cgroup_open_below(dir_fd, name);
	int r = 0;

	if (fd == -ENOENT) {
		if (mkdirat(dir_fd, name, 0755) == 0)
			args->track->n_made++;
		else if (errno != EEXIST)
			return -errno;
		fd = cgroup_open_below(dir_fd, name);
	}
	if (fd >= 0 && args->controllers & 1U << OCI_CPUSET)
		r = inherit_cpuset(dir_fd, fd);
	if (r < 0)
		fd_close(fd);
	return r < 0 ? r : fd;
}

static int remove_below(int dir_fd, const char *name, void *data)
{
	(void)data;
	cgroup_remove(dir_fd, name);
	return 0;
}

/*
 * A group that was there before may hand on what it has, as one that a container with groups of its own
 * has left: then it takes no process. Where nothing lives below, nobody needs it.
 */
static void keep_controllers(int dir_fd)
{
	char has[512], text[1100] = "";
	size_t used = 0;

	if (cgroup_read(dir_fd, "cgroup.subtree_control", has, sizeof(has)) <= 0)
		return;
	for (char *save, *word = strtok_r(has, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save))
		used += (size_t)snprintf(text + used, sizeof(text) - used, " -%s", word);
	if (!used)
		return;
	cgroup_each_below(dir_fd, remove_below, NULL);
	cgroup_write(dir_fd, "cgroup.subtree_control", text + 1);
}

/* On v1: 1 with a process in it or in any below. What cannot be looked into has one, for all we know. */
static int find_process(int parent_fd, const char *name, void *data)
{
	cleanup_close int fd = cgroup_open_below(parent_fd, name);
	int *depth = data, r = fd < 0 ? fd : cgroup_has_processes(fd);

	if (r != 0)
		return r == -ENOENT || r == -ENODEV ? 0 : 1;
	if (++*depth >= DEPTH)
		return 1;
	r = cgroup_each_below(fd, find_process, depth);
	--*depth;
	return r != 0;
}

/* In it or in any below: those would be killed with the container. */
static bool is_populated(const struct oci_cgroup_make *args, int fd)
{
	uint64_t populated = 0;
	int depth = 0;

	if (!args->v2)
		return find_process(fd, "", &depth);
	return cgroup_read_key(fd, "cgroup.events", "populated", &populated) < 0 || populated;
}

/* A group that was there before must be free, or two containers would share one's limits and one's end. */
static int check_free(const struct oci_cgroup_make *args, int fd, const char *path,
		      struct inro_error *error)
{
	char text[32] = "";

	if (args->track->n_made > 0)
		return 0;
	if (strcmp(args->inner, "/") == 0)
		return fail_usage(error, "linux.cgroupsPath", "'/' is the group of the whole host");
	if (is_populated(args, fd))
		return fail_host(error, INRO_ERROR_HOST, -EBUSY, "make the cgroup",
				 "container's cgroup is not empty: %s", path);
	if (cgroup_read(fd, args->v2 ? "cgroup.freeze" : "freezer.state", text, sizeof(text)) > 0 &&
	    (text[0] == '1' || text[0] == 'F'))
		return fail_host(error, INRO_ERROR_HOST, -EBUSY, "make the cgroup",
				 "container's cgroup is frozen: %s", path);
	if (args->v2)
		keep_controllers(fd);
	return 0;
}

static int walk_down(const struct oci_cgroup_make *args, int mount_fd, struct inro_error *error)
{
	cleanup_close int dir_fd = cgroup_open_below(mount_fd, "");
	const char *at = args->inner + strspn(args->inner, "/");

	while (*at && dir_fd >= 0) {
		size_t n = strcspn(at, "/");
		char name[NAME_MAX + 1];
		int below;

		if (n >= sizeof(name))
			return error_raw(error, -ENAMETOOLONG, "mkdirat", args->inner);
		memcpy(name, at, n);
		name[n] = '\0';
		at += n + strspn(at + n, "/");
		if (args->v2)
			hand_on(dir_fd);
		below = open_or_make(args, dir_fd, name, !*at);
		if (below < 0)
			return error_raw(error, below, "mkdirat", NULL);
		fd_close(dir_fd);
		dir_fd = below;
	}
	return dir_fd < 0 ? error_raw(error, dir_fd, "open", NULL) : take_fd(&dir_fd);
}

/* Remove the container's group, and of those above what this start has made. An error is of the first. */
static int remove_made(const struct oci_cgroup_make *args)
{
	cleanup_close int mount_fd = cgroup_open_mount(args->mount, args->v2);
	char path[PATH_MAX];

	if (mount_fd < 0 || strcmp(args->inner, "/") == 0)
		return mount_fd < 0 ? mount_fd : 0;
	snprintf(path, sizeof(path), "%s", args->inner);
	for (size_t i = 0; i == 0 || i < args->track->n_made; i++) {
		char *slash = strrchr(path, '/');
		cleanup_close int parent = -EBADF;
		int r = -EBUSY;

		if (!slash || !slash[1])
			return 0;
		*slash = '\0';
		parent = cgroup_open_below(mount_fd, path);
		/* v1 does not tell when the last process has quite gone. */
		for (int tries = 0; parent >= 0 && r == -EBUSY && tries < (i ? 1 : REMOVE_TRIES);
		     tries++) {
			r = i ? (unlinkat(parent, slash + 1, AT_REMOVEDIR) < 0 ? -errno : 0)
			      : cgroup_remove(parent, slash + 1);
			if (r == -EBUSY)
				poll(NULL, 0, 2);
		}
		if (r < 0)
			return i || r == -ENOENT ? 0 : r;
	}
	return 0;
}

/* Before all is gone: did the kernel end it for want of memory? */
static void note_oom(const struct oci_cgroup_make *args)
{
	struct oci_cgroup_place *place = args->place;

	if (args->v2 || args->controllers & 1U << OCI_MEMORY)
		place->was_oom |= oci_cgroup_was_oom(place, &place->memory_limit);
}

static void undo_make(struct run *run, const struct step *step)
{
	const struct oci_cgroup_make *args = step->args;
	int fd = run_fd(run, args->slot), r;
	cleanup_close int opened = -EBADF;

	if (args->place->removed)
		return;
	note_oom(args);
	if (fd < 0) {
		cleanup_close int mount_fd = cgroup_open_mount(args->mount, args->v2);

		fd = opened = cgroup_open_below(mount_fd, args->inner);
	}
	if (fd >= 0 && args->v2)
		cgroup2_end(fd, END_WAIT_MS);
	else if (fd >= 0)
		cgroup1_end(fd, END_WAIT_MS);
	r = remove_made(args);
	if (r < 0)
		args->place->left = r;
	run->slots[args->slot] = fd_close(run_fd(run, args->slot));
	if (!args->v2)
		run->slots[args->tasks_slot] = fd_close(run_fd(run, args->tasks_slot));
}

static int run_make(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct oci_cgroup_make *args = step->args;
	cleanup_close int mount_fd = cgroup_open_mount(args->mount, args->v2);
	cleanup_close int fd = mount_fd < 0 ? error_raw(error, mount_fd, "open", args->mount)
					    : walk_down(args, mount_fd, error);
	int r = fd < 0 ? fd : check_free(args, fd, step->object, error);

	if (r == 0 && !args->v2) {
		r = run_store(run, args->tasks_slot, cgroup_open_file(fd, "tasks", O_WRONLY));
		if (r < 0)
			error_raw(error, r, "open", "tasks");
	}
	if (r == 0) {
		run->slots[args->slot] = take_fd(&fd);
		return 0;
	}
	/* A step that failed is not undone. */
	if (args->track->n_made > 0)
		remove_made(args);
	return r;
}

static void advise_make(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)plan;
	if (error->why[0])
		return;
	if (error->code == EROFS)
		error_hint(error,
			   "where cgroups are read-only, --cgroup-manager=disabled does without");
	else if (error->code == EAGAIN || error->code == ENOSPC)
		error_why(error, "the host or a cgroup above allows no further cgroup below %s",
			  step->object);
}

const struct step_kind kind_oci_cgroup_make = {
	.name = "make-cgroup",
	.what = "make the cgroup",
	.calls = "mkdirat, openat2",
	.run = run_make,
	.undo = undo_make,
	.advise = advise_make,
};

/* ---- what is limited ---- */

int oci_cgroup_made_slot(const struct oci_cgroup_made *made, enum oci_controller controller)
{
	for (size_t i = 0; i < made->n_v1; i++)
		if (made->v1[i].controllers & 1U << controller)
			return made->v1[i].slot;
	return made->v2_slot;
}

static int run_set(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct oci_cgroup_set *args = step->args;
	const struct oci_cgroup_made *made = args->made;
	struct oci_cgroup_dirs dirs = { .v2 = made->v2_slot == SLOT_NONE
						      ? -EBADF
						      : run_fd(run, made->v2_slot) };

	for (; dirs.n_v1 < made->n_v1; dirs.n_v1++) {
		dirs.v1[dirs.n_v1].controllers = made->v1[dirs.n_v1].controllers;
		dirs.v1[dirs.n_v1].fd = run_fd(run, made->v1[dirs.n_v1].slot);
	}
	return oci_setting_write(&dirs, args->setting, error);
}

const struct step_kind kind_oci_cgroup_set = {
	.name = "limit",
	.what = "limit",
	.calls = "write",
	.run = run_set,
};

static int run_devices(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct oci_cgroup_devices *args = step->args;
	int fd = run_fd(run, args->slot), r;
	char text[64];
	size_t failed;

	if (!args->v1) {
		r = oci_device_attach(fd, args->program, args->n_program, false);
		return r < 0 ? error_raw(error, r, "bpf", NULL) : 0;
	}
	r = oci_device_write_v1(fd, args->rules, args->n_rules, &failed);
	return r < 0 ? error_raw(error, r, "write",
				 oci_device_rule_text(&args->rules[failed], text))
		     : 0;
}

const struct step_kind kind_oci_cgroup_devices = {
	.name = "limit-devices",
	.what = "limit the devices",
	.calls = "bpf; write on v1",
	.run = run_devices,
};
