/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_PIDMAP_H
#define NS_PIDMAP_H

/*
 * Translating PIDs between PID namespaces. "Here" is the caller's own namespace; another one is
 * given by descriptor and must be here or below. A thread's id is a PID too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/procfs.h"
#include "ns/open.h"

struct inro_error;

/*
 * The PID here of PID in the namespace, and the other way round. -ESRCH: there is no such process,
 * or it has no number there. Half a microsecond since 6.11; before, the first reads the status of
 * every process, the second of one.
 */
int pidmap_from(int pidns_fd, pid_t pid, pid_t *ret);
int pidmap_to(int pidns_fd, pid_t pid, pid_t *ret);

/* The same by procfs alone, as older kernels need it; /proc must show the caller's numbers. */
int pidmap_from_by_status(int pidns_fd, pid_t pid, pid_t *ret);
int pidmap_to_by_status(int pidns_fd, pid_t pid, pid_t *ret);

/* A pidfd of what has number PID inside the namespace. It is that process for certain. */
int pidmap_open(int pidns_fd, pid_t pid, struct inro_error *error);

/*
 * Translate N numbers from one namespace to another; a negative descriptor means here. ret[i] is 0
 * where there is no such process. Returns how many were found, or a negative errno.
 */
int pidmap_many(int from_fd, int to_fd, const pid_t *pids, size_t n, pid_t *ret);

/* A process's numbers at each level, from that of the procfs (index 0) down to its own. */
struct pid_levels {
	int n;
	bool denied; /* its namespaces are not for the caller to see */
	struct {
		pid_t tgid, pid, pgid, sid; /* pgid and sid are 0 where the leader is outside */
		struct ns_id ns;            /* zeros where it could not be opened */
	} level[PROCFS_LEVELS];
};

/* -ESRCH: no such process. Without the right to trace it the numbers are there, the ids zero. */
int pidmap_levels(int proc_fd, pid_t pid, struct pid_levels *ret);

#endif
