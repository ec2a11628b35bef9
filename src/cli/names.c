/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static int lookup(void *data, const char *name, struct ns_target *target, struct inro_error *error)
{
	struct names *names = data;
	enum record_state state;
	struct record record;
	int r;

	if (names->containers.dir_fd < 0 || !state_name_ok(name) ||
	    record_read(names->containers.dir_fd, name, &names->containers.arena, &record) < 0)
		return -ENOENT;
	state = record_state(&record, names->containers.proc_fd);
	if (state == RECORD_STALE)
		return -ENOENT;
	r = state == RECORD_ENDED ? -ESRCH : ns_target_set_process(target, record.pid, record.pid_start);
	if (r < 0)
		fail_host(error, INRO_ERROR_HOST, r, "find the container", "'%s' has ended", name);
	return r;
}

struct each_name {
	void (*each)(void *data, const char *name);
	void *data;
};

static int tell_name(const struct record *record, enum record_state state, void *data)
{
	const struct each_name *told = data;

	(void)state;
	told->each(told->data, record->name);
	return 0;
}

static void list(void *data, void (*each)(void *each_data, const char *name), void *each_data)
{
	struct names *names = data;
	struct each_name told = { each, each_data };

	if (names->containers.dir_fd >= 0)
		state_each(names->containers.dir_fd, names->containers.proc_fd, tell_name, &told);
}

int names_open(struct names *names, struct inro_error *error)
{
	*names = (struct names){ 0 };
	names->targets = (struct target_names){ .data = names, .lookup = lookup, .list = list };
	return containers_open(&names->containers, error);
}

void names_close(struct names *names)
{
	if (names->targets.data)
		containers_close(&names->containers);
	*names = (struct names){ 0 };
}

static int add_name(const struct record *record, enum record_state state, void *data)
{
	struct names *names = data;
	struct arena *arena = &names->containers.arena;
	struct named *named;

	if (state != RECORD_RUNNING)
		return 0;
	named = arena_grow(arena, &names->list, &names->n, sizeof(*named));
	if (!named)
		return -ENOMEM;
	named->name = arena_strdup(arena, record->name);
	named->pid = record->pid;
	named->monitor = record->monitor;
	return named->name ? 0 : -ENOMEM;
}

static int compare_named(const void *a, const void *b)
{
	const struct named *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

int names_load(struct names *names, struct inro_error *error)
{
	int r = 0;

	if (names->containers.dir_fd >= 0)
		r = state_each(names->containers.dir_fd, names->containers.proc_fd, add_name, names);
	if (names->n)
		qsort(names->list, names->n, sizeof(*names->list), compare_named);
	return r == -ENOMEM ? fail_memory(error) : 0;
}

const struct named *names_of_pid(const struct names *names, pid_t pid)
{
	const struct named key = { .pid = pid };

	if (!names->n)
		return NULL;
	return bsearch(&key, names->list, names->n, sizeof(key), compare_named);
}

int names_target(struct names *names, const char *text, struct ns_target *ret, struct inro_error *error)
{
	return ns_target_open(text, &names->targets, ret, error);
}
