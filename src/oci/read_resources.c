/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Limits, and devices: those that are made, and the rules about all. What a number means, and which
 * ones a cgroup version lacks, is the cgroup code's to know.
 */

#include <string.h>

#include "oci/read_parts.h"

enum { MAX_MAJOR = 0xfff, MAX_MINOR = 0xfffff }; /* what the kernel's dev_t holds */

/* ---- linux.devices ---- */

static int read_major(struct reader *reader, struct json_object *json, void *to)
{
	return read_range(reader, json, 0, MAX_MAJOR, to);
}

static int read_minor(struct reader *reader, struct json_object *json, void *to)
{
	return read_range(reader, json, 0, MAX_MINOR, to);
}

static int read_device_type(struct reader *reader, struct json_object *json, void *to)
{
	static const struct word types[] = { { "c", 'c' }, { "u", 'u' }, { "b", 'b' }, { "p", 'p' } };
	int64_t value;
	int r = READ_CHOICE(reader, json, types, &value);

	if (r >= 0)
		*(char *)to = (char)value;
	return r;
}

/* Some engines leave the bits of the file type in it. */
static int read_file_mode(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_device *device = to;
	int r = read_u32(reader, json, &device->mode);

	device->mode &= 07777;
	device->mode_set = r >= 0;
	return r;
}

int read_device(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_device, "type", type, read_device_type),
		FIELD_NEEDED(struct oci_device, "path", path, read_path),
		FIELD(struct oci_device, "major", major, read_major),
		FIELD(struct oci_device, "minor", minor, read_minor),
		{ .name = "fileMode", .read = read_file_mode },
		FIELD(struct oci_device, "uid", uid, read_id_set),
		FIELD(struct oci_device, "gid", gid, read_id_set),
	};
	struct oci_device *device = to;
	int r;

	device->major = device->minor = -1;
	r = READ_FIELDS(reader, json, fields, device);
	if (r < 0)
		return r;
	/* Go writes zeros for a fifo. */
	if (device->type == 'p')
		device->major = device->minor = 0;
	if (device->major < 0)
		return refuse_field(reader, "major", "is missing, and a device has one");
	if (device->minor < 0)
		return refuse_field(reader, "minor", "is missing, and a device has one");
	return 0;
}

/* ---- resources.devices ---- */

static int read_rule_type(struct reader *reader, struct json_object *json, void *to)
{
	static const struct word types[] = { { "", 'a' }, { "a", 'a' }, { "c", 'c' }, { "b", 'b' } };
	int64_t value;
	int r = READ_CHOICE(reader, json, types, &value);

	if (r >= 0)
		*(char *)to = (char)value;
	return r;
}

static int read_rule_major(struct reader *reader, struct json_object *json, void *to)
{
	return read_range(reader, json, -1, MAX_MAJOR, to);
}

static int read_rule_minor(struct reader *reader, struct json_object *json, void *to)
{
	return read_range(reader, json, -1, MAX_MINOR, to);
}

static int read_access(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_device_rule *rule = to;
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0 || !*text)
		return r;
	if (text[strspn(text, "rwm")])
		return refuse(reader, "'%.60s' has other letters than r, w and m", text);
	rule->read = strchr(text, 'r');
	rule->write = strchr(text, 'w');
	rule->mknod = strchr(text, 'm');
	return 0;
}

/* What a rule leaves out, it is about all of. */
static int read_device_rule(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_device_rule, "allow", allow, read_bool),
		FIELD(struct oci_device_rule, "type", type, read_rule_type),
		FIELD(struct oci_device_rule, "major", major, read_rule_major),
		FIELD(struct oci_device_rule, "minor", minor, read_rule_minor),
		{ .name = "access", .read = read_access },
	};

	*(struct oci_device_rule *)to = (struct oci_device_rule){
		.type = 'a', .major = -1, .minor = -1, .read = true, .write = true, .mknod = true,
	};
	return READ_FIELDS(reader, json, fields, to);
}

