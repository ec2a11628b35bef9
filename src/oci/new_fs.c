/* SPDX-License-Identifier: Apache-2.0 */

/*
 * New file systems that config.json asks for: configured and mounted by descriptor in the child,
 * which is in the namespaces that they show, and seen by nobody until they are moved in place.
 *
 * A tmpfs takes the permissions of the directory that it covers, unless others were written. One
 * that shall be read-only becomes so at the end, since other mount points may be made in it.
 *
 * Options that are too long for that are told to the kernel in other ways (long_options.h).
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "idmap/range.h"
#include "kernel/syscalls.h"
#include "mount/target.h"
#include "oci/copy_up.h"
#include "oci/long_options.h"
#include "oci/root.h"
#include "plan/run.h"

enum { MAX_SEALS = 16 };

struct fs_args {
	struct mount_fs fs;
	struct oci_look look; /* what fsmount(2) cannot be told */
	int base_slot;
	const char *path; /* from there; "." for the mount there itself */
	bool inherit_mode, copy_up;
	bool is_long;
	struct long_options long_options; /* is_long: these, and not fs.config */
	const char *label; /* of its root directory; NULL */
	int keep_slot;
};

/* Octal, child-safe: MODE has at most four digits. */
static void format_mode(mode_t mode, char text[static 5])
{
	for (int i = 3; i >= 0; i--, mode >>= 3)
		text[i] = (char)('0' + (mode & 7));
	text[4] = '\0';
}

/* The mount point; MODE: its permissions, if it was there before, else empty. */
static int open_target(struct run *run, const struct fs_args *args, char mode[static 5])
{
	int base_fd = run_fd(run, args->base_slot);
	int fd = -ENOENT;
	struct stat st;

	mode[0] = '\0';
	if (args->inherit_mode || args->copy_up)
		fd = target_open(base_fd, args->path, TARGET_ANY, 0, args->fs.target_flags);
	if (fd == -ENOENT)
		return target_open(base_fd, args->path, TARGET_DIR, 0755, args->fs.target_flags);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode)) {
		fd_close(fd);
		return -ENOTDIR;
	}
	format_mode(st.st_mode & 07777, mode);
	return fd;
}

/* One option at a time; all of them in a page where the kernel does not know how, or they are too long. */
static int make_long(struct run *run, const struct step *step, const char **ret_call)
{
	const struct fs_args *args = step->args;
	const struct long_options *options = &args->long_options;
	struct mount_fs fs = args->fs;
	int fd = -EINVAL;

	fs.config = options->config;
	if (fs.config)
		fd = mount_make_fs(&fs, NULL, ret_call);
	if (fd != -EINVAL || !options->page)
		return fd;
	if (fs.config)
		run_second_way(run, step);
	return oci_mount_page(run_fd(run, SLOT_SCRATCH), fs.type, options, fs.attributes, ret_call);
}

static int make(struct run *run, const struct step *step, const char *mode,
		struct inro_error *error)
{
	const struct fs_args *args = step->args;
	const char *const more[] = { "mode", mode, NULL };
	const char *call;
	int fd = args->is_long ? make_long(run, step, &call)
			       : mount_make_fs(&args->fs,
					       args->inherit_mode && mode[0] ? more : NULL, &call);

	if ((fd == -EPERM || fd == -EACCES) && args->fs.fallback_source) {
		int second = mount_take_read_only(args->fs.fallback_source);

		if (second >= 0) {
			run_second_way(run, step);
			return second;
		}
	}
	return fd < 0 ? error_raw(error, fd, call, args->fs.target) : fd;
}

static int set_label(int mount_fd, const struct fs_args *args, struct inro_error *error)
{
	cleanup_close int fd = -EBADF;

	if (!args->label)
		return 0;
	fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_raw(error, -errno, "openat", args->fs.target);
	if (fsetxattr(fd, "security.selinux", args->label, strlen(args->label), 0) < 0)
		return error_raw(error, -errno, "fsetxattr", args->fs.target);
	return 0;
}

