/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where the cgroups of a container are.
 *
 * Nearly every host mounts cgroups at /sys/fs/cgroup. If that is v2, nothing else is of use, and mountinfo
 * need not be read, which a host with a thousand containers makes long.
 */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macros.h"
#include "cgroup/detect.h"
#include "cgroup/dir.h"
#include "kernel/constants.h"
#include "kernel/syscalls.h"
#include "oci/cgroup.h"

#define CGROUP_MOUNT "/sys/fs/cgroup"

static const struct {
	const char *v1, *v2;
} names[] = {
	[OCI_CPU] = { "cpu", "cpu" },
	[OCI_CPUACCT] = { "cpuacct", NULL },
	[OCI_CPUSET] = { "cpuset", "cpuset" },
	[OCI_MEMORY] = { "memory", "memory" },
	[OCI_DEVICES] = { "devices", NULL },
	[OCI_FREEZER] = { "freezer", NULL },
	[OCI_IO] = { "blkio", "io" },
	[OCI_PIDS] = { "pids", "pids" },
	[OCI_HUGETLB] = { "hugetlb", "hugetlb" },
	[OCI_RDMA] = { "rdma", "rdma" },
	[OCI_NET_CLS] = { "net_cls", NULL },
	[OCI_NET_PRIO] = { "net_prio", NULL },
};
static_assert(ARRAY_SIZE(names) == OCI_CONTROLLERS, "a controller without a name");

const char *oci_controller_name(enum oci_controller controller, bool v2)
{
	return v2 ? names[controller].v2 : names[controller].v1;
}

unsigned oci_controllers_parse(const char *list, bool v2)
{
	static const char separators[] = " ,\n";
	unsigned mask = 0;

	for (const char *at = list ? list : ""; *at;) {
		size_t n = strcspn(at, separators);

		for (enum oci_controller i = 0; i < OCI_CONTROLLERS; i++) {
			const char *name = oci_controller_name(i, v2);

			if (name && strlen(name) == n && memcmp(name, at, n) == 0)
				mask |= 1U << i;
		}
		at += n + strspn(at + n, separators);
	}
	return mask;
}

/*
 * The caller's v2 group as the mount shows it. Where the mount's top is that group itself, as a container
 * may see it, there is no such directory below it.
 */
static const char *own_group(struct arena *arena)
{
	char text[4096], path[4200];
	const char *at = text;

	if (fd_read_file_at(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) < 0)
		return "/";
	while (at && strncmp(at, "0::", 3) != 0) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return "/";
	at += 3;
	text[at - text + (ptrdiff_t)strcspn(at, "\n")] = '\0';
	snprintf(path, sizeof(path), CGROUP_MOUNT "%s", at);
	if (strncmp(at, "/..", 3) == 0 || faccessat(AT_FDCWD, path, F_OK, 0) < 0)
		return "/";
	return arena_strdup(arena, at);
}

int oci_cgroup_look(const char *path, struct cgroup_facts *facts, struct arena *arena)
{
	struct statfs fs;

	if (statfs(CGROUP_MOUNT, &fs) < 0 || (uint64_t)fs.f_type != CGROUP2_SUPER_MAGIC) {
		facts->all_v1 = true;
		return cgroup_facts_read(facts, arena);
	}
	facts->layout = CGROUP_V2;
	facts->mount = CGROUP_MOUNT;
	facts->own_path = path && *path == '/' ? "/" : own_group(arena);
	return facts->own_path ? 0 : -ENOMEM;
}

/* Add the components of a path: "." and empty ones go, ".." takes one away and never more. */
static void add_clean(char *text, size_t *used, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && memcmp(path, "..", 2) == 0) {
			while (*used > 0 && text[--*used] != '/')
				;
		} else if (n > 0 && !(n == 1 && *path == '.')) {
			text[(*used)++] = '/';
			memcpy(text + *used, path, n);
			*used += n;
		}
		path += n + (path[n] == '/');
	}
	text[*used] = '\0';
}

const char *oci_cgroup_inner(const char *path, const char *id, const char *own, bool v2,
			     struct arena *arena)
{
	size_t used = 0, start;
	char *text;

