/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file of a record: lines of "key value", a first line that says what it is, and a last line
 * "end", so that nothing that was cut off is taken for a record. Values are numbers, or text with
 * control characters and backslashes escaped. Unknown keys are ignored: a later inro may write more.
 */

#include "state/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/fd.h"
#include "base/parse.h"

enum { RECORD_MAX = 64 * 1024, COMMAND_MAX = 8 * 1024 };

static const char magic[] = "inro 1\n";

bool state_name_ok(const char *name)
{
	static const char inner[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-";
	size_t length = strlen(name);

	if (length == 0 || length >= STATE_NAME_SIZE || strspn(name, inner) != length)
		return false;
	if (strchr(".+-", name[0]))
		return false;
	return strspn(name, "0123456789") != length;
}

const char *state_path(struct arena *arena, uint32_t uid, const char *const *host_env)
{
	const char *runtime = env_value(host_env, "XDG_RUNTIME_DIR");

	if (uid == 0)
		return arena_strdup(arena, "/run/inro");
	if (runtime && runtime[0] == '/')
		return arena_printf(arena, "%s/inro", runtime);
	return arena_printf(arena, "/tmp/inro-%u", uid);
}

int state_open(const char *path, bool create)
{
	cleanup_close int fd = -EBADF;
	struct stat status;

	for (int tries = 0; tries < 2; tries++) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 || errno != ENOENT || !create)
			break;
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_uid != geteuid() || (status.st_mode & 077))
		return -EPERM;
	return take_fd(&fd);
}

int record_set_id(struct record *record)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	snprintf(record->id, sizeof(record->id), "%016llx", (unsigned long long)number);
	if (!record->name[0])
		snprintf(record->name, sizeof(record->name), "box-%.8s", record->id);
	return 0;
}

static void add_number(struct buf *buf, const char *key, uint64_t value)
{
	buf_printf(buf, "%s %llu\n", key, (unsigned long long)value);
}

static void add_text(struct buf *buf, const char *key, const char *text)
{
	buf_printf(buf, "%s ", key);
	for (size_t i = 0; text[i] && i < COMMAND_MAX; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f || c == '\\')
			buf_printf(buf, "\\x%02x", c);
		else
			buf_add(buf, text + i, 1);
	}
	buf_puts(buf, "\n");
}

static void add_result(struct buf *buf, const struct record *record)
{
	const struct inro_result *result = &record->result;

	add_number(buf, "ended", record->ended_ns);
	add_number(buf, "end", result->end);
	add_number(buf, "status", (uint64_t)result->status);
	if (result->code >= 0)
		add_number(buf, "code", (uint64_t)result->code);
	add_number(buf, "signal", (uint64_t)result->signal);
	add_number(buf, "wall", result->wall_ns);
	add_number(buf, "user", result->user_ns);
	add_number(buf, "system", result->system_ns);
	add_number(buf, "memory", result->peak_memory_bytes);
	add_number(buf, "whole", result->whole);
	add_number(buf, "init", result->was_init);
}

static void format(const struct record *record, struct buf *buf)
{
	buf_puts(buf, magic);
	add_text(buf, "id", record->id);
	add_number(buf, "named", record->named);
	add_number(buf, "detached", record->detached);
	add_number(buf, "transient", record->transient);
	add_number(buf, "pid-ns", record->pid_ns);
	add_number(buf, "pid", (uint64_t)record->pid);
	add_number(buf, "pid-start", record->pid_start);
	add_number(buf, "monitor", (uint64_t)record->monitor);
	add_number(buf, "monitor-start", record->monitor_start);
	add_number(buf, "uid", record->uid);
	add_number(buf, "created", record->created_ns);
	add_text(buf, "command", record->command ? record->command : "");
	if (record->ended_ns)
		add_result(buf, record);
	buf_puts(buf, "done\n");
}

/* One write(2): a full file system fails it as a whole, or leaves a short count. */
static int write_text(int fd, const struct buf *buf)
{
	ssize_t n;

	if (buf->failed)
		return -ENOMEM;
	n = write(fd, buf->data, buf->used);
	if (n < 0)
		return -errno;
	return (size_t)n == buf->used ? 0 : -ENOSPC;
}

