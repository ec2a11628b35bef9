/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The root file system of a container of config.json.
 *
 * Its tree is mounted on its own path in the new mount namespace, so that createContainer hooks
 * find there what the container will see; pivot_root(".", ".") then puts the old root over it,
 * from where it is detached. The path is opened again in that namespace, before the container's
 * ids are taken (root of a user namespace may not be able to go there), and has to lead to the
 * very directory that was opened before the container existed.
 *
 * All of the old tree becomes a slave first, so that nothing mounted here reaches the host. What
 * rootfsPropagation asks for beyond that is set once the root is "/". Masks, read-only paths and a
 * read-only root come last of all, after those hooks.
 *
 * A mount namespace that is joined belongs to others too. The root is mounted there in the same way,
 * on its own path, and all else on it; but the container goes there by chroot(2), since pivot_root(2)
 * would take the others along, and the propagation of what is mounted there already does not change.
 * So the path must not lie on a mount that is shared: what is mounted on it would appear at the peers
 * as well, which may be the host's. It stays mounted for as long as the namespace is there.
 *
 * In the caller's own mount namespace a container gets its root by chroot(2), and may not ask for
 * mounts: they would be the host's.
 */

#include "oci/root.h"
#include "oci/start.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/target.h"
#include "plan/feature.h"
#include "plan/run.h"

struct root_args {
	const char *path;
	uint64_t propagation; /* of the tree */
	bool by_parent, joined;
	int source_slot; /* the parent's: the detached tree, or the directory */
	int place_slot;  /* the child's: the directory, in its own mount namespace */
};

static int set_propagation(int fd, uint64_t propagation, const char *path, struct inro_error *error)
{
	struct mount_attr attr = { .propagation = propagation };
	int r = sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr));

	return r < 0 ? error_raw(error, r, "mount_setattr", path) : 0;
}

static int clone_root(const struct root_args *args, int dir_fd, const char *path,
		      struct inro_error *error)
{
	cleanup_close int fd = sys_open_tree(dir_fd, path,
					     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE |
						     (*path ? 0 : AT_EMPTY_PATH));
	struct stat st;
	int r;

	if (fd < 0)
		return error_raw(error, fd, "open_tree", args->path);
	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return error_raw(error, -ENOTDIR, "open_tree", args->path);
	r = set_propagation(fd, args->propagation, args->path, error);
	return r < 0 ? r : take_fd(&fd);
}

static int run_open_root(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct root_args *args = step->args;
	int fd;

	if (args->by_parent) {
		fd = clone_root(args, AT_FDCWD, args->path, error);
		return fd < 0 ? fd : run_store(run, args->source_slot, fd);
	}
	fd = open(args->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_raw(error, -errno, "open", args->path)
		      : run_store(run, args->source_slot, fd);
}

/*
 * Is the mount of DIR_FD shared with others? A line of mountinfo is "ID PARENT DEVICE ROOT PLACE
 * ATTRIBUTES TAG… - …", and one of the tags "shared:N". 1, 0 or a negative errno.
 */
static int is_shared(const struct run *run, int dir_fd)
{
	static const char tag[] = "shared:";
	cleanup_close int fd =
		openat(run_fd(run, SLOT_HOST_PROC), "self/mountinfo", O_RDONLY | O_CLOEXEC);
	char buffer[4096];
	struct statx st;
	uint64_t id = 0;
	unsigned column = 0, matched = 0;
	ssize_t n;

	if (fd < 0 || statx(dir_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return -errno;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buffer[i] == '\n') {
				id = column = matched = 0;
			} else if (buffer[i] == ' ') {
				column++;
				matched = 0;
			} else if (column == 0) {
				id = id * 10 + (uint64_t)(buffer[i] - '0');
			} else if (column >= 6 && id == st.stx_mnt_id && matched < sizeof(tag) - 1) {
				matched = buffer[i] == tag[matched] ? matched + 1 : sizeof(tag);
				if (matched == sizeof(tag) - 1)
					return 1;
			}
		}
	}
	return n < 0 ? -errno : 0;
}

static int refuse_shared(const struct run *run, int dir_fd, const char *path,
			 struct inro_error *error)
{
	int r = is_shared(run, dir_fd);

