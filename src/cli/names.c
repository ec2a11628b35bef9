/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "state/engines.h"

extern char **environ;

int names_open(struct names *names, struct inro_error *error)
{
	int r;

	*names = (struct names){ 0 };
	r = containers_open(&names->containers, error);
	/* Root of a user namespace may not look at root's records: there are no names for it, then. */
	if (r == -EACCES) {
		if (error)
			*error = (struct inro_error){ 0 };
		r = 0;
	}
	registry_init(&names->registry, names->containers.dir_fd, names->containers.proc_fd, geteuid(),
		      (const char *const *)environ);
	names->targets = registry_targets(&names->registry);
	return r;
}

void names_close(struct names *names)
{
	if (names->targets.data)
		containers_close(&names->containers);
	registry_deinit(&names->registry);
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

static int add_engine(struct names *names, const struct engine_container *container)
{
	struct named *named = arena_grow(&names->containers.arena, &names->list, &names->n, sizeof(*named));

	if (!named)
		return -ENOMEM;
	*named = (struct named){ .name = container->name, .pid = container->pid };
	return 0;
}

int names_load(struct names *names, struct inro_error *error)
{
	const struct engine_container *engines;
	size_t n;
	int r = 0;

	if (names->containers.dir_fd >= 0)
		r = state_each(names->containers.dir_fd, names->containers.proc_fd, add_name, names);
	registry_engines(&names->registry, &engines, &n);
	for (size_t i = 0; i < n && r != -ENOMEM; i++)
		if (add_engine(names, &engines[i]) < 0)
			r = -ENOMEM;
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
