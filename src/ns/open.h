/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_OPEN_H
#define NS_OPEN_H

/*
 * Namespaces as descriptors: opening them, and asking one what it is.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ns/kind.h"

struct inro_error;

/* Two descriptors are of the same namespace exactly when device and inode agree. */
struct ns_id {
	dev_t dev;
	ino_t ino;
	uint64_t unique; /* never used again after it; 6.18, 0 before */
};

static inline bool ns_id_same(const struct ns_id *a, const struct ns_id *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/* The namespace that children of the process will be born in; for the kinds pid and time. */
#define NS_OPEN_FOR_CHILDREN 1U

/*
 * The namespace that the process of a pidfd (thread, with PIDFD_THREAD) is in. Returns a
 * descriptor. -ESRCH: the process has ended, as a zombie too. -EACCES: no ptrace rights on it.
 * -EOPNOTSUPP: the kernel lacks the kind. -ENOENT: for children, and none was born yet (before
 * 6.11 only).
 */
int ns_open_pidfd(int pidfd, enum ns_kind kind, unsigned flags, struct inro_error *error);

/* The same by an open directory /proc/PID or /proc/PID/task/TID. */
int ns_open_proc_dir(int pid_dir_fd, enum ns_kind kind, unsigned flags, struct inro_error *error);

/* A namespace of the calling thread. */
int ns_open_self(enum ns_kind kind, unsigned flags, struct inro_error *error);

/*
 * A namespace by file: /proc/PID/ns/KIND, a bind mount of one. *ret_kind may be NULL. -EINVAL: the
 * file is no namespace.
 */
int ns_open_path(int dir_fd, const char *path, enum ns_kind *ret_kind, struct inro_error *error);

/* Which of these kinds the kernel does not have (built without, or too old). */
unsigned ns_kinds_absent(unsigned kinds);

/* Where new ones were refused with EINVAL: say which the kernel lacks. False: it has them all. */
bool ns_explain_absent(struct inro_error *error, unsigned kinds);

/* The kind of a namespace descriptor; -EINVAL (or -ENOTTY) where it is none. */
int ns_fd_kind(int fd, enum ns_kind *ret);

/* 0 where FD is a namespace of that KIND, else -EINVAL. */
int ns_fd_check(int fd, enum ns_kind kind);

/* Which namespace it is. Without UNIQUE one system call less. */
int ns_fd_id(int fd, struct ns_id *ret);
int ns_fd_id_short(int fd, struct ns_id *ret);

/* 1 where both are the same namespace, 0 where not, or a negative errno. */
int ns_same(int a_fd, int b_fd);

/*
 * Is it the one that the host booted with? Its inode says so; of net and mnt only since 6.18, so
 * that false may mean unknown.
 */
bool ns_is_initial(enum ns_kind kind, ino_t ino);

/*
 * The parent of a PID or user namespace, as a descriptor. -EPERM: it is the first, or its parent
 * is above the caller's own. -EINVAL: of a kind without parents. 4.9.
 */
int ns_parent(int fd, struct inro_error *error);

/* The user namespace that owns it (for a user namespace: its parent). -EPERM: out of sight. 4.9. */
int ns_userns(int fd, struct inro_error *error);

/* Who made a user namespace, as a uid here (the overflow uid where not mapped). 4.11. */
int ns_owner_uid(int fd, uid_t *ret, struct inro_error *error);

#endif
