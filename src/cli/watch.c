/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "ns/mounts.h"
#include "ns/scan.h"

/*
 * Theory of operation
 *
 * For each process it is known in which namespaces it was seen last, for each namespace how many
 * processes are in it. A namespace is new with its first process, and empty without its last.
 *
 * What changes comes from two sources that do not contradict each other. The kernel tells of births,
 * execs and ends at once; but not of setns(2) and unshare(2), and nothing of a process that has ended
 * before we look. A scan sees what is, and finds those; between two scans it misses what was short.
 * Whatever a source says is compared with what is known, and only a difference is an event.
 *
 * Events are told a moment after they happened: by then a container's record is written, and its
 * namespaces have a name.
 */

void watch_deinit(struct watch *watch)
{
	while (watch->process_list) {
		struct watch_process *next = watch->process_list->next;

		free(watch->process_list);
		watch->process_list = next;
	}
	while (watch->ns_list) {
		struct watch_ns *next = watch->ns_list->next;

		free(watch->ns_list);
		watch->ns_list = next;
	}
	hash_deinit(&watch->by_pid);
	hash_deinit(&watch->by_ino);
	free(watch->events);
}

static struct watch_event *add_event(struct watch *watch, enum watch_what what, const struct watch_process *process)
{
	struct watch_event *event;

	if (watch->n_events == watch->size_events) {
		size_t size = watch->size_events ? 2 * watch->size_events : 64;

		event = realloc(watch->events, size * sizeof(*event));
		if (!event)
			return NULL;
		watch->events = event;
		watch->size_events = size;
	}
	event = &watch->events[watch->n_events++];
	*event = (struct watch_event){ .what = what, .time_ns = clock_ns(CLOCK_REALTIME) };
	event->pid = process->pid;
	event->n_levels = process->n_levels;
	memcpy(event->pids, process->pids, sizeof(event->pids));
	memcpy(event->command, process->command, sizeof(event->command));
	return event;
}

static void set_ns(struct watch_event *event, struct watch_ns *ns)
{
	if (!ns)
		return;
	event->ns = ns;
	event->kind = ns->kind;
	event->ino = ns->ino;
	event->life = ns->life;
	memcpy(event->name, ns->name, sizeof(event->name));
}

static int tell_of_ns(struct watch *watch, enum watch_what what, struct watch_ns *ns,
		      const struct watch_process *process)
{
	struct watch_event *event;

	if (watch->silent || !(watch->kinds & NS_BIT(ns->kind)))
		return 0;
	event = add_event(watch, what, process);
	if (!event)
		return -ENOMEM;
	set_ns(event, ns);
	return 0;
}

static int tell_of_process(struct watch *watch, enum watch_what what, const struct watch_process *process,
			   unsigned kinds)
{
	struct watch_event *event;

	if (watch->silent || !watch->processes || (process->own && !watch->all && what != WATCH_MOVE))
		return 0;
	event = add_event(watch, what, process);
	if (!event)
		return -ENOMEM;
	event->kinds = kinds;
	set_ns(event, process->ns[NS_PID]);
	return 0;
}

static struct watch_ns *find_ns(struct watch *watch, enum ns_kind kind, ino_t ino)
{
	struct watch_ns *ns = hash_get(&watch->by_ino, ino);

	if (!ns) {
		ns = calloc(1, sizeof(*ns));
		if (!ns)
			return NULL;
		ns->next = watch->ns_list;
		watch->ns_list = ns;
		ns->ino = ino;
		if (hash_put(&watch->by_ino, ino, ns) < 0)
			return NULL;
	}
	/* A number may be used again, for another kind too. */
	if (ns->n_processes == 0) {
		ns->kind = kind;
		ns->life++;
		ns->name[0] = '\0';
	}
	return ns;
}

static struct watch_process *find_process(struct watch *watch, pid_t pid)
{
	struct watch_process *process = hash_get(&watch->by_pid, (uint64_t)pid);

	if (process)
		return process;
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->pid = pid;
	process->next = watch->process_list;
	watch->process_list = process;
	return hash_put(&watch->by_pid, (uint64_t)pid, process) < 0 ? NULL : process;
}

/* Leave a namespace; its last process makes it empty. */
static int leave(struct watch *watch, struct watch_process *process, enum ns_kind kind)
{
	struct watch_ns *ns = process->ns[kind];

	process->ns[kind] = NULL;
	if (!ns || --ns->n_processes > 0)
		return 0;
	return tell_of_ns(watch, WATCH_NS_EMPTY, ns, process);
}

