/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The root file system and everything mounted on it, as a feature: from what was said and what is
 * implied to one list, sorted so that parents come before children and the later word for one
 * place wins, and from that list to steps.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "kernel/syscalls.h"
#include "mount/dev.h"
#include "mount/nobody.h"
#include "mount/secrets.h"
#include "mount/spec.h"
#include "mount/steps.h"
#include "mount/target.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_mounts;

/*
 * With the preset none the caller's root stays, in a mount namespace of its own, until another is
 * asked for.
 */
static enum root_mode root_mode(const struct spec *spec)
{
	enum root_mode mode = spec->mounts.root.mode;

	return spec->bare && mode == ROOT_HOST ? ROOT_KEEP : mode;
}

/* Will there be a /dev with terminals of its own: implied, or asked for, and not taken away? */
static bool has_dev(const struct spec *spec)
{
	bool has = !spec->bare;

	for (size_t i = 0; i < spec->mounts.n_list; i++)
		if (spec->mounts.list[i].type == MOUNT_DEV)
			has = strcmp(spec->mounts.list[i].target, "none") != 0;
	return has;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct spec *spec = plan->spec;
	struct settled *settled = &plan->settled;
	const char *workdir = spec->process.workdir;

	bool own_mounts = settled->ns_new & NS_BIT(NS_MNT);
	enum root_mode mode = root_mode(spec);

	settled->own_root = own_mounts && mode != ROOT_KEEP;
	settled->own_devpts = own_mounts && has_dev(spec);
	if (!own_mounts && (spec->mounts.n_list > 0 || spec->mounts.root.mode != ROOT_HOST))
		return fail_usage(
			error, "",
			"a root or mounts of its own need a new mount namespace (--ns with mnt)");
	if (mode == ROOT_KEEP && spec->mounts.root.overlay)
		return fail_usage(
			error, "--overlay",
			"the preset none keeps the caller's root; choose one by --rootfs");
	if (!settled->home)
		settled->home = mode == ROOT_DIR ? (settled->uid == 0 ? "/root" : "/") :
								     plan->facts->home;
	settled->workdir =
		workdir ? mount_clean_path(&plan->arena, workdir,
					   plan->facts->cwd ? plan->facts->cwd : "/", settled->home)
			: mount_default_workdir(plan);
	return settled->workdir ? 0 : fail_memory(error);
}

/* Paths of the user's become absolute: sources from here, destinations as they will be inside. */
static int clean_paths(struct plan *plan, struct spec_mount *mount, struct inro_error *error)
{
	const struct facts *facts = plan->facts;
	const char *written = mount->target;

	if (mount->type == MOUNT_BIND) {
		mount->source =
			mount_clean_path(&plan->arena, mount->source, facts->cwd, facts->home);
		if (!mount->source)
			return fail_usage(error, written,
					  "is relative, and there is no current directory");
	}
	mount->target = mount_clean_path(&plan->arena, written, facts->cwd, plan->settled.home);
	if (!mount->target)
		return fail_usage(error, written, "is relative, and there is no current directory");
	if (mount->target[1] == '\0')
		return fail_usage(error, written, "the root itself is chosen by --rootfs");
	return 0;
}

/* Compare paths so that a directory comes right before what is below it. */
static int compare_paths(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	if (*a == *b)
		return 0;
	if (*a == '/' || !*a || *b == '/' || !*b)
		return !*a || (*a == '/' && *b) ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

/* Insertion sort: stable, and the lists are short. */
static void sort_mounts(struct spec_mount *list, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct spec_mount mount = list[i];
		size_t j = i;

		for (; j > 0 && compare_paths(list[j - 1].target, mount.target) > 0; j--)
			list[j] = list[j - 1];
		list[j] = mount;
	}
}

/* One kind of kernel file system said again, or "none": what was implied goes. */
static bool is_superseded(const struct spec_mount *implied, const struct spec_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n_list; i++) {
		const struct spec_mount *mount = &mounts->list[i];

		if (mount->type == implied->type &&
		    (mount->type == MOUNT_PROC || mount->type == MOUNT_DEV ||
		     mount->type == MOUNT_SYSFS))
			return true;
	}
	return false;
}

static int append_users(struct plan *plan, struct spec_mount **list, size_t *n,
			struct inro_error *error)
{
	const struct spec_mounts *mounts = &plan->spec->mounts;

