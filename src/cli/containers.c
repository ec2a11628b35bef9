/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/containers.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"

extern char **environ;

int containers_open(struct containers *containers, struct inro_error *error)
{
	const char *path;

	*containers = (struct containers){ .dir_fd = -ENOENT, .proc_fd = procfs_open() };
	if (containers->proc_fd < 0)
		return fail_call(error, containers->proc_fd, "look for containers", "open", "/proc");
	path = state_path(&containers->arena, geteuid(), (const char *const *)environ);
	if (!path)
		return fail_memory(error);
	containers->dir_fd = state_open(path, false);
	/* Root of a user namespace is looking at the directory of another root: it has none. */
	if (containers->dir_fd == -EACCES && geteuid() == 0)
		containers->dir_fd = -ENOENT;
	if (containers->dir_fd >= 0 || containers->dir_fd == -ENOENT)
		return 0;
	fail_call(error, containers->dir_fd, "look for containers", "open", path);
	if (containers->dir_fd == -EPERM)
		error_why(error, "the directory is not the caller's alone: owner or mode (0700) differ");
	return containers->dir_fd;
}

void containers_close(struct containers *containers)
{
	fd_close(containers->dir_fd);
	fd_close(containers->proc_fd);
	arena_deinit(&containers->arena);
}

int containers_find(struct containers *containers, const char *name, struct record *ret,
		    enum record_state *ret_state, struct inro_error *error)
{
	enum record_state state;
	struct record record;
	int r = -ENOENT;

	if (!state_name_ok(name))
		return fail_usage(error, name, "this is no container's name");
	if (containers->dir_fd >= 0)
		r = record_read(containers->dir_fd, name, &containers->arena, &record);
	if (r == 0) {
		state = record_state(&record, containers->proc_fd);
		if (state == RECORD_STALE) {
			record_remove(containers->dir_fd, &record);
			r = -ENOENT;
		}
	}
	if (r < 0) {
		fail_host(error, INRO_ERROR_HOST, r, "find the container", "there is none called '%s'", name);
		error_hint(error, "inro ps -a lists them");
		return r;
	}
	*ret = record;
	*ret_state = state;
	return 0;
}

int containers_watch(const struct containers *containers, const struct record *record)
{
	if (record->detached)
		return procfs_open_pidfd(containers->proc_fd, record->monitor, record->monitor_start);
	return procfs_open_pidfd(containers->proc_fd, record->pid, record->pid_start);
}
