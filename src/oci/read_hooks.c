/* SPDX-License-Identifier: Apache-2.0 */

/* The hooks: programs of the engine's, run at points of the container's life. */

#include "oci/read_parts.h"


/* Here alone an empty list says something: no variables, and not those of the runtime. */
static int read_hook_env(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_hook *hook = to;
	int r = read_strings(reader, json, &hook->env);

	hook->env_set = r >= 0;
	return r;
}

static int read_timeout(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, 1, INT32_MAX, &value);

	if (r >= 0)
		*(struct oci_u64 *)to = (struct oci_u64){ true, (uint64_t)value };
	return r;
}

static int read_hook(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct oci_hook, "path", path, read_path),
		FIELD(struct oci_hook, "args", args, read_strings),
		{ .name = "env", .read = read_hook_env },
		FIELD(struct oci_hook, "timeout", timeout_s, read_timeout),
	};

	return READ_FIELDS(reader, json, fields, to);
}

int read_hooks(struct reader *reader, struct json_object *json, void *to)
{
#define HOOKS(name, member) FIELD_LIST(struct oci_hooks, name, member.list, member.n, read_hook)
	static const struct field fields[] = {
		HOOKS("prestart", prestart),
		HOOKS("createRuntime", create_runtime),
		HOOKS("createContainer", create_container),
		HOOKS("startContainer", start_container),
		HOOKS("poststart", poststart),
		HOOKS("poststop", poststop),
	};
#undef HOOKS

	return READ_FIELDS(reader, json, fields, to);
}
