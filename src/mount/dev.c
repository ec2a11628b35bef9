/* SPDX-License-Identifier: Apache-2.0 */

/*
 * /dev: a small tmpfs with null, zero, full, random, urandom and tty, which are the host's nodes
 * bound by descriptor (mknod is refused in a user namespace), and where there is none are made.
 * Each is checked to be the device it is taken for. Terminals come from a devpts of its own, so
 * that the host's cannot even be named; shared memory lies in the tmpfs itself.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/dev.h"
#include "mount/steps.h"
#include "mount/target.h"
#include "plan/run.h"

static const struct device {
	const char *name, *host;
	unsigned major, minor;
} devices[] = {
	{ "null", "/dev/null", 1, 3 },	     { "zero", "/dev/zero", 1, 5 },
	{ "full", "/dev/full", 1, 7 },	     { "random", "/dev/random", 1, 8 },
	{ "urandom", "/dev/urandom", 1, 9 }, { "tty", "/dev/tty", 5, 0 },
};

static const struct {
	const char *name, *link;
} links[] = {
	{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "core", "/proc/kcore" },       { "ptmx", "pts/ptmx" },
};

struct dev_args {
	const char *target;
	int slots[ARRAY_SIZE(devices)]; /* the nodes' mounts */
};

static int check_device(int fd, const struct device *device, struct inro_error *error)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_raw(error, -errno, "fstat", device->host);
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(device->major, device->minor))
		return 0;
	error_raw(error, -ENODEV, "fstat", device->host);
	error_raw_kind(error, INRO_ERROR_STEP, "it is not the device that this name stands for");
	return -ENODEV;
}

/* The nodes are found by name, in whichever mount namespace; what counts is what they are. */
static int run_take_devices(struct run *run, const struct step *step, struct inro_error *error)
{
	/* Else what is mounted on one inside would be mounted on the host's as well. */
	struct mount_attr attr = { .propagation = PROPAGATION_PRIVATE };
	const struct dev_args *args = step->args;

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		int r, fd = sys_open_tree(AT_FDCWD, devices[i].host,
					  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

		if (fd < 0)
			return error_raw(error, fd, "open_tree", devices[i].host);
		run_store(run, args->slots[i], fd);
		r = check_device(fd, &devices[i], error);
		if (r < 0)
			return r;
		r = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
		if (r < 0)
			return error_raw(error, r, "mount_setattr", devices[i].host);
	}
	return 0;
}

static int open_dir(struct run *run, const struct dev_args *args, struct inro_error *error)
{
	int fd = target_open(run_fd(run, SLOT_ROOT), args->target, TARGET_DIR, 0755,
			     TARGET_NO_LINKS);

	return fd < 0 ? error_raw(error, fd, "openat2", args->target) : fd;
}