static int run_new_fs(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct fs_args *args = step->args;
	char mode[5];
	cleanup_close int target_fd = open_target(run, args, mode);
	cleanup_close int fd = -EBADF;
	int r;

	if (target_fd < 0)
		return error_raw(error, target_fd, "openat2", args->fs.target);
	fd = make(run, step, mode, error);
	if (fd < 0)
		return fd;
	r = args->copy_up && mode[0] ? oci_copy_up(target_fd, fd, args->fs.target, error) : 0;
	if (r == 0)
		r = oci_look_apply(run, fd, &args->look, args->fs.target, error);
	if (r == 0)
		r = set_label(fd, args, error);
	if (r < 0)
		return r;
	r = sys_move_mount(fd, "", target_fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	if (r < 0)
		return error_raw(error, r, "move_mount", args->fs.target);
	if (args->keep_slot != SLOT_NONE) {
		fd_close(run_fd(run, args->keep_slot));
		run_store(run, args->keep_slot, take_fd(&fd));
	}
	return 0;
}

static void tell_new_fs(const struct step *step, struct buf *text)
{
	const struct fs_args *args = step->args;
	const struct oci_look look = {
		.own.set = args->fs.attributes,
		.propagation = args->look.propagation,
		.userns_slot = args->look.userns_slot,
	};

	oci_look_tell(&look, text);
	for (const char *const *pair = args->fs.config; pair && pair[0]; pair += 2)
		buf_printf(text, ", %s%s%s", pair[0], pair[1] ? "=" : "", pair[1] ? pair[1] : "");
	if (args->copy_up)
		buf_puts(text, ", with a copy of what it covers");
}

static void advise_proc(const struct plan *plan, struct inro_error *error)
{
	if (!((plan->settled.ns_new | plan->settled.ns_join) & NS_BIT(NS_PID)))
		error_why(error,
			  "a new procfs in a user namespace needs a PID namespace of its own");
	else
		error_why(error,
			  "the kernel refuses a procfs that would show more than the one here, "
			  "parts of which are masked or read-only");
	error_hint(error,
		   "start the outer container with --security-opt unmask=ALL (podman, docker) "
		   "or --nestable (inro)");
}

static void advise_new_fs(const struct step *step, const struct plan *plan,
			  struct inro_error *error)
{
	const struct fs_args *args = step->args;
	bool configuring = strcmp(error->call, "fsconfig") == 0;

	if (error->code == EPERM && strcmp(args->fs.type, "proc") == 0)
		advise_proc(plan, error);
	else if (error->code == EPERM && strcmp(args->fs.type, "sysfs") == 0)
		error_why(error,
			  "a new sysfs needs a network namespace of its own, and a sysfs here "
			  "that is whole");
	else if (error->code == ENODEV && strcmp(error->call, "fsopen") == 0)
		error_why(error, "this kernel knows no file system of type %s", args->fs.type);
	else if (error->code == EPERM)
		error_why(error, "a user namespace may not mount this type");
	else if (error->code == EINVAL && configuring)
		error_why(error, "the kernel does not take one of its options");
	else
		oci_advise_target(error);
}

#define NEW_FS(type_)                                                                         \
	{                                                                                     \
		.name = "mount-" type_, .what = "mount " type_ " on",                         \
		.calls = "openat2, fsopen, fsconfig, fsmount, move_mount", .run = run_new_fs, \
		.tell = tell_new_fs, .advise = advise_new_fs                                  \
	}

static const struct step_kind kinds[] = {
	NEW_FS("fs"),     NEW_FS("tmpfs"),  NEW_FS("proc"),    NEW_FS("sysfs"),
	NEW_FS("devpts"), NEW_FS("mqueue"), NEW_FS("overlay"),
};

static const struct step_kind *kind_of(const char *type)
{
	for (size_t i = 1; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name + strlen("mount-"), type) == 0)
			return &kinds[i];
	return &kinds[0];
}

static bool is_one_of(const char *type, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(*list, type) == 0)
			return true;
	return false;
}

/* Of the kernel's own making: nothing lies below that could be read-only itself. */
static bool is_virtual(const char *type)
{
	static const char *const list[] = { "tmpfs",      "proc",    "sysfs",  "devpts",
					    "mqueue",     "cgroup2", "cgroup", "debugfs",
					    "bpf",        "tracefs", "ramfs",  "devtmpfs",
					    "securityfs", NULL };

	return is_one_of(type, list);
}

