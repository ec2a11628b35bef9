/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_SCAN_H
#define NS_SCAN_H

/*
 * Finding the namespaces of a host.
 */

#include "ns/graph.h"

struct inro_error;

/* What is looked for beside the namespaces that processes are in; each has its price. */
enum ns_scan_flag {
	NS_SCAN_DETAILS = 1 << 0,    /* user, parent, command of the first process of each */
	NS_SCAN_RELATIONS = 1 << 1,  /* parents and owners, also those that nobody holds */
	NS_SCAN_MOUNTS = 1 << 2,     /* mounts in the caller's mount namespace */
	NS_SCAN_CHILDREN = 1 << 3,   /* PID and time namespaces that only children will be in */
	NS_SCAN_THREADS = 1 << 4,    /* threads that are elsewhere than their process */
	NS_SCAN_FDS = 1 << 5,        /* open descriptors of namespaces */
	NS_SCAN_SOCKETS = 1 << 6,    /* network namespaces of open sockets; CAP_NET_ADMIN */
	NS_SCAN_ALL_MOUNTS = 1 << 7, /* mounts in every mount namespace that has a process */
	NS_SCAN_PROCESSES = 1 << 8,  /* details of all processes */
};

/* The usual listing, and everything. */
#define NS_SCAN_USUAL (NS_SCAN_DETAILS | NS_SCAN_RELATIONS | NS_SCAN_MOUNTS)
#define NS_SCAN_EVERYTHING                                                                    \
	(NS_SCAN_USUAL | NS_SCAN_CHILDREN | NS_SCAN_THREADS | NS_SCAN_FDS | NS_SCAN_SOCKETS | \
	 NS_SCAN_ALL_MOUNTS)

struct ns_scan_options {
	unsigned kinds; /* NS_ALL, … */
	unsigned flags;
	unsigned n_threads; /* at most as many; 0: two where that pays; 1: none are made */
};

/*
 * Look at every process under /proc. What cannot be seen is counted, what ends meanwhile left
 * away. On success the caller deinits *ret.
 */
int ns_scan(const struct ns_scan_options *options, struct ns_graph *ret, struct inro_error *error);

/*
 * Open a namespace of the graph, while it still is there: as it was found, or by way of one that it
 * is the parent or owner of. What was opened is the same for certain. -ESRCH: it is gone, or out of
 * reach.
 */
int ns_scan_open(const struct ns_graph *graph, const struct ns_node *node,
		 struct inro_error *error);

/* A process of one PID namespace. */
struct ns_member {
	pid_t pid;   /* here */
	pid_t inner; /* there */
};

/*
 * The processes of a PID namespace and of those below it, by inner PID, on the heap. With the
 * right to it (CAP_SYS_ADMIN) and since 6.17 the cost depends on their number only, through a procfs
 * of that namespace; otherwise every process of the host is asked.
 */
int ns_scan_members(int pidns_fd, struct ns_member **ret, size_t *ret_n, struct inro_error *error);

#endif
