/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/cgroup_systemd.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/macros.h"
#include "oci/cgroup_settings.h"

#define HELPER INRO_LIBEXECDIR "/inro-oci-systemd"
#define PROPERTY "org.systemd.property."

enum { CPUS_MAX = 4096 };

int oci_systemd_unit(const char *path, const char *id, bool user, struct arena *arena,
		     const char **ret_slice, const char **ret_unit, struct inro_error *error)
{
	const char *own_slice = user ? "user.slice" : "system.slice";
	const char *first, *second, *dot;

	if (!path || !*path) {
		*ret_slice = own_slice;
		*ret_unit = arena_printf(arena, "inro-%s.scope", id);
		return *ret_unit ? 0 : fail_memory(error);
	}
	first = strchr(path, ':');
	second = first ? strchr(first + 1, ':') : NULL;
	if (!second || strchr(second + 1, ':') || !second[1] || strpbrk(path, "/\n"))
		return fail_usage(error, "linux.cgroupsPath",
				  "expected cgroupsPath to be of format \"slice:prefix:name\" for "
				  "systemd cgroups, got "
				  "\"%s\" instead",
				  path);
	*ret_slice = first == path ? own_slice : arena_strndup(arena, path, (size_t)(first - path));
	dot = strrchr(second, '.');
	if (dot && strcmp(dot, ".slice") == 0)
		*ret_unit = arena_strdup(arena, second + 1);
	else
		*ret_unit = arena_printf(arena, "%.*s%s%s.scope", (int)(second - first - 1),
					 first + 1, second == first + 1 ? "" : "-", second + 1);
	return *ret_slice && *ret_unit ? 0 : fail_memory(error);
}

/* ---- resources ---- */

int oci_systemd_mask(const char *list, struct buf *ret)
{
	uint8_t bytes[CPUS_MAX / 8] = { 0 };
	size_t n = 0;

	while (*list) {
		unsigned long first, last;
		char *end;

		if (!isdigit((unsigned char)*list))
			return -EINVAL;
		first = last = strtoul(list, &end, 10);
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= CPUS_MAX || (*end && *end != ','))
			return -EINVAL;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			bytes[cpu / 8] |= (uint8_t)(1U << cpu % 8);
		n = last / 8 + 1 > n ? last / 8 + 1 : n;
		list = end + (*end == ',');
	}
	for (size_t i = 0; i < n; i++)
		buf_printf(ret, "%02x", bytes[i]);
	return n ? 0 : -EINVAL;
}

static void add_u64(struct buf *lines, const char *name, uint64_t value)
{
	buf_printf(lines, "u64 %s %llu\n", name, (unsigned long long)value);
}

/* A limit: negative is systemd's "infinity". */
static void add_limit(struct buf *lines, const char *name, int64_t value)
{
	add_u64(lines, name, value < 0 ? UINT64_MAX : (uint64_t)value);
}

static int add_mask(struct buf *lines, const char *name, const char *list, struct inro_error *error)
{
	cleanup_buf struct buf mask = { 0 };

	if (!list || !*list)
		return 0;
	if (oci_systemd_mask(list, &mask) < 0)
		return fail_usage(error, "linux.resources.cpu", "'%s' is no list of numbers", list);
	buf_printf(lines, "bytes %s %s\n", name, buf_text(&mask));
	return 0;
}

/* systemd counts the quota by the second, in steps of 10 ms; what it rounds up the file has exactly. */
static void add_quota(struct buf *lines, const struct oci_resources *resources)
{
	uint64_t period = resources->cpu_period.set && resources->cpu_period.value
				  ? resources->cpu_period.value
				  : 100000;
	uint64_t second;

	if (resources->cpu_period.set && resources->cpu_period.value)
		add_u64(lines, "CPUQuotaPeriodUSec", period);
	if (!resources->cpu_quota.set || resources->cpu_quota.value == 0)
		return;
	second = UINT64_MAX;
	if (resources->cpu_quota.value > 0)
		second = ((uint64_t)resources->cpu_quota.value * 1000000 / period + 9999) / 10000 *
			 10000;
	add_u64(lines, "CPUQuotaPerSecUSec", second);
}

static void add_memory(struct buf *lines, const struct oci_resources *resources)
{
	int64_t limit = resources->memory_limit.set ? resources->memory_limit.value : 0;
	int64_t swap = resources->memory_swap.set ? resources->memory_swap.value
		       : limit < 0                ? -1
						  : 0;

	if (limit)
		add_limit(lines, "MemoryMax", limit);
	if (resources->memory_reservation.set && resources->memory_reservation.value)
		add_limit(lines, "MemoryLow", resources->memory_reservation.value);
	if (swap < 0 || (swap > 0 && limit > 0 && swap >= limit))
		add_limit(lines, "MemorySwapMax", swap < 0 ? -1 : swap - limit);
}

