/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a root has where nothing is asked for.
 *
 * A root of our own (the host's system directories, or empty) gets private /proc, /sys, /dev, /tmp,
 * /run and /var, an empty home, and the current directory, writable. Another root directory gets
 * /proc, /sys and /dev, as an image expects.
 *
 * The current directory is shown read-only where writing to it would mean the host at large: "/",
 * a home itself, a system directory. One that is shown anyway needs nothing.
 */

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "mount/spec.h"

char *mount_clean_path(struct arena *arena, const char *path, const char *cwd, const char *home)
{
	const char *base = "";
	char *whole, *to;

	if (path[0] == '~' && (path[1] == '/' || !path[1])) {
		base = home;
		path++;
	} else if (path[0] != '/') {
		base = cwd;
	}
	whole = base ? arena_printf(arena, "%s/%s", base, path) : NULL;
	if (!whole)
		return NULL;
	to = whole;
	for (const char *at = whole; *at;) {
		size_t n = strcspn(at + 1, "/") + 1;

		if (n == 3 && strncmp(at, "/..", 3) == 0) {
			while (to > whole && *--to != '/')
				;
		} else if (n > 1 && !(n == 2 && at[1] == '.')) {
			memmove(to, at, n);
			to += n;
		}
		at += n;
	}
	if (to == whole)
		*to++ = '/';
	*to = '\0';
	return whole;
}

bool mount_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)
		return true;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

/* The list as it grows; a failed allocation is kept in the plan. */
struct list {
	struct plan *plan;
	struct spec_mount *entries;
	size_t n;
};

static struct spec_mount *add(struct list *list, enum mount_type type, const char *target,
			      const char *reason)
{
	static struct spec_mount lost;
	struct spec_mount *mount =
		arena_grow(&list->plan->arena, &list->entries, &list->n, sizeof(*mount));

	list->plan->failed |= !mount;
	mount = mount ? mount : &lost;
	*mount = (struct spec_mount){
		.type = type,
		.target = target,
		.reason = reason,
		.source_fd = -EBADF,
		.origin = ORIGIN_PRESET,
	};
	return mount;
}

static void add_link(struct list *list, const char *target, const char *link, const char *reason)
{
	add(list, MOUNT_SYMLINK, target, reason)->source = link;
}

/* Programs and libraries, as against settings and data. */
static bool is_tool_dir(const char *name)
{
	return strcmp(name, "etc") != 0 && strcmp(name, "opt") != 0;
}

static void add_system_dirs(struct list *list, bool tools_only)
{
	const struct facts *facts = list->plan->facts;
	struct arena *arena = &list->plan->arena;

	for (size_t i = 0; i < facts->n_roots; i++) {
		const struct root_entry *root = &facts->roots[i];
		const char *path = arena_printf(arena, "/%s", root->name);
		struct spec_mount *mount;

		if (!path) {
			list->plan->failed = true;
			continue;
		}
		if (tools_only && !is_tool_dir(root->name))
			continue;
		if (root->link) {
			add_link(list, path, root->link, "as on the host");
			continue;
		}
		mount = add(list, MOUNT_BIND, path, "a system directory of the host");
		mount->source = path;
		mount->read_only = true;
		mount->system = true;
	}
}

static bool is_system(const struct facts *facts, const char *path)
{
	static const char *const others[] = { "/boot", "/media", "/mnt", "/srv", "/var" };

	for (size_t i = 0; i < facts->n_roots; i++)
		if (mount_is_below(path + 1, facts->roots[i].name))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(path, others[i]) == 0)
			return true;
	return false;
}

/* Programs find each other and their libraries through these. */
static void add_tools(struct list *list)
{
	static const struct {
		const char *path;
		bool file;
	} others[] = { { "/etc/alternatives", false }, { "/etc/ld.so.cache", true } };

	add_system_dirs(list, true);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct spec_mount *mount = add(list, MOUNT_BIND, others[i].path, "the tool chain");

		mount->source = others[i].path;
		mount->file = others[i].file;
		mount->read_only = true;
		mount->optional = true;
		mount->system = true;
	}
}

/* What a root of our own has for itself, under the host's names. */
static bool is_private(const char *path)
{
	return strcmp(path, "/tmp") == 0 || strcmp(path, "/var/tmp") == 0 ||
	       mount_is_below(path, "/dev") || mount_is_below(path, "/proc") ||
	       mount_is_below(path, "/run") || mount_is_below(path, "/sys");
}

/* "/home/ann", "/root", $HOME: somebody's whole home, and what holds homes. */
bool mount_is_home(const struct facts *facts, const char *path)
{
	const char *below = strncmp(path, "/home/", 6) == 0 ? path + 6 : NULL;

	return strcmp(path, facts->home) == 0 || strcmp(path, "/root") == 0 ||
	       strcmp(path, "/home") == 0 || (below && !strchr(below, '/'));
}

