/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_SCAN_INTERNAL_H
#define NS_SCAN_INTERNAL_H

/*
 * What the files of the scan share.
 */

#include "ns/scan.h"

struct scan {
	const struct ns_scan_options *options;
	struct ns_graph *graph;
	int proc_fd;
	int *pids;        /* all numbers under /proc, rising */
	size_t n_pids;
};

/*
 * Note that NODE is held in one more way, by PROCESS (may be NULL), and can be opened by a path
 * (formatted; "" where it was known already). -ENOMEM.
 */
int scan_note(struct scan *scan, struct ns_node *node, enum ns_holder holder, struct ns_process *process,
	      const char *open_path);

/* Threads, descriptors and sockets; mounts; parents and owners; details of first processes. */
int scan_threads(struct scan *scan);
int scan_fds(struct scan *scan);
int scan_mounts(struct scan *scan);
int scan_relations(struct scan *scan);
int scan_details(struct scan *scan);

/*
 * Open a namespace by a path that is not of procfs' own making: nothing but nsfs is ever opened, so
 * a fifo or a device that was put there meanwhile is harmless.
 */
int scan_open_nsfs(struct scan *scan, int dir_fd, const char *path);

/* Fill the details of one process, if it still is there. */
int scan_process_details(struct scan *scan, struct ns_process *process);

#endif
