/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The public face of namespaces, <inro/ns.h>: names and types are turned, errors filled; everything
 * is done by the files beside this one.
 */

#include "inro/ns.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "ns/hold.h"
#include "ns/join.h"
#include "ns/open.h"
#include "ns/scan.h"
#include "ns/target.h"

/* Numbers that are public are the same inside. */
static_assert((int)INRO_NS_CGROUP == NS_CGROUP && (int)INRO_NS_IPC == NS_IPC &&
		      (int)INRO_NS_MNT == NS_MNT && (int)INRO_NS_NET == NS_NET &&
		      (int)INRO_NS_PID == NS_PID && (int)INRO_NS_TIME == NS_TIME &&
		      (int)INRO_NS_USER == NS_USER && (int)INRO_NS_UTS == NS_UTS &&
		      (int)INRO_NS_KINDS == NS_KINDS,
	      "kinds");
static_assert(INRO_NS_FOR_CHILDREN == NS_OPEN_FOR_CHILDREN, "flags of opening");
static_assert((int)INRO_NS_SCAN_DETAILS == NS_SCAN_DETAILS &&
		      (int)INRO_NS_SCAN_RELATIONS == NS_SCAN_RELATIONS &&
		      (int)INRO_NS_SCAN_MOUNTS == NS_SCAN_MOUNTS &&
		      (int)INRO_NS_SCAN_CHILDREN == NS_SCAN_CHILDREN &&
		      (int)INRO_NS_SCAN_THREADS == NS_SCAN_THREADS &&
		      (int)INRO_NS_SCAN_FDS == NS_SCAN_FDS &&
		      (int)INRO_NS_SCAN_SOCKETS == NS_SCAN_SOCKETS &&
		      (int)INRO_NS_SCAN_ALL_MOUNTS == NS_SCAN_ALL_MOUNTS &&
		      INRO_NS_SCAN_EVERYTHING == NS_SCAN_EVERYTHING,
	      "flags of the scan");
static_assert((int)INRO_NS_BY_PROCESS == NS_BY_PROCESS &&
		      (int)INRO_NS_BY_CHILDREN == NS_BY_CHILDREN &&
		      (int)INRO_NS_BY_THREAD == NS_BY_THREAD && (int)INRO_NS_BY_FD == NS_BY_FD &&
		      (int)INRO_NS_BY_MOUNT == NS_BY_MOUNT &&
		      (int)INRO_NS_BY_SOCKET == NS_BY_SOCKET &&
		      (int)INRO_NS_BY_RELATION == NS_BY_RELATION,
	      "holders");
static_assert((int)INRO_NS_PID_ALIVE == NS_PID_ALIVE && (int)INRO_NS_PID_UNBORN == NS_PID_UNBORN &&
		      (int)INRO_NS_PID_DEAD == NS_PID_DEAD &&
		      (int)INRO_NS_PID_UNKNOWN == NS_PID_UNKNOWN,
	      "states of a PID namespace");

struct inro_ns_graph {
	struct ns_graph graph;
	struct inro_ns_info *infos;
	struct hash by_inode;
};

static int bad_kind(struct inro_error *error)
{
	return fail_usage(error, "kind", "there is no such kind of namespace");
}

static bool is_kind(enum inro_ns_kind kind)
{
	return (unsigned)kind < NS_KINDS;
}

const char *inro_ns_kind_name(enum inro_ns_kind kind)
{
	return is_kind(kind) ? ns_kind_name((enum ns_kind)kind) : NULL;
}

int inro_ns_kind_parse(const char *text, enum inro_ns_kind *ret)
{
	enum ns_kind kind;
	int r = ns_kind_parse(text, strlen(text), &kind);

	if (r == 0)
		*ret = (enum inro_ns_kind)kind;
	return r;
}

int inro_ns_kinds_parse(const char *text, unsigned defaults, unsigned *ret,
			struct inro_error *error)
{
	return ns_kinds_parse_list(text, defaults, "kinds", ret, error);
}

