/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ns_titles.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "ns/kept.h"
#include "ns/open.h"

void ns_titles_deinit(struct ns_titles *ns_titles)
{
	hash_deinit(&ns_titles->by_ino);
	arena_deinit(&ns_titles->arena);
	arena_deinit(&ns_titles->borrowed);
}

const char *ns_name_of_path(const char *path)
{
	static const char *const folders[] = { "/run/netns/", "/var/run/netns/" };

	for (size_t i = 0; path && i < ARRAY_SIZE(folders); i++) {
		size_t length = strlen(folders[i]);

		if (strncmp(path, folders[i], length) == 0 && path[length] && !strchr(path + length, '/'))
			return path + length;
	}
	return NULL;
}

/*
 * A container's own are those that its PID 1 is in, and that who started it is not: the rest it
 * shares with the host. One that several containers share is called after the oldest.
 */
static int name_own(struct ns_titles *ns_titles, const struct named *named, const struct ns_process *process,
		    const struct ns_process *outside)
{
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		const struct ns_node *node = process->ns[kind];

		if (!node || (outside && outside->ns[kind] == node) || hash_get(&ns_titles->by_ino, node->ino))
			continue;
		if (hash_put(&ns_titles->by_ino, node->ino, (void *)named->name) < 0)
			return -ENOMEM;
	}
	return 0;
}

struct kept_walk {
	struct ns_titles *ns_titles;
	struct ns_graph *graph;
	int dir_fd, proc_fd;
};

static int name_one(struct kept_walk *walk, const struct kept *kept, enum ns_kind kind, const char *name)
{
	struct ns_node *node;
	struct ns_id id;

	if (!(kept->kinds & walk->graph->kinds & NS_BIT(kind)) || ns_fd_id_short(kept->ns_fd[kind], &id) < 0)
		return 0;
	node = ns_graph_add(walk->graph, kind, id.ino);
	if (!node)
		return -ENOMEM;
	if (!node->holders) {
		node->holders = kept->holder ? NS_BY_FD : NS_BY_MOUNT;
		node->first = ns_graph_process(walk->graph, kept->holder);
	}
	return hash_put(&walk->ns_titles->by_ino, id.ino, (void *)name);
}

static int name_kept(void *data, const char *text)
{
	struct kept_walk *walk = data;
	cleanup_kept struct kept kept = KEPT_NULL;
	const char *name;
	int r = 0;

	if (kept_open(walk->dir_fd, walk->proc_fd, text, &kept, NULL) < 0)
		return 0;
	name = arena_strdup(&walk->ns_titles->arena, text);
	if (!name)
		return -ENOMEM;
	for (enum ns_kind kind = 0; kind < NS_KINDS && r == 0; kind++)
		r = name_one(walk, &kept, kind, name);
	return r;
}

static int name_all_kept(struct ns_titles *ns_titles, const struct names *names, struct ns_graph *graph)
{
	cleanup_close int dir_fd = kept_open_dir(names->containers.dir_fd, false);
	struct kept_walk walk = { ns_titles, graph, dir_fd, names->containers.proc_fd };
	size_t n = graph->n_nodes;
	int r = dir_fd < 0 ? 0 : kept_each(dir_fd, name_kept, &walk);

	if (graph->n_nodes > n)
		ns_graph_sort(graph);
	return r == -ENOMEM ? r : 0;
}

int ns_titles_find(struct ns_titles *ns_titles, const struct names *names, struct ns_graph *graph)
{
	const struct ns_process *self = ns_graph_process(graph, getpid());

	if (name_all_kept(ns_titles, names, graph) < 0)
		return -ENOMEM;

	for (size_t i = 0; i < graph->n_nodes; i++) {
		const char *name = graph->nodes[i]->path_in ? NULL : ns_name_of_path(graph->nodes[i]->path);

		if (name && hash_put(&ns_titles->by_ino, graph->nodes[i]->ino, (void *)name) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < names->n; i++) {
		const struct named *named = &names->list[i];
		const struct ns_process *process = ns_graph_process(graph, named->pid);
		const struct ns_process *outside = ns_graph_process(graph, named->monitor);

		if (process && name_own(ns_titles, named, process, outside ? outside : self) < 0)
			return -ENOMEM;
	}
	return 0;
}

const char *ns_titles_get(const struct ns_titles *ns_titles, const struct ns_node *node)
{
	return hash_get(&ns_titles->by_ino, node->ino);
}
