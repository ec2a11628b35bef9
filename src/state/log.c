/* SPDX-License-Identifier: Apache-2.0 */
#include "state/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

enum { FILE_MAX = 1024 * 1024, TEXT_MAX = 8 * 1024, PREFIX_SIZE = 48 };

struct log {
	int dir_fd, fd;
	char id[17];
	size_t written;
};

static void file_name(const char *id, int generation, char name[static 32])
{
	snprintf(name, 32, "logs/%.16s%s", id, generation ? ".old" : ".log");
}

static int open_new(struct log *log)
{
	char name[32];
	int fd;

	file_name(log->id, 0, name);
	fd = openat(log->dir_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	log->fd = fd;
	log->written = 0;
	return 0;
}

int log_open(int dir_fd, const char *id, struct log **ret)
{
	struct log *log;
	int r;

	if (mkdirat(dir_fd, "logs", 0700) < 0 && errno != EEXIST)
		return -errno;
	log = calloc(1, sizeof(*log));
	if (!log)
		return -ENOMEM;
	log->dir_fd = dir_fd;
	snprintf(log->id, sizeof(log->id), "%s", id);
	r = open_new(log);
	if (r < 0) {
		free(log);
		return r;
	}
	*ret = log;
	return 0;
}

struct log *log_close(struct log *log)
{
	if (log) {
		fd_close(log->fd);
		free(log);
	}
	return NULL;
}

static void rotate(struct log *log)
{
	char current[32], old[32];

	file_name(log->id, 0, current);
	file_name(log->id, 1, old);
	renameat(log->dir_fd, current, log->dir_fd, old);
	log->fd = fd_close(log->fd);
	open_new(log);
}

static void write_entry(struct log *log, int stream, const char *text, size_t size, bool whole)
{
	char prefix[PREFIX_SIZE];
	struct timespec now;
	struct iovec parts[3];
	struct tm utc;
	size_t length;
	ssize_t n;

	if (log->written + size + PREFIX_SIZE > FILE_MAX)
		rotate(log);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	length = strftime(prefix, sizeof(prefix), "%Y-%m-%dT%H:%M:%S", &utc);
	length += (size_t)snprintf(prefix + length, sizeof(prefix) - length, ".%09ldZ %s %c ", now.tv_nsec,
				   stream == 2 ? "stderr" : "stdout", whole ? 'F' : 'P');
	parts[0] = (struct iovec){ .iov_base = prefix, .iov_len = length };
	parts[1] = (struct iovec){ .iov_base = (void *)text, .iov_len = size };
	parts[2] = (struct iovec){ .iov_base = (char[]){ '\n' }, .iov_len = 1 };
	n = writev(log->fd, parts, 3);
	if (n > 0)
		log->written += (size_t)n;
}

void log_add(struct log *log, int stream, const char *bytes, size_t size)
{
	while (size > 0) {
		size_t look = size < TEXT_MAX ? size : TEXT_MAX;
		const char *end = memchr(bytes, '\n', look);
		size_t n = end ? (size_t)(end - bytes) : look;

		write_entry(log, stream, bytes, n, end != NULL);
		n += end != NULL;
		bytes += n;
		size -= n;
	}
}

void log_remove(int dir_fd, const char *id)
{
	for (int generation = 0; generation < 2; generation++) {
		char name[32];

		file_name(id, generation, name);
		unlinkat(dir_fd, name, 0);
	}
}

int log_parse(const char *line, size_t size, struct log_entry *ret)
{
	const char *space = memchr(line, ' ', size);
	size_t length = space ? (size_t)(space - line) : 0;

	/* TIME, blank, "stdout" or "stderr", blank, F or P, blank. */
	if (length == 0 || length >= sizeof(ret->time) || size < length + 10)
		return -EINVAL;
	if (memcmp(space, " stdout ", 8) != 0 && memcmp(space, " stderr ", 8) != 0)
		return -EINVAL;
	if ((space[8] != 'F' && space[8] != 'P') || space[9] != ' ')
		return -EINVAL;
	memcpy(ret->time, line, length);
	ret->time[length] = '\0';
	ret->stream = space[4] == 'e' ? 2 : 1;
	ret->partial = space[8] == 'P';
	ret->text = space + 10;
	ret->size = size - length - 10;
	return 0;
}

int log_open_file(int dir_fd, const char *id, int generation)
{
	char name[32];
	int fd;

	file_name(id, generation, name);
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