int inro_ns_open(const char *target, enum inro_ns_kind kind, struct inro_error *error)
{
	cleanup_ns_target struct ns_target found = NS_TARGET_NULL;
	int r;

	if (!is_kind(kind))
		return bad_kind(error);
	r = ns_target_open(target, NULL, &found, error);
	return r < 0 ? r : ns_target_ns(&found, (enum ns_kind)kind, error);
}

int inro_ns_open_pidfd(int pidfd, enum inro_ns_kind kind, unsigned flags, struct inro_error *error)
{
	return is_kind(kind) ? ns_open_pidfd(pidfd, (enum ns_kind)kind, flags, error)
			     : bad_kind(error);
}

int inro_ns_open_self(enum inro_ns_kind kind, unsigned flags, struct inro_error *error)
{
	return is_kind(kind) ? ns_open_self((enum ns_kind)kind, flags, error) : bad_kind(error);
}

int inro_ns_open_file(int dir_fd, const char *path, enum inro_ns_kind *ret_kind,
		      struct inro_error *error)
{
	enum ns_kind kind;
	int fd = ns_open_path(dir_fd, path, &kind, error);

	if (fd >= 0 && ret_kind)
		*ret_kind = (enum inro_ns_kind)kind;
	return fd;
}

/* A descriptor that was said to be a namespace and is none. */
static int no_namespace(struct inro_error *error, int code, int fd)
{
	char object[32];

	snprintf(object, sizeof(object), "descriptor %d", fd);
	fail_call(error, code, "look at", NULL, object);
	error_why(error, "it is no namespace");
	return code;
}

int inro_ns_kind(int fd, enum inro_ns_kind *ret, struct inro_error *error)
{
	enum ns_kind kind;
	int r = ns_fd_kind(fd, &kind);

	if (r < 0)
		return no_namespace(error, r, fd);
	*ret = (enum inro_ns_kind)kind;
	return 0;
}

int inro_ns_identify(int fd, struct inro_ns_id *ret, struct inro_error *error)
{
	struct ns_id id;
	enum ns_kind kind;
	int r = ns_fd_kind(fd, &kind);

	if (r == 0)
		r = ns_fd_id(fd, &id);
	if (r < 0)
		return no_namespace(error, r, fd);
	*ret = (struct inro_ns_id){ .device = id.dev, .inode = id.ino, .unique = id.unique };
	return 0;
}

int inro_ns_same(int a_fd, int b_fd)
{
	return ns_same(a_fd, b_fd);
}

int inro_ns_parent(int fd, struct inro_error *error)
{
	return ns_parent(fd, error);
}

int inro_ns_owner(int fd, struct inro_error *error)
{
	return ns_userns(fd, error);
}

int inro_ns_owner_uid(int fd, uid_t *ret, struct inro_error *error)
{
	return ns_owner_uid(fd, ret, error);
}

static int prepare_and_join(struct ns_join *join, struct inro_error *error)
{
	int r = ns_join_prepare(join, error);

	return r < 0 ? r : ns_join_now(join, NS_ALL, error);
}

int inro_ns_join(const int fds[], size_t n, struct inro_error *error)
{
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;

	for (size_t i = 0; i < n; i++) {
		enum ns_kind kind;
		int copy, r = ns_fd_kind(fds[i], &kind);

		if (r < 0)
			return no_namespace(error, r, fds[i]);
		if (join.kinds & NS_BIT(kind))
			return fail_usage(error, "join", "two namespaces of the kind %s were given",
					  ns_kind_name(kind));
		copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (copy < 0)
			return fail_call(error, -errno, "keep the namespace", "fcntl", NULL);
		r = ns_join_add_fd(&join, kind, copy, error);
		if (r < 0)
			return r;
	}
	return prepare_and_join(&join, error);
}

int inro_ns_join_pidfd(int pidfd, unsigned kinds, struct inro_error *error)
{
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;
	int r = ns_join_add_pidfd(&join, pidfd, kinds & NS_ALL, error);

	return r < 0 ? r : prepare_and_join(&join, error);
}

