/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The mount of type cgroup: what the container may see of its cgroups. On a host with cgroup v2
 * alone it is that hierarchy. Elsewhere it is a tmpfs with a directory for each hierarchy of the
 * host, and links where several controllers share one (cpu → cpu,cpuacct).
 *
 * In a cgroup namespace of its own a hierarchy is mounted anew, and its top is the container's
 * group. Without one it would show all groups of the host; so the container's own directory is
 * bound instead, found by what /proc/self/cgroup says once the child is in its groups. If that is
 * the very top of the hierarchy, since no group was made, it is read-only whatever was asked for.
 *
 * A new mount of cgroup v2 can wait for milliseconds on what else the kernel does with cgroups. A
 * clone of the directory of the container's group shows the same and waits for nobody; so who may
 * clone mounts does it, once the group is made and before the container exists.
 */

#include "oci/cgroup_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/target.h"
#include "oci/root.h"
#include "plan/run.h"

#define TOP "/sys/fs/cgroup"

struct cgroup_args {
	const char *target, *path; /* whole, and from the base */
	int base_slot;
	bool own_ns;
	unsigned attributes;
	struct oci_look look;       /* its propagation */
	struct oci_hierarchies all; /* one with the name "": that alone, on the target itself */
	const char *const **config; /* for each: what fsconfig(2) is told */
	int group_slot;             /* the v2 group's directory as a mount, if there is one */
};

/* "cpu,memory" has the item "cpu". */
static bool has_item(const char *list, const char *item, size_t n)
{
	for (const char *at = list; *at;) {
		size_t length = strcspn(at, ",");

		if (length == n && memcmp(at, item, n) == 0)
			return true;
		at += length + (at[length] == ',');
	}
	return false;
}

static bool has_all(const char *list, const char *items, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t n = strcspn(items + at, ",:\n");

		if (!has_item(list, items + at, n))
			return false;
		at += n + 1;
	}
	return length > 0;
}

/* The line of /proc/PID/cgroup of those controllers: the start of its path and how long it is. */
static const char *find_path(const char *groups, const char *controllers, size_t *ret_n)
{
	size_t n = strlen(controllers);

	for (const char *line = groups; *line;) {
		size_t length = strcspn(line, "\n");
		const char *colon = memchr(line, ':', length);

		if (colon && strncmp(colon + 1, controllers, n) == 0 && colon[1 + n] == ':') {
			*ret_n = length - (size_t)(colon + n + 2 - line);
			return colon + n + 2;
		}
		line += length + (line[length] == '\n');
	}
	return NULL;
}

/* Controllers of the line whose all are among a v1 mount's options. */
static const char *find_controllers(struct arena *arena, const char *groups, const char *options)
{
	for (const char *line = groups; *line;) {
		size_t length = strcspn(line, "\n");
		const char *colon = memchr(line, ':', length);
		size_t n = colon ? strcspn(colon + 1, ":\n") : 0;

		if (colon && has_all(options, colon + 1, n))
			return arena_strndup(arena, colon + 1, n);
		line += length + (line[length] == '\n');
	}
	return NULL;
}

/* Field number INDEX of a line, blank-separated, and the line's end cut there; NULL. */
static char *field(char *line, int index)
{
	for (; line && index > 0; index--)
		line = strchr(line, ' ') ? strchr(line, ' ') + 1 : NULL;
	return line;
}

static int parse_line(struct arena *arena, char *line, const char *groups,
		      struct oci_hierarchies *ret)
{
	char *tail = strstr(line, " - "), *root = field(line, 3), *mount = field(line, 4);
	char *options = tail ? field(tail + 3, 2) : NULL;
	struct oci_hierarchy *row, new = { 0 };
	size_t n = strlen(TOP "/");

