/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/target.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"
#include "ns/find.h"
#include "ns/mounts.h"
#include "ns/open.h"
#include "ns/pidmap.h"

/*
 * Theory of operation
 *
 * The forms are told apart by their shape, in this order: a slash makes a path; "kind:[number]" and
 * a number beyond the largest PID (4194304; nsfs counts from 4026531832) a namespace; digits a
 * process; "x:digits" a PID inside of x; anything else a name. A name may contain a colon, so the
 * whole text is tried as a name first.
 *
 * A name of digits alone can collide with a PID. Rather than guess, that is an error that says how
 * to write either. ip netns knows nothing of PIDs and does make such names.
 *
 * What comes out holds on to what was found: a pidfd for a process, descriptors for namespaces. A
 * number is looked up once.
 */

enum { PID_LIMIT = 4194304 };

static const char netns_dir[] = "/run/netns";

void ns_target_deinit(struct ns_target *target)
{
	fd_close(target->pidfd);
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		fd_close(target->ns_fd[kind]);
	*target = (struct ns_target)NS_TARGET_NULL;
}

static void set_namespace(struct ns_target *target, enum ns_kind kind, int fd)
{
	fd_close(target->ns_fd[kind]);
	target->ns_fd[kind] = fd;
	target->kinds |= NS_BIT(kind);
}

int ns_target_set_process(struct ns_target *target, pid_t pid, uint64_t start_ticks)
{
	cleanup_close int proc_fd = procfs_open();
	int pidfd = proc_fd < 0 ? proc_fd : procfs_open_pidfd(proc_fd, pid, start_ticks);

	if (pidfd < 0)
		return pidfd;
	fd_close(target->pidfd);
	target->pidfd = pidfd;
	target->pid = pid;
	return 0;
}

/* A number without a process. If /proc counts differently from the caller, that explains much. */
static int no_such_process(struct inro_error *error, int code, pid_t pid)
{
	cleanup_close int proc_fd = procfs_open();
	struct procfs_sight sight = { 0 };

	if (code != -ESRCH) {
		char object[16];

		snprintf(object, sizeof(object), "%d", pid);
		return fail_call(error, code, "open the process", "pidfd_open", object);
	}
	fail_host(error, INRO_ERROR_HOST, code, "find the process", "there is no process %d", pid);
	if (proc_fd >= 0)
		sight = procfs_look(proc_fd);
	if (sight.foreign || sight.aside)
		error_hint(error,
			   "/proc here shows the numbers of another PID namespace; mount a procfs "
			   "of this one to see those that count");
	return code;
}

static int open_process(pid_t pid, struct ns_target *ret, struct inro_error *error)
{
	int pidfd = sys_pidfd_open(pid, 0);

	/* It is a thread but no process: ENOENT, EINVAL before 6.9. */
	if (pidfd == -ENOENT || pidfd == -EINVAL) {
		pidfd = sys_pidfd_open(pid, PIDFD_THREAD);
		if (pidfd == -EINVAL) {
			fail_host(error, INRO_ERROR_HOST, -EINVAL, "open the process",
				  "%d is a thread, not a process", pid);
			error_hint(error,
				   "name its process, Tgid in /proc/%d/status (threads need "
				   "Linux 6.9)",
				   pid);
			return -EINVAL;
		}
		ret->thread = true;
	}
	if (pidfd < 0)
		return no_such_process(error, pidfd, pid);
	ret->form = NS_TARGET_PROCESS;
	ret->pidfd = pidfd;
	ret->pid = pid;
	return 0;
}

static int open_file(const char *path, struct ns_target *ret, struct inro_error *error)
{
	enum ns_kind kind;
	int fd;

	if (strncmp(path, "/proc/", 6) == 0) {
		char number[12] = "";
		size_t n = strcspn(path + 6, "/");
		pid_t pid;

		if (n < sizeof(number) && path[6 + n + strspn(path + 6 + n, "/")] == '\0') {
			memcpy(number, path + 6, n);
			if (parse_pid(number, &pid) == 0)
				return open_process(pid, ret, error);
		}
	}
	fd = ns_open_path(AT_FDCWD, path, &kind, error);
	if (fd < 0)
		return fd;
	ret->form = NS_TARGET_FILE;
	set_namespace(ret, kind, fd);
	return 0;
}

