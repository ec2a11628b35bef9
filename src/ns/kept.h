/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_KEPT_H
#define NS_KEPT_H

/*
 * Namespaces that are kept under a name when their processes are gone.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ns/kind.h"

struct inro_error;

/* What a name holds, once opened. */
struct kept {
	unsigned kinds;
	int ns_fd[NS_KINDS]; /* owned; -EBADF for a kind that it has not */
	pid_t init;          /* of its PID namespace, made with it; 0: none, or ended */
	uint64_t init_start;
	pid_t holder;        /* whose descriptors hold it; 0: mounts do */
	uint64_t holder_start;
};

#define cleanup_kept cleanup(kept_deinit)

/* One that holds nothing. */
#define KEPT_NULL                                            \
	{                                                    \
		.ns_fd = { [0 ... NS_KINDS - 1] = -EBADF }   \
	}

void kept_deinit(struct kept *kept);

/* May it be called so? As containers: they share one set of names. */
bool kept_name_ok(const char *name);

/* The directory of names in the directory of records. CREATE makes it. -ENOENT where there is none. */
int kept_open_dir(int state_fd, bool create);

/*
 * Open what NAME holds. -ENOENT: there is no such name (no error filled). -ESRCH: nothing holds it
 * any more. On success the caller deinits *ret.
 */
int kept_open(int dir_fd, int proc_fd, const char *name, struct kept *ret, struct inro_error *error);

/* Call EACH with every name, in no order. Another result than 0 ends it and is returned. */
int kept_each(int dir_fd, int (*each)(void *data, const char *name), void *data);

/*
 * Keep what is open in KEPT under NAME: by mounts, or where holder is set by that process, which has
 * descriptor KEPT_FD(kind) open for each of the kinds. On failure nothing is left. -EEXIST: the name
 * is taken.
 */
int kept_add(int dir_fd, const char *name, const struct kept *kept, struct inro_error *error);
#define KEPT_FD(kind) (10 + (int)(kind))

/*
 * Hold it no more. An init that was made with it, and a holder, are ended; -EBUSY where that would
 * end other processes and FORCE is not given. A name that nothing holds any more is removed too.
 */
int kept_drop(int dir_fd, int proc_fd, const char *name, bool force, struct inro_error *error);

#endif