/* Give the nameless file its name. The descriptor's own path is the one way without privilege. */
static int link_file(int dir_fd, int proc_fd, int fd, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), proc_fd >= 0 ? "self/fd/%d" : "/proc/self/fd/%d", fd);
	return linkat(proc_fd, path, dir_fd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static void temporary_name(const struct record *record, char name[static 24])
{
	/* Starts with a dot, as no container's name does. */
	snprintf(name, 24, ".%s", record->id);
}

static int write_temporary(int dir_fd, const struct record *record, const char *name)
{
	cleanup_buf struct buf buf = { 0 };
	cleanup_close int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	format(record, &buf);
	r = write_text(fd, &buf);
	if (r < 0)
		unlinkat(dir_fd, name, 0);
	return r;
}

/* For file systems without nameless files. */
static int write_by_name(int dir_fd, const struct record *record)
{
	char name[24];
	int r;

	temporary_name(record, name);
	r = write_temporary(dir_fd, record, name);
	if (r < 0)
		return r;
	r = linkat(dir_fd, name, dir_fd, record->name, 0) < 0 ? -errno : 0;
	unlinkat(dir_fd, name, 0);
	return r;
}

int record_write(int dir_fd, int proc_fd, const struct record *record)
{
	cleanup_buf struct buf buf = { 0 };
	cleanup_close int fd = openat(dir_fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return write_by_name(dir_fd, record);
	format(record, &buf);
	r = write_text(fd, &buf);
	if (r == 0)
		r = link_file(dir_fd, proc_fd, fd, record->name);
	return r == -ENOENT ? write_by_name(dir_fd, record) : r;
}

int record_replace(int dir_fd, const struct record *record)
{
	char name[24];
	int r;

	temporary_name(record, name);
	r = write_temporary(dir_fd, record, name);
	if (r < 0)
		return r;
	if (renameat(dir_fd, name, dir_fd, record->name) == 0)
		return 0;
	r = -errno;
	unlinkat(dir_fd, name, 0);
	return r;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo add_text(), in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] == 'x' && hex_digit(from[2]) >= 0 && hex_digit(from[3]) >= 0) {
			*to = (char)(hex_digit(from[2]) << 4 | hex_digit(from[3]));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

struct field {
	const char *key;
	void (*set)(struct record *record, uint64_t value);
};

#define SETTER(name, member, type)                                \
	static void set_##name(struct record *record, uint64_t value) \
	{                                                         \
		record->member = (type)value;                     \
	}
SETTER(named, named, bool)
SETTER(detached, detached, bool)
SETTER(transient, transient, bool)
SETTER(pid_ns, pid_ns, uint64_t)
SETTER(pid, pid, pid_t)
SETTER(pid_start, pid_start, uint64_t)
SETTER(monitor, monitor, pid_t)
SETTER(monitor_start, monitor_start, uint64_t)
SETTER(uid, uid, uint32_t)
SETTER(created, created_ns, uint64_t)
SETTER(ended, ended_ns, uint64_t)
SETTER(end, result.end, enum inro_end)
SETTER(status, result.status, int)
SETTER(code, result.code, int)
SETTER(signal, result.signal, int)
SETTER(wall, result.wall_ns, uint64_t)
SETTER(user, result.user_ns, uint64_t)
SETTER(system, result.system_ns, uint64_t)
SETTER(memory, result.peak_memory_bytes, uint64_t)
SETTER(whole, result.whole, bool)
SETTER(init, result.was_init, bool)

static const struct field fields[] = {
	{ "named", set_named },
	{ "detached", set_detached },
	{ "transient", set_transient },
	{ "pid-ns", set_pid_ns },
	{ "pid", set_pid },
	{ "pid-start", set_pid_start },
	{ "monitor", set_monitor },
	{ "monitor-start", set_monitor_start },
	{ "uid", set_uid },
	{ "created", set_created },
	{ "ended", set_ended },
	{ "end", set_end },
	{ "status", set_status },
	{ "code", set_code },
	{ "signal", set_signal },
	{ "wall", set_wall },
	{ "user", set_user },
	{ "system", set_system },
	{ "memory", set_memory },
	{ "whole", set_whole },
	{ "init", set_init },
};

static int parse_line(char *line, struct arena *arena, struct record *record)
{
	char *value = strchr(line, ' ');
	uint64_t number;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (strcmp(line, "command") == 0) {
		unescape(value);
		record->command = arena_strdup(arena, value);
		return record->command ? 0 : -ENOMEM;
	}
	if (strcmp(line, "id") == 0) {
		if (strlen(value) != 16 || strspn(value, "0123456789abcdef") != 16)
			return -EINVAL;
		memcpy(record->id, value, sizeof(record->id));
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(line, fields[i].key) != 0)
			continue;
		if (parse_u64(value, &number) < 0)
			return -EINVAL;
		fields[i].set(record, number);
		return 0;
	}
	return 0;
}

static int parse(char *text, const char *name, struct arena *arena, struct record *ret)
{
	struct record record = { .result.code = -1 };
	char *line, *next;

	if (strncmp(text, magic, strlen(magic)) != 0)
		return -EINVAL;
	snprintf(record.name, sizeof(record.name), "%s", name);
	for (line = text + strlen(magic); (next = strchr(line, '\n')); line = next + 1) {
		int r;

		*next = '\0';
		if (strcmp(line, "done") == 0) {
			*ret = record;
			return record.id[0] ? 0 : -EINVAL;
		}
		r = parse_line(line, arena, &record);
		if (r < 0)
			return r;
	}
	return -EINVAL;
}

int record_read(int dir_fd, const char *name, struct arena *arena, struct record *ret)
{
	cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = NULL;
	int r;

	if (fd < 0)
		return errno == ELOOP ? -EINVAL : -errno;
	r = fd_read_to_heap(fd, RECORD_MAX, &text, NULL);
	if (r < 0)
		return r == -EISDIR || r == -E2BIG ? -EINVAL : r;
	return parse(text, name, arena, ret);
}
