/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Groups as directories.
 *
 * Which groups are in use? The one who makes a group holds flock(2) on its directory for as long as
 * it is in use; the kernel gives the lock back when the last copy of the descriptor is closed,
 * however the holder died. So a group with a name of ours whose lock is free is stale, and this
 * holds across PID namespaces, where the PID in the name would say nothing. The PID is there for
 * people, and to make the sweep cheap: where it is dead the lock is looked at; of the groups whose
 * PID lives only a few are, in case the number was given to somebody else.
 *
 * Between mkdir and flock a new group looks stale. A sweeper may then lock and remove it; so the
 * maker, once it has the lock, looks whether the group is still there, and begins again if not.
 *
 * A container that may make groups below its own can leave any tree behind, as deep as it likes.
 * Removing walks from the top to a leaf and back up as far as its descriptors reach, again and again: it
 * takes no more of them at any depth, and walks down once for each LEVELS of it.
 */

#include "cgroup/dir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macros.h"
#include "base/parse.h"
#include "cgroup/v1.h"
#include "cgroup/v2.h"
#include "kernel/constants.h"
#include "kernel/syscalls.h"

enum {
	LIVE_LOOKS = 16,      /* groups of living PIDs whose locks one sweep looks at */
	SWEEP_WAIT_MS = 2000, /* for what was killed in a stale group */
	LOCK_TRIES = 100,
	PIDS_MAX = 16 << 20,  /* bytes of cgroup.procs */
	LEVELS = 64,          /* of a tree that is removed, open at a time */
};

static int open_beneath(int dir_fd, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return sys_openat2(dir_fd, path, &how);
}

int cgroup_open_mount(const char *mount, bool v2)
{
	cleanup_close int fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if ((uint64_t)fs.f_type != (v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC))
		return -ENODEV;
	return take_fd(&fd);
}

int cgroup_open_below(int dir_fd, const char *path)
{
	path += strspn(path, "/");
	return open_beneath(dir_fd, *path ? path : ".", O_RDONLY | O_DIRECTORY);
}

int cgroup_open_file(int dir_fd, const char *file, int flags)
{
	return open_beneath(dir_fd, file, flags);
}

int cgroup_write(int dir_fd, const char *file, const char *text)
{
	cleanup_close int fd = open_beneath(dir_fd, file, O_WRONLY);

	return fd < 0 ? fd : fd_write_all(fd, text, strlen(text));
}

ssize_t cgroup_read(int dir_fd, const char *file, char *buffer, size_t size)
{
	cleanup_close int fd = open_beneath(dir_fd, file, O_RDONLY);

	return fd < 0 ? fd : fd_read_all(fd, buffer, size);
}

int cgroup_read_u64(int dir_fd, const char *file, uint64_t *ret)
{
	char text[64];
	ssize_t n = cgroup_read(dir_fd, file, text, sizeof(text));

	if (n < 0)
		return (int)n;
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "max") != 0)
		return parse_u64(text, ret);
	*ret = UINT64_MAX;
	return 0;
}

int cgroup_find_key(const char *text, const char *key, uint64_t *ret)
{
	size_t n = strlen(key);

	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');
		char number[24];

		if (strncmp(line, key, n) == 0 && line[n] == ' ') {
			snprintf(number, sizeof(number), "%.*s", (int)(end - line - (ptrdiff_t)n - 1),
				 line + n + 1);
			return parse_u64(number, ret);
		}
		line = *end ? end + 1 : end;
	}
	return -ENOENT;
}

int cgroup_read_key(int dir_fd, const char *file, const char *key, uint64_t *ret)
{
	char text[4096];
	ssize_t n = cgroup_read(dir_fd, file, text, sizeof(text));

	return n < 0 ? (int)n : cgroup_find_key(text, key, ret);
}

int cgroup_read_pids(int dir_fd, pid_t **ret, size_t *ret_n)
{
	cleanup_close int fd = open_beneath(dir_fd, "cgroup.procs", O_RDONLY);
	cleanup_free char *text = NULL;
	size_t size, n = 0;
	pid_t *pids;
	int r;

	if (fd < 0)
		return fd;
	r = fd_read_to_heap(fd, PIDS_MAX, &text, &size);
	if (r < 0)
		return r;
	for (const char *at = text; *at; at++)
		n += *at == '\n';
	pids = calloc(n + 1, sizeof(*pids));
	if (!pids)
		return -ENOMEM;
	n = 0;
	for (char *at = text; *at; at += *at == '\n')
		pids[n++] = (pid_t)strtol(at, &at, 10);
	*ret = pids;
	*ret_n = n;
	return 0;
}

int cgroup_has_processes(int dir_fd)
{
	cleanup_free pid_t *pids = NULL;
	size_t n;
	int r = cgroup_read_pids(dir_fd, &pids, &n);

	return r < 0 ? r : n > 0;
}

/* Is the open directory still the one that the name leads to? */
static bool still_there(int parent_fd, const char *name, int fd)
{
	struct stat by_name, by_fd;

	return fstatat(parent_fd, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &by_fd) == 0 &&
	       by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

/* Not a blocking flock: whoever may read the directory could hold the lock for ever. */
static int lock(int fd)
{
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (i == LOCK_TRIES)
			return -EBUSY;
		poll(NULL, 0, 1);
	}
	return 0;
}