	if (!path || !*path)
		path = id;
	text = arena_alloc(arena, strlen(path) + (own ? strlen(own) : 0) + 3);
	if (!text)
		return NULL;
	if (*path != '/' && own) {
		add_clean(text, &used, own);
		if (v2)
			add_clean(text, &used, "..");
	}
	/* What a relative path says stays below: ".." in it does not leave the caller's group. */
	start = used;
	add_clean(text + start, &(size_t){ 0 }, path);
	if (!*text)
		strcpy(text, "/");
	return text;
}

const char *oci_cgroup_join(const char *mount, const char *inner, struct arena *arena)
{
	return arena_printf(arena, "%s%s", mount, strcmp(inner, "/") == 0 ? "" : inner);
}

bool oci_cgroup_may_make(const char *mount, bool v2, const char *inner)
{
	cleanup_close int dir_fd = cgroup_open_mount(mount, v2);
	cleanup_arena struct arena arena = { 0 };
	char *rest = arena_strdup(&arena, inner);
	bool whole = true;

	for (char *name = rest ? strtok(rest, "/") : NULL; name && dir_fd >= 0;
	     name = strtok(NULL, "/")) {
		int below = cgroup_open_below(dir_fd, name);

		if (below < 0) {
			whole = false;
			break;
		}
		fd_close(dir_fd);
		dir_fd = below;
	}
	if (dir_fd < 0 || faccessat(dir_fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return false;
	return !whole || faccessat(dir_fd, "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

static int open_place(const char *path, bool v2)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	cleanup_close int fd = sys_openat2(AT_FDCWD, path, &how);
	struct statfs fs;

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if ((uint64_t)fs.f_type != (v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC))
		return -ENODEV;
	return take_fd(&fd);
}

int oci_cgroup_open(const struct oci_cgroup_place *place, struct oci_cgroup_dirs *ret)
{
	*ret = (struct oci_cgroup_dirs){ .v2 = -EBADF };
	if (place->v2)
		ret->v2 = open_place(place->v2, true);
	for (size_t i = 0; i < place->v1.n && i < OCI_HIERARCHIES; i++) {
		int fd = open_place(place->v1.list[i], false);

		if (fd < 0)
			continue;
		ret->v1[ret->n_v1].fd = fd;
		ret->v1[ret->n_v1++].controllers =
			i < place->v1_controllers.n
				? oci_controllers_parse(place->v1_controllers.list[i], false)
				: 0;
	}
	return ret->v2 < 0 && ret->n_v1 == 0 ? -ENOENT : 0;
}

void oci_cgroup_close(struct oci_cgroup_dirs *dirs)
{
	dirs->v2 = fd_close(dirs->v2);
	for (size_t i = 0; i < dirs->n_v1; i++)
		fd_close(dirs->v1[i].fd);
	dirs->n_v1 = 0;
}

int oci_cgroup_dir(const struct oci_cgroup_dirs *dirs, enum oci_controller controller)
{
	for (size_t i = 0; i < dirs->n_v1; i++)
		if (dirs->v1[i].controllers & 1U << controller)
			return dirs->v1[i].fd;
	return dirs->v2;
}

static int v1_dir(const struct oci_cgroup_dirs *dirs, enum oci_controller controller)
{
	int fd = oci_cgroup_dir(dirs, controller);

	return fd == dirs->v2 ? -EBADF : fd;
}

int oci_cgroup_any(const struct oci_cgroup_dirs *dirs)
{
	int freezer = v1_dir(dirs, OCI_FREEZER);

	if (dirs->v2 >= 0)
		return dirs->v2;
	if (freezer >= 0)
		return freezer;
	return dirs->n_v1 > 0 ? dirs->v1[0].fd : -EBADF;
}

void oci_cgroup_group(const struct oci_cgroup_dirs *dirs, struct cgroup_group *ret)
{
	cgroup_group_init(ret);
	ret->v2 = dirs->v2;
	ret->v1[CGROUP_MEMORY] = v1_dir(dirs, OCI_MEMORY);
	ret->v1[CGROUP_CPU] = v1_dir(dirs, OCI_CPU);
	ret->v1[CGROUP_CPUACCT] = v1_dir(dirs, OCI_CPUACCT);
	ret->v1[CGROUP_PIDS] = v1_dir(dirs, OCI_PIDS);
	ret->v1[CGROUP_FREEZER] = v1_dir(dirs, OCI_FREEZER);
}
