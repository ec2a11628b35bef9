/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/graph.h"

void ns_graph_deinit(struct ns_graph *graph)
{
	hash_deinit(&graph->by_ino);
	arena_deinit(&graph->arena);
	*graph = (struct ns_graph){ 0 };
}

struct ns_node *ns_graph_find(const struct ns_graph *graph, ino_t ino)
{
	return hash_get(&graph->by_ino, ino);
}

struct ns_node *ns_graph_add(struct ns_graph *graph, enum ns_kind kind, ino_t ino)
{
	struct ns_node *node = ns_graph_find(graph, ino), **entry;

	if (node)
		return node;
	node = arena_alloc(&graph->arena, sizeof(*node));
	if (!node)
		return NULL;
	node->kind = kind;
	node->ino = ino;
	node->owner_uid = UINT32_MAX;
	if (hash_put(&graph->by_ino, ino, node) < 0)
		return NULL;
	entry = arena_grow(&graph->arena, &graph->nodes, &graph->n_nodes, sizeof(*graph->nodes));
	if (!entry)
		return NULL;
	*entry = node;
	return node;
}

static int compare_pid(const void *a, const void *b)
{
	const struct ns_process *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

struct ns_process *ns_graph_process(const struct ns_graph *graph, pid_t pid)
{
	const struct ns_process key = { .pid = pid };

	if (!graph->n_processes)
		return NULL;
	return bsearch(&key, graph->processes, graph->n_processes, sizeof(key), compare_pid);
}

bool ns_graph_is_below(const struct ns_node *node, const struct ns_node *above)
{
	for (; node; node = node->parent)
		if (node == above)
			return true;
	return false;
}

static int compare_nodes(const void *a, const void *b)
{
	const struct ns_node *left = *(struct ns_node *const *)a,
			     *right = *(struct ns_node *const *)b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return (left->ino > right->ino) - (left->ino < right->ino);
}

void ns_graph_sort(struct ns_graph *graph)
{
	if (graph->n_nodes)
		qsort(graph->nodes, graph->n_nodes, sizeof(*graph->nodes), compare_nodes);
}