	for (size_t i = 0; i < mounts->n_list; i++) {
		struct spec_mount *copy;
		int r;

		if (strcmp(mounts->list[i].target, "none") == 0 &&
		    mounts->list[i].type != MOUNT_BIND)
			continue;
		copy = arena_grow(&plan->arena, list, n, sizeof(*copy));
		if (!copy)
			return fail_memory(error);
		*copy = mounts->list[i];
		r = clean_paths(plan, copy, error);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Everything, sorted; of several for one place the last one stays. */
static int collect(struct plan *plan, struct spec_mount **ret, size_t *ret_n,
		   struct inro_error *error)
{
	struct spec_mount *list = NULL;
	size_t n = 0, kept = 0;
	int r = plan->spec->bare ? 0 : mount_add_defaults(plan, &list, &n, error);

	for (size_t i = 0; i < n; i++)
		if (!is_superseded(&list[i], &plan->spec->mounts))
			list[kept++] = list[i];
	n = kept;
	r = r < 0 ? r : append_users(plan, &list, &n, error);
	if (r < 0)
		return r;
	sort_mounts(list, n);
	kept = 0;
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || strcmp(list[i].target, list[i + 1].target) != 0 ||
		    list[i + 1].type == MOUNT_HIDE)
			list[kept++] = list[i];
	*ret = list;
	*ret_n = kept;
	return 0;
}

static struct mount_flags bind_flags(const struct plan *plan, const struct spec_mount *mount)
{
	struct mount_flags flags = {
		.propagation = PROPAGATION_PRIVATE,
		.recursive = !mount->recursive_off,
	};

