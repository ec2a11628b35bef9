/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NS_TITLES_H
#define CLI_NS_TITLES_H

/*
 * What the namespaces of a graph are called: after the container whose they are, or after the file
 * that holds them (a name of ip netns, a kept name).
 */

#include "cli/names.h"
#include "ns/graph.h"

struct ns_titles {
	struct arena borrowed; /* what titles point to that were handed over, too */
	struct hash by_ino;
	struct arena arena;
};

/* A zeroed struct has no names. */
void ns_titles_deinit(struct ns_titles *ns_titles);

/*
 * Find the names of all namespaces. NAMES must be loaded, and outlive it. What is kept under a name, and
 * was not found otherwise, is added to the graph. -ENOMEM.
 */
int ns_titles_find(struct ns_titles *ns_titles, const struct names *names, struct ns_graph *graph);

/* NULL where it has none. */
const char *ns_titles_get(const struct ns_titles *ns_titles, const struct ns_node *node);

/* The name that a path stands for ("web" of "/run/netns/web"), or NULL. */
const char *ns_name_of_path(const char *path);

#endif
