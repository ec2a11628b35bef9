/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The state directories. See state.h for what is in one.
 *
 * A container that is being made has its FIFO under another name (.exec.fifo), and one that runs
 * has none, so that nothing has to be written a second time when it goes from one to the other. One
 * without state.json is being created, or its creator was killed before it had a process; the lock,
 * which goes with its holder, tells which. What a killed one may have made by then is in place.json.
 *
 * Who waits for the lock may get that of a directory which has been removed meanwhile, and another of
 * that name may be there again. So whoever has got it looks whether the name still leads there.
 */

#include "oci/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "oci/cgroup.h"
#include "oci/json_out.h"

/* What it holds is of a config.json, which may have 64 MiB: no container may be made that is not found again. */
enum { MAX_STATE = 128 << 20, MAX_ID = 1024 };

static const char new_file[] = ".state.json";

bool oci_id_ok(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-";
	size_t length = strlen(id);

	return length > 0 && length <= MAX_ID && id[0] != '.' && id[strspn(id, allowed)] == '\0';
}

/* Each missing directory of a path, 0700. */
static int make_path(const char *path)
{
	char part[4096];
	size_t length = strlen(path);

	if (length >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

/*
 * An engine of an ordinary user's calls us as root of a user namespace, which /run does not belong to.
 * XDG_RUNTIME_DIR is then that user's; root of the host may have one too, and keeps to /run.
 */
static bool in_own_runtime(const char *runtime)
{
	return runtime && *runtime && (geteuid() != 0 || !procfs_in_initial_userns());
}

int oci_state_root(const char *root, bool create, struct inro_error *error)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char path[4096] = "/run/inro-oci";
	int fd, r = 0;

	if (root && *root)
		snprintf(path, sizeof(path), "%s", root);
	else if (in_own_runtime(runtime))
		snprintf(path, sizeof(path), "%s/inro-oci", runtime);
	else if (geteuid() != 0)
		return fail_usage(error, "--root", "is needed where XDG_RUNTIME_DIR is not set");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && create) {
		r = make_path(path);
		fd = r < 0 ? r : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return fd < 0 ? fail_call(error, r < 0 ? r : -errno, "open the directory of states", "open", path) : fd;
}

static int bad_id(struct inro_error *error, const char *id)
{
	fail_usage(error, "container id", "'%s' is none: letters, digits and _+.- (not first a dot)", id);
	return -EINVAL;
}

/* Lock the directory itself: the lock goes with the descriptor. */
static int lock(int dir_fd, int operation)
{
	int r;

	do
		r = flock(dir_fd, operation);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* Does the name still lead to that directory? 0, -ENOENT, or another negative errno. */
static int check_name(int root_fd, const char *id, int dir_fd)
{
	struct stat named, opened;

	if (fstatat(root_fd, id, &named, AT_SYMLINK_NOFOLLOW) < 0 || fstat(dir_fd, &opened) < 0)
		return -errno;
	return named.st_dev == opened.st_dev && named.st_ino == opened.st_ino ? 0 : -ENOENT;
}

int oci_state_lock(int root_fd, const char *id, int dir_fd)
{
	int r = lock(dir_fd, LOCK_EX);

	return r < 0 ? r : check_name(root_fd, id, dir_fd);
}

int oci_state_new(int root_fd, const char *id, struct inro_error *error)
{
	int fd, r;

	if (!oci_id_ok(id))
		return bad_id(error, id);
	if (mkdirat(root_fd, id, 0711) < 0) {
		r = -errno;
		if (r != -EEXIST)
			return fail_call(error, r, "make the state of", "mkdirat", id);
		fail_host(error, INRO_ERROR_HOST, r, "create", "container with given ID already exists: %s", id);
		return r;
	}
	fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -errno : oci_state_lock(root_fd, id, fd);
	if (r == 0)
		return fd;
	fd_close(fd);
	/* A `delete` may have come between: then it is gone, or already somebody else's. */
	if (r == -ENOENT) {
		fail_host(error, INRO_ERROR_HOST, r, "create", "container %s was deleted while it was made", id);
		return r;
	}
	unlinkat(root_fd, id, AT_REMOVEDIR);
	return fail_call(error, r, "make the state of", "openat", id);
}

static int open_dir(int root_fd, const char *id)
{
	int fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_locked(int root_fd, const char *id)
{
	for (;;) {
		int fd = open_dir(root_fd, id);
		int r = fd < 0 ? fd : oci_state_lock(root_fd, id, fd);

		if (r == 0)
			return fd;
		fd_close(fd);
		/* Removed while we waited; is there a new one? */
		if (fd < 0 || r != -ENOENT)
			return r;
	}
}

int oci_state_open(int root_fd, const char *id, bool locked, struct inro_error *error)
{
	int fd;

	if (!oci_id_ok(id))
		return bad_id(error, id);
	fd = root_fd < 0 ? -ENOENT : locked ? open_locked(root_fd, id) : open_dir(root_fd, id);
	if (fd >= 0)
		return fd;
	if (fd == -ENOENT) {
		fail_host(error, INRO_ERROR_HOST, fd, "open the state", "container %s does not exist", id);
		return fd;
	}
	return fail_call(error, fd, "open the state of", "openat", id);
}

static void write_cgroup(struct buf *buf, const struct oci_cgroup_place *place)
{
	json_out_key(buf, "cgroup");
	buf_puts(buf, "{");
	json_out_number(buf, "manager", place->manager);
	json_out_text(buf, "scope", place->scope);
	json_out_text(buf, "v2", place->v2);
	json_out_strings(buf, "v1", &place->v1);
	json_out_strings(buf, "v1Controllers", &place->v1_controllers);
	json_out_bool(buf, "v2Made", place->v2_made);
	json_out_bool(buf, "v1Made", place->v1_made);
	buf_puts(buf, "}");
}

static void write_raw(struct buf *buf, const char *key, const char *json)
{
	if (!json)
		return;
	json_out_key(buf, key);
	buf_puts(buf, json);
}

static int write_new(int dir_fd, const char *name, const struct buf *buf, struct inro_error *error)
{
	cleanup_close int fd = -EBADF;
	int r;

	if (buf->failed)
		return fail_memory(error);
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write_all(fd, buf->data, buf->used);
	return r < 0 ? fail_call(error, r, "write the state", fd < 0 ? "openat" : "write", name) : 0;
}

int oci_state_write(int dir_fd, const struct oci_state *state, struct inro_error *error)
{
	cleanup_buf struct buf buf = { 0 };
	int r;

	buf_puts(&buf, "{");
	json_out_text(&buf, "ociVersion", state->version);
	json_out_text(&buf, "id", state->id);
	json_out_number(&buf, "pid", state->pid);
	json_out_number(&buf, "pidStart", (int64_t)state->pid_start);
	json_out_number(&buf, "created", (int64_t)state->created_ns);
	json_out_number(&buf, "owner", state->owner);
	json_out_text(&buf, "bundle", state->bundle);
	json_out_text(&buf, "rootfs", state->rootfs);
	json_out_number(&buf, "namespaces", state->ns_kinds);
	json_out_bool(&buf, "ownPids", state->own_pids);
	json_out_bool(&buf, "hostRoot", state->host_root);
	json_out_text(&buf, "rdtClass", state->rdt_class);
	json_out_text(&buf, "rdt", state->rdt_dir);
	write_cgroup(&buf, &state->cgroup);
	json_out_annotations(&buf, state->annotations, state->n_annotations);
	write_raw(&buf, "process", state->process_json);
	write_raw(&buf, "hooks", state->hooks_json);
	write_raw(&buf, "resources", state->resources_json);
	buf_puts(&buf, "}\n");
	r = write_new(dir_fd, new_file, &buf, error);
	if (r == 0 && renameat(dir_fd, new_file, dir_fd, OCI_STATE_FILE) < 0)
		r = fail_call(error, -errno, "write the state", "renameat", OCI_STATE_FILE);
	return r;
}

int oci_state_write_place(int dir_fd, const struct oci_cgroup_place *place, struct inro_error *error)
{
	cleanup_buf struct buf buf = { 0 };

	buf_puts(&buf, "{");
	write_cgroup(&buf, place);
	buf_puts(&buf, "}\n");
	return write_new(dir_fd, OCI_PLACE_FILE, &buf, error);
}

/* ---- reading: what this program wrote; a value of another type is as if it were absent ---- */

static const char *text_of(struct json_object *object, const char *key, struct arena *arena)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
		return NULL;
	return arena_strdup(arena, json_object_get_string(value));
}

static int64_t number_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : 0;
}

static bool bool_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

static const char *raw_of(struct json_object *object, const char *key, struct arena *arena)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value))
		return NULL;
	return arena_strdup(arena, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
									  JSON_C_TO_STRING_NOSLASHESCAPE));
}

