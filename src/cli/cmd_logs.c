/* SPDX-License-Identifier: Apache-2.0 */

/* inro logs: what a detached container has written. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/setters.h"
#include "cli/containers.h"
#include "cli/verb.h"
#include "state/log.h"

extern const struct verb verb_logs;

enum { LOG_MAX = 2 * 1024 * 1024, FOLLOW_MS = 100 };

struct cmd_logs {
	bool follow, timestamps, help;
	uint64_t tail;
	struct containers containers;
	struct record record;
	char *pending; /* of the file that is followed: the start of a line that is not whole yet */
	size_t n_pending;
	bool open_line[3];
};

flag_setter(cmd_logs, follow)
flag_setter(cmd_logs, timestamps)
flag_setter(cmd_logs, help)

static int set_tail(void *object, const char *value, struct inro_error *error)
{
	struct cmd_logs *cmd = object;

	if (strcmp(value, "all") == 0) {
		cmd->tail = UINT64_MAX;
		return 0;
	}
	if (parse_u64(value, &cmd->tail) < 0)
		return fail_usage(error, "--tail", "'%s' is neither a number nor all", value);
	return 0;
}

#define SECTION "Options"
static const struct option_row options[] = {
	{ .name = "follow", .letter = 'f', .form = OPTION_FLAG, .section = SECTION, .set = set_follow,
	  .help = "go on until the container has ended" },
	{ .name = "tail", .letter = 'n', .form = OPTION_VALUE, .argument = "N", .section = SECTION,
	  .set = set_tail, .help = "the last N lines alone" },
	{ .name = "timestamps", .letter = 't', .form = OPTION_FLAG, .section = SECTION,
	  .set = set_timestamps, .help = "the time before each line" },
	{ .name = "help", .letter = 'h', .form = OPTION_FLAG, .section = SECTION, .set = set_help,
	  .help = "this text" },
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

/* The bytes as they were written, each stream to where it came from. */
static void print_entry(struct cmd_logs *cmd, const char *line, size_t size)
{
	struct log_entry entry;
	FILE *out;

	if (log_parse(line, size, &entry) < 0)
		return;
	out = entry.stream == 2 ? stderr : stdout;
	if (cmd->timestamps && !cmd->open_line[entry.stream])
		fprintf(out, "%s ", entry.time);
	fwrite(entry.text, 1, entry.size, out);
	if (!entry.partial)
		putc('\n', out);
	cmd->open_line[entry.stream] = entry.partial;
	/* So that the two keep their order where they meet again. */
	fflush(out);
}

/* Print every whole line of TEXT; how many bytes that were. */
static size_t print_lines(struct cmd_logs *cmd, const char *text, size_t size)
{
	size_t done = 0;
	const char *end;

	while ((end = memchr(text + done, '\n', size - done))) {
		print_entry(cmd, text + done, (size_t)(end - text) - done);
		done = (size_t)(end - text) + 1;
	}
	return done;
}

/* Where the last N lines of the log begin. Entries of one line count as one. */
static size_t find_tail(const char *text, size_t size, uint64_t n)
{
	uint64_t seen = 0;
	size_t at = size;

	while (at > 0) {
		const char *before = memrchr(text, '\n', at - 1);
		size_t start = before ? (size_t)(before - text) + 1 : 0;
		struct log_entry entry;

		if (log_parse(text + start, at - start - 1, &entry) == 0 && !entry.partial && ++seen > n)
			return at;
		at = start;
	}
	return 0;
}

static int read_file(struct cmd_logs *cmd, int generation, char **ret, size_t *ret_size, int *ret_fd)
{
	cleanup_close int fd = log_open_file(cmd->containers.dir_fd, cmd->record.id, generation);
	int r;

	if (fd < 0)
		return fd;
	r = fd_read_to_heap(fd, LOG_MAX, ret, ret_size);
	if (r == 0 && ret_fd)
		*ret_fd = take_fd(&fd);
	return r;
}

/* Behind the last whole line there may be one that is being written just now. */
static size_t whole_lines(const char *text, size_t size)
{
	const char *last = size ? memrchr(text, '\n', size) : NULL;

	return last ? (size_t)(last - text) + 1 : 0;
}

static int add_pending(struct cmd_logs *cmd, const char *text, size_t size)
{
	char *grown = realloc(cmd->pending, cmd->n_pending + size + 1);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + cmd->n_pending, text, size);
	cmd->pending = grown;
	cmd->n_pending += size;
	return 0;
}