/* Those that take their labels from the policy, or from an attribute of their root. */
static bool takes_context(const char *type)
{
	static const char *const others[] = {
		"proc", "sysfs", "mqueue", "cgroup", "cgroup2", NULL
	};

	return !is_one_of(type, others);
}

/* A link in their place would put what the kernel shows, or the masks over it, elsewhere. */
unsigned oci_target_flags(const char *type, const char *target)
{
	static const char *const types[] = { "proc", "sysfs", "cgroup", "cgroup2", NULL };
	static const char *const places[] = { "/proc", "/sys", "/dev", "/dev/pts", NULL };

	return is_one_of(type, types) || is_one_of(target, places) ? TARGET_NO_LINKS : 0;
}

/* Is the id one that the container has? Where that is not known it is left to the kernel. */
static bool has_gid(const struct plan *plan, uint32_t gid)
{
	const struct facts *facts = plan->facts;

	if (plan->settled.ns_new & NS_BIT(NS_USER))
		return ranges_have_inner(plan->settled.gids, plan->settled.n_gids, gid);
	if (plan->settled.ns_join & NS_BIT(NS_USER) || facts->initial_userns || !facts->n_own_gids)
		return true;
	return ranges_have_inner(facts->own_gids, facts->n_own_gids, gid);
}

/* Engines ask for the group tty as the host has it, also where the container does not have it. */
static void drop_unmapped_tty(struct plan *plan, struct oci_mount_options *options)
{
	const char *text = oci_mount_config(options, "gid");
	uint32_t gid;

	if (!text || parse_u32(text, &gid) < 0 || has_gid(plan, gid))
		return;
	oci_mount_config_drop(options, "gid");
	plan_note(plan,
		  "terminals belong to the group of who opens them: the group %u does not exist "
		  "in the container's user namespace",
		  gid);
}

static const char *fallback_of(const struct plan *plan, const char *type)
{
	uint32_t own = plan->settled.ns_new | plan->settled.ns_join;

	if (strcmp(type, "sysfs") == 0)
		return "/sys";
	return strcmp(type, "proc") == 0 && !(own & NS_BIT(NS_PID)) ? "/proc" : NULL;
}

static int complete_config(struct oci_root *root, const struct oci_mount *mount,
			   struct oci_mount_options *options)
{
	struct arena *arena = &root->plan->arena;
	const char *label = root->config->linux_.mount_label;
	int r = 0;

	if (strcmp(mount->type, "devpts") == 0)
		drop_unmapped_tty(root->plan, options);
	if (mount->source && mount->source[0])
		r = oci_mount_config_add(arena, options, "source", mount->source);
	if (r == 0 && options->own.set & MOUNT_ATTR_RDONLY && !is_virtual(mount->type))
		r = oci_mount_config_add(arena, options, "ro", NULL);
	if (r == 0 && root->part->selinux && label && label[0] && takes_context(mount->type) &&
	    !oci_mount_config(options, "context"))
		r = oci_mount_config_add(arena, options, "context", label);
	return r;
}

