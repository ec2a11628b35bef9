/* SPDX-License-Identifier: Apache-2.0 */

/* The documents as a whole, and what stands at the top of config.json. */
#include "oci/read.h"

#include <json-c/json.h>
#include <string.h>

#include "ns/kind.h"
#include "oci/read_parts.h"

enum { UTS_LEN = 64 }; /* __NEW_UTS_LEN of the kernel */

/* Any 1.x: a minor version adds, and engines write the newest that they know. */
static int read_version(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	if (strncmp(text, "1.", 2) != 0 || text[2] < '0' || text[2] > '9')
		return refuse(reader, "'%.60s' is not a version 1.x of the spec", text);
	return read_string(reader, json, to);
}

static int read_host_name(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	if (strlen(text) > UTS_LEN)
		return refuse(reader, "is longer than %d bytes", UTS_LEN);
	return read_word(reader, json, to);
}

static int read_root_path(struct reader *reader, struct json_object *json, void *to)
{
	const char **path = to;
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	if (!*text)
		return refuse(reader, "is empty");
	*path = arena_printf(reader->arena, "%s%s%s", *text == '/' ? "" : reader->bundle, *text == '/' ? "" : "/",
			     text);
	return *path ? 0 : refuse_memory(reader);
}

static int read_root(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_config, "path", root.path, read_root_path),
		FIELD(struct oci_config, "readonly", root.read_only, read_bool),
	};

	return READ_FIELDS(reader, json, fields, to);
}

static int read_annotation(struct reader *reader, const char *key, struct json_object *json, void *to)
{
	struct oci_annotation *annotation = to;

	annotation->key = arena_strdup(reader->arena, key);
	if (!annotation->key)
		return refuse_memory(reader);
	return read_string(reader, json, &annotation->value);
}

static int read_annotations(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_config *config = to;

	return read_map(reader, json, read_annotation, sizeof(*config->annotations), &config->annotations,
			&config->n_annotations);
}

/* The process of a container, as opposed to one that is executed in it later, is whole. */
static int read_whole_process(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_config *config = to;
	int r = read_process(reader, json, &config->process);

	if (r < 0)
		return r;
	if (!config->process.cwd)
		return refuse_field(reader, "cwd", "is missing");
	if (config->process.args.n == 0)
		return refuse_field(reader, "args", config->process.args.list ? "is empty" : "is missing");
	config->process_set = true;
	return 0;
}

/*
 * Settings of a namespace that the container does not have would be the host's. What a joined one has
 * is its owner's; whether that may be changed is found out when it is.
 */
static int check_namespaces(struct reader *reader, const struct oci_config *config)
{
	const struct oci_linux *object = &config->linux_;
	const struct {
		bool is_set;
		const char *name;
		bool in_linux;
		enum ns_kind kind;
	} needs[] = {
		{ config->hostname, "hostname", false, NS_UTS },
		{ config->domainname, "domainname", false, NS_UTS },
		{ object->uids.n > 0, "uidMappings", true, NS_USER },
		{ object->gids.n > 0, "gidMappings", true, NS_USER },
		{ object->boottime.set || object->monotonic.set, "timeOffsets", true, NS_TIME },
		{ object->n_net_devices > 0, "netDevices", true, NS_NET },
	};

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		struct place place = { .name = "linux" };

		if (!needs[i].is_set || oci_has_ns(config, needs[i].kind, NULL))
			continue;
		if (needs[i].in_linux)
			reader_enter(reader, &place);
		return refuse_field(reader, needs[i].name, "is there, but no %s namespace in linux.namespaces",
				    ns_kind_table[needs[i].kind].long_name);
	}
	return 0;
}

/* A part as a text of its own, for state.json. */
static int keep_text(struct reader *reader, struct json_object *json, const char *name, const char **ret)
{
	struct json_object *part;

	if (!json_object_object_get_ex(json, name, &part) || !part)
		return 0;
	*ret = arena_strdup(reader->arena,
			    json_object_to_json_string_ext(part, JSON_C_TO_STRING_PLAIN |
									 JSON_C_TO_STRING_NOSLASHESCAPE));
	return *ret ? 0 : refuse_memory(reader);
}

static int keep_texts(struct reader *reader, struct json_object *json, struct oci_config *config)
{
	struct json_object *linux_;
	int r = keep_text(reader, json, "process", &config->process_json);

	if (r >= 0)
		r = keep_text(reader, json, "hooks", &config->hooks_json);
	if (r >= 0 && json_object_object_get_ex(json, "linux", &linux_) && linux_)
		r = keep_text(reader, linux_, "resources", &config->resources_json);
	return r;
}

static int read_config(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_config, "ociVersion", version, read_version),
		{ .name = "root", .read = read_root },
		{ .name = "process", .read = read_whole_process },
		FIELD(struct oci_config, "hostname", hostname, read_host_name),
		FIELD(struct oci_config, "domainname", domainname, read_host_name),
		FIELD_LIST(struct oci_config, "mounts", mounts, n_mounts, read_mount),
		FIELD(struct oci_config, "hooks", hooks, read_hooks),
		{ .name = "annotations", .read = read_annotations },
		FIELD(struct oci_config, "linux", linux_, read_linux),
	};
	int r = READ_FIELDS(reader, json, fields, to);

	if (r >= 0)
		r = check_namespaces(reader, to);
	return r < 0 ? r : keep_texts(reader, json, to);
}

static int read_whole(struct reader *reader, const char *text, size_t size, read_fn *read, void *to)
{
	struct json_object *json;
	int r = read_document(reader, text, size, &json);

	if (r < 0)
		return r;
	r = read(reader, json, to);
	json_object_put(json);
	return r;
}

int oci_read_config(const char *text, size_t size, const char *bundle, struct arena *arena,
		    struct oci_config *ret, struct inro_error *error)
{
	struct reader reader = { .arena = arena, .error = error, .document = "config.json", .bundle = bundle };
	struct oci_config config = { .bundle = bundle };
	int r = read_whole(&reader, text, size, read_config, &config);

	if (r >= 0)
		*ret = config;
	return r;
}

int oci_read_process(const char *text, size_t size, struct arena *arena, struct oci_process *ret,
		     struct inro_error *error)
{
	struct reader reader = { .arena = arena, .error = error, .document = "the process" };
	struct oci_process process = *ret;
	int r = read_whole(&reader, text, size, read_process, &process);

	if (r >= 0)
		*ret = process;
	return r;
}

int oci_read_resources(const char *text, size_t size, struct arena *arena, struct oci_resources *ret,
		       struct inro_error *error)
{
	struct reader reader = { .arena = arena, .error = error, .document = "the resources" };
	struct oci_resources resources = { 0 };
	int r = read_whole(&reader, text, size, read_resources, &resources);

	if (r >= 0)
		*ret = resources;
	return r;
}

int oci_read_hooks(const char *text, size_t size, struct arena *arena, struct oci_hooks *ret,
		   struct inro_error *error)
{
	struct reader reader = { .arena = arena, .error = error, .document = "the hooks" };
	struct oci_hooks hooks = { 0 };
	int r = read_whole(&reader, text, size, read_hooks, &hooks);

	if (r >= 0)
		*ret = hooks;
	return r;
}
