/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/names.h"

#include <errno.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "ns/kept.h"
#include "state/engines.h"
#include "state/record.h"

void registry_init(struct registry *names, int state_fd, int proc_fd, uint32_t uid, const char *const *env)
{
	*names = (struct registry){ .state_fd = state_fd, .proc_fd = proc_fd, .uid = uid, .env = env };
}

void registry_open(struct registry *names, uint32_t uid, const char *const *env)
{
	const char *path;

	*names = (struct registry){
		.state_fd = -ENOENT,
		.proc_fd = procfs_open(),
		.owned = true,
		.uid = uid,
		.env = env,
	};
	path = state_path(&names->arena, uid, env);
	if (path)
		names->state_fd = state_open(path, false);
}

void registry_deinit(struct registry *names)
{
	if (names->owned) {
		fd_close(names->state_fd);
		fd_close(names->proc_fd);
	}
	arena_deinit(&names->arena);
	*names = (struct registry){ .state_fd = -EBADF, .proc_fd = -EBADF };
}

static int lookup_container(struct registry *names, const char *name, struct ns_target *target,
			    struct inro_error *error)
{
	enum record_state state;
	struct record record;
	int r;

	if (record_read(names->state_fd, name, &names->arena, &record) < 0)
		return -ENOENT;
	state = record_state(&record, names->proc_fd);
	if (state == RECORD_STALE)
		return -ENOENT;
	if (state == RECORD_ELSEWHERE) {
		fail_host(error, INRO_ERROR_HOST, -ESRCH, "find the container",
			  "'%s' was started in another PID namespace", name);
		error_hint(error, "only there the numbers in its record mean something");
		return -ESRCH;
	}
	r = state == RECORD_ENDED ? -ESRCH : ns_target_set_process(target, record.pid, record.pid_start);
	if (r < 0)
		fail_host(error, INRO_ERROR_HOST, r, "find the container", "'%s' has ended", name);
	return r;
}

static int lookup_kept(struct registry *names, const char *name, struct ns_target *target,
		       struct inro_error *error)
{
	cleanup_close int dir_fd = kept_open_dir(names->state_fd, false);
	struct kept kept;
	int r = dir_fd < 0 ? -ENOENT : kept_open(dir_fd, names->proc_fd, name, &kept, error);

	if (r < 0)
		return r;
	/* Its init stands for it where a process is asked for; what the name holds comes first. */
	if (kept.init)
		ns_target_set_process(target, kept.init, kept.init_start);
	target->kinds = kept.kinds;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		target->ns_fd[kind] = take_fd(&kept.ns_fd[kind]);
	return 0;
}

void registry_engines(struct registry *names, const struct engine_container **ret, size_t *ret_n)
{
	const struct engines engines = {
		.base = "",
		.in_userns = !procfs_in_initial_userns(),
		.uid = names->uid,
		.env = names->env,
		.proc_fd = names->proc_fd,
	};

	if (!names->looked)
		engines_load(&engines, &names->arena, &names->engines, &names->n_engines);
	names->looked = true;
	*ret = names->engines;
	*ret_n = names->n_engines;
}

static int lookup_engines(struct registry *names, const char *name, struct ns_target *target,
			  struct inro_error *error)
{
	const struct engine_container *list, *found;
	bool several;
	size_t n;

	registry_engines(names, &list, &n);
	found = engines_find(list, n, name, &several);
	if (several)
		return fail_usage(error, name, "several containers are called so, or have an id that begins so");
	if (!found)
		return -ENOENT;
	/* It may have ended since. */
	if (ns_target_set_process(target, found->pid, found->start_ticks) == 0)
		return 0;
	return fail_host(error, INRO_ERROR_HOST, -ESRCH, "find the container", "'%s' has ended", name);
}

static int lookup(void *data, const char *name, struct ns_target *target, struct inro_error *error)
{
	struct registry *names = data;
	int r = -ENOENT;

	if (names->state_fd >= 0 && state_name_ok(name)) {
		r = lookup_container(names, name, target, error);
		r = r == -ENOENT ? lookup_kept(names, name, target, error) : r;
	}
	return r == -ENOENT ? lookup_engines(names, name, target, error) : r;
}

struct each_name {
	void (*each)(void *data, const char *name);
	void *data;
};

static int tell_record(const struct record *record, enum record_state state, void *data)
{
	const struct each_name *told = data;

	(void)state;
	told->each(told->data, record->name);
	return 0;
}

static int tell_kept(void *data, const char *name)
{
	const struct each_name *told = data;

	told->each(told->data, name);
	return 0;
}

static void list(void *data, void (*each)(void *each_data, const char *name), void *each_data)
{
	struct registry *names = data;
	struct each_name told = { each, each_data };
	cleanup_close int dir_fd = kept_open_dir(names->state_fd, false);
	const struct engine_container *engines;
	size_t n;

	registry_engines(names, &engines, &n);
	for (size_t i = 0; i < n; i++)
		each(each_data, engines[i].name);
	if (names->state_fd < 0)
		return;
	state_each(names->state_fd, names->proc_fd, tell_record, &told);
	kept_each(dir_fd, tell_kept, &told);
}

struct target_names registry_targets(struct registry *names)
{
	return (struct target_names){ .data = names, .lookup = lookup, .list = list };
}