/* Where the mount's descriptor is kept, because something is done with it later. */
static int slot_for(struct oci_root *root, const struct oci_mount *mount, bool seal)
{
	int slot = oci_root_keep_slot(root, mount->destination);

	if (slot == SLOT_NONE && strcmp(mount->type, "devpts") == 0 &&
	    strcmp(mount->destination, "/dev/pts") == 0)
		slot = SLOT_PTS;
	return slot == SLOT_NONE && seal ? plan_transient(root->plan, plan_slot(root->plan)) : slot;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* Is something made in it after it is mounted? */
static bool is_filled_later(const struct oci_root *root, const struct oci_mount *mount)
{
	const struct oci_config *config = root->config;
	const char *dir = mount->destination;

	if (strcmp(dir, "/") == 0 || strcmp(dir, "/dev") == 0 ||
	    is_below(root->plan->settled.workdir, dir))
		return true;
	for (size_t i = 0; i < config->n_mounts; i++)
		if (is_below(config->mounts[i].destination, dir))
			return true;
	for (size_t i = 0; i < config->linux_.n_devices; i++)
		if (is_below(config->linux_.devices[i].path, dir))
			return true;
	return false;
}

static int fill_args(struct oci_root *root, const struct oci_mount *mount,
		     struct oci_mount_options *options, struct fs_args *args,
		     struct inro_error *error)
{
	bool tmpfs = strcmp(mount->type, "tmpfs") == 0;
	const char *label = root->config->linux_.mount_label;
	bool seal;

	*args = (struct fs_args){
		.look = {
			.propagation = options->propagation,
			.propagation_recursive = options->propagation_recursive,
			.userns_slot = SLOT_NONE,
		},
		.inherit_mode = tmpfs && !oci_mount_config(options, "mode"),
		.copy_up = options->copy_up,
	};
	if (root->part->selinux && label && label[0] && strcmp(mount->type, "mqueue") == 0)
		args->label = label;
	if (complete_config(root, mount, options) < 0)
		return fail_memory(error);
	args->base_slot = oci_root_base(root, mount->destination, &args->path);
	args->fs = (struct mount_fs){
		.type = mount->type,
		.target = mount->destination,
		.config = options->config,
		.attributes = (unsigned)oci_look_attributes(&(struct oci_look){
								    .own = options->own,
								    .recursive = options->recursive,
							    })
				      .set,
		.target_flags = oci_target_flags(mount->type, mount->destination),
		.fallback_source = fallback_of(root->plan, mount->type),
	};
	seal = tmpfs && args->fs.attributes & MOUNT_ATTR_RDONLY;
	/* Each of them is a descriptor until then; a link may lead into it what no path tells. */
	if (seal && root->n_seals >= MAX_SEALS && !options->copy_up &&
	    !is_filled_later(root, mount))
		seal = false;
	args->keep_slot = slot_for(root, mount, seal);
	if (seal) {
		args->fs.attributes &= ~(unsigned)MOUNT_ATTR_RDONLY;
		oci_seal_later(root, args->keep_slot, mount->destination);
	}
	if (strcmp(mount->destination, "/dev") == 0)
		root->dev_has_nodev = args->fs.attributes & MOUNT_ATTR_NODEV;
	return 0;
}

/* The ways that there are for options that are too long. */
static int prepare_long(struct oci_root *root, const struct oci_mount *mount,
			const struct oci_mount_options *options, struct fs_args *args,
			struct inro_error *error)
{
	struct long_options *more = &args->long_options;

	args->is_long = oci_options_are_long(options);
	if (!args->is_long)
		return 0;
	if (oci_long_options(&root->plan->arena, mount->type, options, more) < 0)
		return fail_memory(error);
	/* The scratch tmpfs would lie on the root of all who are in a namespace that is joined. */
	if (root->joined || strcmp(mount->type, "tmpfs") == 0)
		more->page = NULL;
	if (!more->config && !more->page)
		return fail_usage(error, mount->destination,
				  "its options are longer than the kernel takes: 255 bytes each, or "
				  "4095 together");
	if (more->page)
		root_need_scratch(root->plan);
	return 0;
}

int oci_new_fs_add(struct oci_root *root, const struct oci_mount *mount,
		   struct oci_mount_options *options, struct inro_error *error)
{
	struct fs_args *args = arena_alloc(&root->plan->arena, sizeof(*args));
	struct step *step;
	int r;

	if (!args)
		return fail_memory(error);
	if (!mount->type)
		return fail_usage(error, mount->destination, "this mount has no type");
	r = fill_args(root, mount, options, args, error);
	if (r == 0 && (options->idmap || options->ridmap || mount->uids.n || mount->gids.n))
		r = oci_idmap_slot(root, mount, options, &args->look.userns_slot, error);
	r = r < 0 ? r : prepare_long(root, mount, options, args, error);
	if (r < 0)
		return r;
	step = plan_add(root->plan, STAGE_MOUNT, kind_of(mount->type), mount->destination,
			"mounts of config.json", args);
	if (args->long_options.config && args->long_options.page)
		step->fallback = "before Linux 6.7 by mount(2), with all options in a page";
	if (args->fs.fallback_source)
		step->fallback =
			arena_printf(&root->plan->arena,
				     "where the kernel refuses that, the one at %s, read-only",
				     args->fs.fallback_source);
	return 0;
}
