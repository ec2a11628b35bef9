/* SPDX-License-Identifier: Apache-2.0 */

/* The linux object, but for its larger parts: resources, seccomp and devices have files of their own. */

#include <linux/mempolicy.h>
#include <string.h>
#include <sys/personality.h>

#include "ns/kind.h"
#include "oci/read_parts.h"

/* ---- namespaces ---- */

static const struct word kinds[] = {
	{ "pid", NS_PID },   { "network", NS_NET }, { "mount", NS_MNT },     { "ipc", NS_IPC },
	{ "uts", NS_UTS },   { "user", NS_USER },   { "cgroup", NS_CGROUP }, { "time", NS_TIME },
};
const struct words oci_ns_words = { kinds, ARRAY_SIZE(kinds) };

static int read_ns_kind(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = READ_CHOICE(reader, json, kinds, &value);

	if (r >= 0)
		*(enum ns_kind *)to = (enum ns_kind)value;
	return r;
}

/* "" is as absent: a new one. */
static int read_ns_path(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	return r < 0 || !*text ? r : read_path(reader, json, to);
}

static int read_namespace(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_namespace, "type", kind, read_ns_kind),
		FIELD(struct oci_namespace, "path", path, read_ns_path),
	};

	return READ_FIELDS(reader, json, fields, to);
}

static int read_namespaces(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_linux *object = to;
	struct oci_namespace *list;
	unsigned seen = 0;
	size_t n;
	int r = read_list(reader, json, read_namespace, sizeof(*list), &list, &n);

	for (size_t i = 0; i < n && r >= 0; i++) {
		struct place place = { .index = i };

		reader_enter(reader, &place);
		if (seen & NS_BIT(list[i].kind))
			r = refuse_field(reader, "type", "the %s namespace is there twice",
					 ns_kind_table[list[i].kind].long_name);
		seen |= NS_BIT(list[i].kind);
		reader_leave(reader);
	}
	if (r < 0)
		return r;
	object->namespaces = list;
	object->n_namespaces = n;
	return 0;
}

/* ---- timeOffsets ---- */

static int read_nanoseconds(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, 0, 999999999, &value);

	if (r >= 0)
		*(uint32_t *)to = (uint32_t)value;
	return r;
}

/* What the kernel takes: half of what 64 bits of nanoseconds hold. */
static int read_seconds(struct reader *reader, struct json_object *json, void *to)
{
	const int64_t most = INT64_MAX / 1000000000 / 2;

	return read_range(reader, json, -most, most, to);
}

static int read_time_offset(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD(struct oci_time_offset, "secs", seconds, read_seconds),
		FIELD(struct oci_time_offset, "nanosecs", nanoseconds, read_nanoseconds),
	};
	struct oci_time_offset *offset = to;

	offset->set = true;
	return READ_FIELDS(reader, json, fields, offset);
}

struct clock_offset {
	bool boottime;
	struct oci_time_offset offset;
};

static int read_clock(struct reader *reader, const char *key, struct json_object *json, void *to)
{
	struct clock_offset *clock = to;

	clock->boottime = strcmp(key, "boottime") == 0;
	if (!clock->boottime && strcmp(key, "monotonic") != 0)
		return refuse(reader, "the clocks are boottime and monotonic");
	return read_time_offset(reader, json, &clock->offset);
}

static int read_time_offsets(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_linux *object = to;
	struct clock_offset *clocks;
	size_t n;
	int r = read_map(reader, json, read_clock, sizeof(*clocks), &clocks, &n);

	for (size_t i = 0; i < n && r >= 0; i++)
		*(clocks[i].boottime ? &object->boottime : &object->monotonic) = clocks[i].offset;
	return r;
}

/* ---- netDevices ---- */

/* As the kernel has it: one word of a path, no white space, and no colon. */
static bool is_interface(const char *name)
{
	const size_t n = strlen(name);

	return n > 0 && n < 16 && !strpbrk(name, "/: \t\r\n\v\f") && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static int read_interface(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0 || !*text)
		return r;
	if (!is_interface(text))
		return refuse(reader, "'%.60s' cannot be the name of a network device", text);
	return read_string(reader, json, to);
}

