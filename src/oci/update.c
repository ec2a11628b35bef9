/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/update.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/cgroup.h"
#include "oci/cgroup_devices.h"
#include "oci/cgroup_settings.h"
#include "oci/cgroup_systemd.h"
#include "oci/read.h"
#include "oci/state.h"

struct json_object *oci_update_merge(struct json_object *older, struct json_object *newer)
{
	if (!older || !newer || !json_object_is_type(older, json_type_object) ||
	    !json_object_is_type(newer, json_type_object)) {
		json_object_put(newer ? older : NULL);
		return newer ? newer : older;
	}
	json_object_object_foreach(newer, key, value)
	{
		struct json_object *old = json_object_object_get(older, key);

		/* Go writes null where nothing is meant. */
		if (value)
			json_object_object_add(
				older, key,
				oci_update_merge(json_object_get(old), json_object_get(value)));
	}
	json_object_put(newer);
	return older;
}

/* "No limit of memory" takes that of swap along, which cannot stand alone. */
static void complete_swap(struct json_object *merged, struct json_object *changes)
{
	struct json_object *memory, *value;

	if (!json_object_object_get_ex(changes, "memory", &memory) ||
	    !json_object_object_get_ex(memory, "limit", &value) ||
	    json_object_get_int64(value) >= 0 || json_object_object_get_ex(memory, "swap", &value))
		return;
	if (json_object_object_get_ex(merged, "memory", &memory))
		json_object_object_add(memory, "swap", json_object_new_int64(-1));
}

static int compute(const struct oci_cgroup_dirs *dirs, const char *json, struct arena *arena,
		   struct oci_resources *resources, struct oci_settings *ret,
		   struct inro_error *error)
{
	int r = oci_read_resources(json, strlen(json), arena, resources, error);

	if (r < 0)
		return r;
	return dirs->n_v1 == 0 ? oci_settings_v2(resources, arena, ret, error)
			       : oci_settings_v1(resources, arena, ret, error);
}

static int write_devices(const struct oci_cgroup_dirs *dirs, const struct oci_resources *resources,
			 struct arena *arena, struct inro_error *error)
{
	int fd = oci_cgroup_dir(dirs, OCI_DEVICES), r;
	const struct oci_device_rule *rules;
	struct bpf_insn *program;
	size_t n, n_program;
	char text[64];

	rules = oci_device_rules(resources, arena, &n);
	if (!rules)
		return fail_memory(error);
	if (fd != dirs->v2) {
		size_t failed;

		r = oci_device_write_v1(fd, rules, n, &failed);
		return r < 0 ? fail_call(error, r, "set the devices", "write",
					 oci_device_rule_text(&rules[failed], text))
			     : 0;
	}
	program = oci_device_program(rules, n, arena, &n_program);
	if (!program)
		return fail_memory(error);
	r = oci_device_attach(fd, program, n_program, true);
	return r < 0 ? fail_call(error, r, "set the devices", "bpf", NULL) : 0;
}

static void restore(const struct oci_cgroup_dirs *dirs, const char *json)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_resources resources = { 0 };
	struct oci_settings settings;
	struct inro_error unseen = { 0 };

	if (json && compute(dirs, json, &arena, &resources, &settings, &unseen) == 0)
		oci_settings_write(dirs, &settings, &unseen);
}

/* It would write the old ones again when it reloads. */
static int tell_systemd(const struct oci_state *state, const struct oci_resources *resources,
			struct inro_error *error)
{
	cleanup_buf struct buf lines = { 0 };
	int r;

	buf_printf(&lines, "set %s\n", state->cgroup.scope);
	r = oci_systemd_resources(resources, &lines, error);
	return r < 0 ? r : oci_systemd_call(oci_systemd_is_user(), &lines, error);
}

static int write_all(const struct oci_state *state, const char *json, bool devices,
		     struct inro_error *error)
{
	cleanup_cgroup_dirs struct oci_cgroup_dirs dirs = { .v2 = -EBADF };
	cleanup_arena struct arena arena = { 0 };
	struct oci_resources resources = { 0 };
	struct oci_settings settings;
	int r = oci_cgroup_open(&state->cgroup, &dirs);

	if (r < 0)
		return fail_host(error, INRO_ERROR_HOST, r, "update", "container %s has no cgroup",
				 state->id);
	r = compute(&dirs, json, &arena, &resources, &settings, error);
	if (r < 0)
		return r;
	if (state->cgroup.manager == OCI_CGROUP_SYSTEMD)
		r = tell_systemd(state, &resources, error);
	if (r == 0)
		r = oci_settings_write(&dirs, &settings, error);
	if (r == 0 && devices)
		r = write_devices(&dirs, &resources, &arena, error);
	if (r < 0)
		restore(&dirs, state->resources_json);
	return r;
}

int oci_update_apply(const struct oci_state *state, struct json_object *changes, char **ret,
		     struct inro_error *error)
{
	struct json_object *merged =
		state->resources_json ? json_tokener_parse(state->resources_json) : NULL;
	struct json_object *devices;
	char *text;
	int r;

	if (!merged)
		merged = json_object_new_object();
	merged = oci_update_merge(merged, json_object_get(changes));
	complete_swap(merged, changes);
	text = strdup(json_object_to_json_string_ext(
		merged, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(merged);
	if (!text)
		return fail_memory(error);
	r = write_all(state, text, json_object_object_get_ex(changes, "devices", &devices), error);
	if (r < 0)
		free(text);
	else
		*ret = text;
	return r;
}
