/* SPDX-License-Identifier: Apache-2.0 */

/*
 * inro-oci-systemd: what inro-oci asks of systemd, in a program of its own, so that inro-oci itself needs
 * no D-Bus and can be linked statically. It is run with the name of a bus and told on standard input, a
 * line each, what to do:
 *
 *   start UNIT | stop UNIT | set UNIT     what it is about
 *   string|bool|u64|u32|i32 NAME VALUE    a property of that type
 *   list NAME VALUE                       one more element of a list of strings
 *   bytes NAME HEX                        a list of bytes: a CPU mask
 *   pid N                                 a process of the new scope
 *
 * and answers "ok", or "error" and the words of it, on standard output. VALUE goes to the end of the line.
 * Starting and stopping end when systemd has removed the job. Its status is 0 where it answered "ok".
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define MANAGER SYSTEMD ".Manager"

enum { MOST_LINES = 512, WAIT_USEC = 30000000 };

struct request {
	char *verb, *unit;
	char *lines[MOST_LINES];
	size_t n_lines;
};

/* The job that is awaited. */
struct job {
	char *path;
	char *result; /* once it is removed */
};

static int answer(const char *text)
{
	printf("error %s\n", text);
	return 1;
}

static int fail_bus(const sd_bus_error *error, int r)
{
	if (error && error->message)
		printf("error %s\n", error->message);
	else
		printf("error %s\n", strerror(-r));
	return 1;
}

/* Split off the first word; the rest of the line. */
static char *rest(char *line)
{
	char *space = strchr(line, ' ');

	if (!space)
		return line + strlen(line);
	*space = '\0';
	return space + 1;
}

/* ---- properties ---- */

