/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_FOREST_H
#define NS_FOREST_H

/*
 * The processes as trees of parents and children, with the number that each has at every level of
 * PID namespaces and the namespace of one kind that it is in.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/procfs.h"
#include "ns/kind.h"

struct inro_error;

struct forest_process {
	pid_t pid, ppid; /* as /proc counts; ppid is 0 where the parent is out of sight */
	uint32_t uid;    /* effective */
	char state;      /* 'Z' of a zombie; 0 where the process was gone before it could be read */
	char comm[16];
	ino_t ns;        /* of the kind that was asked for; 0: may not be seen */
	bool enters;     /* it is in another namespace than its parent, or has none */
	int n_levels;
	pid_t pids[PROCFS_LEVELS]; /* from that of /proc down to its own */
	struct forest_process *parent, *child, *next; /* children by PID */
};

struct forest {
	struct arena arena;
	struct forest_process *processes; /* by PID */
	size_t n;
	struct forest_process *roots; /* those without a parent among them, by PID */
	size_t n_denied;              /* whose namespace may not be seen */
	struct procfs_sight sight;    /* of the procfs that was looked at */
};

#define cleanup_forest cleanup(forest_deinit)

/* A zeroed struct is empty. */
void forest_deinit(struct forest *forest);

/*
 * Read every process of the host, or where PIDS is not NULL those N (as /proc counts). One that has
 * ended meanwhile is left away; its children have no parent then.
 */
int forest_read(enum ns_kind kind, const pid_t *pids, size_t n, struct forest *ret, struct inro_error *error);

/* The process of that PID, or NULL. */
struct forest_process *forest_find(const struct forest *forest, pid_t pid);

/* The next of a walk through TOP (borrowed) and what is below it, parents first; NULL at the end. */
struct forest_process *forest_next(const struct forest_process *process, const struct forest_process *top);

#endif