static int read_device_rules(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_resources *resources = to;

	resources->devices_set = true;
	return read_list(reader, json, read_device_rule, sizeof(*resources->devices), &resources->devices,
			 &resources->n_devices);
}

/* ---- memory, cpu, pids ---- */

/* Bytes, or -1 for no limit. */
static int read_limit(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, -1, INT64_MAX, &value);

	if (r >= 0)
		*(struct oci_i64 *)to = (struct oci_i64){ true, value };
	return r;
}

static int read_swappiness(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, 0, 100, &value);

	if (r >= 0)
		*(struct oci_u64 *)to = (struct oci_u64){ true, (uint64_t)value };
	return r;
}

static int read_memory(struct reader *reader, struct json_object *json, void *to)
{
#define MEMORY(name, member, read) FIELD(struct oci_resources, name, memory_##member, read)
	static const struct field fields[] = {
		MEMORY("limit", limit, read_limit),
		MEMORY("reservation", reservation, read_limit),
		MEMORY("swap", swap, read_limit),
		MEMORY("kernel", kernel, read_limit),
		MEMORY("kernelTCP", kernel_tcp, read_limit),
		MEMORY("swappiness", swappiness, read_swappiness),
		MEMORY("disableOOMKiller", disable_oom_killer, read_bool),
		MEMORY("useHierarchy", use_hierarchy, read_bool),
		MEMORY("checkBeforeUpdate", check_before_update, read_bool),
	};
#undef MEMORY

	return READ_FIELDS(reader, json, fields, to);
}

/* The kernel's own form, checked so far that it is no path and no second line. */
static int read_cpuset(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	if (text[strspn(text, "0123456789,- ")])
		return refuse(reader, "'%.60s' is not a list such as 0-3,8", text);
	return read_word(reader, json, to);
}

static int read_idle(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, 0, 1, &value);

	if (r >= 0)
		*(struct oci_i64 *)to = (struct oci_i64){ true, value };
	return r;
}

static int read_cpu(struct reader *reader, struct json_object *json, void *to)
{
#define CPU(name, member, read) FIELD(struct oci_resources, name, cpu_##member, read)
	static const struct field fields[] = {
		CPU("shares", shares, read_u64_set),
		CPU("quota", quota, read_i64_set),
		CPU("burst", burst, read_u64_set),
		CPU("period", period, read_u64_set),
		CPU("realtimeRuntime", realtime_runtime, read_i64_set),
		CPU("realtimePeriod", realtime_period, read_u64_set),
		CPU("cpus", cpus, read_cpuset),
		CPU("mems", mems, read_cpuset),
		CPU("idle", idle, read_idle),
	};
#undef CPU

	return READ_FIELDS(reader, json, fields, to);
}

static int read_pids(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD(struct oci_resources, "limit", pids_limit, read_i64_set),
	};

	return READ_FIELDS(reader, json, fields, to);
}

/* ---- blockIO ---- */

/* Go's zero is as absent: the least weight is 10. */
static int read_weight(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, 0, 1000, &value);

	if (r < 0 || value == 0)
		return r;
	if (value < 10)
		return refuse(reader, "%lld is not from 10 to 1000", (long long)value);
	*(struct oci_u64 *)to = (struct oci_u64){ true, (uint64_t)value };
	return 0;
}

static int read_device_weight(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_device_weight, "major", major, read_major),
		FIELD_NEEDED(struct oci_device_weight, "minor", minor, read_minor),
		FIELD(struct oci_device_weight, "weight", weight, read_weight),
		FIELD(struct oci_device_weight, "leafWeight", leaf_weight, read_weight),
	};

	return READ_FIELDS(reader, json, fields, to);
}

static int read_throttle(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_device_throttle, "major", major, read_major),
		FIELD_NEEDED(struct oci_device_throttle, "minor", minor, read_minor),
		FIELD_NEEDED(struct oci_device_throttle, "rate", rate, read_u64),
	};

	return READ_FIELDS(reader, json, fields, to);
}