	if (r <= 0)
		return r < 0 ? error_raw(error, r, "read", "/proc/self/mountinfo") : 0;
	error_raw(error, -EXDEV, NULL, path);
	error_raw_kind(error, INRO_ERROR_STEP,
		       "it lies on a shared mount of the namespace that is joined");
	return -EXDEV;
}

static int run_find_root(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct root_args *args = step->args;
	int fd = open(args->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_raw(error, -errno, "open", args->path);
	run_store(run, args->place_slot, fd);
	if (args->joined)
		return refuse_shared(run, fd, args->path, error);
	/* Of a mount namespace that is joined only its own view counts. */
	if (run_fd(run, args->source_slot) < 0 || fd_same_file(fd, run_fd(run, args->source_slot)))
		return 0;
	error_raw(error, -ESTALE, "open", args->path);
	error_raw_kind(error, INRO_ERROR_STEP, "it was replaced by another directory just now");
	return -ESTALE;
}

static int run_attach_root(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct root_args *args = step->args;
	int place_fd = run_fd(run, args->place_slot);
	int r, fd = args->by_parent ? run_fd(run, args->source_slot)
				    : clone_root(args, place_fd, "", error);

	if (fd < 0)
		return fd;
	if (!args->by_parent)
		fd_close(run_fd(run, args->source_slot));
	run->slots[args->source_slot] = -EBADF;
	run_store(run, SLOT_ROOT, fd);
	r = sys_move_mount(fd, "", place_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	run->slots[args->place_slot] = fd_close(place_fd);
	return r < 0 ? error_raw(error, r, "move_mount", args->path) : 0;
}

static int run_separate(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct root_args *args = step->args;
	struct mount_attr attr = { .propagation = args->propagation };
	int r = sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr));

	(void)run;
	return r < 0 ? error_raw(error, r, "mount_setattr", "/") : 0;
}

/* The old root stays below, as it does in an initramfs, which cannot be detached. */
static int run_move_root(struct run *run, const struct step *step, struct inro_error *error)
{
	int r;

	(void)step;
	if (fchdir(run_fd(run, SLOT_ROOT)) < 0)
		return error_raw(error, -errno, "fchdir", "the new root");
	r = sys_move_mount(run_fd(run, SLOT_ROOT), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	if (r < 0)
		return error_raw(error, r, "move_mount", "/");
	if (chroot(".") < 0)
		return error_raw(error, -errno, "chroot", "the new root");
	return chdir("/") < 0 ? error_raw(error, -errno, "chdir", "/") : 0;
}

/* The root is mounted in its place, which others in that namespace can see. */
static int run_chroot_mounted(struct run *run, const struct step *step, struct inro_error *error)
{
	if (fchdir(run_fd(run, SLOT_ROOT)) < 0)
		return error_raw(error, -errno, "fchdir", step->object);
	if (chroot(".") < 0)
		return error_raw(error, -errno, "chroot", step->object);
	return chdir("/") < 0 ? error_raw(error, -errno, "chdir", "/") : 0;
}

static int run_chroot(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct root_args *args = step->args;

	if (fchdir(run_fd(run, args->place_slot)) < 0)
		return error_raw(error, -errno, "fchdir", args->path);
	if (chroot(".") < 0)
		return error_raw(error, -errno, "chroot", args->path);
	run_store(run, SLOT_ROOT, run_fd(run, args->place_slot));
	run->slots[args->place_slot] = -EBADF;
	return chdir("/") < 0 ? error_raw(error, -errno, "chdir", "/") : 0;
}

struct propagate_args {
	uint64_t propagation;
	bool recursive;
};

static int run_propagate(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct propagate_args *args = step->args;
	struct mount_attr attr = { .propagation = args->propagation };
	int r = sys_mount_setattr(run_fd(run, SLOT_ROOT), "",
				  AT_EMPTY_PATH | (args->recursive ? AT_RECURSIVE : 0), &attr,
				  sizeof(attr));

	return r < 0 ? error_raw(error, r, "mount_setattr", step->object) : 0;
}

static int run_seal(struct run *run, const struct step *step, struct inro_error *error)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	const int *slot = step->args;
	int r = sys_mount_setattr(run_fd(run, *slot), "", AT_EMPTY_PATH, &attr, sizeof(attr));

	return r < 0 ? error_raw(error, r, "mount_setattr", step->object) : 0;
}

