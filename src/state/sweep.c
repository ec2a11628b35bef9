/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which records still mean something, and the directory as a whole.
 *
 * A start looks at a few records only: one that looked at all would make the thousandth container
 * pay for the other 999. tmpfs lists the newest first, where a crash has most likely left something.
 * Verbs that list look at everything anyway.
 *
 * Between the look at a record and its removal its name may have been given up by another process
 * and taken by a new container. So whoever removes looks once more, with the directory locked
 * against others who remove. Who writes a record needs no lock: a name that is there is not taken.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "state/log.h"
#include "state/record.h"

enum { LOCK_TRIES = 100 }; /* a millisecond apart */

static const uint64_t keep_ended_ns = UINT64_C(7) * 24 * 3600 * 1000000000;

/* Is it still that process? A zombie has ended. */
static bool is_alive(int proc_fd, pid_t pid, uint64_t start)
{
	cleanup_close int fd = -EBADF;
	struct procfs_stat stat;

	/* The cheap answer first; EPERM says that somebody has the number. */
	if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
		return false;
	fd = procfs_open_pid(proc_fd, pid);
	if (fd < 0)
		return fd != -ESRCH && fd != -ENOENT;
	if (procfs_read_stat(fd, &stat) < 0)
		return false;
	return stat.start_ticks == start && stat.state != 'Z' && stat.state != 'X';
}

uint64_t record_own_pid_ns(int proc_fd)
{
	struct stat status;

	/* Through "self", which any procfs knows, and not by the number that it has here. */
	return fstatat(proc_fd, "self/ns/pid", &status, 0) < 0 ? 0 : status.st_ino;
}

enum record_state record_state(const struct record *record, int proc_fd)
{
	uint64_t own = record->pid_ns && !record->ended_ns ? record_own_pid_ns(proc_fd) : 0;

	if (record->ended_ns)
		return RECORD_ENDED;
	if (own && own != record->pid_ns)
		return RECORD_ELSEWHERE;
	if (is_alive(proc_fd, record->pid, record->pid_start))
		return RECORD_RUNNING;
	/* It ended just now, and its monitor is about to say so. */
	if (record->detached && is_alive(proc_fd, record->monitor, record->monitor_start))
		return RECORD_RUNNING;
	return RECORD_STALE;
}

/*
 * Not a blocking flock: one who was stopped while it holds the lock would stop all others. A file
 * system without locks must do with the second look alone.
 */
static int lock(int dir_fd)
{
	for (int i = 0; flock(dir_fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 0;
		if (i == LOCK_TRIES)
			return -EBUSY;
		poll(NULL, 0, 1);
	}
	return 0;
}

/* Remove NAME where it is the record with that ID; NULL: where it is no record at all. */
static int remove_same(int dir_fd, const char *name, const char *id)
{
	cleanup_arena struct arena arena = { 0 };
	struct record found;
	int r = lock(dir_fd);

	if (r < 0)
		return r;
	r = record_read(dir_fd, name, &arena, &found);
	/* One that cannot be looked at just now is, most likely, still what it was. */
	if (id ? (r == 0 && strcmp(found.id, id) == 0) || (r < 0 && r != -ENOENT && r != -EINVAL) : r == -EINVAL)
		r = unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
	else if (r == 0 || r == -EINVAL)
		r = -ENOENT;
	flock(dir_fd, LOCK_UN);
	return r;
}

int record_remove(int dir_fd, const struct record *record)
{
	if (record->detached)
		log_remove(dir_fd, record->id);
	return remove_same(dir_fd, record->name, record->id);
}

int state_claim(int dir_fd, int proc_fd, const char *name, pid_t *ret_pid)
{
	cleanup_arena struct arena arena = { 0 };
	struct record record;
	int r = record_read(dir_fd, name, &arena, &record);

	if (r == -ENOENT)
		return 0;
	if (r == -EINVAL) {
		r = remove_same(dir_fd, name, NULL);
		return r == -ENOENT ? 0 : r;
	}
	if (r < 0)
		return r;
	switch (record_state(&record, proc_fd)) {
	case RECORD_RUNNING:
		*ret_pid = record.pid;
		return -EEXIST;
	case RECORD_ELSEWHERE:
		*ret_pid = 0;
		return -EEXIST;
	default:
		break;
	}
	r = record_remove(dir_fd, &record);
	return r == -ENOENT ? 0 : r;
}

static bool is_over(const struct record *record, enum record_state state)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);

	if (state == RECORD_STALE)
		return true;
	return state == RECORD_ENDED && now > record->ended_ns && now - record->ended_ns > keep_ended_ns;
}

/* A file that was to become a record, of a process that died before: older than a minute. */
static void sweep_temporary(int dir_fd, const char *name)
{
	struct stat status;

	if (fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
	    status.st_mtim.tv_sec + 60 < time(NULL))
		unlinkat(dir_fd, name, 0);
}

struct walk {
	int dir_fd, proc_fd;
	unsigned limit;
	int n_removed;
	state_callback callback;
	void *data;
};

static int visit(struct walk *walk, const char *name)
{
	cleanup_arena struct arena arena = { 0 };
	enum record_state state;
	struct record record;

	if (record_read(walk->dir_fd, name, &arena, &record) < 0)
		return 0;
	state = record_state(&record, walk->proc_fd);
	if (is_over(&record, state)) {
		walk->n_removed += record_remove(walk->dir_fd, &record) == 0;
		return 0;
	}
	return walk->callback ? walk->callback(&record, state, walk->data) : 0;
}

static int walk_records(struct walk *walk)
{
	int own = openat(walk->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	unsigned seen = 0;
	int r = 0;

	if (!dir) {
		fd_close(own);
		return -errno;
	}
	while (r == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' && strlen(entry->d_name) == 17 && walk->limit == 0)
			sweep_temporary(walk->dir_fd, entry->d_name);
		if (!state_name_ok(entry->d_name) || entry->d_type == DT_DIR)
			continue;
		if (walk->limit && ++seen > walk->limit)
			break;
		r = visit(walk, entry->d_name);
	}
	closedir(dir);
	return r;
}

int state_sweep(int dir_fd, int proc_fd, unsigned limit)
{
	struct walk walk = { .dir_fd = dir_fd, .proc_fd = proc_fd, .limit = limit };
	int r = walk_records(&walk);

	return r < 0 ? r : walk.n_removed;
}

int state_each(int dir_fd, int proc_fd, state_callback callback, void *data)
{
	struct walk walk = { .dir_fd = dir_fd, .proc_fd = proc_fd, .callback = callback, .data = data };

	return walk_records(&walk);
}