static int enter(struct watch *watch, struct watch_process *process, struct watch_ns *ns, enum ns_kind kind)
{
	process->ns[kind] = ns;
	return ns->n_processes++ > 0 ? 0 : tell_of_ns(watch, WATCH_NS_NEW, ns, process);
}

static void read_details(struct watch *watch, struct watch_process *process)
{
	cleanup_close int dir = procfs_open_pid(watch->proc_fd, process->pid);
	struct procfs_status status;
	char command[4096];

	process->n_levels = 0;
	if (dir < 0 || procfs_read_status(dir, &status) < 0)
		return;
	process->n_levels = status.n_levels;
	memcpy(process->pids, status.ns_pid, sizeof(process->pids));
	if (procfs_read_command(dir, command, sizeof(command)) == 0)
		snprintf(process->command, sizeof(process->command), "%.255s", command);
}

/* What was seen of a process: NUMBERS[kind], 0 where it was not looked for. */
static int update(struct watch *watch, pid_t pid, const ino_t numbers[NS_KINDS], bool news)
{
	struct watch_process *process = find_process(watch, pid);
	unsigned changed = 0;
	bool born;
	int r = 0;

	if (!process)
		return -ENOMEM;
	born = !process->alive;
	process->alive = true;
	process->seen = watch->scan;
	if (!watch->silent && (born || news))
		read_details(watch, process);
	for (enum ns_kind kind = 0; kind < NS_KINDS && r == 0; kind++) {
		struct watch_ns *old = process->ns[kind], *ns;

		if (!numbers[kind] || (old && old->ino == numbers[kind]))
			continue;
		ns = find_ns(watch, kind, numbers[kind]);
		if (!ns)
			return -ENOMEM;
		changed |= NS_BIT(kind);
		r = leave(watch, process, kind);
		if (r == 0)
			r = enter(watch, process, ns, kind);
	}
	process->own = process->ns[NS_PID] == watch->own_pidns;
	if (r == 0 && born)
		return tell_of_process(watch, WATCH_START, process, 0);
	return r == 0 && changed & watch->kinds ? tell_of_process(watch, WATCH_MOVE, process, changed) : r;
}

int watch_look(struct watch *watch, pid_t pid)
{
	ino_t numbers[NS_KINDS] = { 0 };

	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		enum ns_kind found;
		char path[48], text[64];
		ssize_t n;

		if (!(watch->kinds & NS_BIT(kind)) && kind != NS_PID)
			continue;
		snprintf(path, sizeof(path), "%d/%s", pid, ns_kind_table[kind].proc_path);
		n = readlinkat(watch->proc_fd, path, text, sizeof(text) - 1);
		/* It has ended already, or is not ours to see. */
		if (n <= 0)
			return 0;
		text[n] = '\0';
		ns_parse_link(text, &found, &numbers[kind], NULL);
	}
	return update(watch, pid, numbers, true);
}

static int end(struct watch *watch, struct watch_process *process)
{
	int r = tell_of_process(watch, WATCH_END, process, 0);

	process->alive = false;
	for (enum ns_kind kind = 0; kind < NS_KINDS && r == 0; kind++)
		r = leave(watch, process, kind);
	return r;
}

int watch_end(struct watch *watch, pid_t pid)
{
	struct watch_process *process = hash_get(&watch->by_pid, (uint64_t)pid);

	return process && process->alive ? end(watch, process) : 0;
}

int watch_scan(struct watch *watch, struct inro_error *error)
{
	const struct ns_scan_options options = { .kinds = watch->kinds | NS_BIT(NS_PID) };
	cleanup_ns_graph struct ns_graph graph = { 0 };
	int r = ns_scan(&options, &graph, error);

	watch->scan++;
	for (size_t i = 0; i < graph.n_processes && r == 0; i++) {
		struct watch_process *process = hash_get(&watch->by_pid, (uint64_t)graph.processes[i].pid);

		if (process)
			process->seen = watch->scan;
	}
	/* Ends first: the number of a namespace that went with them may be another's by now. */
	for (struct watch_process *process = watch->process_list; process && r == 0; process = process->next)
		if (process->alive && process->seen != watch->scan)
			r = end(watch, process);
	for (size_t i = 0; i < graph.n_processes && r == 0; i++) {
		ino_t numbers[NS_KINDS];

		for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
			const struct ns_node *node = graph.processes[i].ns[kind];

			numbers[kind] = node ? node->ino : 0;
		}
		r = update(watch, graph.processes[i].pid, numbers, false);
	}
	return r;
}
