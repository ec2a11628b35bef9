/* SPDX-License-Identifier: Apache-2.0 */

/*
 * update: each option is a member of linux.resources, so that both ways of saying it become one JSON
 * object, which is laid over that of the container.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/setters.h"
#include "oci/rdt.h"
#include "oci/read.h"
#include "oci/state.h"
#include "oci/update.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_update;

enum { MAX_RESOURCES = 16 << 20 };

struct update {
	struct json_object *changes;
	const char *resources; /* the file, "-" */
	const char *l3_schema, *mb_schema;
};

text_setter(update, resources)

/* The member NAME of the member GROUP. */
static int set_member(struct update *update, const char *group, const char *name,
		      struct json_object *value, struct inro_error *error)
{
	struct json_object *members = json_object_object_get(update->changes, group);

	if (!members) {
		members = json_object_new_object();
		if (json_object_object_add(update->changes, group, members) < 0)
			return fail_memory(error);
	}
	return json_object_object_add(members, name, value) < 0 ? fail_memory(error) : 0;
}

static int set_number(struct update *update, const char *option, const char *group,
		      const char *name, const char *value, struct inro_error *error)
{
	int64_t number;

	if (parse_i64(value, &number) < 0)
		return fail_usage(error, option, "'%s' is no number", value);
	return set_member(update, group, name, json_object_new_int64(number), error);
}

/* Bytes, with a unit; -1 is without a limit. */
static int set_size(struct update *update, const char *option, const char *name, const char *value,
		    struct inro_error *error)
{
	uint64_t bytes;

	if (strcmp(value, "-1") == 0)
		return set_member(update, "memory", name, json_object_new_int64(-1), error);
	if (parse_size(value, &bytes) < 0 || bytes > INT64_MAX)
		return fail_usage(error, option, "'%s' is no size (512M, -1)", value);
	return set_member(update, "memory", name, json_object_new_int64((int64_t)bytes), error);
}

#define NUMBER(function, option, group, member)                                        \
	static int function(void *object, const char *value, struct inro_error *error) \
	{                                                                              \
		return set_number(object, "--" option, group, member, value, error);   \
	}
#define SIZE(function, option, member)                                                 \
	static int function(void *object, const char *value, struct inro_error *error) \
	{                                                                              \
		return set_size(object, "--" option, member, value, error);            \
	}
#define TEXT(function, group, member)                                                           \
	static int function(void *object, const char *value, struct inro_error *error)          \
	{                                                                                       \
		return set_member(object, group, member, json_object_new_string(value), error); \
	}

NUMBER(set_period, "cpu-period", "cpu", "period")
NUMBER(set_quota, "cpu-quota", "cpu", "quota")
NUMBER(set_share, "cpu-share", "cpu", "shares")
NUMBER(set_burst, "cpu-burst", "cpu", "burst")
NUMBER(set_idle, "cpu-idle", "cpu", "idle")
NUMBER(set_rt_period, "cpu-rt-period", "cpu", "realtimePeriod")
NUMBER(set_rt_runtime, "cpu-rt-runtime", "cpu", "realtimeRuntime")
NUMBER(set_pids, "pids-limit", "pids", "limit")
NUMBER(set_weight, "blkio-weight", "blockIO", "weight")
SIZE(set_memory, "memory", "limit")
SIZE(set_reservation, "memory-reservation", "reservation")
SIZE(set_swap, "memory-swap", "swap")
TEXT(set_cpus, "cpu", "cpus")
TEXT(set_mems, "cpu", "mems")

/* Kernels have no such limit any more. */
static int set_ignored(void *object, const char *value, struct inro_error *error)
{
	(void)object, (void)value, (void)error;
	return 0;
}

text_setter_at(l3, ((struct update *)object)->l3_schema)
text_setter_at(mb, ((struct update *)object)->mb_schema)

#define ROW(name_, argument_, set_, help_)                                               \
	{                                                                                \
		.name = name_, .form = OPTION_VALUE, .argument = argument_, .set = set_, \
		.help = help_                                                            \
	}

