/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Device nodes and links of /dev: the usual ones, and those of linux.devices. The host's root user
 * makes nodes; anybody else, and where the mount has nodev, binds the host's own node, which is
 * checked by descriptor to be that device and never changed.
 *
 * Where /dev itself comes from the host nothing is made in it.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/target.h"
#include "oci/root.h"
#include "plan/run.h"

static const struct oci_device usual[] = {
	{ .path = "/dev/null", .type = 'c', .major = 1, .minor = 3 },
	{ .path = "/dev/zero", .type = 'c', .major = 1, .minor = 5 },
	{ .path = "/dev/full", .type = 'c', .major = 1, .minor = 7 },
	{ .path = "/dev/random", .type = 'c', .major = 1, .minor = 8 },
	{ .path = "/dev/urandom", .type = 'c', .major = 1, .minor = 9 },
	{ .path = "/dev/tty", .type = 'c', .major = 5, .minor = 0 },
};

static const struct {
	const char *name, *link;
} links[] = {
	{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "core", "/proc/kcore" },       { "ptmx", "pts/ptmx" },
};

struct node {
	const char *object; /* its path in the container, and the host's own node */
	const char *path;   /* from the base */
	int base_slot;
	mode_t mode; /* with its type */
	dev_t device;
	uint32_t uid, gid;
	int tree_slot; /* where it is bound */
};

struct device_args {
	struct node *nodes;
	size_t n;
};

struct dev_args {
	int base_slot;
	const char *path;
	bool console;
};

static bool is_that(const struct stat *st, const struct node *node)
{
	return (st->st_mode & S_IFMT) == (node->mode & S_IFMT) &&
	       (S_ISFIFO(node->mode) || st->st_rdev == node->device);
}

