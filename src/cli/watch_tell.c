/* SPDX-License-Identifier: Apache-2.0 */

/* The lines of inro watch. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "cli/json.h"
#include "cli/ns_titles.h"
#include "cli/watch.h"
#include "ns/mounts.h"

static const struct {
	const char *word, *json, *colour;
} words[] = {
	[WATCH_NS_NEW] = { "new", "namespace-new", "\033[1;32m" },
	[WATCH_NS_EMPTY] = { "gone", "namespace-gone", "\033[1;31m" },
	[WATCH_START] = { "start", "process-start", "\033[32m" },
	[WATCH_MOVE] = { "move", "process-move", "\033[33m" },
	[WATCH_END] = { "end", "process-end", "\033[31m" },
};

static void set_name(struct watch_ns *ns, const char *name)
{
	snprintf(ns->name, sizeof(ns->name), "%s", name);
}

/* A container's own namespaces: those that its monitor is not in. */
static void name_container(struct watch *watch, const struct named *named)
{
	const struct watch_process *process = hash_get(&watch->by_pid, (uint64_t)named->pid);
	const struct watch_process *outside = hash_get(&watch->by_pid, (uint64_t)named->monitor);

	for (enum ns_kind kind = 0; process && kind < NS_KINDS; kind++) {
		struct watch_ns *ns = process->ns[kind];

		if (ns && !ns->name[0] && !(outside && outside->ns[kind] == ns) && ns != watch->own_pidns)
			set_name(ns, named->name);
	}
}

struct held {
	struct watch *watch;
	const struct watch_ns *ns; /* to look for; NULL: names of all are taken */
	bool found;
};

static int look_at_mount(void *data, const struct ns_mount *mount)
{
	struct held *held = data;
	struct watch_ns *ns = hash_get(&held->watch->by_ino, mount->ino);
	const char *name = ns_name_of_path(mount->path);

	if (!ns)
		return 0;
	if (!ns->name[0] && name)
		set_name(ns, name);
	held->found |= ns == held->ns;
	return 0;
}

/* Is it still held by a mount that we see? */
static bool is_held(struct watch *watch, const struct watch_ns *ns)
{
	cleanup_close int self = procfs_open_pid(watch->proc_fd, getpid());
	struct held held = { watch, ns, false };

	if (self >= 0)
		ns_mounts_walk(self, look_at_mount, &held);
	return held.found;
}

/* Namespaces that have become known since may have names by now. */
static void find_names(struct watch *watch)
{
	struct names *names = watch->names;
	bool any = false;

	for (size_t i = 0; i < watch->n_events; i++)
		any |= watch->events[i].what == WATCH_NS_NEW;
	if (!any)
		return;
	names_close(names);
	if (names_open(names, NULL) < 0 || names_load(names, NULL) < 0)
		return;
	for (size_t i = 0; i < names->n; i++)
		name_container(watch, &names->list[i]);
	is_held(watch, NULL);
}

/* A name that was found since, if it still is that namespace. */
static void take_name(struct watch_event *event)
{
	if (event->ns && !event->name[0] && event->ns->life == event->life)
		memcpy(event->name, event->ns->name, sizeof(event->name));
}

static void format_time(const struct watch_event *event, bool json, char text[static 40])
{
	time_t seconds = (time_t)(event->time_ns / 1000000000);
	struct tm broken;
	size_t n;

	if (json)
		gmtime_r(&seconds, &broken);
	else
		localtime_r(&seconds, &broken);
	n = strftime(text, 40, json ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &broken);
	if (json)
		snprintf(text + n, 40 - n, ".%09" PRIu64 "Z", event->time_ns % 1000000000);
	else
		snprintf(text + n, 40 - n, ".%03" PRIu64, event->time_ns / 1000000 % 1000);
}

static void add_json(struct buf *buf, const struct watch_event *event, bool held)
{
	bool of_ns = event->what == WATCH_NS_NEW || event->what == WATCH_NS_EMPTY;
	char time[40];

	format_time(event, true, time);
	buf_printf(buf, "{\"time\": \"%s\", \"event\": \"%s\"", time,
		   held ? "namespace-empty" : words[event->what].json);
	if (event->ns)
		buf_printf(buf, ", \"kind\": \"%s\", \"ns\": %ju", ns_kind_name(event->kind),
			   (uintmax_t)event->ino);
	buf_puts(buf, ", \"name\": ");
	json_add_string(buf, event->name[0] ? event->name : NULL);
	if (event->what == WATCH_MOVE) {
		char kinds[NS_KINDS_TEXT];

		buf_printf(buf, ", \"kinds\": \"%s\"", ns_kinds_format(event->kinds, kinds, sizeof(kinds)));
	}
	buf_printf(buf, ", \"pid\": %d", event->pid);
	if (!of_ns) {
		buf_puts(buf, ", \"pids\": [");
		for (int i = 0; i < event->n_levels; i++)
			buf_printf(buf, "%s%d", i ? ", " : "", event->pids[i]);
		buf_puts(buf, "]");
	}
	buf_puts(buf, ", \"command\": ");
	json_add_string(buf, event->command[0] ? event->command : NULL);
	buf_puts(buf, "}\n");
}

static void add_text(const struct watch *watch, struct buf *buf, const struct watch_event *event, bool held)
{
	bool of_ns = event->what == WATCH_NS_NEW || event->what == WATCH_NS_EMPTY;
	char time[40], kinds[NS_KINDS_TEXT];

	format_time(event, false, time);
	buf_printf(buf, "%s %s%-5s%s ", time, watch->colour ? words[event->what].colour : "",
		   held ? "empty" : words[event->what].word, watch->colour ? "\033[0m" : "");
	if (of_ns)
		buf_printf(buf, "%s:[%ju]", ns_kind_name(event->kind), (uintmax_t)event->ino);
	else
		buf_printf(buf, "%d", event->pid);
	if (!of_ns && event->name[0] && event->n_levels > 1)
		buf_printf(buf, " (%s:%d)", event->name, event->pids[event->n_levels - 1]);
	else if (!of_ns && event->n_levels > 1)
		for (int i = 1; i < event->n_levels; i++)
			buf_printf(buf, " %d", event->pids[i]);
	else if (of_ns && event->name[0])
		buf_printf(buf, " %s", event->name);
	if (event->what == WATCH_MOVE)
		buf_printf(buf, " to other %s", ns_kinds_format(event->kinds, kinds, sizeof(kinds)));
	if (event->what == WATCH_NS_NEW)
		buf_printf(buf, " %d", event->pid);
	if (event->what != WATCH_NS_EMPTY && event->command[0]) {
		buf_puts(buf, "  ");
		buf_add_safe(buf, event->command);
	}
	buf_puts(buf, "\n");
}

int watch_tell(struct watch *watch)
{
	cleanup_buf struct buf buf = { 0 };

	find_names(watch);
	for (size_t i = 0; i < watch->n_events && watch->left > 0; i++) {
		struct watch_event *event = &watch->events[i];
		bool held = event->what == WATCH_NS_EMPTY && event->ns->life == event->life && is_held(watch, event->ns);

		take_name(event);
		if (watch->json)
			add_json(&buf, event, held);
		else
			add_text(watch, &buf, event, held);
		watch->left -= watch->left != UINT64_MAX;
	}
	watch->n_events = 0;
	if (buf.failed)
		return -ENOMEM;
	if (fwrite(buf_text(&buf), 1, buf.used, stdout) != buf.used || fflush(stdout) == EOF)
		return -errno;
	return watch->left == 0;
}
