/* SPDX-License-Identifier: Apache-2.0 */

/*
 * /dev: a small tmpfs with null, zero, full, random, urandom and tty, which are the host's nodes
 * bound by descriptor (mknod is refused in a user namespace), and where there is none are made.
 * Each is checked to be the device it is taken for. Terminals come from a devpts of its own, so
 * that the host's cannot even be named.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/dev.h"
#include "mount/steps.h"
#include "mount/target.h"
#include "plan/run.h"

enum { PROPAGATION_PRIVATE = 1 << 18 }; /* MS_PRIVATE */

static const struct device {
	const char *name, *host;
	unsigned major, minor;
} devices[] = {
	{ "null", "/dev/null", 1, 3 },	   { "zero", "/dev/zero", 1, 5 },
	{ "full", "/dev/full", 1, 7 },	   { "random", "/dev/random", 1, 8 },
	{ "urandom", "/dev/urandom", 1, 9 }, { "tty", "/dev/tty", 5, 0 },
};

static const struct {
	const char *name, *link;
} links[] = {
	{ "fd", "/proc/self/fd" },	 { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "core", "/proc/kcore" },	 { "ptmx", "pts/ptmx" },
};

struct device_args {
	const struct device *device;
	int slot;
	const char *target;
};

static int run_check_device(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct device_args *args = step->args;
	struct stat st;

	if (fstat(run_fd(run, args->slot), &st) < 0)
		return error_raw(error, -errno, "fstat", args->device->host);
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(args->device->major, args->device->minor))
		return 0;
	error_raw(error, -ENODEV, "fstat", args->device->host);
	error_raw_kind(error, INRO_ERROR_STEP, "it is not the device that this name stands for");
	return -ENODEV;
}

static int run_make_node(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct device_args *args = step->args;
	const char *name;
	cleanup_close int dir_fd = target_open_parent(run_fd(run, SLOT_ROOT), args->target, &name);

	if (dir_fd < 0)
		return error_raw(error, dir_fd, "openat2", args->target);
	if (mknodat(dir_fd, name, S_IFCHR | 0666, makedev(args->device->major, args->device->minor)) < 0)
		return error_raw(error, -errno, "mknodat", args->target);
	return 0;
}

static const struct step_kind kind_check_device = {
	.name = "check-device",
	.what = "check that it is the right device:",
	.calls = "fstat",
	.run = run_check_device,
};

static const struct step_kind kind_make_node = {
	.name = "make-node",
	.what = "make the device node",
	.calls = "mknodat",
	.run = run_make_node,
};

static void add_device(struct plan *plan, const char *dir, const struct device *device, bool make)
{
	const struct mount_source source = {
		.path = device->host,
		.flags = { .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, .propagation = PROPAGATION_PRIVATE },
	};
	const char *target = arena_printf(&plan->arena, "%s/%s", dir, device->name);
	struct device_args *args = arena_alloc(&plan->arena, sizeof(*args));

	if (!args || !target) {
		plan->failed = true;
		return;
	}
	args->device = device;
	args->target = target;
	if (make) {
		plan_add(plan, STAGE_MOUNT, &kind_make_node, target, "a usual device", args);
		return;
	}
	args->slot = mount_take(plan, &source, "a usual device");
	plan_add(plan, STAGE_MOUNT, &kind_check_device, device->host, "a name proves nothing", args);
	mount_place(plan, args->slot, target, 0, "a usual device");
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

/* Shared memory lies in /dev's own tmpfs; message queues are a file system of the IPC namespace. */
static void add_memory(struct plan *plan, const char *dir)
{
	const char *shm = arena_printf(&plan->arena, "%s/shm", dir);
	const struct mount_fs queues = {
		.type = "mqueue",
		.target = arena_printf(&plan->arena, "%s/mqueue", dir),
		.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	};

	plan->failed |= !shm || !queues.target;
	mount_make_dir(plan, shm, 01777, "POSIX shared memory");
	if (plan->settled.ns_new & NS_BIT(NS_IPC) && !plan->spec->bare)
		mount_new_fs(plan, STAGE_MOUNT, &queues, "POSIX message queues of the IPC namespace");
}

void dev_add(struct plan *plan, const char *target, const char *why)
{
	static const char *const config[] = { "mode", "0755", NULL };
	bool make = !(plan->settled.ns_new & NS_BIT(NS_USER)) && plan->facts->initial_userns &&
		    plan->facts->uid == 0;
	const struct mount_fs fs = {
		.type = "tmpfs",
		.target = target,
		.config = config,
		.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | (make ? 0 : MOUNT_ATTR_NODEV),
		.target_flags = TARGET_NO_LINKS,
	};

	mount_new_fs(plan, STAGE_MOUNT, &fs, why);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		add_device(plan, target, &devices[i], make);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		const char *path = arena_printf(&plan->arena, "%s/%s", target, links[i].name);

		plan->failed |= !path;
		mount_make_symlink(plan, path, links[i].link, "programs look there");
	}
	add_pts(plan, target);
	add_memory(plan, target);
	if (plan->settled.tty == TTY_NEW) {
		const char *console = arena_printf(&plan->arena, "%s/console", target);

		plan->failed |= !console;
		mount_touch(plan, console, "the terminal is shown there");
	}
}