static void add_cwd(struct list *list)
{
	struct plan *plan = list->plan;
	const struct facts *facts = plan->facts;
	const char *cwd = facts->cwd;
	struct spec_mount *mount;

	if (!cwd || strcmp(cwd, "/") == 0) {
		if (cwd)
			plan_note(plan, "the current directory is /, which stays read-only; -v "
					"opens a directory");
		return;
	}
	if (is_private(cwd)) {
		plan_note(plan, "%s is private inside; --rw . shows the host's", cwd);
		return;
	}
	if (is_system(facts, cwd))
		plan_note(plan, "%s is a system directory and stays read-only; --rw . opens it",
			  cwd);
	mount = add(list, MOUNT_BIND, cwd, "the current directory");
	mount->source = cwd;
	mount->cwd = true;
	if (is_system(facts, cwd)) {
		mount->read_only = true;
		mount->system = true;
	} else if (mount_is_home(facts, cwd)) {
		mount->read_only = true;
		plan_note(plan, "%s is a home directory and stays read-only; --rw . opens it", cwd);
	}
}

/* A home of its own, empty, below whatever the caller's is called. */
static void add_home(struct list *list)
{
	const char *home = list->plan->settled.home;
	struct spec_mount *mount;

	if (!home || strcmp(home, "/") == 0 || is_system(list->plan->facts, home))
		return;
	mount = add(list, MOUNT_TMPFS, home, "an empty home");
	mount->mode = 0700;
	mount->own = true;
}

static void add_kernel_fs(struct list *list)
{
	unsigned new = list->plan->settled.ns_new;

	add(list, MOUNT_PROC, "/proc",
	    new &NS_BIT(NS_PID) ? "a PID namespace needs its own procfs" : "programs look there");
	if (list->plan->spec->mounts.root.mode != ROOT_EMPTY || list->plan->spec->nestable)
		add(list, MOUNT_SYSFS, "/sys", "programs look there");
	add(list, MOUNT_DEV, "/dev", "the usual devices and no others");
	if (list->plan->spec->nestable && new & NS_BIT(NS_CGROUP))
		add(list, MOUNT_CGROUP, "/sys/fs/cgroup", "containers inside need cgroups");
}

static void add_own_root(struct list *list)
{
	struct spec_mount *mount;

	if (list->plan->spec->mounts.root.mode == ROOT_HOST)
		add_system_dirs(list, false);
	else if (list->plan->spec->mounts.toolchain)
		add_tools(list);
	add_kernel_fs(list);
	mount = add(list, MOUNT_TMPFS, "/tmp", "private");
	mount->mode = 01777;
	mount = add(list, MOUNT_TMPFS, "/run", "private");
	mount->own = true;
	add_link(list, "/var/tmp", "/tmp", "programs look there");
	add_link(list, "/var/run", "/run", "programs look there");
	add_home(list);
	if (list->plan->spec->mounts.root.mode == ROOT_HOST && !list->plan->spec->mounts.no_cwd)
		add_cwd(list);
}

int mount_add_defaults(struct plan *plan, struct spec_mount **ret, size_t *n,
		       struct inro_error *error)
{
	struct list list = { .plan = plan, .entries = *ret, .n = *n };
	enum root_mode mode = plan->spec->mounts.root.mode;

	if (mode == ROOT_HOST || mode == ROOT_EMPTY)
		add_own_root(&list);
	else if (mode == ROOT_DIR)
		add_kernel_fs(&list);
	if (plan->failed)
		return fail_memory(error);
	*ret = list.entries;
	*n = list.n;
	return 0;
}

const char *mount_default_workdir(struct plan *plan)
{
	const struct spec_mounts *mounts = &plan->spec->mounts;
	const char *cwd = plan->facts->cwd;

	if (!plan->settled.own_root)
		return cwd ? cwd : "/";
	if (mounts->root.mode == ROOT_HOST && !plan->spec->bare && !mounts->no_cwd && cwd &&
	    !is_private(cwd))
		return cwd;
	/* What the user mounted at the same place counts as well. */
	for (size_t i = 0; cwd && i < mounts->n_list; i++) {
		const struct spec_mount *mount = &mounts->list[i];
		const char *target = mount->type == MOUNT_BIND
					     ? mount_clean_path(&plan->arena, mount->target, cwd,
								plan->facts->home)
					     : NULL;

		if (target && mount_is_below(cwd, target))
			return cwd;
	}
	return plan->settled.home && !plan->spec->bare && mounts->root.mode != ROOT_DIR
		       ? plan->settled.home
		       : "/";
}
