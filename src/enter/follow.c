/* SPDX-License-Identifier: Apache-2.0 */
#include "enter/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "cgroup/detect.h"
#include "idmap/range.h"

enum { ENVIRON_MAX = 8 << 20 };

void follow_deinit(struct follow *follow)
{
	fd_close(follow->root_fd);
	fd_close(follow->wd_fd);
	for (size_t i = 0; i < follow->n_cgroup_fds; i++)
		fd_close(follow->cgroup_fds[i]);
	*follow = (struct follow)FOLLOW_NULL;
}

static int read_failed(struct inro_error *error, int code, const char *what)
{
	fail_call(error, code, "take on of the target:", "open", what);
	if (code == -EACCES || code == -EPERM) {
		if (error)
			error->kind = INRO_ERROR_DENIED;
		error_why(error, "it takes the rights of ptrace(2) over that process");
	}
	return code;
}

/* /proc/PID/root and cwd: the kernel leads there itself, so that no path is looked up. */
static int open_link(int dir, const char *name, int *ret, struct inro_error *error)
{
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return read_failed(error, -errno, name);
	*ret = fd;
	return 0;
}

static int read_env(int dir, struct arena *arena, struct follow *follow, struct inro_error *error)
{
	cleanup_close int fd = procfs_open_at(dir, "environ", O_RDONLY);
	cleanup_free char *text = NULL;
	size_t size, n = 0;
	char **env;
	char *copy;
	int r = fd < 0 ? fd : fd_read_to_heap(fd, ENVIRON_MAX, &text, &size);

	if (r < 0)
		return read_failed(error, r, "environ");
	copy = arena_copy(arena, text, size + 1);
	for (size_t at = 0; at < size; at += strlen(text + at) + 1)
		n++;
	env = arena_array(arena, n + 1, sizeof(*env));
	if (!copy || !env)
		return fail_memory(error);
	n = 0;
	for (size_t at = 0; at < size; at += strlen(copy + at) + 1)
		if (strchr(copy + at, '='))
			env[n++] = copy + at;
	follow->env = env;
	return 0;
}

/* An id as seen from here to what it is in the process's own user namespace. */
static uint32_t translate(int dir, const char *file, uint32_t id)
{
	char text[16384];
	const char *at = text;
	struct id_range range;
	uint32_t inside;
	int used;

	if (procfs_read_at(dir, file, text, sizeof(text)) < 0)
		return id;
	for (; sscanf(at, "%u %u %u%n", &range.inner, &range.outer, &range.count, &used) == 3; at += used)
		if (ranges_to_inner(&range, 1, id, &inside))
			return inside;
	return id;
}

static int read_status(int dir, bool inside, struct follow *follow, struct inro_error *error)
{
	struct procfs_status status;
	int r = procfs_read_status(dir, &status);

	if (r < 0)
		return read_failed(error, r, "status");
	follow->uid = inside ? translate(dir, "uid_map", status.uid[1]) : status.uid[1];
	follow->gid = inside ? translate(dir, "gid_map", status.gid[1]) : status.gid[1];
	follow->caps = (struct become_caps){
		.bounding = status.cap_bounding,
		.permitted = status.cap_permitted,
		.effective = status.cap_effective,
		.inheritable = status.cap_inheritable,
		.ambient = status.cap_ambient,
	};
	follow->no_new_privs = status.no_new_privs;
	return 0;
}

/* AppArmor has files of its own where several modules share the old ones, and wants a word before. */
static int read_label(int dir, bool all, struct arena *arena, struct follow *follow,
		      struct inro_error *error)
{
	static const struct {
		const char *from, *to, *before;
	} modules[] = {
		{ "attr/apparmor/current", "thread-self/attr/apparmor/exec", "exec " },
		{ "attr/current", "thread-self/attr/exec", "" },
	};
	char text[4096];

	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		ssize_t n = procfs_read_at(dir, modules[i].from, text, sizeof(text));

		if (n <= 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (modules[i].before[0])
			text[strcspn(text, " ")] = '\0'; /* "profile (enforce)" */
		follow->label = arena_printf(arena, "%s%s", modules[i].before, text);
		follow->label_file = modules[i].to;
		return follow->label ? 0 : fail_memory(error);
	}
	if (all)
		return 0;
	return fail_host(error, INRO_ERROR_HOST, -EOPNOTSUPP, "--follow-context",
			 "no security module here gives processes a label (SELinux, AppArmor)");
}

static int open_group(struct follow *follow, const char *mount, const char *path, struct arena *arena,
		      struct inro_error *error)
{
	const char *file;
	int fd;

	if (!mount || !path || follow->n_cgroup_fds == FOLLOW_CGROUPS)
		return 0;
	file = arena_printf(arena, "%s%s/cgroup.procs", mount, strcmp(path, "/") == 0 ? "" : path);
	if (!file)
		return fail_memory(error);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		int code = -errno;

		fail_call(error, code, "join the target's cgroup", "open", file);
		if (code == -EACCES)
			error_hint(error, "as an ordinary user only groups of one's own can be joined");
		return code;
	}
	follow->cgroup_fds[follow->n_cgroup_fds++] = fd;
	return 0;
}

static int open_groups(int proc_fd, int dir, struct arena *arena, struct follow *follow,
		       struct inro_error *error)
{
	cleanup_close int fd = openat(proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	cleanup_free char *mounts = NULL;
	struct cgroup_facts facts = { 0 };
	char groups[8192];
	ssize_t n = procfs_read_at(dir, "cgroup", groups, sizeof(groups));
	int r = n < 0 ? (int)n : fd < 0 ? -errno : fd_read_to_heap(fd, 16 << 20, &mounts, NULL);

	if (r == 0)
		r = cgroup_facts_parse(&facts, arena, mounts, groups);
	if (r < 0)
		return read_failed(error, r, "cgroup");
	if (!facts.mount && facts.n_v1 == 0)
		return fail_host(error, INRO_ERROR_HOST, -ENOENT, "join the target's cgroup",
				 "no cgroup hierarchy is mounted here");
	r = open_group(follow, facts.mount, facts.own_path, arena, error);
	for (size_t i = 0; i < facts.n_v1 && r == 0; i++)
		r = open_group(follow, facts.v1[i].mount, facts.v1[i].own_path, arena, error);
	return r;
}

int follow_read(int proc_fd, pid_t pid, unsigned what, bool inside, struct arena *arena,
		struct follow *ret, struct inro_error *error)
{
	cleanup_close int dir = procfs_open_pid(proc_fd, pid);
	struct follow follow = FOLLOW_NULL;
	int r = dir < 0 ? read_failed(error, dir, "/proc/PID") : 0;

	if (r == 0 && what & FOLLOW_ROOT)
		r = open_link(dir, "root", &follow.root_fd, error);
	if (r == 0 && what & FOLLOW_WD)
		r = open_link(dir, "cwd", &follow.wd_fd, error);
	if (r == 0 && what & FOLLOW_ENV)
		r = read_env(dir, arena, &follow, error);
	if (r == 0 && what & (FOLLOW_UID | FOLLOW_GID | FOLLOW_CAPS | FOLLOW_NNP))
		r = read_status(dir, inside, &follow, error);
	if (r == 0 && what & FOLLOW_LABEL)
		r = read_label(dir, what == FOLLOW_ALL, arena, &follow, error);
	if (r == 0 && what & FOLLOW_CGROUP)
		r = open_groups(proc_fd, dir, arena, &follow, error);
	if (r < 0)
		follow_deinit(&follow);
	else
		*ret = follow;
	return r;
}
