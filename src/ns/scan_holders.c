/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What holds namespaces beside the processes that are in them: threads that went elsewhere, open
 * descriptors, sockets, and mounts. All of it is slower than the scan itself by much, since it asks
 * about each thread and each descriptor of the host; it is done on request only.
 *
 * - Threads: most processes have one. The link count of PID/task tells, two more than there are
 *   threads, and one fstatat is cheaper than listing the directory.
 * - Descriptors: the link of one that was opened from /proc or by ioctl reads "net:[number]". One
 *   that was opened through a mount reads as the path of that mount, as any file does; those are
 *   told by their device, without waking an automounter or a network file system that is gone.
 * - Sockets: the network namespace of a socket can be asked for only of an open descriptor, so it
 *   is borrowed with pidfd_getfd, and SIOCGSKNS opens the namespace.
 * - Mounts: /proc/PID/mountinfo of one process in each mount namespace. Mount namespaces without a
 *   process stay unseen.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macros.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"
#include "ns/mounts.h"
#include "ns/open.h"
#include "ns/scan.h"
#include "ns/scan_internal.h"

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

/* Threads. */

static int note_thread(struct scan *scan, struct ns_process *process, int tid)
{
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		enum ns_kind found;
		char path[64], text[64];
		struct ns_node *node;
		ssize_t n;
		ino_t ino;

		if (!process->ns[kind])
			continue;
		snprintf(path, sizeof(path), "%d/task/%d/%s", process->pid, tid,
			 ns_kind_table[kind].proc_path);
		n = readlinkat(scan->proc_fd, path, text, sizeof(text) - 1);
		if (n < 0)
			return 0;
		text[n] = '\0';
		if (ns_parse_link(text, &found, &ino, NULL) < 0 || ino == process->ns[kind]->ino)
			continue;
		node = ns_graph_add(scan->graph, kind, ino);
		if (!node || scan_note(scan, node, NS_BY_THREAD, process, path) < 0)
			return -ENOMEM;
		node->n_threads++;
	}
	return 0;
}

static int note_threads(struct scan *scan, struct ns_process *process)
{
	cleanup_close int dir = -EBADF;
	struct procfs_walk walk;
	char path[32];
	struct stat st;
	int tid;

	snprintf(path, sizeof(path), "%d/task", process->pid);
	if (fstatat(scan->proc_fd, path, &st, 0) < 0 || st.st_nlink <= 3)
		return 0;
	dir = procfs_open_at(scan->proc_fd, path, O_RDONLY | O_DIRECTORY);
	walk.dir_fd = dir;
	walk.at = walk.used = 0;
	while (dir >= 0 && procfs_next(&walk, &tid) > 0) {
		int r = tid == process->pid ? 0 : note_thread(scan, process, tid);

		if (r < 0)
			return r;
	}
	return 0;
}