	flags.set |= mount->read_only ? MOUNT_ATTR_RDONLY : 0;
	flags.set |= mount->suid_set && !mount->nosuid ? 0 : MOUNT_ATTR_NOSUID;
	flags.set |= mount->dev_set && !mount->nodev ? 0 : MOUNT_ATTR_NODEV;
	flags.set |= mount->noexec ? MOUNT_ATTR_NOEXEC : 0;
	/* What the host's mount has set can be cleared by who owns it only. */
	if (plan->facts->initial_userns && plan->facts->uid == 0) {
		flags.clear |= mount->exec_set ? MOUNT_ATTR_NOEXEC : 0;
		flags.clear |= mount->suid_set ? MOUNT_ATTR_NOSUID : 0;
		flags.clear |= mount->dev_set ? MOUNT_ATTR_NODEV : 0;
		flags.clear &= ~flags.set;
	}
	return flags;
}

static const char *reason_of(const struct spec_mount *mount)
{
	return mount->reason                    ? mount->reason
	       : mount->origin == ORIGIN_PRESET ? "the preset"
						: "asked for";
}

/* What all mounts of one plan share. */
struct context {
	int overlay_slot;        /* where a kept layer lies */
	struct secrets *secrets; /* where the host's root is mapped in; NULL */
};

static void add_bind(struct plan *plan, const struct spec_mount *mount,
		     const struct context *context)
{
	bool overlay = mount->system && !mount->cwd && !mount->file && plan->spec->mounts.root.overlay;
	bool guarded = mount->system && context->secrets;
	struct mount_source source = {
		.path = mount->source,
		.flags = bind_flags(plan, mount),
		.optional = mount->optional,
		/* A layer copies owners up, which must exist for that. */
		.idmap = guarded && !overlay,
		.no_idmap = guarded ? &context->secrets->needed : NULL,
	};
	int slot;

	if (overlay)
		source.flags.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	if (overlay && guarded)
		context->secrets->needed = true;
	if (mount->create)
		mount_create_source(plan, mount->source);
	slot = mount_take(plan, &source, reason_of(mount));
	if (overlay)
		overlay_add(plan, slot, mount->target, context->overlay_slot,
			    "a writable layer was asked for");
	else
		mount_place(plan, slot, mount->target, 0, reason_of(mount));
}

/* "subset=pid,hidepid=invisible" as pairs for fsconfig(2). */
static const char *const *config_pairs(struct plan *plan, const char *options)
{
	const char **pairs;
	char **list;
	size_t n;

	if (!options)
		return NULL;
	if (parse_list(&plan->arena, options, ',', &list, &n) < 0 ||
	    !(pairs = arena_array(&plan->arena, 2 * n + 1, sizeof(*pairs)))) {
		plan->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		char *equals = strchr(list[i], '=');

		if (equals)
			*equals = '\0';
		pairs[2 * i] = list[i];
		pairs[2 * i + 1] = equals ? equals + 1 : NULL;
	}
	return pairs;
}

/* To procfs and sysfs the host's root is root, without any capability. */
static bool masks_kernel(const struct plan *plan)
{
	return plan->settled.host_root && !plan->spec->nestable && !plan->spec->bare;
}

static void add_proc(struct plan *plan, const struct spec_mount *mount)
{
	const struct mount_fs fs = {
		.type = "proc",
		.target = mount->target,
		.config = config_pairs(plan, mount->options),
		.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		.target_flags = TARGET_NO_LINKS,
		/* Without a PID namespace of its own a user namespace may show only the old one. */
		.fallback_source = plan->settled.ns_new & NS_BIT(NS_PID) ? NULL : "/proc",
		.slot = plan_slot(plan),
	};
	int slot = fs.slot;

	/* Only who has rights over both may make one for a namespace that is joined. */
	if (plan->settled.ns_join & NS_BIT(NS_PID) && facts_has_cap(plan->facts, CAP_SYS_ADMIN))
		mount_place(plan, slot = mount_joined_proc(plan), mount->target, TARGET_NO_LINKS,
			    reason_of(mount));
	else
		mount_new_fs(plan, STAGE_MOUNT, &fs, reason_of(mount));
	if (masks_kernel(plan))
		mask_proc_defaults(plan, mount->target, slot);
}

static void add_simple_fs(struct plan *plan, const struct spec_mount *mount, const char *type,
			  unsigned attributes, const char *fallback)
{
	bool masked = strcmp(type, "sysfs") == 0 && masks_kernel(plan);
	const struct mount_fs fs = {
		.type = type,
		.target = mount->target,
		.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | attributes,
		.target_flags = TARGET_NO_LINKS,
		.fallback_source = fallback,
		.slot = masked ? plan_slot(plan) : SLOT_NONE,
	};

	mount_new_fs(plan, STAGE_MOUNT, &fs, reason_of(mount));
	if (masked)
		mask_sys_defaults(plan, mount->target, fs.slot);
}

static void add_tmpfs(struct plan *plan, const struct spec_mount *mount)
{
	const struct mount_fs fs = {
		.type = "tmpfs",
		.target = mount->target,
		.config = mount_tmpfs_config(plan, mount),
		.attributes = MOUNT_ATTR_NOSUID | (mount->dev_set ? 0 : MOUNT_ATTR_NODEV) |
			      (mount->noexec ? MOUNT_ATTR_NOEXEC : 0) |
			      (mount->read_only ? MOUNT_ATTR_RDONLY : 0),
	};

	mount_new_fs(plan, STAGE_MOUNT, &fs, reason_of(mount));
}

static void add_steps(struct plan *plan, const struct spec_mount *mount,
		      const struct context *context)
{
	switch (mount->type) {
	case MOUNT_BIND:
		add_bind(plan, mount, context);
		break;
	case MOUNT_TMPFS:
		add_tmpfs(plan, mount);
		break;
	case MOUNT_DIR:
		mount_make_dir(plan, mount->target, mount->mode ? mount->mode : 0755,
			       reason_of(mount));
		break;
	case MOUNT_SYMLINK:
		mount_make_symlink(plan, mount->target, mount->source, reason_of(mount));
		break;
	case MOUNT_FILE:
		mount_make_file(plan, mount->target, mount->source, mount->source_fd, mount->mode,
				mount->read_only, reason_of(mount));
		break;
	case MOUNT_HIDE:
		mask_hide(plan, STAGE_MASK, mount->target, mount->optional, reason_of(mount));
		break;
	case MOUNT_PROC:
		add_proc(plan, mount);
		break;
	case MOUNT_SYSFS:
		add_simple_fs(plan, mount, "sysfs", MOUNT_ATTR_RDONLY, "/sys");
		break;
	case MOUNT_CGROUP:
		/* Else it shows the group that inro itself is in, with all others that are. */
		add_simple_fs(plan, mount, "cgroup2",
			      plan->settled.own_cgroup2 ? 0 : MOUNT_ATTR_RDONLY, NULL);
		break;
	case MOUNT_MQUEUE:
		add_simple_fs(plan, mount, "mqueue", 0, NULL);
		break;
	case MOUNT_DEV:
		dev_add(plan, mount->target, reason_of(mount));
		break;
	}
}

/* Take a directory that the user named: the root's, or that of a kept layer. */
static int take_dir(struct plan *plan, const char *option, const char *dir, bool recursive,
		    const char *why, struct inro_error *error)
{
	const struct mount_source source = {
		.path = mount_clean_path(&plan->arena, dir, plan->facts->cwd, plan->facts->home),
		.flags = {
			.set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID,
			.propagation = PROPAGATION_PRIVATE,
			.recursive = recursive,
		},
	};

	if (!source.path)
		return fail_usage(error, option, "is relative, and there is no current directory");
	return mount_take(plan, &source, why);
}

static int kept_layer(struct plan *plan, struct inro_error *error)
{
	const struct spec_root *root = &plan->spec->mounts.root;

	if (!root->overlay || !root->overlay_dir)
		return SLOT_NONE;
	return take_dir(plan, "--overlay", root->overlay_dir, false, "the layer is kept there",
			error);
}

/* The frame around the mounts: the root they stand on. */
static int add_root(struct plan *plan, int overlay_slot, struct inro_error *error)
{
	const struct spec_root *root = &plan->spec->mounts.root;
	int slot;

	root_begin(plan);
	if (root_mode(plan->spec) == ROOT_KEEP) {
		root_keep(plan);
		return 0;
	}
	if (root->mode != ROOT_DIR) {
		root_new_tmpfs(plan);
		return 0;
	}
	slot = take_dir(plan, "--rootfs", root->dir, true, "the root that was asked for", error);
	if (slot < 0)
		return slot;
	if (root->overlay)
		overlay_add(plan, slot, "/", overlay_slot, "a writable layer was asked for");
	else
		root_from_tree(plan, slot, root->dir);
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct spec_root *root = &plan->spec->mounts.root;
	struct context context = { .overlay_slot = SLOT_NONE };
	struct spec_mount *list = NULL;
	size_t n = 0;
	int r;

	if (!(plan->settled.ns_new & NS_BIT(NS_MNT)))
		return 0;
	r = collect(plan, &list, &n, error);
	context.overlay_slot = r < 0 ? r : kept_layer(plan, error);
	r = context.overlay_slot < 0 ? context.overlay_slot
				     : add_root(plan, context.overlay_slot, error);
	if (r < 0)
		return r;
	if (plan->settled.host_root && root_mode(plan->spec) == ROOT_HOST) {
		nobody_add(plan);
		context.secrets = secrets_new(plan);
	}
	for (size_t i = 0; i < n; i++)
		add_steps(plan, &list[i], &context);
	if (context.secrets)
		secrets_add(plan, context.secrets);
	if (root->overlay && plan->facts->uid != 0)
		plan_note(plan, "in the overlay a file of another user can be replaced, but not changed in "
				"place: the kernel copies up no file whose owner is not mapped");
	if (plan->settled.host_root && plan->settled.caps >> CAP_SYS_ADMIN & 1)
		plan_note(plan, "the host's root with CAP_SYS_ADMIN can take masks and read-only mounts "
				"away again; --map auto gives it other ids");
	if (plan->settled.own_root)
		root_finish(plan, root->read_only || root->mode != ROOT_DIR);
	return 0;
}

/* Changing directory comes after the ids: what the command may not enter, it does not start in. */

static int run_chdir(struct run *run, const struct step *step, struct inro_error *error)
{
	/* A magic link of /proc leads where no path does: nobody's working directory is meant by one. */
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	cleanup_close int fd = sys_openat2(AT_FDCWD, step->object, &how);
	char path[4096];

	(void)run;
	if (fd < 0)
		return error_raw(error, fd, "openat2", step->object);
	if (fchdir(fd) < 0)
		return error_raw(error, -errno, "fchdir", step->object);
	/* A directory outside of the root answers with another beginning. */
	if (sys_getcwd(path, sizeof(path)) < 0 || path[0] != '/') {
		error_raw(error, -EXDEV, "getcwd", step->object);
		error_raw_kind(error, INRO_ERROR_STEP,
			       "this directory is not inside of the new root");
		return -EXDEV;
	}
	return 0;
}

static void advise_chdir(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	if (error->code == ENOENT)
		error_hint(error, plan->spec->process.workdir
					  ? "it does not exist inside; -v shows it there"
					  : "choose another with --workdir");
	else if (error->code == ELOOP)
		error_why(error, "links in a circle, or one of /proc that is not followed");
}

static const struct step_kind kind_chdir = {
	.name = "chdir",
	.what = "go to",
	.calls = "openat2, fchdir, getcwd",
	.run = run_chdir,
	.advise = advise_chdir,
};

static int resolve_all(struct plan *plan, struct inro_error *error)
{
	int r = resolve(plan, error);

	if (r == 0 && (plan->settled.own_root || plan->spec->process.workdir))
		plan_add(plan, STAGE_DEATH, &kind_chdir, plan->settled.workdir,
			 plan->spec->process.workdir ? "asked for" : "the command starts there",
			 NULL);
	return r;
}

const struct feature feature_mounts = {
	.name = "mounts",
	.options = mount_options,
	.n_options = N_MOUNT_OPTIONS,
	.settle = settle,
	.resolve = resolve_all,
};