static const struct option_row options[] = {
	{ .name = "resources",
	  .letter = 'r',
	  .form = OPTION_VALUE,
	  .argument = "FILE",
	  .set = set_resources,
	  .help = "a resources object in JSON; - is standard input" },
	ROW("cpu-period", "US", set_period, "period of which the quota is"),
	ROW("cpu-quota", "US", set_quota, "CPU time in a period; -1: no limit"),
	ROW("cpu-burst", "US", set_burst, "CPU time that may be saved up"),
	ROW("cpu-share", "N", set_share, "weight of CPU beside others (1024)"),
	ROW("cpu-idle", "0|1", set_idle, "run only when nobody else wants to"),
	ROW("cpu-rt-period", "US", set_rt_period, "period of real time"),
	ROW("cpu-rt-runtime", "US", set_rt_runtime, "real time in a period"),
	ROW("cpuset-cpus", "LIST", set_cpus, "CPUs to run on"),
	ROW("cpuset-mems", "LIST", set_mems, "memory nodes to use"),
	ROW("memory", "SIZE", set_memory, "limit of memory; -1: none"),
	ROW("memory-reservation", "SIZE", set_reservation, "memory that is kept longest"),
	ROW("memory-swap", "SIZE", set_swap, "limit of memory and swap together; -1: none"),
	ROW("kernel-memory", "SIZE", set_ignored, "accepted"),
	ROW("kernel-memory-tcp", "SIZE", set_ignored, "accepted"),
	ROW("pids-limit", "N", set_pids, "limit of processes; -1: none"),
	ROW("blkio-weight", "N", set_weight, "weight of input and output, 10 to 1000"),
	ROW("l3-cache-schema", "TEXT", set_l3, "Intel RDT: schema of the L3 cache"),
	ROW("mem-bw-schema", "TEXT", set_mb, "Intel RDT: schema of memory bandwidth"),
};

/* The file in the place of all options. */
static int read_resources(struct update *update, struct inro_error *error)
{
	bool standard = strcmp(update->resources, "-") == 0;
	cleanup_close int fd = standard ? -EBADF : open(update->resources, O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	cleanup_arena struct arena arena = { 0 };
	struct oci_resources checked;
	size_t size;
	int r;

	if (!standard && fd < 0)
		return fail_call(error, -errno, "read the resources", "open", update->resources);
	r = fd_read_to_heap(standard ? 0 : fd, MAX_RESOURCES, &text, &size);
	if (r < 0)
		return fail_call(error, r, "read the resources", "read", update->resources);
	/* As strictly as that of config.json: nothing behind it, no name twice. */
	r = oci_read_resources(text, size, &arena, &checked, error);
	if (r < 0)
		return r;
	json_object_put(update->changes);
	update->changes = json_tokener_parse(text);
	return update->changes ? 0 : fail_memory(error);
}

/* Where the container was given a class of Intel RDT at its start. */
static int write_schemata(const struct update *update, const struct oci_state *state,
			  struct inro_error *error)
{
	if (!update->l3_schema && !update->mb_schema)
		return 0;
	if (!state->rdt_class)
		return fail_usage(error,
				  update->l3_schema ? "--l3-cache-schema" : "--mem-bw-schema",
				  "the container has no linux.intelRdt");
	return oci_rdt_update(state->rdt_class, update->l3_schema, update->mb_schema, error);
}

static int change(struct oci_call *call, const char *id, struct update *update,
		  struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_free char *merged = NULL;
	struct oci_state state;
	cleanup_close int state_fd = oci_state_find(call->root, id, true, &arena, &state, error);
	int r = state_fd < 0 ? state_fd : 0;

	if (r == 0 && oci_state_status(state_fd, &state) == OCI_STOPPED)
		return fail_host(error, INRO_ERROR_HOST, -ESRCH, "update", "container not running");
	if (r == 0)
		r = write_schemata(update, &state, error);
	if (r == 0)
		r = oci_update_apply(&state, update->changes, &merged, error);
	if (r < 0)
		return r;
	state.resources_json = merged;
	return oci_state_write(state_fd, &state, error);
}

static int update(struct oci_call *call, int argc, char **argv)
{
	struct update want = { .changes = json_object_new_object() };
	const struct oci_words words = { options, ARRAY_SIZE(options), &want, 1, false };
	struct inro_error error = { 0 };
	int first, r = want.changes ? oci_words_parse(call, &words, argc, argv, &first, &error)
				    : fail_memory(&error);

	/* However long that takes, others may go on with the container. */
	if (r == 0 && want.resources)
		r = read_resources(&want, &error);
	if (r == 0)
		r = change(call, argv[first], &want, &error);
	json_object_put(want.changes);
	return r < 0 ? oci_fail(call, &error, 1) : 0;
}

const struct oci_verb oci_verb_update = {
	.name = "update",
	.usage = "[OPTIONS] ID",
	.help = "change the limits of a container",
	.run = update,
	VERB_OPTIONS(options),
};
