/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The process object. It is read over what is there already: a field that the document leaves out
 * keeps its value, one that it has replaces it as a whole, lists and sub-objects included.
 */

#include <linux/ioprio.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/resource.h>

#include "caps/names.h"
#include "limits/rlimit_names.h"
#include "oci/read_parts.h"

/* ---- consoleSize, user ---- */

static int read_size(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, 0, UINT16_MAX, &value);

	if (r >= 0)
		*(uint16_t *)to = (uint16_t)value;
	return r;
}

static int read_console_size(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_process, "height", rows, read_size),
		FIELD_NEEDED(struct oci_process, "width", columns, read_size),
	};

	return READ_FIELDS(reader, json, fields, to);
}

static int read_umask(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_process *process = to;
	int64_t value;
	int r = read_range(reader, json, 0, 0777, &value);

	if (r < 0)
		return r;
	process->umask = (uint32_t)value;
	process->umask_set = true;
	return 0;
}

static int read_user(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD(struct oci_process, "uid", uid, read_id),
		FIELD(struct oci_process, "gid", gid, read_id),
		{ .name = "umask", .read = read_umask },
		FIELD_LIST(struct oci_process, "additionalGids", groups, n_groups, read_id),
	};

	return READ_FIELDS(reader, json, fields, to);
}

/* ---- env ---- */

static int read_env(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_strings env;
	int r = read_strings(reader, json, &env);

	for (size_t i = 0; i < env.n && r >= 0; i++) {
		struct place place = { .index = i };

		reader_enter(reader, &place);
		if (*env.list[i] == '=' || !strchr(env.list[i], '='))
			r = refuse(reader, "'%.60s' is not of the form NAME=value", env.list[i]);
		reader_leave(reader);
	}
	if (r >= 0)
		*(struct oci_strings *)to = env;
	return r;
}

/* ---- capabilities ---- */

static int add_unknown(struct reader *reader, struct oci_caps *caps, const char *name)
{
	const char **list;

	for (size_t i = 0; i < caps->unknown.n; i++)
		if (strcmp(caps->unknown.list[i], name) == 0)
			return 0;
	list = arena_array(reader->arena, caps->unknown.n + 2, sizeof(*list));
	if (!list)
		return refuse_memory(reader);
	if (caps->unknown.n > 0)
		memcpy(list, caps->unknown.list, caps->unknown.n * sizeof(*list));
	list[caps->unknown.n] = name;
	caps->unknown = (struct oci_strings){ list, caps->unknown.n + 1 };
	return 0;
}

/* The spec asks for a warning about a name that is not known, and no more. */
static int read_caps_set(struct reader *reader, struct json_object *json, struct oci_caps *caps,
			 uint64_t *ret)
{
	struct oci_strings names;
	int r = read_strings(reader, json, &names);

	*ret = 0;
	for (size_t i = 0; i < names.n && r >= 0; i++) {
		const int number = caps_find(names.list[i], strlen(names.list[i]));
		const char *name = number < 0 ? NULL : caps_name((unsigned)number);

		/* The names as they are: caps_find() takes what people type. */
		if (name && strcmp(name, names.list[i]) == 0)
			*ret |= CAPS_BIT(number);
		else
			r = add_unknown(reader, caps, names.list[i]);
	}
	return r;
}

#define READ_CAPS(name)                                                                              \
	static int read_##name(struct reader *reader, struct json_object *json, void *to)            \
	{                                                                                            \
		struct oci_caps *caps = to;                                                          \
                                                                                                     \
		return read_caps_set(reader, json, caps, &caps->name);                               \
	}
READ_CAPS(bounding)
READ_CAPS(effective)
READ_CAPS(inheritable)
READ_CAPS(permitted)
READ_CAPS(ambient)

static int read_caps(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		{ .name = "bounding", .read = read_bounding },
		{ .name = "effective", .read = read_effective },
		{ .name = "inheritable", .read = read_inheritable },
		{ .name = "permitted", .read = read_permitted },
		{ .name = "ambient", .read = read_ambient },
	};
	struct oci_caps caps = { .set = true };
	int r = READ_FIELDS(reader, json, fields, &caps);

	if (r >= 0)
		*(struct oci_caps *)to = caps;
	return r;
}

/* ---- rlimits ---- */

static int read_rlimit_name(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	if (strncmp(text, "RLIMIT_", 7) != 0 || strpbrk(text, "abcdefghijklmnopqrstuvwxyz") ||
	    rlimit_parse_name(text, strlen(text), to) < 0)
		return refuse(reader, "there is no limit '%.60s'", text);
	return 0;
}

static int read_rlimit(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_rlimit, "type", resource, read_rlimit_name),
		FIELD_NEEDED(struct oci_rlimit, "soft", soft, read_u64),
		FIELD_NEEDED(struct oci_rlimit, "hard", hard, read_u64),
	};
	struct oci_rlimit *limit = to;
	int r = READ_FIELDS(reader, json, fields, limit);

	if (r >= 0 && limit->soft > limit->hard)
		return refuse_field(reader, "soft", "%llu is above the hard limit, %llu",
				    (unsigned long long)limit->soft, (unsigned long long)limit->hard);
	return r;
}