/* What is written verbatim, and would be written over when systemd reloads. */
static void add_unified(struct buf *lines, const struct oci_unified *unified)
{
	static const struct {
		const char *file, *name;
	} known[] = {
		{ "cpu.weight", "CPUWeight" },   { "memory.max", "MemoryMax" },
		{ "memory.high", "MemoryHigh" }, { "memory.low", "MemoryLow" },
		{ "memory.min", "MemoryMin" },   { "memory.swap.max", "MemorySwapMax" },
		{ "pids.max", "TasksMax" },
	};
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		uint64_t value = UINT64_MAX;

		if (strcmp(unified->file, known[i].file) != 0)
			continue;
		if (strcmp(unified->value, "max") != 0) {
			value = strtoull(unified->value, &end, 10);
			if (end == unified->value || *end)
				return;
		}
		add_u64(lines, known[i].name, value);
	}
}

int oci_systemd_resources(const struct oci_resources *resources, struct buf *lines,
			  struct inro_error *error)
{
	int r;

	if (resources->cpu_shares.set && resources->cpu_shares.value)
		add_u64(lines, "CPUWeight", oci_weight_of_shares(resources->cpu_shares.value));
	add_quota(lines, resources);
	add_memory(lines, resources);
	/* systemd takes 0 for a mistake; the file gets it. */
	if (resources->pids_limit.set)
		add_limit(lines, "TasksMax",
			  resources->pids_limit.value == 0 ? 1 : resources->pids_limit.value);
	if (resources->blkio_weight.set && resources->blkio_weight.value)
		add_u64(lines, "IOWeight", oci_io_weight(resources->blkio_weight.value));
	for (size_t i = 0; i < resources->n_unified; i++)
		add_unified(lines, &resources->unified[i]);
	r = add_mask(lines, "AllowedCPUs", resources->cpu_cpus, error);
	return r < 0 ? r : add_mask(lines, "AllowedMemoryNodes", resources->cpu_mems, error);
}

/* ---- annotations ---- */

static bool is_name(const char *name)
{
	size_t n = strlen(name);

	if (n < 3 || !isupper((unsigned char)*name))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]))
			return false;
	return true;
}

/* 'text' or "text", up to *at behind it; no escapes. */
static int take_quoted(const char **at, const char **ret, size_t *ret_n)
{
	char quote = **at;
	const char *end = quote == '\'' || quote == '"' ? strchr(*at + 1, quote) : NULL;

	if (!end || memchr(*at, '\\', (size_t)(end - *at)))
		return -EINVAL;
	*ret = *at + 1;
	*ret_n = (size_t)(end - *at) - 1;
	*at = end + 1;
	return 0;
}

static int add_list(struct buf *lines, const char *name, const char *at)
{
	for (at++, at += strspn(at, " "); *at != ']';) {
		const char *text;
		size_t n;

		if (take_quoted(&at, &text, &n) < 0)
			return -EINVAL;
		buf_printf(lines, "list %s %.*s\n", name, (int)n, text);
		at += strspn(at, " ");
		if (*at == ',')
			at += 1 + strspn(at + 1, " ");
		else if (*at != ']')
			return -EINVAL;
	}
	return at[1] ? -EINVAL : 0;
}

/* TimeoutStopSec=2.5 is TimeoutStopUSec=2500000 on the bus. */
static int add_seconds(struct buf *lines, const char *name, const char *value)
{
	size_t n = strlen(name) - 3;
	const char *at = strncmp(value, "uint64 ", 7) == 0 ? value + 7 : value;
	double seconds;
	char *end;

	seconds = strtod(at, &end);
	if (end == at || *end || !(seconds >= 0 && seconds < 1e12))
		return -EINVAL;
	buf_printf(lines, "u64 %.*sUSec %llu\n", (int)n, name,
		   (unsigned long long)(seconds * 1000000));
	return 0;
}

static int add_value(struct buf *lines, const char *name, const char *value)
{
	static const char *const types[][2] = { { "uint64 ", "u64" },
						{ "uint32 ", "u32" },
						{ "int32 ", "i32" } };
	size_t n = strlen(name), length;
	const char *text;

	if (strchr(value, '\n'))
		return -EINVAL;
	if (n > 3 && strcmp(name + n - 3, "Sec") == 0 && name[n - 4] != 'U')
		return add_seconds(lines, name, value);
	if (*value == '[')
		return add_list(lines, name, value);
	if (*value == '\'' || *value == '"') {
		if (take_quoted(&value, &text, &length) < 0 || *value)
			return -EINVAL;
		buf_printf(lines, "string %s %.*s\n", name, (int)length, text);
		return 0;
	}
	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
		buf_printf(lines, "bool %s %s\n", name, value);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		length = strlen(types[i][0]);
		if (strncmp(value, types[i][0], length) != 0 || !value[length] ||
		    value[length + strspn(value + length, "0123456789")])
			continue;
		buf_printf(lines, "%s %s %s\n", types[i][1], name, value + length);
		return 0;
	}
	/* A plain number is a GVariant of type int32. */
	if (!*value || value[(*value == '-') + strspn(value + (*value == '-'), "0123456789")])
		return -EINVAL;
	buf_printf(lines, "i32 %s %s\n", name, value);
	return 0;
}