static int run_place_devices(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct dev_args *args = step->args;
	cleanup_close int dir_fd = open_dir(run, args, error);

	for (size_t i = 0; i < ARRAY_SIZE(devices) && dir_fd >= 0; i++) {
		cleanup_close int fd =
			openat(dir_fd, devices[i].name,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		int r;

		if (fd < 0)
			return error_raw(error, -errno, "openat", devices[i].host);
		r = sys_move_mount(run_fd(run, args->slots[i]), "", fd, "",
				   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
		if (r < 0)
			return error_raw(error, r, "move_mount", devices[i].host);
		run->slots[args->slots[i]] = fd_close(run->slots[args->slots[i]]);
	}
	return dir_fd < 0 ? dir_fd : 0;
}

static int run_make_devices(struct run *run, const struct step *step, struct inro_error *error)
{
	cleanup_close int dir_fd = open_dir(run, step->args, error);

	for (size_t i = 0; i < ARRAY_SIZE(devices) && dir_fd >= 0; i++)
		if (mknodat(dir_fd, devices[i].name, S_IFCHR | 0666,
			    makedev(devices[i].major, devices[i].minor)) < 0)
			return error_raw(error, -errno, "mknodat", devices[i].host);
	return dir_fd < 0 ? dir_fd : 0;
}

static int run_make_links(struct run *run, const struct step *step, struct inro_error *error)
{
	cleanup_close int dir_fd = open_dir(run, step->args, error);

	for (size_t i = 0; i < ARRAY_SIZE(links) && dir_fd >= 0; i++)
		if (symlinkat(links[i].link, dir_fd, links[i].name) < 0)
			return error_raw(error, -errno, "symlinkat", links[i].name);
	if (dir_fd >= 0 && mkdirat(dir_fd, "shm", 01777) < 0)
		return error_raw(error, -errno, "mkdirat", "shm");
	return dir_fd < 0 ? dir_fd : 0;
}

static void tell_devices(const struct step *step, struct buf *text)
{
	(void)step;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		buf_printf(text, "%s%s", i ? ", " : "", devices[i].name);
}

static void tell_links(const struct step *step, struct buf *text)
{
	(void)step;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		buf_printf(text, "%s, ", links[i].name);
	buf_puts(text, "and the directory shm");
}

static const struct step_kind kind_take_devices = {
	.name = "take-devices",
	.what = "clone and check the device nodes of",
	.calls = "open_tree, fstat, mount_setattr",
	.run = run_take_devices,
	.tell = tell_devices,
};

static const struct step_kind kind_place_devices = {
	.name = "place-devices",
	.what = "mount the device nodes on",
	.calls = "openat, move_mount",
	.run = run_place_devices,
	.tell = tell_devices,
};

static const struct step_kind kind_make_devices = {
	.name = "make-devices",
	.what = "make the device nodes in",
	.calls = "mknodat",
	.run = run_make_devices,
	.tell = tell_devices,
};

static const struct step_kind kind_make_links = {
	.name = "make-device-links",
	.what = "make the usual links in",
	.calls = "symlinkat, mkdirat",
	.run = run_make_links,
	.tell = tell_links,
};

static void add_devices(struct plan *plan, struct dev_args *args, bool make)
{
	if (make) {
		plan_add(plan, STAGE_MOUNT, &kind_make_devices, args->target,
			 "the usual ones and no others", args);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		args->slots[i] = plan_transient(plan, plan_slot(plan));
	plan_add(plan, plan->facts->may_mount ? STAGE_OPEN : STAGE_SOURCE,
		 &kind_take_devices, "/dev", "a name proves nothing about a device", args);
	plan_add(plan, STAGE_MOUNT, &kind_place_devices, args->target,
		 "the usual ones and no others", args);
}

static void add_pts(struct plan *plan, const char *dir)
{
	static const char *const config[] = { "mode", "0620", "ptmxmode", "0666", NULL };
	const struct mount_fs pts = {
		.type = "devpts",
		.target = arena_printf(&plan->arena, "%s/pts", dir),
		.config = config,
		.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		.slot = SLOT_PTS,
	};

	plan->failed |= !pts.target;
	mount_new_fs(plan, STAGE_MOUNT, &pts, "terminals of its own");
}

static void add_queues(struct plan *plan, const char *dir)
{
	const struct mount_fs queues = {
		.type = "mqueue",
		.target = arena_printf(&plan->arena, "%s/mqueue", dir),
		.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	};

	plan->failed |= !queues.target;
	mount_new_fs(plan, STAGE_MOUNT, &queues, "POSIX message queues of the IPC namespace");
}

void dev_add(struct plan *plan, const char *target, const char *why)
{
	static const char *const config[] = { "mode", "0755", NULL };
	bool make = !((plan->settled.ns_new | plan->settled.ns_join) & NS_BIT(NS_USER)) &&
		    plan->facts->initial_userns && plan->facts->uid == 0;
	const struct mount_fs fs = {
		.type = "tmpfs",
		.target = target,
		.config = config,
		.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | (make ? 0 : MOUNT_ATTR_NODEV),
		.target_flags = TARGET_NO_LINKS,
	};
	struct dev_args *args = arena_alloc(&plan->arena, sizeof(*args));

	if (!args) {
		plan->failed = true;
		return;
	}
	args->target = target;
	mount_new_fs(plan, STAGE_MOUNT, &fs, why);
	add_devices(plan, args, make);
	plan_add(plan, STAGE_MOUNT, &kind_make_links, target, "programs look there", args);
	add_pts(plan, target);
	if (plan->settled.ns_new & NS_BIT(NS_IPC) && !plan->spec->bare)
		add_queues(plan, target);
	if (plan->settled.tty == TTY_NEW) {
		const char *console = arena_printf(&plan->arena, "%s/console", target);

		plan->failed |= !console;
		mount_touch(plan, console, "the terminal is shown there");
	}
}
