/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report.h"

#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/parse.h"
#include "cli/verb.h"
#include "ns/kind.h"
#include "ns/open.h"

static const char *const end_names[] = {
	[INRO_END_EXITED] = "exited",
	[INRO_END_SIGNALED] = "signaled",
	[INRO_END_INTERRUPTED] = "interrupted",
	[INRO_END_TIMED_OUT] = "timed-out",
	[INRO_END_CPU_TIME] = "cpu-time",
	[INRO_END_MEMORY] = "out-of-memory",
	[INRO_END_REBOOT] = "reboot",
	[INRO_END_HALT] = "halt",
};

static void add_text(struct json_object *object, const char *key, const char *value)
{
	if (value && *value)
		json_object_object_add(object, key, json_object_new_string(value));
}

static void add_number(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static struct json_object *event(const char *name)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "event", name);
	return object;
}

/* A reader that went away must not end the container: the SIGPIPE of it is taken back. */
static void write_quietly(int fd, const char *text)
{
	sigset_t pipe_set, old;
	bool pending;

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigpending(&old);
	pending = sigismember(&old, SIGPIPE) == 1;
	sigprocmask(SIG_BLOCK, &pipe_set, &old);
	if (fd_write_all(fd, text, strlen(text)) == 0)
		fd_write_all(fd, "\n", 1);
	if (!pending)
		sigtimedwait(&pipe_set, NULL, &(struct timespec){ 0 });
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void write_line(int fd, struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	write_quietly(fd, text);
	json_object_put(object);
}

static struct json_object *namespaces(int pidfd)
{
	struct json_object *object = json_object_new_object();

	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		cleanup_close int fd = ns_open_pidfd(pidfd, kind, 0, NULL);
		struct ns_id id;

		if (fd >= 0 && ns_fd_id_short(fd, &id) == 0)
			add_number(object, ns_kind_name(kind), id.ino);
	}
	return object;
}

void report_started(int fd, const struct inro_plan *plan, const struct inro_container *container)
{
	struct json_object *object, *applied;
	const char *name, *value;

	if (fd < 0)
		return;
	object = event("started");
	applied = json_object_new_object();
	json_object_object_add(object, "pid", json_object_new_int(inro_container_pid(container)));
	json_object_object_add(object, "namespaces", namespaces(inro_container_pidfd(container)));
	for (size_t i = 0; inro_plan_applied(plan, i, &name, &value); i++)
		add_text(applied, name, value);
	json_object_object_add(object, "applied", applied);
	write_line(fd, object);
}

void report_ended(int fd, const struct inro_result *result)
{
	struct json_object *object;
	char name[16];

	if (fd < 0)
		return;
	object = event("ended");
	add_text(object, "reason", end_names[result->end]);
	json_object_object_add(object, "status", json_object_new_int(result->status));
	if (result->code >= 0)
		json_object_object_add(object, "code", json_object_new_int(result->code));
	if (result->signal)
		add_text(object, "signal", signal_name(result->signal, name));
	add_number(object, "wall_ns", result->wall_ns);
	add_number(object, "user_ns", result->user_ns);
	add_number(object, "system_ns", result->system_ns);
	add_number(object, "peak_memory_bytes", result->peak_memory_bytes);
	json_object_object_add(object, "whole", json_object_new_boolean(result->whole));
	write_line(fd, object);
}

void report_failed(int fd, const struct inro_error *error)
{
	struct json_object *object;
	char text[1024];

	if (fd < 0)
		return;
	object = event("failed");
	if (error->step)
		json_object_object_add(object, "step", json_object_new_int(error->step));
	add_text(object, "what", error->what);
	add_text(object, "path", error->object);
	add_text(object, "call", error->call);
	if (error->code) {
		json_object_object_add(object, "errno", json_object_new_int(error->code));
		add_text(object, "error", strerrorname_np(error->code));
	}
	add_text(object, "why", error->why);
	add_text(object, "hint", error->hint);
	inro_error_format(error, text, sizeof(text));
	add_text(object, "message", text);
	json_object_object_add(object, "status", json_object_new_int(inro_error_status(error)));
	write_line(fd, object);
}

void report_summary(const struct inro_result *result)
{
	char name[16];

	fprintf(stderr, "inro run: %s", end_names[result->end]);
	if (result->signal)
		fprintf(stderr, " by %s", signal_name(result->signal, name));
	fprintf(stderr,
		", status %d; wall %.3f s, user %.3f s, system %.3f s, peak memory %.1f MiB (%s)\n",
		result->status, (double)result->wall_ns / 1e9, (double)result->user_ns / 1e9,
		(double)result->system_ns / 1e9, (double)result->peak_memory_bytes / (1 << 20),
		result->whole ? "of the whole container" : "of its largest process");
}