/* What is there: both files, from the tail on. *ret_fd is the newer one, at its end. */
static int print_kept(struct cmd_logs *cmd, int *ret_fd)
{
	cleanup_free char *old = NULL, *current = NULL, *all = NULL;
	size_t n_old = 0, n_current = 0, n, whole, from;
	int r = read_file(cmd, 1, &old, &n_old, NULL);

	if (r < 0 && r != -ENOENT)
		return r;
	r = read_file(cmd, 0, &current, &n_current, ret_fd);
	if (r < 0 && r != -ENOENT)
		return r;
	n = n_old + n_current;
	all = malloc(n + 1);
	if (!all)
		return -ENOMEM;
	if (n_old)
		memcpy(all, old, n_old);
	if (n_current)
		memcpy(all + n_old, current, n_current);
	whole = whole_lines(all, n);
	from = cmd->tail == UINT64_MAX ? 0 : find_tail(all, whole, cmd->tail);
	print_lines(cmd, all + from, whole - from);
	return add_pending(cmd, all + whole, n - whole);
}

/* Print what was added to the followed file. */
static int print_added(struct cmd_logs *cmd, int fd)
{
	char block[16 * 1024];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0) {
		size_t done;

		if (add_pending(cmd, block, (size_t)n) < 0)
			return -ENOMEM;
		done = print_lines(cmd, cmd->pending, cmd->n_pending);
		memmove(cmd->pending, cmd->pending + done, cmd->n_pending - done);
		cmd->n_pending -= done;
	}
	return n < 0 ? -errno : 0;
}

/* The log was rotated: go on with the new file, once the old one is read to its end. */
static int follow_rotation(struct cmd_logs *cmd, int *fd)
{
	cleanup_close int current = log_open_file(cmd->containers.dir_fd, cmd->record.id, 0);
	int r = 0;

	if (current < 0 || (*fd >= 0 && fd_same_file(current, *fd)))
		return 0;
	if (*fd >= 0)
		r = print_added(cmd, *fd);
	fd_close(*fd);
	*fd = take_fd(&current);
	return r;
}

static int follow(struct cmd_logs *cmd, int *fd)
{
	cleanup_close int pidfd = containers_watch(&cmd->containers, &cmd->record);
	bool ended = pidfd < 0;
	int r = 0;

	/* Once more after the end, for what came in between. */
	while (r == 0) {
		struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

		r = follow_rotation(cmd, fd);
		if (r == 0 && *fd >= 0)
			r = print_added(cmd, *fd);
		if (ended)
			break;
		ended = poll(&poll_fd, 1, FOLLOW_MS) > 0;
	}
	return r;
}

static int act(struct cmd_logs *cmd, const char *name, struct inro_error *error)
{
	cleanup_close int fd = -EBADF;
	enum record_state state;
	int r = containers_find(&cmd->containers, name, &cmd->record, &state, error);

	if (r < 0)
		return r;
	if (!cmd->record.detached)
		return fail_usage(error, name, "it runs in the foreground: its output goes to its caller");
	r = print_kept(cmd, &fd);
	if (r == 0 && cmd->follow && state == RECORD_RUNNING)
		r = follow(cmd, &fd);
	free(cmd->pending);
	return r < 0 ? fail_call(error, r, "read the log of", "read", name) : 0;
}

static int cmd_logs(const struct verb *verb, int argc, char **argv)
{
	struct cmd_logs cmd = { .tail = UINT64_MAX };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = true };
	struct inro_error error = { 0 };
	int operand, r = options_parse(&parser, argv, argc, &operand, &error);

	if (r == 0 && cmd.help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0 && operand + 1 != argc)
		r = fail_usage(&error, "logs", "needs the name of one container");
	if (r < 0)
		return verb_fail(verb->name, &error);
	r = containers_open(&cmd.containers, &error);
	if (r == 0)
		r = act(&cmd, argv[operand], &error);
	containers_close(&cmd.containers);
	return r < 0 ? verb_fail(verb->name, &error) : 0;
}

const struct verb verb_logs = {
	.name = "logs",
	.usage = "[OPTIONS] NAME",
	.help = "show what a detached container has written",
	.about = "Show the kept output of a detached container: the last one to two MiB of it,\n"
		 "standard output and standard error each on its own.",
	.run = cmd_logs,
	.tables = tables,
	.operands = "@container",
};