static int read_block_io(struct reader *reader, struct json_object *json, void *to)
{
#define THROTTLE(name, member) FIELD_LIST(struct oci_resources, name, member, n_##member, read_throttle)
	static const struct field fields[] = {
		FIELD(struct oci_resources, "weight", blkio_weight, read_weight),
		FIELD(struct oci_resources, "leafWeight", blkio_leaf_weight, read_weight),
		FIELD_LIST(struct oci_resources, "weightDevice", blkio_weights, n_blkio_weights, read_device_weight),
		THROTTLE("throttleReadBpsDevice", read_bps),
		THROTTLE("throttleWriteBpsDevice", write_bps),
		THROTTLE("throttleReadIOPSDevice", read_iops),
		THROTTLE("throttleWriteIOPSDevice", write_iops),
	};
#undef THROTTLE

	return READ_FIELDS(reader, json, fields, to);
}

/* ---- hugepageLimits, network, rdma, unified ---- */

/* It becomes a part of a file's name: 64KB, 2MB, 1GB. */
static int read_page_size(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	size_t digits;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	digits = strspn(text, "0123456789");
	if (digits == 0 || *text == '0' || !text[digits] || !strchr("KMG", text[digits]) ||
	    strcmp(text + digits + 1, "B") != 0)
		return refuse(reader, "'%.60s' is not a size of pages such as 2MB", text);
	return read_string(reader, json, to);
}

static int read_hugepage(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_hugepage, "pageSize", page_size, read_page_size),
		FIELD_NEEDED(struct oci_hugepage, "limit", limit, read_u64),
	};

	return READ_FIELDS(reader, json, fields, to);
}

static int read_net_prio(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_net_prio, "name", interface, read_string),
		FIELD_NEEDED(struct oci_net_prio, "priority", priority, read_u32),
	};

	return READ_FIELDS(reader, json, fields, to);
}

static int read_network(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD(struct oci_resources, "classID", net_class_id, read_u32_set),
		FIELD_LIST(struct oci_resources, "priorities", net_priorities, n_net_priorities, read_net_prio),
	};

	return READ_FIELDS(reader, json, fields, to);
}

static int read_rdma_device(struct reader *reader, const char *key, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD(struct oci_rdma, "hcaHandles", handles, read_u32_set),
		FIELD(struct oci_rdma, "hcaObjects", objects, read_u32_set),
	};
	struct oci_rdma *rdma = to;

	if (strpbrk(key, " \t\n"))
		return refuse(reader, "a device has no white space in its name");
	rdma->device = arena_strdup(reader->arena, key);
	if (!rdma->device)
		return refuse_memory(reader);
	return READ_FIELDS(reader, json, fields, rdma);
}

static int read_rdma(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_resources *resources = to;

	return read_map(reader, json, read_rdma_device, sizeof(*resources->rdma), &resources->rdma,
			&resources->n_rdma);
}

static int read_unified_file(struct reader *reader, const char *key, struct json_object *json, void *to)
{
	struct oci_unified *unified = to;

	if (strchr(key, '/') || *key == '.')
		return refuse(reader, "this is not the name of a file in a cgroup");
	unified->file = arena_strdup(reader->arena, key);
	if (!unified->file)
		return refuse_memory(reader);
	return read_string(reader, json, &unified->value);
}

static int read_unified(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_resources *resources = to;

	return read_map(reader, json, read_unified_file, sizeof(*resources->unified), &resources->unified,
			&resources->n_unified);
}

/* ---- the whole ---- */

int read_resources(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		{ .name = "devices", .read = read_device_rules },
		{ .name = "memory", .read = read_memory },
		{ .name = "cpu", .read = read_cpu },
		{ .name = "pids", .read = read_pids },
		{ .name = "blockIO", .read = read_block_io },
		FIELD_LIST(struct oci_resources, "hugepageLimits", hugepages, n_hugepages, read_hugepage),
		{ .name = "network", .read = read_network },
		{ .name = "rdma", .read = read_rdma },
		{ .name = "unified", .read = read_unified },
	};

	((struct oci_resources *)to)->set = true;
	return READ_FIELDS(reader, json, fields, to);
}
