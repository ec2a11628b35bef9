/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where other engines keep what runs. A runtime has a directory of states with one for each
 * container, named by its id; containerd and Docker give their runtime one such for each of their
 * namespaces. Where these are, is custom, and known; names that people use are kept elsewhere by the
 * engine, and are looked up by the id.
 *
 * A host without any of them costs an open(2) for each place, and nothing else is read.
 */

#include "state/engines.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "state/engine_state.h"

#define DOCKER_DIR "/var/lib/docker/containers"
#define PODMAN_FILE "/overlay-containers/containers.json"

struct search {
	const struct engines *engines;
	struct arena *arena;
	struct engine_container *list;
	size_t n;
	int (*read)(int dir_fd, struct arena *arena, struct engine_container *ret);
	const char *engine; /* who gave the runtime its directory; NULL */
	bool failed;
};

/* One that is set to nothing counts as not set. */
static const char *variable(const struct engines *engines, const char *name)
{
	const char *value = env_value(engines->env, name);

	return value && *value ? value : NULL;
}

/* Without a start time, its cgroup must tell whose it is: /…/ID, or …-ID.scope of systemd's. */
static bool cgroup_has(int pid_fd, const char *id)
{
	size_t length = strlen(id);
	char text[8192];

	if (procfs_read_start_at(pid_fd, "cgroup", text, sizeof(text)) < 0)
		return false;
	for (const char *at = strstr(text, id); at; at = strstr(at + 1, id))
		if (at > text && strchr("/-:", at[-1]) && strchr("/.\n", at[length]))
			return true;
	return false;
}

static bool is_believed(const struct search *search, const struct engine_container *container)
{
	cleanup_close int pid_fd = procfs_open_pid(search->engines->proc_fd, container->pid);
	struct procfs_stat stat;

	if (pid_fd < 0 || procfs_read_stat(pid_fd, &stat) < 0 || stat.state == 'Z' || stat.state == 'X')
		return false;
	return container->start_ticks ? stat.start_ticks == container->start_ticks : cgroup_has(pid_fd, container->id);
}

static bool is_known(const struct search *search, const char *id)
{
	for (size_t i = 0; i < search->n; i++)
		if (strcmp(search->list[i].id, id) == 0)
			return true;
	return false;
}

/* Names that stand in the container's own config.json: crun's copy beside its state, or the bundle's. */
static void name_by_config(struct search *search, int dir_fd, struct engine_container *container)
{
	cleanup_close int bundle_fd = -EBADF;

	engine_name_by_config(dir_fd, search->arena, container);
	if (container->name || !container->bundle)
		return;
	bundle_fd = open(container->bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bundle_fd >= 0)
		engine_name_by_config(bundle_fd, search->arena, container);
}

static void look_at(struct search *search, int root_fd, const char *id)
{
	cleanup_close int dir_fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct engine_container container = { .id = id }, *added;

	if (dir_fd < 0 || is_known(search, id) || search->read(dir_fd, search->arena, &container) < 0 ||
	    !is_believed(search, &container))
		return;
	container.id = arena_strdup(search->arena, id);
	if (!container.name && strcmp(container.engine, "runc") != 0)
		name_by_config(search, dir_fd, &container);
	if (!container.name && search->engine)
		container.engine = search->engine;
	added = container.id ? arena_grow(search->arena, &search->list, &search->n, sizeof(*added)) : NULL;
	if (added)
		*added = container;
	else
		search->failed = true;
}

typedef void (*visit)(struct search *search, int dir_fd, const char *name);