static int read_strings(struct json_object *object, const char *key, struct arena *arena, struct oci_strings *ret)
{
	struct json_object *value;
	const char **list;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_array))
		return 0;
	ret->n = json_object_array_length(value);
	list = arena_array(arena, ret->n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < ret->n; i++)
		list[i] = arena_strdup(arena, json_object_get_string(json_object_array_get_idx(value, i)));
	ret->list = list;
	return 0;
}

static int read_annotations(struct json_object *object, struct arena *arena, struct oci_state *state)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, "annotations", &value))
		return 0;
	json_object_object_foreach(value, key, item)
	{
		struct oci_annotation *one =
			arena_grow(arena, &state->annotations, &state->n_annotations, sizeof(*one));

		if (!one)
			return -ENOMEM;
		one->key = arena_strdup(arena, key);
		one->value = arena_strdup(arena, json_object_get_string(item));
	}
	return 0;
}

static int read_cgroup(struct json_object *object, struct arena *arena, struct oci_cgroup_place *place)
{
	struct json_object *cgroup;
	int r;

	if (!json_object_object_get_ex(object, "cgroup", &cgroup))
		return 0;
	place->manager = (enum oci_cgroup_manager)number_of(cgroup, "manager");
	place->scope = text_of(cgroup, "scope", arena);
	place->v2 = text_of(cgroup, "v2", arena);
	place->v2_made = bool_of(cgroup, "v2Made");
	place->v1_made = bool_of(cgroup, "v1Made");
	r = read_strings(cgroup, "v1", arena, &place->v1);
	return r < 0 ? r : read_strings(cgroup, "v1Controllers", arena, &place->v1_controllers);
}

