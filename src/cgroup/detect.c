/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which hierarchies there are, and where the caller stands in them.
 *
 * Two texts tell it. A line of mountinfo is, blank-separated,
 *	id parent major:minor ROOT MOUNT options [optional fields ...] - TYPE source SUPER-OPTIONS
 * where ROOT is the group that the mount shows as its top: "/" on a host and in a cgroup namespace,
 * something else where a container sees a bind of its own group. A line of /proc/self/cgroup is
 *	number:CONTROLLERS:PATH
 * with PATH counted from the root of the caller's cgroup namespace, and no controllers for v2. What
 * the mount shows as "/" is ROOT, so ROOT is taken away from the front of PATH; a PATH that is not
 * below it (also "/../..", outside of the namespace) cannot be reached through this mount.
 */

#include "cgroup/detect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macros.h"
#include "base/procfs.h"
#include "cgroup/controller.h"
#include "cgroup/dir.h"

enum { TEXT_MAX = 16 << 20 };

struct mount_line {
	char *root, *mount, *type, *options; /* in the line itself, NUL-terminated */
};

/* Blanks and the like stand in mountinfo as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++, to++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' && text[2] <= '7' &&
		    text[3] >= '0' && text[3] <= '7') {
			*to = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 3;
		} else {
			*to = *text;
		}
	}
	*to = '\0';
}

static bool parse_mount_line(char *line, struct mount_line *ret)
{
	char *tail = strstr(line, " - ");
	char *fields[6], *save;

	if (!tail)
		return false;
	*tail = '\0';
	fields[0] = strtok_r(line, " ", &save);
	for (int i = 1; i < 6; i++)
		if (!fields[i - 1] || !(fields[i] = strtok_r(NULL, " ", &save)))
			return false;
	ret->root = fields[3];
	ret->mount = fields[4];
	ret->type = strtok_r(tail + 3, " ", &save);
	if (!ret->type || !strtok_r(NULL, " ", &save))
		return false;
	ret->options = strtok_r(NULL, " ", &save);
	unescape(ret->root);
	unescape(ret->mount);
	return ret->options != NULL;
}

/* PATH as the mount shows it whose top is ROOT; NULL where it does not show it. */
static const char *below_root(const char *path, const char *root)
{
	size_t n = strlen(root);

	if (strncmp(path, "/..", 3) == 0 && (path[3] == '/' || path[3] == '\0'))
		return NULL;
	if (strcmp(root, "/") == 0)
		return path;
	/* In a cgroup namespace that is younger than the mount, ROOT begins with "/..". */
	if (strncmp(root, "/..", 3) == 0)
		return NULL;
	if (strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return path[n] ? path + n : "/";
}

/* The path of the line whose controllers are LIST ("" for v2), copied to the arena. */
static const char *find_group(struct arena *arena, const char *groups, const char *list)
{
	size_t n = strlen(list);

	for (const char *line = groups; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *colon = memchr(line, ':', (size_t)(end - line));

		if (colon && strncmp(colon + 1, list, n) == 0 && colon[1 + n] == ':')
			return arena_strndup(arena, colon + n + 2, (size_t)(end - colon) - n - 2);
		line = *end ? end + 1 : end;
	}
	return NULL;
}

/* Is the name of N bytes among the options of a mount? */
static bool has_option(const char *options, const char *name, size_t n)
{
	for (const char *at = options; *at;) {
		size_t length = strcspn(at, ",");

		if (length == n && memcmp(at, name, n) == 0)
			return true;
		at += length + (at[length] == ',');
	}
	return false;
}

/* Is each controller of the list (N bytes) among the options of the mount? */
static bool has_all(const char *options, const char *list, size_t n)
{
	for (size_t at = 0; at < n;) {
		size_t length = strcspn(list + at, ",:\n");

		if (!has_option(options, list + at, length))
			return false;
		at += length + 1;
	}
	return n > 0;
}

/*
 * The controllers of a v1 mount, as /proc/self/cgroup calls them: "cpu,cpuacct", "name=systemd".
 * Hierarchies of which inro uses nothing are left out unless all are wanted.
 */
static const char *v1_controllers(struct arena *arena, const char *options, const char *groups, bool all)
{
	for (const char *line = groups; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *colon = memchr(line, ':', (size_t)(end - line));
		const char *second = colon ? memchr(colon + 1, ':', (size_t)(end - colon) - 1) : NULL;

		if (second && has_all(options, colon + 1, (size_t)(second - colon) - 1)) {
			const char *list = arena_strndup(arena, colon + 1, (size_t)(second - colon) - 1);

			return all || cgroup_controllers_parse(list) ? list : NULL;
		}
		line = *end ? end + 1 : end;
	}
	return NULL;
}

static int add_v1(struct cgroup_facts *facts, struct arena *arena, const struct mount_line *line,
		  const char *groups)
{
	const char *controllers = v1_controllers(arena, line->options, groups, facts->all_v1);
	struct cgroup_v1 *v1;
	const char *path;

	if (!controllers)
		return 0;
	for (size_t i = 0; i < facts->n_v1; i++)
		if (strcmp(facts->v1[i].controllers, controllers) == 0)
			return 0;
	v1 = arena_grow(arena, &facts->v1, &facts->n_v1, sizeof(*v1));
	if (!v1)
		return -ENOMEM;
	v1->controllers = controllers;
	v1->mount = arena_strdup(arena, line->mount);
	path = find_group(arena, groups, controllers);
	v1->own_path = path ? below_root(path, line->root) : NULL;
	return v1->mount ? 0 : -ENOMEM;
}

static int add_v2(struct cgroup_facts *facts, struct arena *arena, const struct mount_line *line,
		  const char *groups)
{
	const char *path;

	if (facts->mount)
		return 0;
	path = find_group(arena, groups, "");
	facts->mount = arena_strdup(arena, line->mount);
	facts->own_path = path ? below_root(path, line->root) : NULL;
	return facts->mount ? 0 : -ENOMEM;
}

int cgroup_facts_parse(struct cgroup_facts *facts, struct arena *arena, const char *mountinfo,
		       const char *groups)
{
	char *text = arena_strdup(arena, mountinfo);
	char *save, *row;
	bool any_v1 = false;
	int r = 0;

	if (!text)
		return -ENOMEM;
	for (row = strtok_r(text, "\n", &save); row && r == 0; row = strtok_r(NULL, "\n", &save)) {
		struct mount_line line;

		if (!parse_mount_line(row, &line))
			continue;
		if (strcmp(line.type, "cgroup2") == 0) {
			r = add_v2(facts, arena, &line, groups);
		} else if (strcmp(line.type, "cgroup") == 0) {
			any_v1 = true;
			r = add_v1(facts, arena, &line, groups);
		}
	}
	if (facts->mount)
		facts->layout = any_v1 ? CGROUP_HYBRID : CGROUP_V2;
	else
		facts->layout = any_v1 ? CGROUP_V1 : CGROUP_NONE;
	return r;
}

/* May the caller make groups in this one and place processes there? */
static bool may_divide(int fd)
{
	return faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0 &&
	       faccessat(fd, "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

static unsigned read_controllers(int fd, const char *file)
{
	char text[512];

	return cgroup_read(fd, file, text, sizeof(text)) < 0 ? 0 : cgroup_controllers_parse(text);
}

/*
 * systemd marks what it hands over. Only the attribute that root alone can set is believed: it tells
 * root to work inside of that group, where another user could take the limits away again.
 */
static bool marked_delegated(int fd)
{
	char value[8];

	return fgetxattr(fd, "trusted.delegate", value, sizeof(value)) == 1 && value[0] == '1';
}

static void probe_own(struct cgroup_facts *facts, int mount_fd)
{
	cleanup_close int own = cgroup_open_below(mount_fd, facts->own_path);
	cleanup_free pid_t *pids = NULL;
	char text[512];
	size_t n;

	if (own < 0)
		return;
	facts->own_writable = may_divide(own);
	facts->own = read_controllers(own, "cgroup.controllers");
	facts->own_divided = cgroup_read(own, "cgroup.subtree_control", text, sizeof(text)) > 1;
	facts->delegated = marked_delegated(own);
	if (cgroup_read_pids(own, &pids, &n) == 0)
		for (size_t i = 0; i < n; i++)
			facts->n_others += pids[i] != getpid();
}

static void probe_above(struct cgroup_facts *facts, struct arena *arena, int mount_fd)
{
	const char *slash = strrchr(facts->own_path, '/');
	const char *path;

	if (!slash || strcmp(facts->own_path, "/") == 0)
		return;
	path = arena_strndup(arena, facts->own_path, (size_t)(slash - facts->own_path));
	if (path) {
		cleanup_close int above = cgroup_open_below(mount_fd, path);

		if (above < 0)
			return;
		facts->above_writable = may_divide(above);
		facts->above = read_controllers(above, "cgroup.controllers");
	}
}

static void probe_v2(struct cgroup_facts *facts)
{
	cleanup_close int mount_fd = cgroup_open_mount(facts->mount, true);
	cleanup_arena struct arena arena = { 0 };

	if (mount_fd < 0)
		return;
	/* Only the very top of the hierarchy has no events. */
	facts->real_root = faccessat(mount_fd, "cgroup.events", F_OK, 0) < 0 && errno == ENOENT;
	facts->top_writable = may_divide(mount_fd);
	facts->top = read_controllers(mount_fd, "cgroup.controllers");
	if (!facts->own_path)
		return;
	probe_own(facts, mount_fd);
	probe_above(facts, &arena, mount_fd);
}

void cgroup_facts_probe(struct cgroup_facts *facts)
{
	if (facts->mount)
		probe_v2(facts);
	for (size_t i = 0; i < facts->n_v1; i++) {
		cleanup_close int mount_fd = cgroup_open_mount(facts->v1[i].mount, false);
		cleanup_close int own = -EBADF;

		if (mount_fd < 0 || !facts->v1[i].own_path)
			continue;
		own = cgroup_open_below(mount_fd, facts->v1[i].own_path);
		facts->v1[i].writable = own >= 0 && may_divide(own);
	}
}

static int read_self(int self_fd, const char *file, char **ret)
{
	cleanup_close int fd = procfs_open_at(self_fd, file, O_RDONLY);

	return fd < 0 ? fd : fd_read_to_heap(fd, TEXT_MAX, ret, NULL);
}

int cgroup_facts_read(struct cgroup_facts *facts, struct arena *arena)
{
	cleanup_close int proc_fd = procfs_open();
	cleanup_close int self = -EBADF;
	cleanup_free char *mountinfo = NULL, *groups = NULL;
	char number[16] = "";
	int r;

	if (proc_fd < 0)
		return proc_fd;
	/* "self" is a link, which nothing below procfs follows: its number is opened. */
	if (readlinkat(proc_fd, "self", number, sizeof(number) - 1) < 0)
		return -errno;
	self = procfs_open_at(proc_fd, number, O_RDONLY | O_DIRECTORY);
	if (self < 0)
		return self;
	r = read_self(self, "mountinfo", &mountinfo);
	if (r == 0)
		r = read_self(self, "cgroup", &groups);
	return r < 0 ? r : cgroup_facts_parse(facts, arena, mountinfo, groups);
}

int cgroup_facts_gather(struct cgroup_facts *facts, struct arena *arena, const char *container)
{
	struct cgroup_facts found = { 0 };
	char name[CGROUP_NAME_SIZE];
	uint32_t number;
	int r;

	if (facts->gathered)
		return 0;
	r = cgroup_facts_read(&found, arena);
	if (r < 0)
		return r;
	cgroup_facts_probe(&found);
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	cgroup_make_name(getpid(), number, container, name);
	found.name = arena_strdup(arena, name);
	if (!found.name)
		return -ENOMEM;
	found.gathered = true;
	*facts = found;
	return 0;
}