static int read_rlimits(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_process *process = to;
	struct oci_rlimit *list;
	unsigned seen = 0;
	size_t n;
	int r = read_list(reader, json, read_rlimit, sizeof(*list), &list, &n);

	for (size_t i = 0; i < n && r >= 0; i++) {
		struct place place = { .index = i };

		reader_enter(reader, &place);
		if (seen & 1U << list[i].resource)
			r = refuse_field(reader, "type", "the limit %s is there twice", rlimit_name(list[i].resource));
		seen |= 1U << list[i].resource;
		reader_leave(reader);
	}
	if (r < 0)
		return r;
	process->rlimits = list;
	process->n_rlimits = n;
	return 0;
}

/* ---- oomScoreAdj, scheduler, ioPriority, execCPUAffinity ---- */

static int read_oom_score_adj(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, -1000, 1000, &value);

	if (r >= 0)
		*(struct oci_i64 *)to = (struct oci_i64){ true, value };
	return r;
}

static int read_policy(struct reader *reader, struct json_object *json, void *to)
{
	/* The kernel names SCHED_ISO, and has none. */
	static const struct word policies[] = {
		{ "SCHED_OTHER", SCHED_NORMAL }, { "SCHED_FIFO", SCHED_FIFO },
		{ "SCHED_RR", SCHED_RR },        { "SCHED_BATCH", SCHED_BATCH },
		{ "SCHED_ISO", 4 },              { "SCHED_IDLE", SCHED_IDLE },
		{ "SCHED_DEADLINE", SCHED_DEADLINE },
	};
	int64_t value;
	int r = READ_CHOICE(reader, json, policies, &value);

	if (r >= 0)
		*(uint32_t *)to = (uint32_t)value;
	return r;
}

static int read_nice(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, -20, 19, &value);

	if (r >= 0)
		*(int32_t *)to = (int32_t)value;
	return r;
}

static int read_rt_priority(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, 0, 99, &value);

	if (r >= 0)
		*(uint32_t *)to = (uint32_t)value;
	return r;
}

static int read_sched_flags(struct reader *reader, struct json_object *json, void *to)
{
	static const struct word flags[] = {
		{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
		{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
		{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
		{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
		{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
		{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
		{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	};

	return read_flags(reader, json, flags, ARRAY_SIZE(flags), to);
}

static int read_scheduler(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_scheduler, "policy", policy, read_policy),
		FIELD(struct oci_scheduler, "nice", nice, read_nice),
		FIELD(struct oci_scheduler, "priority", priority, read_rt_priority),
		FIELD(struct oci_scheduler, "flags", flags, read_sched_flags),
		FIELD(struct oci_scheduler, "runtime", runtime, read_u64),
		FIELD(struct oci_scheduler, "deadline", deadline, read_u64),
		FIELD(struct oci_scheduler, "period", period, read_u64),
	};
	struct oci_scheduler scheduler = { .set = true };
	int r = READ_FIELDS(reader, json, fields, &scheduler);

	if (r >= 0)
		*(struct oci_scheduler *)to = scheduler;
	return r;
}

static int read_io_class(struct reader *reader, struct json_object *json, void *to)
{
	static const struct word classes[] = {
		{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
		{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
		{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	};
	int64_t value;
	int r = READ_CHOICE(reader, json, classes, &value);

	if (r >= 0)
		*(int *)to = (int)value;
	return r;
}

static int read_io_level(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, 0, 7, &value);

	if (r >= 0)
		*(int *)to = (int)value;
	return r;
}

static int read_io_priority(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_io_priority, "class", ioclass, read_io_class),
		FIELD(struct oci_io_priority, "priority", priority, read_io_level),
	};
	struct oci_io_priority priority = { .set = true };
	int r = READ_FIELDS(reader, json, fields, &priority);

	if (r >= 0)
		*(struct oci_io_priority *)to = priority;
	return r;
}

static int read_cpu_list(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	if (text[strspn(text, "0123456789,- ")])
		return refuse(reader, "'%.60s' is not a list of CPUs, such as 0-3,8", text);
	return read_word(reader, json, to);
}

static int read_cpu_affinity(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD(struct oci_process, "initial", cpu_affinity_initial, read_cpu_list),
		FIELD(struct oci_process, "final", cpu_affinity_final, read_cpu_list),
	};
	struct oci_process *process = to;

	process->cpu_affinity_initial = process->cpu_affinity_final = NULL;
	return READ_FIELDS(reader, json, fields, process);
}

/* ---- the whole ---- */

int read_process(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD(struct oci_process, "terminal", terminal, read_bool),
		{ .name = "consoleSize", .read = read_console_size },
		{ .name = "user", .read = read_user },
		FIELD(struct oci_process, "args", args, read_strings),
		FIELD(struct oci_process, "env", env, read_env),
		FIELD(struct oci_process, "cwd", cwd, read_path),
		FIELD(struct oci_process, "capabilities", caps, read_caps),
		{ .name = "rlimits", .read = read_rlimits },
		FIELD(struct oci_process, "noNewPrivileges", no_new_privs, read_bool),
		FIELD(struct oci_process, "apparmorProfile", apparmor_profile, read_word),
		FIELD(struct oci_process, "selinuxLabel", selinux_label, read_word),
		FIELD(struct oci_process, "oomScoreAdj", oom_score_adj, read_oom_score_adj),
		FIELD(struct oci_process, "scheduler", scheduler, read_scheduler),
		FIELD(struct oci_process, "ioPriority", io_priority, read_io_priority),
		{ .name = "execCPUAffinity", .read = read_cpu_affinity },
	};

	return READ_FIELDS(reader, json, fields, to);
}