int oci_systemd_annotations(const struct oci_annotation *list, size_t n, struct buf *lines,
			    struct inro_error *error)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = list[i].key + strlen(PROPERTY);

		if (strncmp(list[i].key, PROPERTY, strlen(PROPERTY)) != 0)
			continue;
		if (!is_name(name))
			return fail_usage(error, list[i].key,
					  "is not the name of a property of systemd's");
		if (add_value(lines, name, list[i].value) < 0)
			return fail_usage(
				error, list[i].key,
				"'%s' is not understood: 'text', true, uint64 5, ['a', 'b']",
				list[i].value);
	}
	return 0;
}

/* ---- the program that says it ---- */

bool oci_systemd_is_user(void)
{
	char text[64] = "";
	unsigned inner, outer, count;

	if (geteuid() != 0)
		return true;
	fd_read_file_at(AT_FDCWD, "/proc/self/uid_map", text, sizeof(text));
	return sscanf(text, "%u %u %u", &inner, &outer, &count) != 3 || inner || outer ||
	       count != UINT32_MAX;
}

bool oci_systemd_installed(void)
{
	return access(HELPER, X_OK) == 0;
}

/* Nothing of the engine's environment but where the bus is. */
static void make_environment(char *env[4], char room[2][4200])
{
	static const char *const names[] = { "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (!value || strlen(value) > 4000)
			continue;
		snprintf(room[i], 4200, "%s=%s", names[i], value);
		env[n++] = room[i];
	}
	env[n] = NULL;
}

static int spawn(bool user, int in_fd, int out_fd, pid_t *ret)
{
	char *words[] = { (char *)HELPER, (char *)(user ? "user" : "system"), NULL };
	char room[2][4200], *env[4];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int r;

	make_environment(env, room);
	sigemptyset(&none);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return -ENOMEM;
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	posix_spawn_file_actions_adddup2(&actions, in_fd, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	r = posix_spawn(ret, HELPER, &actions, &attributes, words, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -r;
}

static int judge(const char *text, int status, struct inro_error *error)
{
	if (strncmp(text, "ok", 2) == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (strncmp(text, "error ", 6) == 0) {
		fail_host(error, INRO_ERROR_HOST, -EIO, "ask systemd", "%.*s",
			  (int)strcspn(text + 6, "\n"), text + 6);
		/* A shell that su or sudo made has none of it. */
		if (strstr(text, "cannot reach the user bus"))
			error_hint(error,
				   "a user's manager runs while the user is logged in, or after `loginctl "
				   "enable-linger`; XDG_RUNTIME_DIR=/run/user/UID tells where its bus is");
		return -EIO;
	}
	return fail_host(error, INRO_ERROR_HOST, -EIO, "ask systemd", "%s ended without an answer",
			 HELPER);
}

static int fail_spawn(int code, struct inro_error *error)
{
	fail_call(error, code, "ask systemd", "posix_spawn", HELPER);
	if (code == -ENOENT)
		error_hint(error, "install it (it is built where libsystemd is found), or use "
				  "--cgroup-manager=cgroupfs");
	return code;
}

int oci_systemd_call(bool user, const struct buf *lines, struct inro_error *error)
{
	cleanup_free char *text = NULL;
	int in[2], out[2], status = 0, r;
	pid_t pid;

	if (lines->failed)
		return fail_memory(error);
	if (pipe2(in, O_CLOEXEC) < 0)
		return fail_call(error, -errno, "ask systemd", "pipe2", NULL);
	if (pipe2(out, O_CLOEXEC) < 0) {
		r = fail_call(error, -errno, "ask systemd", "pipe2", NULL);
		fd_close(in[0]);
		fd_close(in[1]);
		return r;
	}
	r = spawn(user, in[0], out[1], &pid);
	fd_close(in[0]);
	fd_close(out[1]);
	if (r == 0)
		(void)fd_write_all(in[1], lines->data, lines->used);
	fd_close(in[1]);
	if (r == 0) {
		(void)fd_read_to_heap(out[0], 65536, &text, NULL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	fd_close(out[0]);
	return r < 0 ? fail_spawn(r, error) : judge(text ? text : "", status, error);
}

int oci_systemd_stop(const char *unit, struct inro_error *error)
{
	cleanup_buf struct buf lines = { 0 };

	buf_printf(&lines, "stop %s\n", unit);
	return oci_systemd_call(oci_systemd_is_user(), &lines, error);
}
