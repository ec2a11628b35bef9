/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_LOG_H
#define STATE_LOG_H

/*
 * The kept output of a detached container: at most two files of 1 MiB, the older one dropped when
 * the newer is full, in the directory "logs" beside the records, named by the container's id.
 *
 * One line of output is one line of the log, in the form that container engines use:
 * "2026-11-23T05:21:40.123456789Z stdout F the text", P for F where the line goes on in the next
 * entry of the same stream. The bytes of the text are the container's own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct log;

/* Open for writing. DIR_FD is borrowed for the log's life. -ENOMEM or what the files answered. */
int log_open(int dir_fd, const char *id, struct log **ret);

/* Returns NULL. */
struct log *log_close(struct log *log);

/* Add output of stream 1 or 2. A full disk loses output, not the container: never fails. */
void log_add(struct log *log, int stream, const char *bytes, size_t size);

/* Remove both files. */
void log_remove(int dir_fd, const char *id);

/* One entry, as read back. */
struct log_entry {
	char time[32];    /* "2026-11-23T05:21:40.123456789Z" */
	int stream;       /* 1 or 2 */
	bool partial;     /* the line goes on */
	const char *text; /* without a newline */
	size_t size;
};

/* Take one line of a log apart. 0 or -EINVAL. TEXT points into the line. */
int log_parse(const char *line, size_t size, struct log_entry *ret);

/* Open a generation for reading: 0 is the current file, 1 the older one. -ENOENT. */
int log_open_file(int dir_fd, const char *id, int generation);

#endif
