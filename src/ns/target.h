/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_TARGET_H
#define NS_TARGET_H

/*
 * Targets: the one grammar by which every verb names a process or a namespace.
 *
 *	1234                that process, in the caller's PID namespace; a thread too (6.9)
 *	/proc/1234          the same
 *	web                 the container, kept namespace, or ip-netns name
 *	web:7               PID 7 as counted inside; before the colon any target but a bare path
 *	/proc/1234/ns/uts   that namespace; any file that a namespace is mounted on
 *	4026532204          the namespace with that inode; also pid:[4026532204]
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ns/join.h"
#include "ns/kind.h"

struct inro_error;

enum ns_target_form {
	NS_TARGET_PROCESS, /* by PID */
	NS_TARGET_NAME,    /* by a name that the registry knew */
	NS_TARGET_NETNS,   /* by a name of ip netns */
	NS_TARGET_INSIDE,  /* by PID inside of another target */
	NS_TARGET_FILE,
	NS_TARGET_NUMBER, /* by inode */
};

struct ns_target {
	enum ns_target_form form;
	int pidfd;      /* of its process, or -EBADF; owned */
	pid_t pid;      /* its PID here; 0 without a process */
	bool thread;    /* the pidfd is of a thread (PIDFD_THREAD) */
	unsigned kinds; /* of which there is a descriptor below */
	int ns_fd
		[NS_KINDS]; /* namespaces that were named themselves, or that a name holds; owned */
};

#define cleanup_ns_target cleanup(ns_target_deinit)

/* One that holds nothing yet. */
#define NS_TARGET_NULL                                                      \
	{                                                                   \
		.pidfd = -EBADF, .ns_fd = { [0 ... NS_KINDS - 1] = -EBADF } \
	}

/*
 * Where names come from: who keeps records of containers and kept namespaces gives these.
 *
 * lookup() fills what the name stands for: either pidfd and pid (ns_target_set_process() checks
 * and does it), or descriptors and kinds, or both. 0, -ENOENT for no such name, or another negative
 * errno with the error filled (a record whose process is gone).
 * list() calls EACH with every name, for suggestions; it may be NULL.
 */
struct target_names {
	void *data;
	int (*lookup)(void *data, const char *name, struct ns_target *target,
		      struct inro_error *error);
	void (*list)(void *data, void (*each)(void *each_data, const char *name), void *each_data);
};

void ns_target_deinit(struct ns_target *target);

/* Find what TEXT names. NAMES may be NULL. On success the caller deinits *ret. */
int ns_target_open(const char *text, const struct target_names *names, struct ns_target *ret,
		   struct inro_error *error);

/*
 * For lookup(): the process with that PID and start time (of PID/stat; 0 = unknown). -ESRCH where
 * it is gone, or its number is another's by now.
 */
int ns_target_set_process(struct ns_target *target, pid_t pid, uint64_t start_ticks);

/*
 * The namespace of a kind that the target stands for, as a descriptor of the caller's own.
 * -ENOENT where it is a file or name that holds none of that kind.
 */
int ns_target_ns(const struct ns_target *target, enum ns_kind kind, struct inro_error *error);

/* Which kinds it can answer for: all for a process, those that it holds otherwise. */
static inline unsigned ns_target_kinds(const struct ns_target *target)
{
	return target->pidfd >= 0 ? NS_ALL : target->kinds;
}

/* Add KINDS of the target to what is to be joined. Errors as ns_target_ns(). */
int ns_target_join(const struct ns_target *target, unsigned kinds, struct ns_join *join,
		   struct inro_error *error);

#endif
