/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A class of service is a directory of resctrl: its schemata file says which part of the caches and
 * of the memory bandwidth the processes in its tasks file may use. The parent puts the child there
 * while that waits, so that all its descendants are born in it.
 *
 * A class with a name (closID) may be shared, and set up by somebody else: then it must agree with
 * what is asked for, and stays when the container goes. Only a directory that was made here is removed
 * with it; the kernel then moves what is left in it to the default class, which is the top directory ("/").
 */

#include "oci/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "oci/start.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_rdt;

enum { MAX_SCHEMATA = 1 << 20, MAX_MOUNTINFO = 16 << 20 };

int oci_rdt_find(struct arena *arena, const char **ret, struct inro_error *error)
{
	cleanup_close int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	int r = fd < 0 ? -errno : fd_read_to_heap(fd, MAX_MOUNTINFO, &text, NULL);
	char *at, *line;

	if (r < 0)
		return fail_call(error, r, "find resctrl", "read", "/proc/self/mountinfo");
	at = strstr(text, " - resctrl ");
	if (!at)
		return fail_host(error, INRO_ERROR_HOST, -EOPNOTSUPP, "linux.intelRdt",
				 "not supported: no resctrl file system is mounted here");
	*at = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	/* ID parent major:minor root MOUNT …; nobody mounts it where a blank would have to be escaped. */
	for (int field = 0; field < 4 && line; field++) {
		line = strchr(line, ' ');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return fail_call(error, -EINVAL, "find resctrl", "read", "/proc/self/mountinfo");
	line[strcspn(line, " ")] = '\0';
	*ret = arena_strdup(arena, line);
	return *ret ? 0 : fail_memory(error);
}

/* The value that a resource has for a domain: "0=ff" in "L3:0=ff;1=f". Numbers without leading zeros. */
static const char *value_of(const char *domains, const char *domain, size_t length, size_t *ret_length)
{
	for (const char *at = domains; *at && *at != '\n';) {
		size_t name;

		at += strspn(at, " ");
		name = strcspn(at, "=;\n");
		if (name == length && memcmp(at, domain, length) == 0 && at[name] == '=') {
			const char *value = at + name + 1, *end = value + strcspn(value, "; \n");

			while (*value == '0' && value + 1 < end)
				value++;
			*ret_length = (size_t)(end - value);
			return value;
		}
		at += strcspn(at, ";\n");
		at += *at == ';';
	}
	return NULL;
}

/* The domains of a resource in a schemata file, whose lines begin with blanks. */
static const char *domains_of(const char *schemata, const char *resource, size_t length)
{
	for (const char *line = schemata; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		line += strspn(line, " ");
		if (strncmp(line, resource, length) == 0 && line[length] == ':')
			return line + length + 1;
	}
	return NULL;
}

/* Does a class have what one line asks for? */
static bool line_agrees(const char *schemata, const char *wanted)
{
	size_t resource = strcspn(wanted, ":\n");
	const char *has = domains_of(schemata, wanted, resource);
	const char *at = wanted + resource + (wanted[resource] == ':');

	if (!has)
		return false;
	while (*at && *at != '\n') {
		size_t name = strcspn(at += strspn(at, " "), "=;\n"), n, m;
		const char *asked = value_of(at, at, name, &n), *value = value_of(has, at, name, &m);

		if (!asked || !value || n != m || strncasecmp(asked, value, n) != 0)
			return false;
		at += strcspn(at, ";\n");
		at += *at == ';';
	}
	return true;
}

static bool agrees(const char *schemata, const char *wanted)
{
	for (const char *line = wanted; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (*line != '\n' && !line_agrees(schemata, line))
			return false;
	return true;
}

/* l3CacheSchema and memBwSchema as one text: of the first all lines but those that the second sets. */
static void combine(const struct oci_intel_rdt *rdt, struct buf *ret)
{
	const char *line = rdt->l3_schema;

	while (line && *line) {
		size_t n = strcspn(line, "\n");

		if (n > 0 && (!rdt->mem_bw_schema || strncmp(line, "MB:", 3) != 0)) {
			buf_add(ret, line, n);
			buf_puts(ret, "\n");
		}
		line += n + (line[n] == '\n');
	}
	if (rdt->mem_bw_schema)
		buf_printf(ret, "%s\n", rdt->mem_bw_schema);
}

/* One write for each text, since the kernel applies a write as a whole. */
static int write_file(int dir_fd, const char *name, const char *text, const char *path, struct inro_error *error)
{
	int r = fd_write_file_at(dir_fd, name, text);

	if (r == -EINVAL)
		return fail_host(error, INRO_ERROR_HOST, r, "linux.intelRdt", "the kernel refuses \"%.*s\" for %s/%s",
				 (int)strcspn(text, "\n"), text, path, name);
	return r < 0 ? fail_call(error, r, "set up linux.intelRdt", "write", path) : 0;
}

static int set_schemata(int dir_fd, const struct oci_intel_rdt *rdt, bool existed, const char *path,
			struct inro_error *error)
{
	cleanup_buf struct buf first = { 0 }, last = { 0 };
	cleanup_free char *has = NULL;
	int r = 0;

	combine(rdt, &first);
	for (size_t i = 0; i < rdt->schemata.n; i++)
		buf_printf(&last, "%s\n", rdt->schemata.list[i]);
	if (first.failed || last.failed)
		return fail_memory(error);
	if (first.used && existed) {
		cleanup_close int fd = openat(dir_fd, "schemata", O_RDONLY | O_CLOEXEC);

		r = fd < 0 ? -errno : fd_read_to_heap(fd, MAX_SCHEMATA, &has, NULL);
		if (r < 0)
			return fail_call(error, r, "set up linux.intelRdt", "read", path);
		if (!agrees(has, buf_text(&first)))
			return fail_host(error, INRO_ERROR_HOST, -EEXIST, "linux.intelRdt",
					 "the class %s is there already, with other schemata", path);
	} else if (first.used) {
		r = write_file(dir_fd, "schemata", buf_text(&first), path, error);
	}
	return r == 0 && last.used ? write_file(dir_fd, "schemata", buf_text(&last), path, error) : r;
}

struct place {
	const char *path; /* of the class */
	bool existed;
	int fd;
};

static int open_class(const char *dir, const struct oci_intel_rdt *rdt, const char *id, struct arena *arena,
		      struct place *ret, struct inro_error *error)
{
	bool any = rdt->l3_schema || rdt->mem_bw_schema || rdt->schemata.n;
	const char *name = rdt->clos_id ? rdt->clos_id : id;
	bool top = strcmp(name, "/") == 0;

	ret->path = top ? dir : arena_printf(arena, "%s/%s", dir, name);
	if (!ret->path)
		return fail_memory(error);
	ret->existed = access(ret->path, F_OK) == 0;
	if (!ret->existed && rdt->clos_id && !any)
		return fail_host(error, INRO_ERROR_HOST, -ENOENT, "linux.intelRdt",
				 "there is no class %s, and nothing says what one should be", ret->path);
	if (!ret->existed && mkdir(ret->path, 0755) < 0) {
		int r = -errno;

		fail_call(error, r, "make the class of linux.intelRdt", "mkdir", ret->path);
		if (r == -ENOSPC)
			error_why(error, "the processor has no further classes");
		return r;
	}
	ret->fd = open(ret->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return ret->fd < 0 ? fail_call(error, -errno, "open the class of linux.intelRdt", "open", ret->path) : 0;
}

/* A group of its own in the class, in which the kernel counts what the container uses. */
static int monitor(const struct place *place, const char *id, const char *pid, struct arena *arena,
		   const char **ret_made, struct inro_error *error)
{
	const char *path = arena_printf(arena, "%s/mon_groups/%s", place->path, id);
	cleanup_close int fd = -EBADF;

	if (!path)
		return fail_memory(error);
	if (mkdir(path, 0755) < 0)
		return fail_call(error, -errno, "make the monitoring group of linux.intelRdt", "mkdir", path);
	*ret_made = path;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail_call(error, -errno, "open the monitoring group", "open", path) :
			write_file(fd, "tasks", pid, path, error);
}

int oci_rdt_apply(const char *dir, const struct oci_intel_rdt *rdt, const char *id, pid_t pid, struct arena *arena,
		  struct oci_rdt_made *ret, struct inro_error *error)
{
	struct place place = { .fd = -EBADF, .existed = true };
	const char *group = NULL;
	char text[16];
	int r = open_class(dir, rdt, id, arena, &place, error);

	snprintf(text, sizeof(text), "%d", pid);
	if (r == 0)
		r = set_schemata(place.fd, rdt, place.existed, place.path, error);
	if (r == 0)
		r = write_file(place.fd, "tasks", text, place.path, error);
	if (r == 0 && rdt->enable_monitoring)
		r = monitor(&place, id, text, arena, &group, error);
	fd_close(place.fd);
	if (r < 0) {
		if (group)
			rmdir(group);
		if (!place.existed)
			rmdir(place.path);
		return r;
	}
	ret->class_dir = place.path;
	ret->remove = place.existed ? group : place.path;
	return 0;
}

int oci_rdt_update(const char *class_dir, const char *l3_schema, const char *mem_bw_schema, struct inro_error *error)
{
	const struct oci_intel_rdt rdt = { .l3_schema = l3_schema, .mem_bw_schema = mem_bw_schema };
	cleanup_close int fd = open(class_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_buf struct buf text = { 0 };

	if (fd < 0)
		return fail_call(error, -errno, "open the class of linux.intelRdt", "open", class_dir);
	combine(&rdt, &text);
	if (text.failed)
		return fail_memory(error);
	return text.used ? write_file(fd, "schemata", buf_text(&text), class_dir, error) : 0;
}

/* ---- as a step ---- */

struct rdt_args {
	const struct oci_intel_rdt *rdt;
	const struct oci_start *start;
	const char *dir;
	struct arena *arena;
	struct oci_rdt_made made;
};

static int run_rdt(struct run *run, const struct step *step, struct inro_error *error)
{
	struct rdt_args *args = (struct rdt_args *)step->args;
	int r = oci_rdt_apply(args->dir, args->rdt, args->start->id, run->pid, args->arena, &args->made, error);

	if (r == 0) {
		args->start->state->rdt_class = args->made.class_dir;
		args->start->state->rdt_dir = args->made.remove;
	}
	return r;
}

static void undo_rdt(struct run *run, const struct step *step)
{
	const struct rdt_args *args = step->args;

	(void)run;
	if (args->made.remove)
		rmdir(args->made.remove);
}

static const struct step_kind kind_rdt = {
	.name = "intel-rdt",
	.what = "put the child into the resctrl class",
	.calls = "mkdir, write",
	.run = run_rdt,
	.undo = undo_rdt,
};

static bool is_asked(const struct plan *plan)
{
	return plan->spec->oci && plan->spec->oci->linux_.rdt.set;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	(void)error;
	plan->settled.wait_release |= is_asked(plan);
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	struct rdt_args *args;
	int r;

	if (!is_asked(plan))
		return 0;
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args)
		return fail_memory(error);
	args->rdt = &plan->spec->oci->linux_.rdt;
	args->start = plan->spec->oci->start;
	args->arena = &plan->arena;
	r = oci_rdt_find(&plan->arena, &args->dir, error);
	if (r < 0)
		return r;
	plan_add(plan, STAGE_MAP, &kind_rdt, args->rdt->clos_id ? args->rdt->clos_id : args->start->id,
		 "asked for by linux.intelRdt", args);
	return 0;
}

const struct feature feature_oci_rdt = {
	.name = "oci_rdt",
	.settle = settle,
	.resolve = resolve,
};