static int open_number(unsigned kinds, ino_t ino, struct ns_target *ret, struct inro_error *error)
{
	enum ns_kind kind;
	int fd = ns_find(kinds, ino, &kind, error);

	if (fd < 0)
		return fd;
	ret->form = NS_TARGET_NUMBER;
	set_namespace(ret, kind, fd);
	return 0;
}

/* ip netns: a file per name. -ENOENT where there is none. */
static int open_netns(const char *name, struct ns_target *ret, struct inro_error *error)
{
	cleanup_close int dir = open(netns_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (dir < 0 || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return -ENOENT;
	fd = ns_open_path(dir, name, NULL, error);
	if (fd >= 0 && ns_fd_check(fd, NS_NET) < 0) {
		fd_close(fd);
		fd = -EINVAL;
	}
	if (fd < 0) {
		fail_host(error, INRO_ERROR_HOST, fd, "open the ip-netns name",
			  "nothing is mounted on %s/%s, or not by you to see", netns_dir, name);
		error_hint(error, "ip netns delete %s removes a leftover", name);
		return fd;
	}
	ret->form = NS_TARGET_NETNS;
	set_namespace(ret, NS_NET, fd);
	return 0;
}

/* A name of the registry, or of ip netns. -ENOENT, without an error filled, where there is none. */
static int open_name(const char *name, const struct target_names *names, struct ns_target *ret,
		     struct inro_error *error)
{
	int r = -ENOENT;

	if (!*name)
		return -ENOENT;
	if (names && names->lookup)
		r = names->lookup(names->data, name, ret, error);
	if (r == 0)
		ret->form = NS_TARGET_NAME;
	return r == -ENOENT ? open_netns(name, ret, error) : r;
}

/* How many letters must be changed, added or taken away; names are short. */
static size_t distance(const char *a, const char *b)
{
	size_t row[65], n = strlen(b);

	if (strlen(a) > 64 || n > 64)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

struct suggestion {
	const char *wanted;
	char name[128];
	size_t distance;
};

static void suggest(void *data, const char *name)
{
	struct suggestion *best = data;
	size_t d = distance(best->wanted, name), length = strlen(best->wanted);

	if (length >= 2 && strncmp(name, best->wanted, length) == 0)
		d = 1;
	if (d < best->distance && d <= (length < 4 ? 1 : 2) && strlen(name) < sizeof(best->name)) {
		best->distance = d;
		strcpy(best->name, name);
	}
}

static int no_such_name(const char *name, const struct target_names *names,
			struct inro_error *error)
{
	struct suggestion best = { .wanted = name, .distance = SIZE_MAX };
	DIR *dir = opendir(netns_dir);

	if (names && names->list)
		names->list(names->data, suggest, &best);
	for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
		if (entry->d_name[0] != '.')
			suggest(&best, entry->d_name);
	if (dir)
		closedir(dir);
	fail_host(error, INRO_ERROR_HOST, -ENOENT, "find the target",
		  "no container, kept namespace or ip-netns name is called \"%s\"", name);
	if (best.name[0])
		error_hint(error, "did you mean \"%s\"?", best.name);
	else
		error_hint(error,
			   "a target is a PID, a name, NAME:PID, a namespace's file or its number");
	return -ENOENT;
}

/* Digits: a process, unless a namespace's number, or a name. */
static int open_digits(const char *text, uint64_t value, const struct target_names *names,
		       struct ns_target *ret, struct inro_error *error)
{
	cleanup_ns_target struct ns_target named = NS_TARGET_NULL;
	bool is_name;
	int r;

	is_name = open_name(text, names, &named, NULL) == 0;
	if (value == 0 || value > PID_LIMIT)
		r = value == 0 ? -ESRCH
			       : open_number(NS_ALL, (ino_t)value, ret, is_name ? NULL : error);
	else
		r = open_process((pid_t)value, ret, is_name ? NULL : error);
	if (r < 0 && is_name) {
		*ret = named;
		named = (struct ns_target)NS_TARGET_NULL;
		return 0;
	}
	if (r == 0 && is_name) {
		ns_target_deinit(ret);
		fail_usage(error, text, "both a %s and a name are called so",
			   value > PID_LIMIT ? "namespace" : "process");
		error_hint(error,
			   value > PID_LIMIT ? "write KIND:[%s] for the namespace"
					     : "write /proc/%s for the process",
			   text);
		return -EINVAL;
	}
	return r == -ESRCH && value == 0 ? no_such_process(error, r, 0) : r;
}

static int open_inside(const char *text, const char *colon, const struct target_names *names,
		       struct ns_target *ret, struct inro_error *error)
{
	cleanup_ns_target struct ns_target outer = NS_TARGET_NULL;
	cleanup_close int pidns_fd = -EBADF;
	char name[256];
	pid_t pid;
	int r;

	if ((size_t)(colon - text) >= sizeof(name) || parse_pid(colon + 1, &pid) < 0)
		return fail_usage(error, text, "this is no PID, nor the number of a namespace");
	snprintf(name, sizeof(name), "%.*s", (int)(colon - text), text);
	r = ns_target_open(name, names, &outer, error);
	if (r < 0)
		return r;
	pidns_fd = ns_target_ns(&outer, NS_PID, error);
	if (pidns_fd < 0)
		return pidns_fd;
	r = pidmap_open(pidns_fd, pid, NULL);
	if (r < 0) {
		fail_host(error, INRO_ERROR_HOST, r, "find the process",
			  "there is no process %d in the PID namespace of \"%s\"", pid, name);
		return r;
	}
	ret->form = NS_TARGET_INSIDE;
	ret->pidfd = r;
	return procfs_pid_of_pidfd(ret->pidfd, &ret->pid);
}

static int open_target(const char *text, const struct target_names *names, struct ns_target *ret,
		       struct inro_error *error)
{
	const char *colon = strrchr(text, ':');
	bool inside = colon && colon > text && colon[1] &&
		      colon[1 + strspn(colon + 1, "0123456789")] == '\0';
	enum ns_kind kind;
	uint64_t value;
	size_t length;
	ino_t ino;
	int r;

	if (!*text)
		return fail_usage(error, "target", "it is empty");
	if (strchr(text, '/')) {
		if (inside && access(text, F_OK) < 0)
			return open_inside(text, colon, names, ret, error);
		return open_file(text, ret, error);
	}
	if (ns_parse_link(text, &kind, &ino, &length) == 0 && text[length] == '\0')
		return open_number(NS_BIT(kind), ino, ret, error);
	if (parse_u64(text, &value) == 0)
		return open_digits(text, value, names, ret, error);
	r = open_name(text, names, ret, error);
	if (r == -ENOENT && inside)
		return open_inside(text, colon, names, ret, error);
	return r == -ENOENT ? no_such_name(text, names, error) : r;
}

int ns_target_open(const char *text, const struct target_names *names, struct ns_target *ret,
		   struct inro_error *error)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	int r;

	r = open_target(text, names, &target, error);
	if (r < 0)
		return r;
	*ret = target;
	target = (struct ns_target)NS_TARGET_NULL;
	return 0;
}

int ns_target_ns(const struct ns_target *target, enum ns_kind kind, struct inro_error *error)
{
	int fd;

	if (target->kinds & NS_BIT(kind)) {
		fd = fcntl(target->ns_fd[kind], F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? fail_call(error, -errno, "keep the namespace", "fcntl", NULL) : fd;
	}
	if (target->pidfd < 0) {
		char held[NS_KINDS_TEXT];

		fail_host(error, INRO_ERROR_HOST, -ENOENT, "find the target's namespace",
			  "the target is no process, and holds no %s namespace but only: %s",
			  ns_kind_name(kind), ns_kinds_format(target->kinds, held, sizeof(held)));
		return -ENOENT;
	}
	return ns_open_pidfd(target->pidfd, kind, 0, error);
}

int ns_target_join(const struct ns_target *target, unsigned kinds, struct ns_join *join,
		   struct inro_error *error)
{
	unsigned named = kinds & target->kinds;
	int r = 0;

	if (target->pidfd >= 0 && kinds & ~named)
		r = ns_join_add_pidfd(join, target->pidfd, kinds & ~named, error);
	else
		named = kinds;
	for (enum ns_kind kind = 0; kind < NS_KINDS && r == 0; kind++) {
		int fd;

		if (!(named & NS_BIT(kind)))
			continue;
		fd = ns_target_ns(target, kind, error);
		r = fd < 0 ? fd : ns_join_add_fd(join, kind, fd, error);
	}
	return r;
}
