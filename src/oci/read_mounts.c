/* SPDX-License-Identifier: Apache-2.0 */

/* Mounts, and the id maps that a mount and the user namespace alike may have. */

#include <string.h>

#include "oci/read_parts.h"

/* ---- id maps ---- */

static int read_range_of_ids(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct id_range, "containerID", inner, read_id),
		FIELD_NEEDED(struct id_range, "hostID", outer, read_id),
		FIELD_NEEDED(struct id_range, "size", count, read_u32),
	};
	struct id_range *range = to;
	int r = READ_FIELDS(reader, json, fields, range);

	if (r < 0)
		return r;
	if (range->count == 0)
		return refuse_field(reader, "size", "a range of no ids");
	if (range->count > UINT32_MAX - range->inner || range->count > UINT32_MAX - range->outer)
		return refuse_field(reader, "size", "%u ids from there go beyond the last one, 4294967294",
				    range->count);
	return 0;
}

int read_id_maps(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_id_maps *maps = to;

	return read_list(reader, json, read_range_of_ids, sizeof(*maps->list), &maps->list, &maps->n);
}

/* ---- mounts ---- */

/*
 * An absolute path without empty words, "." and "..", in the arena. By words alone: what the words
 * mean inside is found out when the path is walked, where ".." cannot leave the root either.
 */
static char *clean_path(struct arena *arena, const char *path)
{
	char *clean = arena_alloc(arena, strlen(path) + 2), *end = clean;

	if (!clean)
		return NULL;
	while (*path) {
		const size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (end > clean && *--end != '/')
				;
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			*end++ = '/';
			memcpy(end, path, n);
			end += n;
		}
		path += n + (path[n] == '/');
	}
	if (end == clean)
		*end++ = '/';
	*end = '\0';
	return clean;
}

/* One that is relative is relative to "/", as the spec has it; engines are told not to write such. */
static int read_destination(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	if (!*text)
		return refuse(reader, "is empty");
	text = clean_path(reader->arena, text);
	if (!text)
		return refuse_memory(reader);
	*(const char **)to = text;
	return 0;
}

static bool is_bind(const struct oci_mount *mount)
{
	for (size_t i = 0; i < mount->options.n; i++)
		if (strcmp(mount->options.list[i], "bind") == 0 || strcmp(mount->options.list[i], "rbind") == 0)
			return true;
	return mount->type && strcmp(mount->type, "bind") == 0;
}

int read_mount(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_mount, "destination", destination, read_destination),
		FIELD(struct oci_mount, "type", type, read_word),
		FIELD(struct oci_mount, "source", source, read_word),
		FIELD(struct oci_mount, "options", options, read_strings),
		FIELD(struct oci_mount, "uidMappings", uids, read_id_maps),
		FIELD(struct oci_mount, "gidMappings", gids, read_id_maps),
	};
	struct oci_mount *mount = to;
	int r = READ_FIELDS(reader, json, fields, mount);

	if (r < 0)
		return r;
	if (!is_bind(mount) || (mount->source && *mount->source == '/'))
		return 0;
	if (!mount->source)
		return refuse_field(reader, "source", "is missing, and a bind mount needs one");
	mount->source = arena_printf(reader->arena, "%s/%s", reader->bundle, mount->source);
	return mount->source ? 0 : refuse_memory(reader);
}
