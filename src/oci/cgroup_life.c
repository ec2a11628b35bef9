/* SPDX-License-Identifier: Apache-2.0 */

/* What is done with the cgroups of a container that is there: ask, stop, signal, end, remove. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macros.h"
#include "cgroup/dir.h"
#include "cgroup/v1.h"
#include "cgroup/v2.h"
#include "kernel/syscalls.h"
#include "inro/error.h"
#include "oci/cgroup.h"
#include "oci/cgroup_systemd.h"

enum {
	FREEZE_WAIT_MS = 10000,
	END_WAIT_MS = 30000,
	REMOVE_TRIES = 200,
	REMOVE_WAIT_MS = 5,
	DEPTH = 32,
};

/* ---- processes ---- */

struct pids {
	pid_t *list;
	size_t n;
	int depth;
};

static int add_pids(int dir_fd, struct pids *pids);

static int add_pids_below(int parent_fd, const char *name, void *data)
{
	cleanup_close int fd = cgroup_open_below(parent_fd, name);

	return fd < 0 ? 0 : add_pids(fd, data);
}

static int add_pids(int dir_fd, struct pids *pids)
{
	cleanup_free pid_t *more = NULL;
	size_t n = 0;
	pid_t *list;
	int r = cgroup_read_pids(dir_fd, &more, &n);

	/* A threaded group does not tell; one that was removed has none. */
	if (r < 0 && r != -EOPNOTSUPP && r != -ENODEV && r != -ENOENT)
		return r;
	list = realloc(pids->list, (pids->n + n + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	if (n > 0)
		memcpy(list + pids->n, more, n * sizeof(*list));
	pids->list = list;
	pids->n += n;
	if (++pids->depth < DEPTH)
		r = cgroup_each_below(dir_fd, add_pids_below, pids);
	pids->depth--;
	return r == -ENOMEM ? r : 0;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static int read_pids(int dir_fd, pid_t **ret, size_t *ret_n)
{
	struct pids pids = { 0 };
	int r = add_pids(dir_fd, &pids);

	if (r < 0) {
		free(pids.list);
		return r;
	}
	qsort(pids.list, pids.n, sizeof(*pids.list), compare_pids);
	*ret = pids.list;
	*ret_n = pids.n;
	return 0;
}

int oci_cgroup_pids(const struct oci_cgroup_place *place, pid_t **ret, size_t *ret_n)
{
	cleanup_cgroup_dirs struct oci_cgroup_dirs dirs;
	int r = oci_cgroup_open(place, &dirs);

	return r < 0 ? r : read_pids(oci_cgroup_any(&dirs), ret, ret_n);
}

/* ---- freezing ---- */

static int freeze(const struct oci_cgroup_dirs *dirs, bool frozen)
{
	struct cgroup_group group;
	int r;

	oci_cgroup_group(dirs, &group);
	r = cgroup_group_freeze(&group, frozen, FREEZE_WAIT_MS);
	if (r == -ETIME && frozen)
		cgroup_group_freeze(&group, false, 0);
	return r == -ENOENT ? -ENOTSUP : r;
}

int oci_cgroup_freeze(const struct oci_cgroup_place *place, bool frozen)
{
	cleanup_cgroup_dirs struct oci_cgroup_dirs dirs;
	int r = oci_cgroup_open(place, &dirs);

	return r < 0 ? r : freeze(&dirs, frozen);
}

/* v2 tells by what was asked for: cgroup.events may say "not yet" while a process is being traced. */
static bool is_frozen(const struct oci_cgroup_dirs *dirs)
{
	int v1 = oci_cgroup_dir(dirs, OCI_FREEZER);
	uint64_t frozen = 0;
	char text[32];

	if (dirs->v2 >= 0 && cgroup_read_u64(dirs->v2, "cgroup.freeze", &frozen) == 0 && frozen)
		return true;
	return v1 >= 0 && v1 != dirs->v2 &&
	       cgroup_read(v1, "freezer.state", text, sizeof(text)) > 0 &&
	       strncmp(text, "THAWED", 6) != 0;
}

bool oci_cgroup_frozen(const struct oci_cgroup_place *place)
{
	cleanup_cgroup_dirs struct oci_cgroup_dirs dirs;

	return oci_cgroup_open(place, &dirs) == 0 && is_frozen(&dirs);
}

/* ---- signals ---- */

/* While nothing runs in it, no process can escape by forking, and no number can be given away. */
static int signal_all(const struct oci_cgroup_dirs *dirs, int number)
{
	cleanup_free pid_t *pids = NULL;
	bool was_frozen = is_frozen(dirs);
	size_t n = 0;
	int r, frozen = was_frozen ? 0 : freeze(dirs, true);

	r = read_pids(oci_cgroup_any(dirs), &pids, &n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		cleanup_close int pidfd = pids[i] > 0 ? sys_pidfd_open(pids[i], 0) : -ESRCH;
		int sent = pidfd < 0 ? pidfd : sys_pidfd_send_signal(pidfd, number, NULL, 0);

		if (sent < 0 && sent != -ESRCH && sent != -EINVAL)
			r = sent;
	}
	if (!was_frozen && frozen == 0)
		freeze(dirs, false);
	return r;
}

/*
 * What a freezer of v1 holds does not end, not even by SIGKILL, before it is let go. A container that may
 * write to its groups can have frozen itself, also beside v2: so this comes once the signal has been sent.
 */
static int kill_all(const struct oci_cgroup_dirs *dirs)
{
	int freezer = oci_cgroup_dir(dirs, OCI_FREEZER);
	int r = dirs->v2 >= 0 ? cgroup2_kill(dirs->v2) : signal_all(dirs, SIGKILL);

	if (freezer >= 0 && freezer != dirs->v2)
		cgroup1_thaw_all(freezer);
	return r;
}

int oci_cgroup_kill(const struct oci_cgroup_place *place, int number)
{
	cleanup_cgroup_dirs struct oci_cgroup_dirs dirs;
	int r = oci_cgroup_open(place, &dirs);

	if (r < 0)
		return r;
	return number == SIGKILL ? kill_all(&dirs) : signal_all(&dirs, number);
}

/* ---- the end ---- */

static int open_parent(const char *path, char *name, size_t size)
{
	const char *slash = strrchr(path, '/');
	char dir[4096];
	int fd;

	if (!slash || !slash[1] || (size_t)(slash - path) >= sizeof(dir) ||
	    strlen(slash + 1) >= size)
		return -EINVAL;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = '\0';
	strcpy(name, slash + 1);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int remove_path(const char *path)
{
	char name[256];
	cleanup_close int parent = open_parent(path, name, sizeof(name));
	int r = parent < 0 ? parent : -EBUSY;

	/* v1 does not tell when the last process has quite gone. */
	for (int i = 0; r == -EBUSY && i < REMOVE_TRIES; i++) {
		if (i > 0)
			poll(NULL, 0, REMOVE_WAIT_MS);
		r = cgroup_remove(parent, name);
	}
	return r == -ENOENT ? 0 : r;
}

static int remove_groups(const struct oci_cgroup_place *place)
{
	cleanup_cgroup_dirs struct oci_cgroup_dirs dirs;
	struct cgroup_group group;
	int r = oci_cgroup_open(place, &dirs);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (dirs.n_v1 > 0)
		kill_all(&dirs);
	oci_cgroup_group(&dirs, &group);
	r = cgroup_group_end(&group, END_WAIT_MS);
	if (r == -ENOENT)
		r = cgroup1_end(oci_cgroup_any(&dirs), END_WAIT_MS);
	if (place->v2 && place->v2_made) {
		int second = remove_path(place->v2);

		r = r < 0 ? r : second;
	}
	for (size_t i = 0; place->v1_made && i < place->v1.n; i++) {
		int second = remove_path(place->v1.list[i]);

		r = r < 0 ? r : second;
	}
	return r;
}

int oci_cgroup_remove(const struct oci_cgroup_place *place)
{
	struct inro_error unseen = { 0 };
	int r = remove_groups(place);

	/* systemd removes the group of a scope, too, when it notices that it is empty; and forgets it. */
	if (place->manager == OCI_CGROUP_SYSTEMD && place->scope) {
		int second = oci_systemd_stop(place->scope, &unseen);

		r = r < 0 ? r : second;
	}
	return r;
}

/* Nothing was made below it; what is in use is somebody else's, or will be free in a moment. */
static void remove_unused(const char *path, int *tries)
{
	char name[256];
	cleanup_close int parent = open_parent(path, name, sizeof(name));

	while (parent >= 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno == EBUSY && --*tries > 0)
		poll(NULL, 0, REMOVE_WAIT_MS);
}

int oci_cgroup_remove_left(const struct oci_cgroup_place *place)
{
	int tries = REMOVE_TRIES;

	/* systemd forgets a scope by itself once no process is in it. */
	if (place->manager == OCI_CGROUP_SYSTEMD)
		return 0;
	if (place->v2 && place->v2_made)
		remove_unused(place->v2, &tries);
	for (size_t i = 0; place->v1_made && i < place->v1.n; i++)
		remove_unused(place->v1.list[i], &tries);
	return 0;
}

bool oci_cgroup_was_oom(const struct oci_cgroup_place *place, uint64_t *ret_limit)
{
	cleanup_cgroup_dirs struct oci_cgroup_dirs dirs;
	uint64_t kills = 0, limit;
	bool v2;
	int fd;

	if (oci_cgroup_open(place, &dirs) < 0)
		return false;
	fd = oci_cgroup_dir(&dirs, OCI_MEMORY);
	v2 = fd == dirs.v2;
	if (fd < 0)
		return false;
	/* v1 has no word for "none", only its largest number. */
	if (cgroup_read_u64(fd, v2 ? "memory.max" : "memory.limit_in_bytes", &limit) == 0 &&
	    limit < INT64_MAX / 2)
		*ret_limit = limit;
	cgroup_read_key(fd, v2 ? "memory.events" : "memory.oom_control", "oom_kill", &kills);
	return kills > 0;
}
