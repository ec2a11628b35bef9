/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reading what other programs write. None of these files is a promise to us: what is missing or of
 * another type is as if it were not there, and what remains says whether there is enough.
 */

#include "state/engine_state.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/parse.h"

enum { MAX_FILE = 16 << 20 };

static void put_json(struct json_object **json)
{
	if (*json)
		json_object_put(*json);
}
#define cleanup_json cleanup(put_json)

static struct json_object *read_json(int dir_fd, const char *name)
{
	cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = NULL;

	if (fd < 0 || fd_read_to_heap(fd, MAX_FILE, &text, NULL) < 0)
		return NULL;
	return json_tokener_parse(text);
}

static struct json_object *member(struct json_object *json, const char *key)
{
	struct json_object *value;

	return json && json_object_is_type(json, json_type_object) && json_object_object_get_ex(json, key, &value) ?
		       value : NULL;
}

static const char *text_of(struct json_object *json, const char *key)
{
	struct json_object *value = member(json, key);

	return value && json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static int64_t number_of(struct json_object *json, const char *key)
{
	struct json_object *value = member(json, key);

	return value && json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : 0;
}

/* Names of Kubernetes: containerd's annotations, then CRI-O's. */
static const char *const pod_keys[] = { "io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name" };
static const char *const container_keys[] = { "io.kubernetes.cri.container-name", "io.kubernetes.container.name" };

/* The pause container of a pod is the pod. */
static void set_names(struct engine_container *container, struct arena *arena, const char *pod, const char *name)
{
	if (!pod)
		return;
	container->engine = "kubernetes";
	if (!name || strcmp(name, "POD") == 0) {
		container->name = arena_strdup(arena, pod);
		return;
	}
	container->name = arena_printf(arena, "%s:%s", pod, name);
	container->nickname = arena_strdup(arena, name);
}

static const char *first_of(struct json_object *annotations, const char *const keys[2])
{
	const char *text = text_of(annotations, keys[0]);

	return text ? text : text_of(annotations, keys[1]);
}

static void name_by_annotations(struct json_object *annotations, struct arena *arena,
				struct engine_container *container)
{
	set_names(container, arena, first_of(annotations, pod_keys), first_of(annotations, container_keys));
}

/* The value of "KEY=value" in an array of labels, as runc keeps annotations. */
static const char *label_of(struct json_object *labels, const char *key)
{
	size_t n = labels && json_object_is_type(labels, json_type_array) ? json_object_array_length(labels) : 0;
	size_t length = strlen(key);

	for (size_t i = 0; i < n; i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(labels, i));

		if (text && strncmp(text, key, length) == 0 && text[length] == '=')
			return text + length + 1;
	}
	return NULL;
}

static const char *first_label(struct json_object *labels, const char *const keys[2])
{
	const char *text = label_of(labels, keys[0]);

	return text ? text : label_of(labels, keys[1]);
}

static int take_process(struct engine_container *ret, int64_t pid, int64_t start)
{
	if (pid <= 0 || pid > INT_MAX || start < 0)
		return -EINVAL;
	ret->pid = (pid_t)pid;
	ret->start_ticks = (uint64_t)start;
	return 0;
}

static int read_runc(struct json_object *json, struct arena *arena, struct engine_container *ret)
{
	struct json_object *labels = member(member(json, "config"), "labels");
	const char *bundle = label_of(labels, "bundle");

	ret->engine = "runc";
	ret->bundle = arena_strdup(arena, bundle);
	set_names(ret, arena, first_label(labels, pod_keys), first_label(labels, container_keys));
	return take_process(ret, number_of(json, "init_process_pid"), number_of(json, "init_process_start"));
}

static int read_own(struct json_object *json, struct arena *arena, struct engine_container *ret)
{
	ret->engine = "inro-oci";
	ret->bundle = arena_strdup(arena, text_of(json, "bundle"));
	name_by_annotations(member(json, "annotations"), arena, ret);
	return take_process(ret, number_of(json, "pid"), number_of(json, "pidStart"));
}

static int read_crun(struct json_object *json, struct arena *arena, struct engine_container *ret)
{
	ret->engine = "crun";
	ret->bundle = arena_strdup(arena, text_of(json, "bundle"));
	return take_process(ret, number_of(json, "pid"), number_of(json, "process-start-time"));
}

int engine_read_state(int dir_fd, struct arena *arena, struct engine_container *ret)
{
	cleanup_json struct json_object *json = read_json(dir_fd, "state.json");

	if (json)
		return member(json, "init_process_pid") ? read_runc(json, arena, ret) : read_own(json, arena, ret);
	json = read_json(dir_fd, "status");
	return json ? read_crun(json, arena, ret) : -ENOENT;
}

int engine_read_bundle(int dir_fd, struct arena *arena, struct engine_container *ret)
{
	char text[32];
	uint32_t pid;

	(void)arena;
	if (fd_read_file_at(dir_fd, "init.pid", text, sizeof(text)) < 0)
		return -ENOENT;
	text[strcspn(text, "\n")] = '\0';
	if (parse_u32(text, &pid) < 0)
		return -EINVAL;
	ret->engine = "containerd";
	return take_process(ret, pid, 0);
}

void engine_name_by_config(int dir_fd, struct arena *arena, struct engine_container *container)
{
	cleanup_json struct json_object *json = read_json(dir_fd, "config.json");

	name_by_annotations(member(json, "annotations"), arena, container);
}

static void rename_by_podman(struct json_object *entry, struct arena *arena, struct engine_container *list, size_t n)
{
	struct json_object *names = member(entry, "names");
	const char *id = text_of(entry, "id"), *name = NULL;

	if (names && json_object_is_type(names, json_type_array) && json_object_array_length(names))
		name = json_object_get_string(json_object_array_get_idx(names, 0));
	for (size_t i = 0; id && name && i < n; i++) {
		if (strcmp(list[i].id, id) != 0)
			continue;
		list[i].engine = "podman";
		list[i].name = arena_strdup(arena, name);
	}
}

void engine_name_by_podman(const char *path, struct arena *arena, struct engine_container *list, size_t n)
{
	cleanup_json struct json_object *json = read_json(AT_FDCWD, path);

	if (!json || !json_object_is_type(json, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(json); i++)
		rename_by_podman(json_object_array_get_idx(json, i), arena, list, n);
}

void engine_name_by_docker(const char *dir, struct arena *arena, struct engine_container *container)
{
	cleanup_json struct json_object *json = NULL;
	char path[PATH_MAX];
	const char *name;

	snprintf(path, sizeof(path), "%s/%s/config.v2.json", dir, container->id);
	json = read_json(AT_FDCWD, path);
	name = text_of(json, "Name");
	if (!name)
		return;
	container->engine = "docker";
	container->name = arena_strdup(arena, name + (name[0] == '/'));
}