static int read_net_device(struct reader *reader, const char *key, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD(struct oci_net_device, "name", name, read_interface),
	};
	struct oci_net_device *device = to;

	if (!is_interface(key))
		return refuse(reader, "this cannot be the name of a network device");
	device->host_name = arena_strdup(reader->arena, key);
	if (!device->host_name)
		return refuse_memory(reader);
	return READ_FIELDS(reader, json, fields, device);
}

static int read_net_devices(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_linux *object = to;

	return read_map(reader, json, read_net_device, sizeof(*object->net_devices), &object->net_devices,
			&object->n_net_devices);
}

/* ---- intelRdt ---- */

/* A directory of resctrl; "/" is the default one. */
static int read_clos_id(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	if (strcmp(text, "/") != 0 &&
	    (!*text || strchr(text, '/') || strcmp(text, ".") == 0 || strcmp(text, "..") == 0))
		return refuse(reader, "'%.60s' is neither one word of a path nor \"/\"", text);
	return read_string(reader, json, to);
}

/* One line of a schemata file. */
static int read_schema(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	if (strchr(text, '\n'))
		return refuse(reader, "has more than one line");
	return read_word(reader, json, to);
}

/* What the kernel is given one by one. */
static int read_schemata(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_strings *lines = to;
	int r = read_strings(reader, json, lines);

	for (size_t i = 0; i < lines->n && r >= 0; i++) {
		struct place place = { .index = i };

		reader_enter(reader, &place);
		if (!*lines->list[i] || strchr(lines->list[i], '\n'))
			r = refuse(reader, "is not one line");
		reader_leave(reader);
	}
	return r;
}

static int read_mem_bw(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0 || !*text)
		return r;
	if (strncmp(text, "MB:", 3) != 0)
		return refuse(reader, "'%.60s' does not begin with MB:", text);
	return read_schema(reader, json, to);
}

static int read_rdt(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD(struct oci_intel_rdt, "closID", clos_id, read_clos_id),
		FIELD(struct oci_intel_rdt, "l3CacheSchema", l3_schema, read_word),
		FIELD(struct oci_intel_rdt, "memBwSchema", mem_bw_schema, read_mem_bw),
		FIELD(struct oci_intel_rdt, "schemata", schemata, read_schemata),
		FIELD(struct oci_intel_rdt, "enableMonitoring", enable_monitoring, read_bool),
	};

	((struct oci_intel_rdt *)to)->set = true;
	return READ_FIELDS(reader, json, fields, to);
}

/* ---- memoryPolicy ---- */

#ifndef MPOL_WEIGHTED_INTERLEAVE
#define MPOL_WEIGHTED_INTERLEAVE 6 /* 6.9 */
#endif