static int read_object(struct json_object *object, struct arena *arena, struct oci_state *state)
{
	int r;

	state->version = text_of(object, "ociVersion", arena);
	state->id = text_of(object, "id", arena);
	state->pid = (pid_t)number_of(object, "pid");
	state->pid_start = (uint64_t)number_of(object, "pidStart");
	state->created_ns = (uint64_t)number_of(object, "created");
	state->owner = (uint32_t)number_of(object, "owner");
	state->bundle = text_of(object, "bundle", arena);
	state->rootfs = text_of(object, "rootfs", arena);
	state->ns_kinds = (unsigned)number_of(object, "namespaces");
	state->own_pids = bool_of(object, "ownPids");
	state->host_root = bool_of(object, "hostRoot");
	state->rdt_class = text_of(object, "rdtClass", arena);
	state->rdt_dir = text_of(object, "rdt", arena);
	state->process_json = raw_of(object, "process", arena);
	state->hooks_json = raw_of(object, "hooks", arena);
	state->resources_json = raw_of(object, "resources", arena);
	r = read_cgroup(object, arena, &state->cgroup);
	return r < 0 ? r : read_annotations(object, arena, state);
}

/* By whoever did not wait for the lock. */
static bool is_removed(int dir_fd)
{
	struct stat stat;

	return fstat(dir_fd, &stat) == 0 && stat.st_nlink == 0;
}