int cgroup_make(int parent_fd, const char *name)
{
	for (int i = 0; i < 3; i++) {
		cleanup_close int fd = -EBADF;
		int r;

		if (mkdirat(parent_fd, name, 0755) < 0)
			return -errno;
		fd = open_beneath(parent_fd, name, O_RDONLY | O_DIRECTORY);
		if (fd == -ENOENT)
			continue;
		r = fd < 0 ? fd : lock(fd);
		if (r < 0) {
			unlinkat(parent_fd, name, AT_REMOVEDIR);
			return r;
		}
		if (still_there(parent_fd, name, fd))
			return take_fd(&fd);
	}
	return -EBUSY;
}

int cgroup_each_below(int dir_fd, cgroup_callback callback, void *data)
{
	int fd = open_beneath(dir_fd, ".", O_RDONLY | O_DIRECTORY);
	const struct dirent *entry;
	DIR *dir;
	int r = 0;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		fd_close(fd);
		return -ENOMEM;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			r = callback(dir_fd, entry->d_name, data);
	closedir(dir);
	return r;
}

static int take_name(int parent_fd, const char *name, void *data)
{
	(void)parent_fd;
	snprintf(data, NAME_MAX + 1, "%s", name);
	return 1;
}

/* A directory on the way to a leaf: its name, and that above it, open. */
struct level {
	int above;
	char name[NAME_MAX + 1];
};

/* Walk down from the first level to a leaf, along the first group in each. How deep that is. */
static int find_leaf(struct level levels[static LEVELS])
{
	for (int depth = 0;; depth++) {
		struct level *at = &levels[depth % LEVELS], *next = &levels[(depth + 1) % LEVELS];
		int fd = open_beneath(at->above, at->name, O_RDONLY | O_DIRECTORY);
		char name[NAME_MAX + 1];
		int r = fd < 0 ? fd : cgroup_each_below(fd, take_name, name);

		if (r <= 0) {
			fd_close(fd);
			return r < 0 ? r : depth;
		}
		fd_close(next->above);
		next->above = fd;
		memcpy(next->name, name, sizeof(name));
	}
}

/* Remove a leaf of the tree at TOP, and of those above it, as far as they are open, what is empty then. */
static int remove_branch(int parent_fd, const char *top)
{
	struct level levels[LEVELS];
	int depth, r, removed = 0;

	for (int i = 0; i < LEVELS; i++)
		levels[i].above = -EBADF;
	levels[0].above = open_beneath(parent_fd, ".", O_RDONLY | O_DIRECTORY);
	snprintf(levels[0].name, sizeof(levels[0].name), "%s", top);
	r = depth = levels[0].above < 0 ? levels[0].above : find_leaf(levels);
	while (r >= 0 && depth >= 0 && removed < LEVELS) {
		const struct level *at = &levels[depth % LEVELS];

		r = unlinkat(at->above, at->name, AT_REMOVEDIR) < 0 ? -errno : 0;
		depth -= r == 0;
		removed += r == 0;
	}
	for (int i = 0; i < LEVELS; i++)
		fd_close(levels[i].above);
	/* What has more below is looked at again. 1 when it was TOP itself. */
	return r < 0 && !removed ? r : depth < 0;
}

int cgroup_remove(int parent_fd, const char *name)
{
	int r;

	/* Nearly always there is nothing below. */
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	do
		r = remove_branch(parent_fd, name);
	while (r == 0);
	return r < 0 ? r : 0;
}

void cgroup_make_name(pid_t pid, uint32_t number, const char *container, char name[static CGROUP_NAME_SIZE])
{
	int n = snprintf(name, CGROUP_NAME_SIZE, "inro-%d-%08x", pid, number);

	if (!container || !*container)
		return;
	snprintf(name + n, CGROUP_NAME_SIZE - (size_t)n, "-%s", container);
	for (char *at = name + n; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '.' && *at != '-' && *at != '_')
			*at = '_';
}

bool cgroup_name_is_ours(const char *name, pid_t *ret_pid)
{
	char number[12];
	size_t n, hex;
	int pid;

	if (strncmp(name, "inro-", 5) != 0)
		return false;
	name += 5;
	n = strspn(name, "0123456789");
	if (n == 0 || n >= sizeof(number) || name[n] != '-')
		return false;
	snprintf(number, sizeof(number), "%.*s", (int)n, name);
	name += n + 1;
	hex = strspn(name, "0123456789abcdef");
	if (hex != 8 || (name[8] != '\0' && name[8] != '-') || parse_pid(number, &pid) < 0)
		return false;
	if (ret_pid)
		*ret_pid = pid;
	return true;
}

struct sweep {
	bool v2;
	int live_looks, removed;
};

static int sweep_one(int parent_fd, const char *name, void *data)
{
	struct sweep *sweep = data;
	cleanup_close int fd = -EBADF;
	pid_t pid;

	if (!cgroup_name_is_ours(name, &pid))
		return 0;
	if ((kill(pid, 0) == 0 || errno != ESRCH) && ++sweep->live_looks > LIVE_LOOKS)
		return 0;
	fd = open_beneath(parent_fd, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	if (sweep->v2)
		cgroup2_end(fd, SWEEP_WAIT_MS);
	else
		cgroup1_end(fd, SWEEP_WAIT_MS);
	sweep->removed += cgroup_remove(parent_fd, name) == 0;
	return 0;
}

int cgroup_sweep(int dir_fd, bool v2)
{
	struct sweep sweep = { .v2 = v2 };
	int r = cgroup_each_below(dir_fd, sweep_one, &sweep);

	return r < 0 ? r : sweep.removed;
}

int64_t cgroup_now_ms(void)
{
	return (int64_t)(clock_ns(CLOCK_MONOTONIC) / 1000000);
}