int scan_threads(struct scan *scan)
{
	for (size_t i = 0; i < scan->graph->n_processes; i++) {
		int r = note_threads(scan, &scan->graph->processes[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Descriptors and sockets. */

struct fd_scan {
	struct scan *scan;
	struct ns_process *process;
	int pidfd; /* opened for the first socket; -1 before, -2 where it cannot be */
	dev_t nsfs;
};

static int note_fd(struct fd_scan *fds, enum ns_kind kind, ino_t ino, enum ns_holder holder,
		   const char *open_path)
{
	struct ns_node *node;

	if (!(fds->scan->options->kinds & NS_BIT(kind)))
		return 0;
	node = ns_graph_add(fds->scan->graph, kind, ino);
	if (!node || scan_note(fds->scan, node, holder, fds->process, open_path) < 0)
		return -ENOMEM;
	*(holder == NS_BY_FD ? &node->n_fds : &node->n_sockets) += 1;
	return 0;
}

/* A descriptor whose link is a path: is it of a namespace, opened through a mount? */
static int note_path(struct fd_scan *fds, const char *path)
{
	struct statx st;
	enum ns_kind kind;
	cleanup_close int fd = -EBADF;

	if (statx(fds->scan->proc_fd, path, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO, &st) <
		    0 ||
	    makedev(st.stx_dev_major, st.stx_dev_minor) != fds->nsfs)
		return 0;
	fd = scan_open_nsfs(fds->scan, fds->scan->proc_fd, path);
	if (fd < 0 || ns_fd_kind(fd, &kind) < 0)
		return 0;
	return note_fd(fds, kind, st.stx_ino, NS_BY_FD, path);
}

static int note_socket(struct fd_scan *fds, int number)
{
	cleanup_close int socket_fd = -EBADF, ns_fd = -EBADF;
	struct ns_id id;

	if (fds->pidfd == -1) {
		fds->pidfd = sys_pidfd_open(fds->process->pid, 0);
		if (fds->pidfd < 0)
			fds->pidfd = -2;
	}
	if (fds->pidfd < 0)
		return 0;
	socket_fd = sys_pidfd_getfd(fds->pidfd, number, 0);
	ns_fd = socket_fd < 0 ? -1 : ioctl(socket_fd, SIOCGSKNS);
	if (ns_fd < 0 || ns_fd_id_short(ns_fd, &id) < 0)
		return 0;
	return note_fd(fds, NS_NET, id.ino, NS_BY_SOCKET, "");
}

static int note_descriptor(struct fd_scan *fds, int number)
{
	unsigned flags = fds->scan->options->flags;
	char path[48], text[64];
	enum ns_kind kind;
	ssize_t n;
	ino_t ino;

	snprintf(path, sizeof(path), "%d/fd/%d", fds->process->pid, number);
	n = readlinkat(fds->scan->proc_fd, path, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (flags & NS_SCAN_FDS && text[0] == '/')
		return strncmp(text, "/dev/", 5) == 0 ? 0 : note_path(fds, path);
	if (strncmp(text, "socket:[", 8) == 0)
		return flags & NS_SCAN_SOCKETS ? note_socket(fds, number) : 0;
	if (flags & NS_SCAN_FDS && ns_parse_link(text, &kind, &ino, NULL) == 0)
		return note_fd(fds, kind, ino, NS_BY_FD, path);
	return 0;
}

int scan_fds(struct scan *scan)
{
	struct fd_scan fds = { .scan = scan };
	struct procfs_walk walk;
	struct stat st;
	int r = 0;

	if (fstatat(scan->proc_fd, "self/ns/mnt", &st, 0) == 0)
		fds.nsfs = st.st_dev;
	for (size_t i = 0; i < scan->graph->n_processes && r == 0; i++) {
		cleanup_close int dir = -EBADF;
		char path[32];
		int number;

		fds.process = &scan->graph->processes[i];
		fds.pidfd = -1;
		snprintf(path, sizeof(path), "%d/fd", fds.process->pid);
		dir = procfs_open_at(scan->proc_fd, path, O_RDONLY | O_DIRECTORY);
		walk.dir_fd = dir;
		walk.at = walk.used = 0;
		/* What the scan itself has open is nobody's hold. */
		while (dir >= 0 && r == 0 && procfs_next(&walk, &number) > 0)
			r = note_descriptor(&fds, number);
		fd_close(fds.pidfd);
	}
	return r;
}

/* Mounts. */

struct mount_scan {
	struct scan *scan;
	struct ns_node *in; /* NULL: the caller's own */
};

static int note_mount(void *data, const struct ns_mount *mount)
{
	struct mount_scan *mounts = data;
	struct scan *scan = mounts->scan;
	struct ns_node *node;

	if (!(scan->options->kinds & NS_BIT(mount->kind)))
		return 0;
	node = ns_graph_add(scan->graph, mount->kind, mount->ino);
	if (!node)
		return -ENOMEM;
	node->n_mounts++;
	if (!node->path) {
		node->path = arena_strdup(&scan->graph->arena, mount->path);
		node->path_in = mounts->in;
		if (!node->path)
			return -ENOMEM;
	}
	/* A path elsewhere is opened through the root of a process there, not as it is. */
	return scan_note(scan, node, NS_BY_MOUNT, NULL, mounts->in ? "" : mount->path);
}

static int walk_mounts(struct scan *scan, struct ns_node *in, const char *who)
{
	cleanup_close int dir = procfs_open_at(scan->proc_fd, who, O_RDONLY | O_DIRECTORY);
	struct mount_scan mounts = { .scan = scan, .in = in };
	int r = dir < 0 ? dir : ns_mounts_walk(dir, note_mount, &mounts);

	/* What cannot be read (gone, or not ours to see) is left away. */
	return r == -ENOMEM ? r : 0;
}

int scan_mounts(struct scan *scan)
{
	ino_t own_ino = 0;
	char who[16] = "";
	struct stat st;
	int r;

	if (fstatat(scan->proc_fd, "self/ns/mnt", &st, 0) == 0)
		own_ino = st.st_ino;
	if (readlinkat(scan->proc_fd, "self", who, sizeof(who) - 1) > 0) {
		r = walk_mounts(scan, NULL, who);
		if (r < 0)
			return r;
	}
	if (!(scan->options->flags & NS_SCAN_ALL_MOUNTS))
		return 0;
	/* Nodes that are found on the way come behind; mount namespaces among them have no process. */
	for (size_t i = 0; i < scan->graph->n_nodes; i++) {
		struct ns_node *node = scan->graph->nodes[i];

		if (node->kind != NS_MNT || node->n_processes == 0 || node->ino == own_ino)
			continue;
		snprintf(who, sizeof(who), "%d", node->first->pid);
		r = walk_mounts(scan, node, who);
		if (r < 0)
			return r;
	}
	return 0;
}