static int make_node(struct run *run, const struct node *node, struct inro_error *error)
{
	const char *name;
	cleanup_close int dir_fd =
		target_open_parent(run_fd(run, node->base_slot), node->path, &name);
	struct stat st;

	if (dir_fd < 0)
		return error_raw(error, dir_fd, "openat2", node->object);
	if (mknodat(dir_fd, name, node->mode, node->device) < 0) {
		if (errno != EEXIST)
			return error_raw(error, -errno, "mknodat", node->object);
		if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return error_raw(error, -errno, "fstatat", node->object);
		if (is_that(&st, node))
			return 0;
		error_raw(error, -EEXIST, "mknodat", node->object);
		error_raw_kind(error, INRO_ERROR_STEP, "something else stands there");
		return -EEXIST;
	}
	if ((node->uid || node->gid) &&
	    fchownat(dir_fd, name, node->uid, node->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_raw(error, -errno, "fchownat", node->object);
	return 0;
}

static int run_make(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct device_args *args = step->args;
	int r = 0;

	for (size_t i = 0; i < args->n && r == 0; i++)
		r = make_node(run, &args->nodes[i], error);
	return r;
}

static int take_node(struct run *run, const struct node *node, struct inro_error *error)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		.propagation = PROPAGATION_PRIVATE,
	};
	int r, fd = sys_open_tree(AT_FDCWD, node->object, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct stat st;

	if (fd == -ENOENT) {
		error_raw(error, fd, "open_tree", node->object);
		error_raw_kind(error, INRO_ERROR_STEP,
			       "the host has no such node, and no node can be made here");
		return fd;
	}
	if (fd < 0)
		return error_raw(error, fd, "open_tree", node->object);
	run_store(run, node->tree_slot, fd);
	if (fstat(fd, &st) < 0)
		return error_raw(error, -errno, "fstat", node->object);
	if (!is_that(&st, node)) {
		error_raw(error, -ENODEV, "fstat", node->object);
		error_raw_kind(
			error, INRO_ERROR_STEP,
			"the host's node of that name is another device, and no node can be made "
			"here");
		return -ENODEV;
	}
	r = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	return r < 0 ? error_raw(error, r, "mount_setattr", node->object) : 0;
}

static int run_take(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct device_args *args = step->args;
	int r = 0;

	for (size_t i = 0; i < args->n && r == 0; i++)
		r = take_node(run, &args->nodes[i], error);
	return r;
}

static int place_node(struct run *run, const struct node *node, struct inro_error *error)
{
	cleanup_close int fd = target_open(run_fd(run, node->base_slot), node->path, TARGET_FILE,
					   0666, TARGET_NO_LINKS | TARGET_NEW);
	int r;

	if (fd < 0)
		return error_raw(error, fd, "openat2", node->object);
	r = sys_move_mount(run_fd(run, node->tree_slot), "", fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	if (r < 0)
		return error_raw(error, r, "move_mount", node->object);
	run->slots[node->tree_slot] = fd_close(run->slots[node->tree_slot]);
	return 0;
}

static int run_place(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct device_args *args = step->args;
	int r = 0;

	for (size_t i = 0; i < args->n && r == 0; i++)
		r = place_node(run, &args->nodes[i], error);
	return r;
}

static int make_link(int dir_fd, const char *name, const char *to, struct inro_error *error)
{
	int r = symlinkat(to, dir_fd, name);

	/* An image's own may be a node of the host's terminals, which must not be opened. */
	if (r < 0 && errno == EEXIST && strcmp(name, "ptmx") == 0 && unlinkat(dir_fd, name, 0) == 0)
		r = symlinkat(to, dir_fd, name);
	return r < 0 && errno != EEXIST ? error_raw(error, -errno, "symlinkat", name) : 0;
}

static int run_links(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct dev_args *args = step->args;
	cleanup_close int dir_fd = target_open(run_fd(run, args->base_slot), args->path, TARGET_DIR,
					       0755, TARGET_NO_LINKS);
	int r = 0;

	if (dir_fd < 0)
		return error_raw(error, dir_fd, "openat2", "/dev");
	for (size_t i = 0; i < ARRAY_SIZE(links) && r == 0; i++)
		if (strcmp(links[i].name, "core") != 0 || access("/proc/kcore", F_OK) == 0)
			r = make_link(dir_fd, links[i].name, links[i].link, error);
	if (r == 0 && args->console) {
		int fd = target_open(dir_fd, "console", TARGET_FILE, 0666,
				     TARGET_NO_LINKS | TARGET_NEW);

		r = fd < 0 ? error_raw(error, fd, "openat2", "/dev/console") : 0;
		fd_close(fd);
	}
	return r;
}

static void tell_nodes(const struct step *step, struct buf *text)
{
	const struct device_args *args = step->args;

	for (size_t i = 0; i < args->n; i++)
		buf_printf(text, "%s%s", i ? ", " : "", args->nodes[i].object);
}

static void tell_links(const struct step *step, struct buf *text)
{
	const struct dev_args *args = step->args;

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		buf_printf(text, "%s%s", i ? ", " : "", links[i].name);
	if (args->console)
		buf_puts(text, ", and an empty file for the console");
}

static void advise_devices(const struct step *step, const struct plan *plan,
			   struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EPERM && strcmp(error->call, "mknodat") == 0)
		error_why(error, "device nodes take CAP_MKNOD in the host's own user namespace");
	else
		oci_advise_target(error);
}

static const struct step_kind kind_make = {
	.name = "make-devices",
	.what = "make the device nodes in",
	.calls = "openat2, mknodat, fchownat",
	.run = run_make,
	.tell = tell_nodes,
	.advise = advise_devices,
};

static const struct step_kind kind_take = {
	.name = "take-devices",
	.what = "clone and check the device nodes of",
	.calls = "open_tree, fstat, mount_setattr",
	.run = run_take,
	.tell = tell_nodes,
};

static const struct step_kind kind_place = {
	.name = "place-devices",
	.what = "mount the device nodes on",
	.calls = "openat2, move_mount",
	.run = run_place,
	.tell = tell_nodes,
	.advise = advise_devices,
};

static const struct step_kind kind_links = {
	.name = "make-device-links",
	.what = "make the usual links in",
	.calls = "openat2, symlinkat",
	.run = run_links,
	.tell = tell_links,
	.advise = advise_devices,
};

static mode_t type_of(const struct oci_device *device)
{
	return device->type == 'b' ? S_IFBLK : device->type == 'p' ? S_IFIFO : S_IFCHR;
}

static bool is_listed(const struct oci_config *config, const char *path)
{
	for (size_t i = 0; i < config->linux_.n_devices; i++)
		if (strcmp(config->linux_.devices[i].path, path) == 0)
			return true;
	return false;
}

/* Can nodes be made that work? Not in a user namespace, nor on a mount with nodev. */
static bool can_make(const struct oci_root *root, const struct oci_device *device, int base_slot)
{
	const struct plan *plan = root->plan;
	bool in_dev = base_slot == root->dev_slot && base_slot != SLOT_NONE;

	if (device->type == 'p')
		return true;
	return !((plan->settled.ns_new | plan->settled.ns_join) & NS_BIT(NS_USER)) &&
	       plan->facts->initial_userns && facts_has_cap(plan->facts, CAP_MKNOD) &&
	       !(in_dev && root->dev_has_nodev);
}

static void add_node(struct oci_root *root, const struct oci_device *device,
		     struct device_args *made, struct device_args *bound)
{
	struct plan *plan = root->plan;
	struct node node = {
		.object = device->path,
		.mode = type_of(device) | (device->mode_set ? device->mode & 07777 : 0666),
		.device = makedev((unsigned)device->major, (unsigned)device->minor),
		.uid = device->uid.set ? (uint32_t)device->uid.value : 0,
		.gid = device->gid.set ? (uint32_t)device->gid.value : 0,
		.tree_slot = SLOT_NONE,
	};
	bool make;
	struct node *row;

	node.base_slot = oci_root_base(root, device->path, &node.path);
	make = can_make(root, device, node.base_slot);
	if (!make)
		node.tree_slot = plan_transient(plan, plan_slot(plan));
	row = make ? arena_grow(&plan->arena, &made->nodes, &made->n, sizeof(*row))
		   : arena_grow(&plan->arena, &bound->nodes, &bound->n, sizeof(*row));
	if (row)
		*row = node;
	plan->failed |= !row;
}

static void collect(struct oci_root *root, struct device_args *made, struct device_args *bound)
{
	const struct oci_linux *linux_ = &root->config->linux_;

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (!is_listed(root->config, usual[i].path))
			add_node(root, &usual[i], made, bound);
	for (size_t i = 0; i < linux_->n_devices; i++)
		add_node(root, &linux_->devices[i], made, bound);
}

static struct dev_args *dev_args(struct oci_root *root)
{
	struct dev_args *args = arena_alloc(&root->plan->arena, sizeof(*args));

	if (!args)
		return NULL;
	args->base_slot = root->dev_slot == SLOT_NONE ? SLOT_ROOT : root->dev_slot;
	args->path = root->dev_slot == SLOT_NONE ? "/dev" : ".";
	args->console = root->config->process.terminal;
	return args;
}

int oci_devices_add(struct oci_root *root, struct inro_error *error)
{
	struct plan *plan = root->plan;
	struct device_args *made, *bound;
	struct dev_args *dev;

	if (root->dev_is_bind)
		return 0;
	made = arena_alloc(&plan->arena, sizeof(*made));
	bound = arena_alloc(&plan->arena, sizeof(*bound));
	dev = dev_args(root);
	if (!made || !bound || !dev)
		return fail_memory(error);
	collect(root, made, bound);
	if (made->n > 0)
		plan_add(plan, STAGE_MOUNT, &kind_make, "/dev", "the usual ones and linux.devices",
			 made);
	if (bound->n > 0) {
		plan_add(plan, root->by_parent ? STAGE_OPEN : STAGE_SOURCE, &kind_take, "/dev",
			 "a name proves nothing about a device", bound);
		plan_add(plan, STAGE_MOUNT, &kind_place, "/dev", "the usual ones and linux.devices",
			 bound);
	}
	plan_add(plan, STAGE_MOUNT, &kind_links, "/dev", "programs look there", dev);
	return 0;
}