	if (!options || !mount || strncmp(tail + 3, "cgroup", 6) != 0 ||
	    strncmp(mount, TOP "/", n) != 0)
		return 0;
	new.v2 = tail[3 + 6] == '2';
	new.name = arena_strndup(arena, mount + n, strcspn(mount + n, " "));
	new.mount = arena_strndup(arena, mount, strcspn(mount, " "));
	new.root = arena_strndup(arena, root, strcspn(root, " "));
	new.controllers = new.v2 ? "" : find_controllers(arena, groups, options);
	if (!new.name || !new.mount || !new.root)
		return -ENOMEM;
	/* Escaped or further down: no host has that. Without a line: not in use. */
	if (!new.controllers || strpbrk(new.name, "/\\") || strchr(new.root, '\\'))
		return 0;
	row = arena_grow(arena, &ret->list, &ret->n, sizeof(*row));
	if (!row)
		return -ENOMEM;
	*row = new;
	return 0;
}

int oci_hierarchies_parse(struct arena *arena, char *mountinfo, const char *groups,
			  struct oci_hierarchies *ret)
{
	char *save;

	*ret = (struct oci_hierarchies){ 0 };
	for (char *line = strtok_r(mountinfo, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		int r = parse_line(arena, line, groups, ret);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The child's own group in that hierarchy, from the mount's top: "" is the top. Child-safe. */
static int own_group(const struct oci_hierarchy *hierarchy, char *buffer, size_t size)
{
	size_t n, skip = strcmp(hierarchy->root, "/") == 0 ? 0 : strlen(hierarchy->root);
	ssize_t length = fd_read_file_at(AT_FDCWD, "/proc/self/cgroup", buffer, size);
	const char *path = length < 0 ? NULL : find_path(buffer, hierarchy->controllers, &n);

	if (length < 0)
		return (int)length;
	if (!path || n < skip || strncmp(path, hierarchy->root, skip) != 0)
		return -ENOENT;
	path += skip;
	n -= skip;
	for (; n > 0 && *path == '/'; path++)
		n--;
	memmove(buffer, path, n);
	buffer[n] = '\0';
	return 0;
}

/* The kernel takes the times of access as a whole. */
static struct mount_attr attributes_of(const struct cgroup_args *args)
{
	return (struct mount_attr){
		.attr_set = args->attributes,
		.attr_clr = args->attributes & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0,
		.propagation = PROPAGATION_PRIVATE,
	};
}

static int bind_group(const struct cgroup_args *args, const struct oci_hierarchy *hierarchy,
		      struct inro_error *error)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	struct mount_attr attr = attributes_of(args);
	cleanup_close int dir_fd = open(hierarchy->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int group_fd = -EBADF, tree_fd = -EBADF;
	char path[8192];
	int r = dir_fd < 0 ? -errno : own_group(hierarchy, path, sizeof(path));

	if (r < 0)
		return error_raw(error, r, "open", hierarchy->mount);
	if (!path[0])
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	group_fd = sys_openat2(dir_fd, path[0] ? path : ".", &how);
	if (group_fd < 0)
		return error_raw(error, group_fd, "openat2", hierarchy->mount);
	tree_fd = sys_open_tree(group_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree_fd < 0)
		return error_raw(error, tree_fd, "open_tree", hierarchy->mount);
	r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	return r < 0 ? error_raw(error, r, "mount_setattr", hierarchy->mount) : take_fd(&tree_fd);
}

/* Parent: without a v2 group of its own the slot stays empty. */
static int run_clone_group(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct cgroup_args *args = step->args;
	struct mount_attr attr = attributes_of(args);
	int r, fd = run_fd(run, SLOT_CGROUP);

	if (fd < 0)
		return 0;
	fd = sys_open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return error_raw(error, fd, "open_tree", "the cgroup");
	r = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	if (r < 0) {
		fd_close(fd);
		return error_raw(error, r, "mount_setattr", "the cgroup");
	}
	return run_store(run, args->group_slot, fd);
}

static const struct step_kind kind_clone_group = {
	.name = "clone-cgroup",
	.what = "clone the mount of the container's cgroup",
	.calls = "open_tree, mount_setattr",
	.run = run_clone_group,
};

static int make_hierarchy(struct run *run, const struct cgroup_args *args, size_t i,
			  struct inro_error *error)
{
	const struct oci_hierarchy *hierarchy = &args->all.list[i];
	const struct mount_fs fs = {
		.type = hierarchy->v2 ? "cgroup2" : "cgroup",
		.config = args->config[i],
		.attributes = args->attributes,
	};
	const char *call;
	int fd;

	if (hierarchy->v2 && args->group_slot != SLOT_NONE && run_fd(run, args->group_slot) >= 0)
		return take_fd(&run->slots[args->group_slot]);
	if (!args->own_ns)
		return bind_group(args, hierarchy, error);
	fd = mount_make_fs(&fs, NULL, &call);
	return fd < 0 ? error_raw(error, fd, call, hierarchy->mount) : fd;
}

static int attach(int fd, int target_fd, const char *path, struct inro_error *error)
{
	int r = sys_move_mount(fd, "", target_fd, "",
			       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);

	return r < 0 ? error_raw(error, r, "move_mount", path) : 0;
}

/* A hierarchy as a directory of the tmpfs, and a link to it for each of its controllers. */
static int add_directory(struct run *run, const struct cgroup_args *args, size_t i, int dir_fd,
			 struct inro_error *error)
{
	const struct oci_hierarchy *hierarchy = &args->all.list[i];
	cleanup_close int target_fd = target_open(dir_fd, hierarchy->name, TARGET_DIR, 0755,
						  TARGET_NO_LINKS | TARGET_NEW);
	cleanup_close int fd = -EBADF;

	if (target_fd < 0)
		return error_raw(error, target_fd, "mkdirat", hierarchy->name);
	fd = make_hierarchy(run, args, i, error);
	if (fd < 0)
		return fd;
	for (const char *at = hierarchy->name; strchr(hierarchy->name, ',') && *at;) {
		size_t n = strcspn(at, ",");
		char name[64];

		if (n < sizeof(name)) {
			memcpy(name, at, n);
			name[n] = '\0';
			if (symlinkat(hierarchy->name, dir_fd, name) < 0 && errno != EEXIST)
				return error_raw(error, -errno, "symlinkat", name);
		}
		at += n + (at[n] == ',');
	}
	return attach(fd, target_fd, hierarchy->mount, error);
}

static int make_directories(struct run *run, const struct cgroup_args *args, int target_fd,
			    struct inro_error *error)
{
	static const char *const config[] = { "source", "cgroup", "mode", "0755", NULL };
	const struct mount_fs fs = {
		.type = "tmpfs",
		.config = config,
		.attributes = args->attributes & ~(unsigned)MOUNT_ATTR_RDONLY,
	};
	struct mount_attr attr = { .attr_set = args->attributes & MOUNT_ATTR_RDONLY };
	const char *call;
	cleanup_close int fd = mount_make_fs(&fs, NULL, &call);
	int r;

	if (fd < 0)
		return error_raw(error, fd, call, args->target);
	r = attach(fd, target_fd, args->target, error);
	for (size_t i = 0; i < args->all.n && r == 0; i++)
		r = add_directory(run, args, i, fd, error);
	if (r < 0 || !attr.attr_set)
		return r;
	r = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	return r < 0 ? error_raw(error, r, "mount_setattr", args->target) : 0;
}

static int run_cgroup(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct cgroup_args *args = step->args;
	cleanup_close int target_fd = target_open(run_fd(run, args->base_slot), args->path,
						  TARGET_DIR, 0755, TARGET_NO_LINKS);
	cleanup_close int fd = -EBADF;
	int r;

	if (target_fd < 0)
		return error_raw(error, target_fd, "openat2", args->target);
	if (args->all.n != 1 || args->all.list[0].name[0])
		return make_directories(run, args, target_fd, error);
	fd = make_hierarchy(run, args, 0, error);
	if (fd < 0)
		return fd;
	r = oci_look_apply(run, fd, &args->look, args->target, error);
	return r < 0 ? r : attach(fd, target_fd, args->target, error);
}

static void tell_cgroup(const struct step *step, struct buf *text)
{
	const struct cgroup_args *args = step->args;
	struct oci_look look = args->look;

	look.own.set = args->attributes;
	oci_look_tell(&look, text);
	buf_printf(text, "%s%s", text->used ? ", " : "",
		   args->own_ns ? "of the cgroup namespace" : "the container's own directories");
	for (size_t i = 0; i < args->all.n; i++)
		if (args->all.list[i].name[0])
			buf_printf(text, ", %s", args->all.list[i].name);
}

static void advise_cgroup(const struct step *step, const struct plan *plan,
			  struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EPERM)
		error_why(error, "cgroups can be mounted by who owns the cgroup namespace only");
	else
		oci_advise_target(error);
}

static const struct step_kind kind_cgroup = {
	.name = "mount-cgroup",
	.what = "mount the cgroups on",
	.calls = "openat2, fsopen, fsconfig, fsmount, open_tree, mount_setattr, move_mount",
	.run = run_cgroup,
	.tell = tell_cgroup,
	.advise = advise_cgroup,
};

/* "cpu,name=x" to what fsconfig(2) takes. */
static const char *const *hierarchy_config(struct arena *arena,
					   const struct oci_hierarchy *hierarchy)
{
	struct oci_mount_options options = { 0 };
	int r = oci_mount_config_add(arena, &options, "source", "cgroup");

	for (const char *at = hierarchy->controllers; r == 0 && *at;) {
		size_t n = strcspn(at, ",");
		char *item = arena_strndup(arena, at, n), *equals = item ? strchr(item, '=') : NULL;

		if (equals)
			*equals = '\0';
		r = item ? oci_mount_config_add(arena, &options, item, equals ? equals + 1 : NULL)
			 : -ENOMEM;
		at += n + (at[n] == ',');
	}
	return r < 0 ? NULL : options.config;
}

static int add_config(struct arena *arena, struct cgroup_args *args)
{
	const char *const **config = arena_array(arena, args->all.n + 1, sizeof(*config));

	if (!config)
		return -ENOMEM;
	for (size_t i = 0; i < args->all.n; i++) {
		config[i] = hierarchy_config(arena, &args->all.list[i]);
		if (!config[i])
			return -ENOMEM;
	}
	args->config = config;
	return 0;
}

int oci_cgroup_mount_add(struct oci_root *root, const struct oci_mount *mount,
			 const struct oci_mount_options *options, struct inro_error *error)
{
	static struct oci_hierarchy unified = {
		.name = "",
		.controllers = "",
		.mount = TOP,
		.root = "/",
		.v2 = true,
	};
	struct plan *plan = root->plan;
	struct cgroup_args *args = arena_alloc(&plan->arena, sizeof(*args));
	const struct oci_look look = { .own = options->own, .recursive = options->recursive };

	if (!args)
		return fail_memory(error);
	*args = (struct cgroup_args){
		.target = mount->destination,
		.own_ns = (plan->settled.ns_new | plan->settled.ns_join) & NS_BIT(NS_CGROUP),
		.attributes = (unsigned)oci_look_attributes(&look).set,
		.look = {
			.propagation = options->propagation,
			.propagation_recursive = options->propagation_recursive,
			.userns_slot = SLOT_NONE,
		},
		.all = root->part->hierarchies,
	};
	if (root->part->unified || args->all.n == 0)
		args->all = (struct oci_hierarchies){ .list = &unified, .n = 1 };
	args->base_slot = oci_root_base(root, mount->destination, &args->path);
	/* A namespace that is joined may have another group as its top. */
	if (root->by_parent && plan->settled.ns_new & NS_BIT(NS_CGROUP)) {
		args->group_slot = plan_transient(plan, plan_slot(plan));
		plan_add(plan, STAGE_ENTER, &kind_clone_group, NULL,
			 "a new mount of it would have to wait", args)
			->optional = true;
	}
	if (add_config(&plan->arena, args) < 0)
		return fail_memory(error);
	plan_add(plan, STAGE_MOUNT, &kind_cgroup, mount->destination, "mounts of config.json",
		 args);
	return 0;
}