enum inro_ns_pid_state inro_ns_pid_state(int fd)
{
	return ns_fd_check(fd, NS_PID) < 0 ? INRO_NS_PID_UNKNOWN
					   : (enum inro_ns_pid_state)ns_pid_state(fd);
}

int inro_ns_hold(int fd, const char *path, struct inro_error *error)
{
	return ns_hold(fd, AT_FDCWD, path, error);
}

int inro_ns_drop(const char *path, struct inro_error *error)
{
	return ns_hold_drop(AT_FDCWD, path, error);
}

static struct inro_ns_info info_of(const struct ns_node *node)
{
	const struct ns_process *first = node->first;
	bool detailed = first && first->detailed;

	return (struct inro_ns_info){
		.kind = (enum inro_ns_kind)node->kind,
		.holders = node->holders,
		.inode = node->ino,
		.unique = node->unique,
		.parent = node->parent ? node->parent->ino : 0,
		.owner = node->owner ? node->owner->ino : 0,
		.owner_uid = node->owner_uid,
		.n_processes = node->n_processes,
		.n_threads = node->n_threads,
		.n_fds = node->n_fds,
		.n_mounts = node->n_mounts,
		.n_sockets = node->n_sockets,
		.first_pid = first ? first->pid : 0,
		.first_ppid = detailed ? first->ppid : 0,
		.first_uid = detailed && first->command ? first->uid : UINT32_MAX,
		.command = detailed ? first->command : NULL,
		.path = node->path,
		.path_in = node->path_in ? node->path_in->ino : 0,
	};
}

static int fill_infos(struct inro_ns_graph *graph)
{
	size_t n = graph->graph.n_nodes;

	graph->infos = arena_array(&graph->graph.arena, n + 1, sizeof(*graph->infos));
	if (!graph->infos)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		graph->infos[i] = info_of(graph->graph.nodes[i]);
		if (hash_put(&graph->by_inode, graph->infos[i].inode, &graph->infos[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

int inro_ns_scan(unsigned kinds, unsigned flags, struct inro_ns_graph **ret,
		 struct inro_error *error)
{
	const struct ns_scan_options options = {
		.kinds = kinds & NS_ALL,
		.flags = flags & NS_SCAN_EVERYTHING,
	};
	struct inro_ns_graph *graph = calloc(1, sizeof(*graph));
	int r;

	if (!graph)
		return fail_memory(error);
	r = ns_scan(&options, &graph->graph, error);
	if (r == 0 && fill_infos(graph) < 0)
		r = fail_memory(error);
	if (r < 0) {
		inro_ns_graph_free(graph);
		return r;
	}
	*ret = graph;
	return 0;
}

struct inro_ns_graph *inro_ns_graph_free(struct inro_ns_graph *graph)
{
	if (graph) {
		hash_deinit(&graph->by_inode);
		ns_graph_deinit(&graph->graph);
		free(graph);
	}
	return NULL;
}

const struct inro_ns_info *inro_ns_graph_get(const struct inro_ns_graph *graph, size_t index)
{
	return index < graph->graph.n_nodes ? &graph->infos[index] : NULL;
}

const struct inro_ns_info *inro_ns_graph_find(const struct inro_ns_graph *graph, uint64_t inode)
{
	return hash_get(&graph->by_inode, inode);
}

pid_t inro_ns_graph_pid(const struct inro_ns_graph *graph, size_t index)
{
	return index < graph->graph.n_processes ? graph->graph.processes[index].pid : 0;
}

uint64_t inro_ns_graph_ns(const struct inro_ns_graph *graph, size_t index, enum inro_ns_kind kind)
{
	const struct ns_node *node;

	if (index >= graph->graph.n_processes || !is_kind(kind))
		return 0;
	node = graph->graph.processes[index].ns[kind];
	return node ? node->ino : 0;
}

size_t inro_ns_graph_unseen(const struct inro_ns_graph *graph)
{
	return graph->graph.n_denied;
}

bool inro_ns_graph_foreign(const struct inro_ns_graph *graph)
{
	return graph->graph.sight.foreign;
}