static void advise_root(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == ENOENT)
		error_why(error, "root.path of config.json does not exist");
	else if (error->code == ENOTDIR)
		error_why(error, "root.path of config.json is not a directory");
	else if (error->code == EACCES)
		error_why(error, "this user may not go there");
	else if (error->code == EXDEV)
		error_hint(error, "make it private there (mount --make-private), or let the "
				  "container have a mount namespace of its own");
	else if (error->code == EINVAL && strcmp(error->call, "move_mount") == 0)
		error_hint(error,
			   "a root that cannot be changed, as an initramfs, takes --no-pivot");
}

void oci_advise_target(struct inro_error *error)
{
	if (error->code == ELOOP)
		error_why(error,
			  "a symbolic link stands in this path, and it must not be followed");
	else if (error->code == EROFS)
		error_why(error,
			  "the mount point does not exist in the root, and cannot be made there");
	else if (error->code == ENOTDIR || error->code == EISDIR)
		error_why(error,
			  "a directory can only be mounted on a directory, a file on a file");
	else if (error->code == ENOSPC)
		error_why(error, "there is no room for the mount point, or the limit of mounts "
				 "(fs.mount-max) is reached");
	else if (error->code == EACCES && strcmp(error->call, "openat2") == 0)
		error_why(error, "root of the container may not go there");
}

static const struct step_kind kind_open_root = {
	.name = "open-root",
	.what = "open the root file system",
	.calls = "open_tree, mount_setattr",
	.run = run_open_root,
	.advise = advise_root,
};

static const struct step_kind kind_find_root = {
	.name = "find-root",
	.what = "find again, in the container's mount namespace,",
	.calls = "open, fstat",
	.run = run_find_root,
	.advise = advise_root,
};

static const struct step_kind kind_attach_root = {
	.name = "attach-root",
	.what = "mount the root file system on",
	.calls = "move_mount",
	.run = run_attach_root,
	.advise = advise_root,
};

static const struct step_kind kind_separate = {
	.name = "separate-mounts",
	.what = "take all mounts out of the host's sharing",
	.calls = "mount_setattr",
	.run = run_separate,
};

static const struct step_kind kind_move_root = {
	.name = "move-root",
	.what = "move the new root over the old one",
	.calls = "fchdir, move_mount, chroot, chdir",
	.run = run_move_root,
};

static const struct step_kind kind_chroot = {
	.name = "chroot",
	.what = "change the root to",
	.calls = "fchdir, chroot, chdir",
	.run = run_chroot,
};

static const struct step_kind kind_chroot_mounted = {
	.name = "chroot-mounted",
	.what = "change the root to what was mounted on",
	.calls = "fchdir, chroot, chdir",
	.run = run_chroot_mounted,
};

static const struct step_kind kind_propagate = {
	.name = "propagate",
	.what = "set the propagation of the root to",
	.calls = "mount_setattr",
	.run = run_propagate,
};

static const struct step_kind kind_seal = {
	.name = "seal",
	.what = "make read-only",
	.calls = "mount_setattr",
	.run = run_seal,
};

void oci_seal_later(struct oci_root *root, int slot, const char *path)
{
	struct oci_seal *seal =
		arena_grow(&root->plan->arena, &root->seals, &root->n_seals, sizeof(*seal));

	if (seal)
		*seal = (struct oci_seal){ .slot = slot, .path = path };
	root->plan->failed |= !seal;
}

static void add_seal(struct plan *plan, int slot, const char *path, const char *why)
{
	int *args = arena_copy(&plan->arena, &slot, sizeof(slot));

	plan->failed |= !args;
	plan_add(plan, STAGE_PIVOT, &kind_seal, path, why, args);
}

/* rootfsPropagation: how all that comes from the host is joined to it. */
static int read_propagation(const struct oci_config *config, struct propagate_args *ret,
			    struct inro_error *error)
{
	const char *word = config->linux_.rootfs_propagation;

	*ret = (struct propagate_args){ .propagation = PROPAGATION_SLAVE, .recursive = true };
	if (word && word[0] && !oci_propagation(word, &ret->propagation, &ret->recursive))
		return fail_usage(error, "linux.rootfsPropagation",
				  "'%s' is none of shared, slave, private, unbindable", word);
	return 0;
}

