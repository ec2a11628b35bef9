/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_JOIN_H
#define NS_JOIN_H

/*
 * Joining namespaces: prepared by the parent (may allocate and explain), done by whoever is to be
 * in them (child-safe).
 */

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

#include "ns/kind.h"

struct inro_error;

struct ns_join {
	unsigned kinds;       /* what there is to join */
	int ns_fd[NS_KINDS];  /* a namespace for each of them; owned */
	int pidfd;            /* the process that group_kinds come from, or -EBADF; owned */
	unsigned group_kinds; /* what one setns(pidfd) can join at once */
	unsigned others;      /* known not to be what the caller is in: ns_join_prepare() need not look */
};

#define cleanup_ns_join cleanup(ns_join_deinit)

/* One that holds nothing yet; ns_join_init() makes the same. */
#define NS_JOIN_NULL                                                        \
	{                                                                   \
		.pidfd = -EBADF, .ns_fd = { [0 ... NS_KINDS - 1] = -EBADF } \
	}

void ns_join_init(struct ns_join *join);
void ns_join_deinit(struct ns_join *join);

/*
 * Add the KINDS of the process of PIDFD (borrowed), or one namespace whose descriptor is taken,
 * also on failure. Where a kind was added before, the later counts. Errors: ns_open_pidfd()'s;
 * -EINVAL where the descriptor is of another kind.
 */
int ns_join_add_pidfd(struct ns_join *join, int pidfd, unsigned kinds, struct inro_error *error);
int ns_join_add_fd(struct ns_join *join, enum ns_kind kind, int fd, struct inro_error *error);

/*
 * Add what the calling thread is in itself (of PID: what its children will be in): the way back for
 * who joins something for a while, so that a child is born there.
 */
int ns_join_add_self(struct ns_join *join, unsigned kinds, struct inro_error *error);

/*
 * Leave away what the calling thread is in already (which an ordinary user could not join again),
 * and refuse what cannot work: a PID namespace whose init has died (-ESRCH), one that is not the
 * caller's or below it (-EINVAL). Call last, before ns_join_prepared().
 */
int ns_join_prepare(struct ns_join *join, struct inro_error *error);

/*
 * Does a command need a child to be in it all? A PID namespace is entered by children only; so
 * whoever starts the child joins NS_BIT(NS_PID), and the child, or whoever starts it, the rest.
 * An ordinary user has the right to join a PID namespace only together with the user namespace
 * that owns it: then both must be joined in one call, before the child is born.
 */
static inline bool ns_join_needs_child(const struct ns_join *join)
{
	return join->kinds & NS_BIT(NS_PID);
}

/*
 * Child-safe. Join those of join->kinds that are in MASK (NS_ALL for all) in an order that works.
 * 0, or a negative errno and the kind that failed in *ret_kind (may be NULL); what was joined by
 * then stays joined.
 */
int ns_join_prepared(const struct ns_join *join, unsigned mask, enum ns_kind *ret_kind);

struct clone_args;

/*
 * clone3() from inside of the namespaces, all of them, with nothing joined by the caller: the child
 * is the caller's own child, as if the caller had cloned it, and namespaces that ARGS makes anew
 * belong to the user namespace that was joined. This is the way where a user namespace is joined,
 * since nobody can come back from one; the caller needs no more rights than ns_join_now() would.
 *
 * Returns as clone3: 0 in the child, which goes on by a copy of the caller's memory and is not
 * dumpable; its PID in the caller, with *args->pidfd filled; or a negative errno, then *ret_kind is
 * the kind that could not be joined, or NS_KINDS where clone3 failed. Only SIGCHLD can be the exit
 * signal, and the caller gets one more for a helper that it need not wait for. Child-safe before
 * and after.
 */
pid_t ns_join_clone(const struct ns_join *join, const struct clone_args *args,
		    enum ns_kind *ret_kind);

/* In words, why joining KIND failed with CODE. Returns CODE. Not child-safe. */
int ns_join_explain(const struct ns_join *join, enum ns_kind kind, int code,
		    struct inro_error *error);

/* Say that the PID namespace cannot take a process, as clone says with ENOMEM. Returns -ESRCH. */
int ns_join_fail_dead(struct inro_error *error);

/* ns_join_prepared() and ns_join_explain(), for who is no child. */
int ns_join_now(const struct ns_join *join, unsigned mask, struct inro_error *error);

/* Is there someone to be the parent of orphans in a PID namespace? */
enum ns_pid_state {
	NS_PID_ALIVE,   /* it has its PID 1 */
	NS_PID_UNBORN,  /* no process was born in it yet: the next becomes PID 1 */
	NS_PID_DEAD,    /* its PID 1 has ended: it takes no process any more, fork says ENOMEM */
	NS_PID_UNKNOWN, /* the caller may not find out */
};
enum ns_pid_state ns_pid_state(int pidns_fd);

#endif
