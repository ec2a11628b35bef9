/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_GRAPH_H
#define NS_GRAPH_H

/*
 * The namespaces of a host and how they belong together, as ns_scan() finds them.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/procfs.h"
#include "ns/kind.h"

/* Who holds a namespace: how it came to be known. */
enum ns_holder {
	NS_BY_PROCESS = 1 << 0,
	NS_BY_CHILDREN = 1 << 1, /* the children of a process will be in it */
	NS_BY_THREAD = 1 << 2,   /* a thread that is elsewhere than its process */
	NS_BY_FD = 1 << 3,       /* an open descriptor */
	NS_BY_MOUNT = 1 << 4,
	NS_BY_SOCKET = 1 << 5,
	NS_BY_RELATION = 1 << 6, /* it is the parent or the owner of another */
};

struct ns_process {
	pid_t pid;
	struct ns_node *ns[NS_KINDS]; /* NULL: of a kind that was not asked for, or could not be seen */
	/* Of the first process of a namespace, or of all where that was asked for: */
	bool detailed;
	char state;
	pid_t ppid;
	uint32_t uid; /* effective */
	const char *command; /* its arguments, or "[name]"; not safe for a terminal */
};

struct ns_node {
	enum ns_kind kind;
	ino_t ino;
	uint64_t unique; /* 0 before Linux 6.18, or without relations */
	unsigned holders;
	uint32_t n_processes, n_threads, n_fds, n_mounts, n_sockets;
	struct ns_process *first; /* the lowest PID in it; otherwise one that holds it; or NULL */
	struct ns_node *parent;   /* of kind pid and user; NULL: the top, or unknown */
	struct ns_node *owner;    /* the user namespace that owns it; NULL: unknown */
	bool related;             /* parent and owner have been asked for */
	uint32_t owner_uid;       /* of a user namespace: who made it; -1 unknown */
	const char *path;         /* where it is mounted, first found */
	struct ns_node *path_in;  /* the mount namespace of that path; NULL: the caller's */
	const char *open_path;    /* how it can be opened: below /proc, or absolute; NULL: it cannot */
};

struct ns_graph {
	struct arena arena;
	struct hash by_ino;
	unsigned kinds;
	struct ns_node **nodes; /* by kind, then by number */
	size_t n_nodes;
	struct ns_process *processes; /* by PID */
	size_t n_processes;
	size_t n_denied; /* processes whose namespaces may not be seen */
	size_t n_ended;  /* zombies, and those that ended meanwhile */
	unsigned absent; /* kinds that were asked for and that the kernel does not have */
	struct procfs_sight sight; /* of the procfs that was looked at */
};

#define cleanup_ns_graph cleanup(ns_graph_deinit)

/* A zeroed graph is an empty one. */
void ns_graph_deinit(struct ns_graph *graph);

/* The node of a number, or NULL. Numbers are unique over all kinds. */
struct ns_node *ns_graph_find(const struct ns_graph *graph, ino_t ino);

/* The same, made where there is none. NULL: out of memory. */
struct ns_node *ns_graph_add(struct ns_graph *graph, enum ns_kind kind, ino_t ino);

/* The process of a PID, or NULL. */
struct ns_process *ns_graph_process(const struct ns_graph *graph, pid_t pid);

/* Is NODE the same as ABOVE, or (by parents) below it? */
bool ns_graph_is_below(const struct ns_node *node, const struct ns_node *above);

/* Bring the nodes into their order. */
void ns_graph_sort(struct ns_graph *graph);

#endif
