/* SPDX-License-Identifier: Apache-2.0 */

/*
 * After the scan: what is asked once per namespace. Parents and owners come from ioctls on a
 * descriptor of each namespace; what they lead to may be a namespace that nobody is in any more,
 * and is followed upwards from the descriptor that the ioctl gave. Who runs the first process of a
 * namespace is asked once per process, however many namespaces it is the first in.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"
#include "ns/open.h"
#include "ns/scan.h"
#include "ns/scan_internal.h"

/* Turn a descriptor of O_PATH that proves to be of nsfs into one that can be asked. */
static int reopen_nsfs(struct scan *scan, int path_fd)
{
	struct statfs fs;
	char path[32];
	int fd;

	if (fstatfs(path_fd, &fs) < 0 || fs.f_type != NSFS_MAGIC)
		return -EINVAL;
	snprintf(path, sizeof(path), "thread-self/fd/%d", path_fd);
	fd = openat(scan->proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int scan_open_nsfs(struct scan *scan, int dir_fd, const char *path)
{
	cleanup_close int path_fd = openat(dir_fd, path, O_PATH | O_CLOEXEC);

	return path_fd < 0 ? -errno : reopen_nsfs(scan, path_fd);
}

/* A mount in another mount namespace, by the root of a process there. */
static int open_in_root(struct scan *scan, pid_t pid, const char *path)
{
	static const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	cleanup_close int dir = procfs_open_pid(scan->proc_fd, pid);
	cleanup_close int root =
		dir < 0 ? -EBADF : openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int path_fd = root < 0 ? -EBADF : sys_openat2(root, path, &how);

	return path_fd < 0 ? path_fd : reopen_nsfs(scan, path_fd);
}

/* The namespace of the node by a descriptor, or a negative number where it is out of reach. */
static int open_node(struct scan *scan, const struct ns_node *node)
{
	cleanup_close int fd = -EBADF;
	struct ns_id id;

	if (node->open_path && node->holders & (NS_BY_PROCESS | NS_BY_CHILDREN | NS_BY_THREAD))
		fd = openat(scan->proc_fd, node->open_path, O_RDONLY | O_CLOEXEC);
	else if (node->open_path)
		fd = scan_open_nsfs(scan, scan->proc_fd, node->open_path);
	else if (node->path && node->path_in && node->path_in->first)
		fd = open_in_root(scan, node->path_in->first->pid, node->path);
	/* Something else may have taken its place meanwhile. */
	if (fd < 0 || ns_fd_id_short(fd, &id) < 0 || id.ino != node->ino ||
	    ns_fd_check(fd, node->kind) < 0)
		return -ESRCH;
	return take_fd(&fd);
}

static int relate(struct scan *scan, struct ns_node *node, int fd);

/* The node of what a request leads to; it is followed further where it is new. NULL: nowhere. */
static int follow(struct scan *scan, int fd, unsigned long request, enum ns_kind kind,
		  struct ns_node **ret)
{
	cleanup_close int found = ioctl(fd, request);
	struct ns_node *node;
	struct ns_id id;

	*ret = NULL;
	if (found < 0 || ns_fd_id_short(found, &id) < 0)
		return 0;
	node = ns_graph_add(scan->graph, kind, id.ino);
	if (!node)
		return -ENOMEM;
	node->holders |= NS_BY_RELATION;
	*ret = node;
	return node->related ? 0 : relate(scan, node, found);
}

static int relate(struct scan *scan, struct ns_node *node, int fd)
{
	uid_t uid;
	int r;

	node->related = true;
	if (ioctl(fd, NS_GET_ID, &node->unique) < 0)
		node->unique = 0;
	r = follow(scan, fd, NS_GET_USERNS, NS_USER, &node->owner);
	if (r < 0)
		return r;
	if (node->kind == NS_USER) {
		node->parent = node->owner; /* the kernel's answers are the same */
		if (ioctl(fd, NS_GET_OWNER_UID, &uid) == 0)
			node->owner_uid = uid;
	}
	return node->kind == NS_PID ? follow(scan, fd, NS_GET_PARENT, NS_PID, &node->parent) : 0;
}

int scan_relations(struct scan *scan)
{
	/* Nodes that are found on the way come behind, and are related already. */
	for (size_t i = 0; i < scan->graph->n_nodes; i++) {
		struct ns_node *node = scan->graph->nodes[i];
		cleanup_close int fd = -EBADF;
		int r;

		if (node->related)
			continue;
		fd = open_node(scan, node);
		if (fd < 0)
			continue;
		r = relate(scan, node, fd);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * By way of a namespace that NODE is the parent or owner of. How deep it goes is bounded by the
 * kernel's limit of nesting.
 */
static int open_by_relation(struct scan *scan, const struct ns_node *node)
{
	const struct ns_graph *graph = scan->graph;

	for (size_t i = 0; i < graph->n_nodes; i++) {
		const struct ns_node *below = graph->nodes[i];
		cleanup_close int fd = -EBADF, up = -EBADF;
		struct ns_id id;

		if (below->parent != node && below->owner != node)
			continue;
		fd = open_node(scan, below);
		if (fd < 0)
			fd = open_by_relation(scan, below);
		if (fd < 0)
			continue;
		up = ioctl(fd, below->parent == node ? NS_GET_PARENT : NS_GET_USERNS);
		if (up >= 0 && ns_fd_id_short(up, &id) == 0 && id.ino == node->ino)
			return take_fd(&up);
	}
	return -ESRCH;
}

int ns_scan_open(const struct ns_graph *graph, const struct ns_node *node, struct inro_error *error)
{
	cleanup_close int proc_fd = procfs_open();
	struct scan scan = { .graph = (struct ns_graph *)graph, .proc_fd = proc_fd };
	char object[48];
	int fd;

	fd = proc_fd < 0 ? proc_fd : open_node(&scan, node);
	if (fd == -ESRCH && node->holders & NS_BY_RELATION)
		fd = open_by_relation(&scan, node);
	if (fd >= 0)
		return fd;
	snprintf(object, sizeof(object), "%s:[%ju]", ns_kind_name(node->kind),
		 (uintmax_t)node->ino);
	fail_call(error, fd, "open the namespace", NULL, object);
	error_why(error, "it is gone, or out of reach");
	return fd;
}

int scan_process_details(struct scan *scan, struct ns_process *process)
{
	cleanup_close int dir = procfs_open_pid(scan->proc_fd, process->pid);
	struct procfs_status status;
	char command[4096];

	process->detailed = true;
	if (dir < 0 || procfs_read_status(dir, &status) < 0)
		return 0;
	process->state = status.state;
	process->ppid = status.ppid;
	process->uid = status.uid[1];
	if (procfs_read_command(dir, command, sizeof(command)) < 0)
		return 0;
	process->command = arena_strdup(&scan->graph->arena, command);
	return process->command ? 0 : -ENOMEM;
}

int scan_details(struct scan *scan)
{
	struct ns_graph *graph = scan->graph;
	int r = 0;

	if (scan->options->flags & NS_SCAN_PROCESSES) {
		for (size_t i = 0; i < graph->n_processes && r == 0; i++)
			r = scan_process_details(scan, &graph->processes[i]);
		return r;
	}
	for (size_t i = 0; i < graph->n_nodes && r == 0; i++)
		if (graph->nodes[i]->first && !graph->nodes[i]->first->detailed)
			r = scan_process_details(scan, graph->nodes[i]->first);
	return r;
}