static void add_propagation(struct plan *plan, const struct oci_config *config,
			    const struct propagate_args *wanted)
{
	struct propagate_args *args;

	if (wanted->propagation != PROPAGATION_SHARED &&
	    wanted->propagation != PROPAGATION_UNBINDABLE)
		return;
	args = arena_copy(&plan->arena, wanted, sizeof(*wanted));
	plan->failed |= !args;
	plan_add(plan, STAGE_PIVOT, &kind_propagate, config->linux_.rootfs_propagation,
		 "linux.rootfsPropagation", args);
}

static struct root_args *root_args(struct plan *plan, const struct oci_root *root)
{
	struct root_args *args = arena_alloc(&plan->arena, sizeof(*args));

	if (!args)
		return NULL;
	*args = (struct root_args){
		.path = root->config->root.path,
		/* A slave sees what the host mounts later; nothing else shares with it. */
		.propagation = root->propagation == PROPAGATION_SLAVE ? PROPAGATION_SLAVE
								      : PROPAGATION_PRIVATE,
		.by_parent = root->by_parent && !root->joined,
		.joined = root->joined,
		.source_slot = plan_transient(plan, plan_slot(plan)),
		.place_slot = plan_slot(plan),
	};
	return args;
}

static void add_frame(struct oci_root *root, struct root_args *args)
{
	struct plan *plan = root->plan;
	bool fresh = plan->settled.ns_new & NS_BIT(NS_USER);

	if (!root->joined)
		plan_add(plan, STAGE_OPEN, &kind_open_root, args->path, "root.path of config.json",
			 args);
	plan_add(plan, STAGE_JOIN, &kind_find_root, args->path,
		 root->joined ? "what others have mounted there is not to change"
			      : "it must be the one that was opened",
		 args);
	/* In a new user namespace all of them are slaves by birth. */
	if (!root->joined && (!fresh || args->propagation != PROPAGATION_SLAVE))
		plan_add(plan, STAGE_BECOME, &kind_separate, NULL,
			 "nothing mounted inside may reach the host", args);
	plan_add(plan, STAGE_ROOT, &kind_attach_root, args->path,
		 "hooks find the container's mounts there", args);
}

static void add_change(struct oci_root *root)
{
	struct plan *plan = root->plan;

	if (root->joined)
		plan_add(plan, STAGE_PIVOT, &kind_chroot_mounted, root->config->root.path,
			 "others have the same mount namespace", NULL);
	else if (root->config->start->no_pivot)
		plan_add(plan, STAGE_PIVOT, &kind_move_root, NULL, "asked for by --no-pivot", NULL);
	else
		root_finish(plan, false);
}

static int add_root(struct oci_root *root, struct inro_error *error)
{
	struct plan *plan = root->plan;
	struct propagate_args propagation;
	struct root_args *args;
	int r = read_propagation(root->config, &propagation, error);

	if (r < 0)
		return r;
	/* What is shared stays so; what must not be bound can be set at the end only. */
	root->propagation = propagation.propagation == PROPAGATION_SHARED ? 0
			    : propagation.propagation == PROPAGATION_UNBINDABLE
				    ? PROPAGATION_PRIVATE
				    : propagation.propagation;
	args = root_args(plan, root);
	if (!args)
		return fail_memory(error);
	add_frame(root, args);
	r = oci_mounts_add(root, error);
	r = r < 0 ? r : oci_devices_add(root, error);
	if (r < 0)
		return r;
	add_change(root);
	r = oci_workdir_add(root, error);
	r = r < 0 ? r : oci_masks_add(root, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < root->n_seals; i++)
		add_seal(plan, root->seals[i].slot, root->seals[i].path,
			 "asked for, and all is made in it");
	add_propagation(plan, root->config, &propagation);
	if (root->config->root.read_only)
		add_seal(plan, SLOT_ROOT, "/", "root.readonly of config.json");
	return 0;
}

/* What takes mounts, as the field that asks for it; NULL. */
static const char *wish_for_mounts(const struct oci_config *config)
{
	const struct oci_linux *linux_ = &config->linux_;

	return config->n_mounts > 0		? "mounts"
	       : linux_->masked_paths.n > 0	? "linux.maskedPaths"
	       : linux_->readonly_paths.n > 0	? "linux.readonlyPaths"
	       : linux_->rootfs_propagation	? "linux.rootfsPropagation"
	       : config->root.read_only		? "root.readonly"
						: NULL;
}

