/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "ns/mounts.h"
#include "ns/open.h"
#include "ns/scan.h"

struct search {
	unsigned kinds;
	ino_t ino;
	int fd; /* what was found */
	enum ns_kind kind;
	size_t n_denied;
};

/* Take FD where it is what is looked for, close it otherwise. */
static bool take_if_found(struct search *search, int fd, enum ns_kind kind)
{
	struct ns_id id;

	if (fd < 0)
		return false;
	if (ns_fd_check(fd, kind) < 0 || ns_fd_id_short(fd, &id) < 0 || id.ino != search->ino) {
		fd_close(fd);
		return false;
	}
	search->fd = fd;
	search->kind = kind;
	return true;
}

/* Reading the link costs half of opening it; so it is read first, and opened where it fits. */
static bool link_fits(struct search *search, int proc_fd, pid_t pid, const char *name)
{
	char path[64], text[64];
	enum ns_kind kind;
	ssize_t n;
	ino_t ino;

	snprintf(path, sizeof(path), "%d/ns/%s", pid, name);
	n = readlinkat(proc_fd, path, text, sizeof(text) - 1);
	if (n < 0) {
		search->n_denied += errno == EACCES;
		return false;
	}
	text[n] = '\0';
	return ns_parse_link(text, &kind, &ino, NULL) == 0 && ino == search->ino;
}

static bool open_if_it_fits(struct search *search, int proc_fd, pid_t pid, enum ns_kind kind)
{
	const struct ns_kind_info *info = &ns_kind_table[kind];
	cleanup_close int dir = -EBADF;
	unsigned flags = 0;

	if (!link_fits(search, proc_fd, pid, info->name)) {
		if (!info->children_name || !link_fits(search, proc_fd, pid, info->children_name))
			return false;
		flags = NS_OPEN_FOR_CHILDREN;
	}
	dir = procfs_open_pid(proc_fd, pid);
	return take_if_found(search, dir < 0 ? dir : ns_open_proc_dir(dir, kind, flags, NULL),
			     kind);
}

static bool look_at_process(struct search *search, int proc_fd, pid_t pid)
{
	size_t denied = search->n_denied;

	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		if (!(search->kinds & NS_BIT(kind)))
			continue;
		if (open_if_it_fits(search, proc_fd, pid, kind))
			return true;
		if (search->n_denied > denied) {
			/* So are its other links; the process is counted once. */
			search->n_denied = denied + 1;
			return false;
		}
	}
	return false;
}

static int look_at_mount(void *data, const struct ns_mount *mount)
{
	struct search *search = data;

	if (!(search->kinds & NS_BIT(mount->kind)) || mount->ino != search->ino)
		return 0;
	return take_if_found(search, ns_open_path(AT_FDCWD, mount->path, NULL, NULL), mount->kind);
}

static int search_all(struct search *search)
{
	cleanup_close int proc_fd = procfs_open(), self = -EBADF;
	struct procfs_walk walk = { .dir_fd = proc_fd };
	char link[16] = "";
	int pid, r;

	if (proc_fd < 0)
		return proc_fd;
	while ((r = procfs_next(&walk, &pid)) > 0)
		if (look_at_process(search, proc_fd, pid))
			return 0;
	if (r < 0)
		return r;
	if (readlinkat(proc_fd, "self", link, sizeof(link) - 1) < 0)
		return -errno;
	self = procfs_open_at(proc_fd, link, O_RDONLY | O_DIRECTORY);
	if (self < 0)
		return self;
	r = ns_mounts_walk(self, look_at_mount, search);
	return r < 0 ? r : r > 0 ? 0 : -ENOENT;
}

/* What is held by a thread, a descriptor, a mount elsewhere, or as the parent of another only. */
static int search_deep(struct search *search)
{
	const struct ns_scan_options options = {
		.kinds = NS_ALL,
		.flags = NS_SCAN_RELATIONS | NS_SCAN_THREADS | NS_SCAN_FDS | NS_SCAN_ALL_MOUNTS,
	};
	cleanup_ns_graph struct ns_graph graph = { 0 };
	const struct ns_node *node;
	int r = ns_scan(&options, &graph, NULL);

	if (r < 0)
		return r;
	node = ns_graph_find(&graph, search->ino);
	if (!node || !(search->kinds & NS_BIT(node->kind)))
		return -ENOENT;
	search->fd = ns_scan_open(&graph, node, NULL);
	search->kind = node->kind;
	return search->fd < 0 ? -ENOENT : 0;
}

int ns_find(unsigned kinds, ino_t ino, enum ns_kind *ret_kind, struct inro_error *error)
{
	struct search search = { .kinds = kinds, .ino = ino, .fd = -EBADF };
	char object[32];
	int r = search_all(&search);

	if (r == -ENOENT)
		r = search_deep(&search);
	if (r == 0) {
		*ret_kind = search.kind;
		return search.fd;
	}
	snprintf(object, sizeof(object), "%ju", (uintmax_t)ino);
	fail_call(error, r, "find the namespace", NULL, object);
	if (r != -ENOENT)
		return r;
	if (search.n_denied)
		error_why(error,
			  "nothing that you may look at holds it; %zu process%s could not be looked at",
			  search.n_denied, search.n_denied == 1 ? "" : "es");
	else
		error_why(error, "nothing that can be seen here holds it");
	error_hint(error, "%s", search.n_denied ? "run as root" : "see what there is with inro ls");
	return r;
}