static const struct word modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT },
	{ "MPOL_BIND", MPOL_BIND },
	{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_WEIGHTED_INTERLEAVE", MPOL_WEIGHTED_INTERLEAVE },
	{ "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY },
	{ "MPOL_LOCAL", MPOL_LOCAL },
};
const struct words oci_memory_modes = { modes, ARRAY_SIZE(modes) };

static int read_mempolicy_mode(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = READ_CHOICE(reader, json, modes, &value);

	if (r >= 0)
		*(int *)to = (int)value;
	return r;
}

static int read_mempolicy_nodes(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	if (text[strspn(text, "0123456789,- ")])
		return refuse(reader, "'%.60s' is not a list of nodes, such as 0-3,8", text);
	return read_string(reader, json, to);
}

static const struct word flag_words[] = {
	{ "MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING },
	{ "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES },
};
const struct words oci_memory_flags = { flag_words, ARRAY_SIZE(flag_words) };

static int read_mempolicy_flags(struct reader *reader, struct json_object *json, void *to)
{
	uint64_t value;
	int r = read_flags(reader, json, flag_words, ARRAY_SIZE(flag_words), &value);

	if (r >= 0)
		*(unsigned *)to = (unsigned)value;
	return r;
}

static int read_memory_policy(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_memory_policy, "mode", mode, read_mempolicy_mode),
		FIELD(struct oci_memory_policy, "nodes", nodes, read_mempolicy_nodes),
		FIELD(struct oci_memory_policy, "flags", flags, read_mempolicy_flags),
	};

	((struct oci_memory_policy *)to)->set = true;
	return READ_FIELDS(reader, json, fields, to);
}

/* ---- sysctl, rootfsPropagation, personality ---- */

static int read_sysctl(struct reader *reader, const char *key, struct json_object *json, void *to)
{
	struct oci_sysctl *sysctl = to;

	sysctl->key = arena_strdup(reader->arena, key);
	if (!sysctl->key)
		return refuse_memory(reader);
	return read_string(reader, json, &sysctl->value);
}

static int read_sysctls(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_linux *object = to;

	return read_map(reader, json, read_sysctl, sizeof(*object->sysctls), &object->sysctls,
			&object->n_sysctls);
}

static int read_propagation(struct reader *reader, struct json_object *json, void *to)
{
	static const struct word words[] = {
		{ "", 0 },          { "shared", 0 },  { "slave", 0 },  { "private", 0 },  { "unbindable", 0 },
		{ "rshared", 0 },   { "rslave", 0 },  { "rprivate", 0 }, { "runbindable", 0 },
	};
	int64_t ignored;
	int r = READ_CHOICE(reader, json, words, &ignored);

	return r < 0 ? r : read_word(reader, json, to);
}

static int read_domain(struct reader *reader, struct json_object *json, void *to)
{
	static const struct word domains[] = { { "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 } };
	int64_t value;
	int r = READ_CHOICE(reader, json, domains, &value);

	if (r >= 0)
		*(unsigned long *)to = (unsigned long)value;
	return r;
}

/* The spec keeps the list for later, and names none. */
static int read_personality_flags(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_strings flags;
	int r = read_strings(reader, json, &flags);

	(void)to;
	if (r >= 0 && flags.n > 0)
		return refuse(reader, "the spec knows no flag, and this names '%.60s'", flags.list[0]);
	return r;
}

static int read_personality(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_linux, "domain", personality, read_domain),
		{ .name = "flags", .read = read_personality_flags },
	};

	((struct oci_linux *)to)->personality_set = true;
	return READ_FIELDS(reader, json, fields, to);
}

/* ---- the whole ---- */

int read_linux(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		{ .name = "namespaces", .read = read_namespaces },
		FIELD(struct oci_linux, "uidMappings", uids, read_id_maps),
		FIELD(struct oci_linux, "gidMappings", gids, read_id_maps),
		{ .name = "timeOffsets", .read = read_time_offsets },
		FIELD_LIST(struct oci_linux, "devices", devices, n_devices, read_device),
		{ .name = "netDevices", .read = read_net_devices },
		FIELD(struct oci_linux, "cgroupsPath", cgroups_path, read_word),
		FIELD(struct oci_linux, "resources", resources, read_resources),
		FIELD(struct oci_linux, "intelRdt", rdt, read_rdt),
		FIELD(struct oci_linux, "memoryPolicy", memory_policy, read_memory_policy),
		{ .name = "sysctl", .read = read_sysctls },
		FIELD(struct oci_linux, "seccomp", seccomp, read_seccomp),
		FIELD(struct oci_linux, "rootfsPropagation", rootfs_propagation, read_propagation),
		FIELD(struct oci_linux, "maskedPaths", masked_paths, read_paths),
		FIELD(struct oci_linux, "readonlyPaths", readonly_paths, read_paths),
		FIELD(struct oci_linux, "mountLabel", mount_label, read_word),
		{ .name = "personality", .read = read_personality },
	};

	return READ_FIELDS(reader, json, fields, to);
}