static int append_bytes(sd_bus_message *message, const char *hex)
{
	uint8_t bytes[512];
	size_t n = 0;
	unsigned byte;
	int r;

	while (n < sizeof(bytes) && sscanf(hex + 2 * n, "%2x", &byte) == 1)
		bytes[n++] = (uint8_t)byte;
	r = sd_bus_message_open_container(message, 'v', "ay");
	if (r >= 0)
		r = sd_bus_message_append_array(message, 'y', bytes, n);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

/* All elements of that name, where it stands first. */
static int append_list(sd_bus_message *message, const struct request *request, size_t first)
{
	const char *name = request->lines[first] + strlen("list ");
	size_t length = strcspn(name, " ");
	int r = sd_bus_message_open_container(message, 'v', "as");

	if (r >= 0)
		r = sd_bus_message_open_container(message, 'a', "s");
	for (size_t i = first; i < request->n_lines && r >= 0; i++) {
		const char *line = request->lines[i];

		if (strncmp(line, "list ", 5) == 0 && strncmp(line + 5, name, length) == 0 &&
		    line[5 + length] == ' ')
			r = sd_bus_message_append(message, "s", line + 6 + length);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_value(sd_bus_message *message, const char *type, const char *value)
{
	if (strcmp(type, "string") == 0)
		return sd_bus_message_append(message, "v", "s", value);
	if (strcmp(type, "bool") == 0)
		return sd_bus_message_append(message, "v", "b", strcmp(value, "true") == 0);
	if (strcmp(type, "u64") == 0)
		return sd_bus_message_append(message, "v", "t",
					     (uint64_t)strtoull(value, NULL, 10));
	if (strcmp(type, "u32") == 0)
		return sd_bus_message_append(message, "v", "u", (uint32_t)strtoul(value, NULL, 10));
	if (strcmp(type, "i32") == 0)
		return sd_bus_message_append(message, "v", "i", (int32_t)strtol(value, NULL, 10));
	if (strcmp(type, "bytes") == 0)
		return append_bytes(message, value);
	return -EINVAL;
}

static bool is_first_of_list(const struct request *request, size_t at)
{
	const char *name = request->lines[at] + 5;
	size_t length = strcspn(name, " ") + 1;

	for (size_t i = 0; i < at; i++)
		if (strncmp(request->lines[i], "list ", 5) == 0 &&
		    strncmp(request->lines[i] + 5, name, length) == 0)
			return false;
	return true;
}

static int append_line(sd_bus_message *message, const struct request *request, size_t at)
{
	char *copy = strdup(request->lines[at]), *name, *value;
	bool list = strncmp(request->lines[at], "list ", 5) == 0;
	int r;

	if (!copy)
		return -ENOMEM;
	name = rest(copy);
	if (strcmp(copy, "pid") == 0) {
		r = sd_bus_message_append(message, "(sv)", "PIDs", "au", 1,
					  (uint32_t)strtoul(name, NULL, 10));
		free(copy);
		return r;
	}
	if (list && !is_first_of_list(request, at)) {
		free(copy);
		return 0;
	}
	value = rest(name);
	r = sd_bus_message_open_container(message, 'r', "sv");
	if (r >= 0)
		r = sd_bus_message_append(message, "s", name);
	if (r >= 0)
		r = list ? append_list(message, request, at) : append_value(message, copy, value);
	free(copy);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_properties(sd_bus_message *message, const struct request *request)
{
	int r = sd_bus_message_open_container(message, 'a', "(sv)");

	for (size_t i = 0; i < request->n_lines && r >= 0; i++)
		r = append_line(message, request, i);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

/* ---- jobs ---- */

static int job_removed(sd_bus_message *message, void *data, sd_bus_error *error)
{
	const char *path, *unit, *result;
	struct job *job = data;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (job->path && strcmp(job->path, path) == 0)
		job->result = strdup(result);
	return 0;
}

/* The signals come in order behind the answer, so none is missed. */
static int await_job(sd_bus *bus, struct job *job)
{
	for (uint64_t waited = 0; !job->result;) {
		int r = sd_bus_process(bus, NULL);

		if (r < 0)
			return fail_bus(NULL, r);
		if (r > 0)
			continue;
		r = sd_bus_wait(bus, 1000000);
		if (r < 0)
			return fail_bus(NULL, r);
		waited += r == 0 ? 1000000 : 0;
		if (waited >= WAIT_USEC)
			return answer("systemd did not end the job in time");
	}
	if (strcmp(job->result, "done") == 0)
		return 0;
	printf("error systemd's job ended as '%s'\n", job->result);
	return 1;
}

static int call_job(sd_bus *bus, sd_bus_message *message)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	struct job job = { 0 };
	const char *path;
	int r = sd_bus_match_signal(bus, NULL, SYSTEMD, PATH, MANAGER, "JobRemoved", job_removed,
				    &job);

	if (r >= 0)
		r = sd_bus_call(bus, message, 0, &error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r < 0) {
		r = fail_bus(&error, r);
	} else {
		job.path = strdup(path);
		r = job.path ? await_job(bus, &job) : answer("out of memory");
	}
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	free(job.path);
	free(job.result);
	return r;
}

static int new_call(sd_bus *bus, const char *member, sd_bus_message **ret)
{
	return sd_bus_message_new_method_call(bus, ret, SYSTEMD, PATH, MANAGER, member);
}

/* A scope of that name that failed before is in the way. */
static void reset_failed(sd_bus *bus, const char *unit)
{
	sd_bus_call_method(bus, SYSTEMD, PATH, MANAGER, "ResetFailedUnit", NULL, NULL, "s", unit);
}

static int start(sd_bus *bus, const struct request *request)
{
	sd_bus_message *message = NULL;
	int r = new_call(bus, "StartTransientUnit", &message);

	reset_failed(bus, request->unit);
	if (r >= 0)
		r = sd_bus_message_append(message, "ss", request->unit, "fail");
	if (r >= 0)
		r = append_properties(message, request);
	if (r >= 0)
		r = sd_bus_message_append(message, "a(sa(sv))", 0);
	r = r < 0 ? fail_bus(NULL, r) : call_job(bus, message);
	sd_bus_message_unref(message);
	return r;
}

/* systemd forgets a scope that has become empty by itself: then there is nothing to stop. */
static int stop(sd_bus *bus, const struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL, *message = NULL;
	int r = sd_bus_call_method(bus, SYSTEMD, PATH, MANAGER, "GetUnit", &error, &reply, "s",
				   request->unit);
	bool gone = r < 0 && sd_bus_error_has_name(&error, SYSTEMD ".NoSuchUnit");

	sd_bus_message_unref(reply);
	sd_bus_error_free(&error);
	if (gone)
		return 0;
	r = new_call(bus, "StopUnit", &message);
	if (r >= 0)
		r = sd_bus_message_append(message, "ss", request->unit, "replace");
	r = r < 0 ? fail_bus(NULL, r) : call_job(bus, message);
	sd_bus_message_unref(message);
	reset_failed(bus, request->unit);
	return r;
}

static int set(sd_bus *bus, const struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL;
	int r = new_call(bus, "SetUnitProperties", &message);

	if (r >= 0)
		r = sd_bus_message_append(message, "sb", request->unit, true);
	if (r >= 0)
		r = append_properties(message, request);
	if (r >= 0)
		r = sd_bus_call(bus, message, 0, &error, NULL);
	r = r < 0 ? fail_bus(&error, r) : 0;
	sd_bus_error_free(&error);
	sd_bus_message_unref(message);
	return r;
}

/* ---- the request ---- */

static int read_request(struct request *ret)
{
	char *line = NULL;
	size_t size = 0;

	for (ssize_t n; (n = getline(&line, &size, stdin)) > 0;) {
		char *copy;

		line[strcspn(line, "\n")] = '\0';
		copy = strdup(line);
		if (!copy || ret->n_lines == MOST_LINES)
			return answer("the request is too long");
		if (!ret->verb) {
			ret->verb = copy;
			ret->unit = rest(copy);
		} else {
			ret->lines[ret->n_lines++] = copy;
		}
	}
	free(line);
	return ret->verb && *ret->unit ? 0 : answer("there is no request");
}

int main(int argc, char **argv)
{
	struct request request = { 0 };
	sd_bus *bus = NULL;
	int r;

	if (argc != 2 || (strcmp(argv[1], "system") != 0 && strcmp(argv[1], "user") != 0))
		return answer("usage: inro-oci-systemd system|user");
	r = read_request(&request);
	if (r != 0)
		return r;
	r = strcmp(argv[1], "user") == 0 ? sd_bus_open_user(&bus) : sd_bus_open_system(&bus);
	if (r < 0) {
		printf("error cannot reach the %s bus: %s\n", argv[1], strerror(-r));
		return 1;
	}
	if (strcmp(request.verb, "start") == 0)
		r = start(bus, &request);
	else if (strcmp(request.verb, "stop") == 0)
		r = stop(bus, &request);
	else if (strcmp(request.verb, "set") == 0)
		r = set(bus, &request);
	else
		r = answer("there is no such request");
	sd_bus_flush_close_unref(bus);
	if (r == 0)
		printf("ok\n");
	return r;
}