static void each_entry(struct search *search, int dir_fd, visit visit_entry)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		fd_close(fd);
		return;
	}
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (entry->d_name[0] != '.' && (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
			visit_entry(search, dir_fd, entry->d_name);
	closedir(dir);
}

/* A directory of states of one of the engine's namespaces. */
static void look_below(struct search *search, int root_fd, const char *name)
{
	cleanup_close int fd = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		each_entry(search, fd, look_at);
}

static void look_in(struct search *search, const char *base, const char *path, visit visit_entry)
{
	cleanup_close int fd = -EBADF;
	char full[PATH_MAX];

	if (snprintf(full, sizeof(full), "%s%s", base, path) >= (int)sizeof(full))
		return;
	fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		each_entry(search, fd, visit_entry);
}

/*
 * Root has what lies in the system's directories, others what lies in their own. Root of a user
 * namespace may be either: of a container that has those directories for itself, or an ordinary user's.
 */
static bool has_own_dirs(const struct engines *engines)
{
	return engines->uid != 0 || engines->in_userns;
}

static void look_everywhere(struct search *search)
{
	static const char *const runtimes[] = { "/inro-oci", "/crun", "/runc" };
	const struct engines *engines = search->engines;
	const char *own = variable(engines, "INRO_OCI_ROOT"), *runtime = variable(engines, "XDG_RUNTIME_DIR");
	const char *base = engines->base;
	char run[PATH_MAX];

	search->read = engine_read_state;
	if (own)
		look_in(search, own, "", look_at);
	snprintf(run, sizeof(run), "%s/run", base);
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		if (runtime && has_own_dirs(engines))
			look_in(search, runtime, runtimes[i], look_at);
		if (engines->uid == 0)
			look_in(search, run, runtimes[i], look_at);
	}
	if (engines->uid != 0)
		return;
	search->engine = "docker";
	look_in(search, base, "/run/docker/runtime-runc", look_below);
	search->engine = "containerd";
	look_in(search, base, "/run/containerd/runc", look_below);
	search->read = engine_read_bundle;
	look_in(search, base, "/run/containerd/io.containerd.runtime.v2.task", look_below);
}

static void name_all(struct search *search)
{
	const struct engines *engines = search->engines;
	const char *data = variable(engines, "XDG_DATA_HOME"), *home = variable(engines, "HOME");
	char path[PATH_MAX] = "";
	bool any = false;

	for (size_t i = 0; i < search->n; i++)
		any |= !search->list[i].name;
	if (!any)
		return;
	if ((data || home) && has_own_dirs(engines)) {
		snprintf(path, sizeof(path), "%s%s/containers/storage" PODMAN_FILE, data ? data : home,
			 data ? "" : "/.local/share");
		engine_name_by_podman(path, search->arena, search->list, search->n);
	}
	if (engines->uid == 0) {
		snprintf(path, sizeof(path), "%s/var/lib/containers/storage" PODMAN_FILE, engines->base);
		engine_name_by_podman(path, search->arena, search->list, search->n);
	}
	snprintf(path, sizeof(path), "%s" DOCKER_DIR, engines->base);
	for (size_t i = 0; i < search->n; i++) {
		struct engine_container *container = &search->list[i];

		if (!container->name && strcmp(container->engine, "docker") == 0)
			engine_name_by_docker(path, search->arena, container);
		if (!container->name)
			container->name = container->id;
	}
}

int engines_load(const struct engines *engines, struct arena *arena, struct engine_container **ret, size_t *ret_n)
{
	struct search search = { .engines = engines, .arena = arena };

	look_everywhere(&search);
	name_all(&search);
	if (search.failed)
		return -ENOMEM;
	*ret = search.list;
	*ret_n = search.n;
	return 0;
}

/* A beginning of an id that is long enough not to be a word. */
static bool begins(const char *id, const char *name)
{
	size_t length = strlen(name);

	return length >= 6 && name[strspn(name, "0123456789abcdef")] == '\0' && strncmp(id, name, length) == 0;
}

const struct engine_container *engines_find(const struct engine_container *list, size_t n, const char *name,
					    bool *ret_several)
{
	const struct engine_container *found = NULL;
	size_t several = 0;

	*ret_several = false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0 || strcmp(list[i].id, name) == 0)
			return &list[i];
	for (size_t i = 0; i < n; i++) {
		if (!(list[i].nickname && strcmp(list[i].nickname, name) == 0) && !begins(list[i].id, name))
			continue;
		found = &list[i];
		several++;
	}
	*ret_several = several > 1;
	return several == 1 ? found : NULL;
}
