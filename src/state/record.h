/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_RECORD_H
#define STATE_RECORD_H

/*
 * The records of containers: one small file for each, named as the container, in a directory of the
 * user's own. A record is what somebody wrote some time ago: that a PID in it still is that process
 * is believed only with its start time.
 *
 * Written whole or not at all (a file without a name that is then linked), so that a reader never
 * sees half of one. Everyone who looks at a record cleans up behind those who could not: a record
 * whose processes are gone is removed, by lookup and by sweep alike, unless it says how the
 * container ended, which a detached one's does on purpose.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "inro/run.h"

enum { STATE_NAME_SIZE = 65 };

struct record {
	char name[STATE_NAME_SIZE];
	char id[17];               /* 64 random bits, in hexadecimal; names the log of a detached one */
	bool named;                /* the user chose the name */
	bool detached;
	bool transient;            /* forgotten once it has ended (--rm) */
	uint64_t pid_ns;           /* the PID namespace that numbers what follows, by inode; 0: not known */
	pid_t pid;                 /* PID 1 */
	uint64_t pid_start;        /* in ticks since boot, as PID/stat tells it */
	pid_t monitor;             /* who waits for it: inro itself, or the monitor of a detached one */
	uint64_t monitor_start;
	uint32_t uid;              /* who runs it */
	uint64_t created_ns;       /* CLOCK_REALTIME */
	uint64_t ended_ns;         /* the same; 0 while it runs */
	const char *command;       /* for people, quoted as a shell would need it */
	struct inro_result result; /* once ended_ns is set */
};

/* May a container be called so? [A-Za-z0-9_][A-Za-z0-9_.+-]*, not digits alone, at most 64. */
bool state_name_ok(const char *name);

/*
 * The path of the directory: /run/inro for root, $XDG_RUNTIME_DIR/inro, or /tmp/inro-UID. HOST_ENV
 * is the caller's environment and may be NULL. In the arena; NULL when out of memory.
 */
const char *state_path(struct arena *arena, uint32_t uid, const char *const *host_env);

/*
 * Open it; CREATE makes it where it is missing. -ENOENT, or -EPERM where it is not the caller's
 * alone (owner, mode 0700, no link).
 */
int state_open(const char *path, bool create);

/* Fill the random id, and the name from it where there is none. */
int record_set_id(struct record *record);

/*
 * Write a new record. PROC_FD is a verified /proc or negative. -EEXIST when the name is taken by
 * anything; see state_claim().
 */
int record_write(int dir_fd, int proc_fd, const struct record *record);

/* Write a record in the place of an earlier one of that name. */
int record_replace(int dir_fd, const struct record *record);

/*
 * Read one. Strings go to the arena. -ENOENT, -EINVAL for a file that is no record.
 */
int record_read(int dir_fd, const char *name, struct arena *arena, struct record *ret);

/*
 * Remove it, and its log. -ENOENT where it is gone, or its name is by now another's; -EBUSY where
 * somebody keeps the directory locked.
 */
int record_remove(int dir_fd, const struct record *record);

enum record_state {
	RECORD_RUNNING,
	RECORD_ENDED, /* and the record says how */
	RECORD_STALE, /* its processes are gone without a word */
	/* Another PID namespace shares the directory: what its numbers mean is known only there. */
	RECORD_ELSEWHERE,
};
enum record_state record_state(const struct record *record, int proc_fd);

/* The caller's own PID namespace, for a record. PROC_FD is a verified /proc; 0 where it is not known. */
uint64_t record_own_pid_ns(int proc_fd);

/*
 * Make room for a container of that name: removes a stale or an ended record. 0, or -EEXIST while
 * one of that name runs: *ret_pid is its PID 1, 0 where it is none of the caller's PID namespace.
 */
int state_claim(int dir_fd, int proc_fd, const char *name, pid_t *ret_pid);

/*
 * Look at up to LIMIT records (0 = all) and remove the stale ones, and ended ones of more than a
 * week ago. How many went.
 */
int state_sweep(int dir_fd, int proc_fd, unsigned limit);

/* Call CALLBACK for each record that is not stale; another value than 0 ends the walk, is returned. */
typedef int (*state_callback)(const struct record *record, enum record_state state, void *data);
int state_each(int dir_fd, int proc_fd, state_callback callback, void *data);

#endif