int oci_state_read(int dir_fd, struct arena *arena, struct oci_state *ret, struct inro_error *error)
{
	cleanup_close int fd = openat(dir_fd, OCI_STATE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct json_object *object;
	int r = fd < 0 ? -errno : fd_read_to_heap(fd, MAX_STATE, &text, NULL);

	if (r == -ENOENT) {
		fail_host(error, INRO_ERROR_HOST, r, "read the state", "%s",
			  is_removed(dir_fd) ? "container does not exist: it was deleted just now" :
					       "the container is still being created");
		return r;
	}
	if (r < 0)
		return fail_call(error, r, "read the state", fd < 0 ? "openat" : "read", OCI_STATE_FILE);
	object = json_tokener_parse(text);
	if (!object || !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return fail_host(error, INRO_ERROR_HOST, -EINVAL, "read the state", "%s is damaged", OCI_STATE_FILE);
	}
	*ret = (struct oci_state){ 0 };
	r = read_object(object, arena, ret);
	json_object_put(object);
	return r < 0 ? fail_memory(error) : 0;
}

int oci_state_read_place(int dir_fd, struct arena *arena, struct oci_cgroup_place *ret)
{
	cleanup_close int fd = openat(dir_fd, OCI_PLACE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct json_object *object;
	int r = fd < 0 ? -errno : fd_read_to_heap(fd, MAX_STATE, &text, NULL);

	if (r < 0)
		return r;
	*ret = (struct oci_cgroup_place){ 0 };
	/* Half of one was written before anything was made. */
	object = json_tokener_parse(text);
	r = json_object_is_type(object, json_type_object) ? read_cgroup(object, arena, ret) : -ENOENT;
	json_object_put(object);
	return r;
}

int oci_state_find(const char *root, const char *id, bool locked, struct arena *arena, struct oci_state *ret,
		   struct inro_error *error)
{
	cleanup_close int root_fd = oci_state_root(root, false, error);
	cleanup_close int fd = root_fd < 0 ? root_fd : oci_state_open(root_fd, id, locked, error);
	int r = fd < 0 ? fd : oci_state_read(fd, arena, ret, error);

	return r < 0 ? r : take_fd(&fd);
}

/* Everything below a directory; only files of ours are there, and directories of one level. */
static void empty_dir(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		fd_close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dir_fd, entry->d_name, 0) < 0 && (errno == EISDIR || errno == EPERM)) {
			cleanup_close int below =
				openat(dir_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (below >= 0)
				empty_dir(below);
			unlinkat(dir_fd, entry->d_name, AT_REMOVEDIR);
		}
	}
	closedir(dir);
}

int oci_state_remove(int root_fd, const char *id, int dir_fd)
{
	int r = check_name(root_fd, id, dir_fd);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	empty_dir(dir_fd);
	return unlinkat(root_fd, id, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int oci_state_pidfd(const struct oci_state *state)
{
	cleanup_close int proc_fd = procfs_open();
	cleanup_close int pidfd = -EBADF;

	if (proc_fd < 0)
		return proc_fd;
	if (state->pid <= 0)
		return -ESRCH;
	pidfd = procfs_open_pidfd(proc_fd, state->pid, state->pid_start);
	if (pidfd < 0)
		return pidfd == -ENOENT ? -ESRCH : pidfd;
	return procfs_pidfd_ended(pidfd) ? -ESRCH : take_fd(&pidfd);
}

static bool exists(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/*
 * Does somebody else hold the container, as who makes it does to the end? A hook that runs in the
 * container's PID namespace cannot see its process by the number that it has outside. Those who ask
 * share the lock, or they would take each other for who makes it; a caller who holds it already goes on
 * doing so.
 */
static bool is_held(int dir_fd)
{
	cleanup_close int again = open_dir(dir_fd, ".");

	if (again >= 0 && flock(again, LOCK_SH | LOCK_NB) == 0)
		return false;
	return flock(dir_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

enum oci_status oci_state_status(int dir_fd, const struct oci_state *state)
{
	cleanup_close int pidfd = oci_state_pidfd(state);

	if (exists(dir_fd, OCI_NEW_FIFO) && (pidfd >= 0 || is_held(dir_fd)))
		return OCI_CREATING;
	if (pidfd < 0)
		return OCI_STOPPED;
	if (oci_cgroup_frozen(&state->cgroup))
		return OCI_PAUSED;
	if (exists(dir_fd, OCI_EXEC_FIFO))
		return OCI_CREATED;
	return OCI_RUNNING;
}

const char *oci_status_name(enum oci_status status)
{
	static const char *const names[] = { "creating", "created", "running", "paused", "stopped" };

	return names[status];
}

const char *oci_state_json(const struct oci_state *state, enum oci_status status, pid_t pid, struct arena *arena)
{
	cleanup_buf struct buf buf = { 0 };

	buf_puts(&buf, "{");
	json_out_text(&buf, "ociVersion", state->version);
	json_out_text(&buf, "id", state->id);
	json_out_text(&buf, "status", oci_status_name(status));
	if (pid > 0)
		json_out_number(&buf, "pid", pid);
	json_out_text(&buf, "bundle", state->bundle);
	json_out_annotations(&buf, state->annotations, state->n_annotations);
	buf_puts(&buf, "}");
	return buf.failed ? NULL : arena_strdup(arena, buf_text(&buf));
}