/* In the caller's own mount namespace. */
static int add_without_mounts(struct oci_root *root, struct inro_error *error)
{
	const struct oci_config *config = root->config;
	const char *wish = wish_for_mounts(config);
	struct plan *plan = root->plan;
	struct root_args *args;

	if (wish) {
		fail_usage(error, wish, "there is no mount namespace for it in linux.namespaces");
		error_hint(error, "add one, without a path: what is mounted in the runtime's own is "
				  "the host's");
		return -EINVAL;
	}
	if (!config->root.path) {
		root_keep(plan);
		return oci_workdir_add(root, error);
	}
	args = root_args(plan, root);
	if (!args)
		return fail_memory(error);
	plan_add(plan, STAGE_JOIN, &kind_find_root, args->path, "root.path of config.json", args);
	plan_add(plan, STAGE_PIVOT, &kind_chroot, args->path,
		 "there is no mount namespace in which another could become the root", args);
	return oci_workdir_add(root, error);
}

/* In one that is joined only where something is asked for: it may be the caller's own otherwise. */
static bool joins_mounts(const struct plan *plan)
{
	const struct oci_config *config = plan->spec->oci;

	return plan->settled.ns_join & NS_BIT(NS_MNT) && wish_for_mounts(config);
}

static bool has_own_mounts(const struct plan *plan)
{
	return plan->settled.ns_new & NS_BIT(NS_MNT) || joins_mounts(plan);
}

static bool mounts_devpts(const struct oci_config *config)
{
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		if (mount->type && strcmp(mount->type, "devpts") == 0 &&
		    strcmp(mount->destination, "/dev/pts") == 0)
			return true;
	}
	return false;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct oci_config *config = plan->spec->oci;
	struct settled *settled = &plan->settled;

	settled->own_root = has_own_mounts(plan);
	if (joins_mounts(plan))
		settled->changed[NS_MNT] = wish_for_mounts(config);
	settled->own_devpts = settled->own_root && mounts_devpts(config);
	settled->workdir = config->process.cwd ? config->process.cwd : "/";
	if (settled->own_root && !config->root.path)
		return fail_usage(error, "root.path",
				  "is missing, and the container has mounts of its own");
	if (settled->workdir[0] != '/')
		return fail_usage(error, "process.cwd", "'%s' is not an absolute path",
				  settled->workdir);
	return 0;
}

static bool mounts_cgroup(const struct oci_config *config)
{
	for (size_t i = 0; i < config->n_mounts; i++)
		if (config->mounts[i].type && strncmp(config->mounts[i].type, "cgroup", 6) == 0)
			return true;
	return false;
}

static int gather_cgroups(struct oci_root_spec *part, struct facts *facts, struct inro_error *error)
{
	cleanup_free char *mounts = NULL;
	char groups[8192];
	struct statfs fs;
	cleanup_close int fd = -EBADF;

	part->unified = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
	if (part->unified)
		return 0;
	fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd_read_to_heap(fd, 16 << 20, &mounts, NULL) < 0 ||
	    fd_read_file_at(AT_FDCWD, "/proc/self/cgroup", groups, sizeof(groups)) < 0)
		return fail_call(error, -EIO, "find the cgroup mounts", "read",
				 "/proc/self/mountinfo");
	if (oci_hierarchies_parse(&facts->arena, mounts, groups, &part->hierarchies) < 0)
		return fail_memory(error);
	return 0;
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	struct oci_root_spec *part = spec_part(spec, &feature_oci_root);
	struct rlimit limit;

	part->n_fds = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
	if (spec->oci->linux_.mount_label && spec->oci->linux_.mount_label[0])
		part->selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
	return mounts_cgroup(spec->oci) ? gather_cgroups(part, facts, error) : 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	struct oci_root root = {
		.plan = plan,
		.config = plan->spec->oci,
		.part = spec_part(plan->spec, &feature_oci_root),
		.by_parent = plan->facts->may_mount,
		.joined = joins_mounts(plan),
		.proc_slot = SLOT_NONE,
		.sys_slot = SLOT_NONE,
		.dev_slot = SLOT_NONE,
	};

	return has_own_mounts(plan) ? add_root(&root, error) : add_without_mounts(&root, error);
}

const struct feature feature_oci_root = {
	.name = "oci-root",
	.spec_size = sizeof(struct oci_root_spec),
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};
