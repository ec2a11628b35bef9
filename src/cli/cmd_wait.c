/* SPDX-License-Identifier: Apache-2.0 */

/* inro wait: until a container has ended, with its exit status. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/setters.h"
#include "cli/containers.h"
#include "cli/verb.h"
#include "engine/result.h"

extern const struct verb verb_wait;

flag_setter_at(help, *(bool *)object)

static const struct option_row options[] = {
	{ .name = "help", .letter = 'h', .form = OPTION_FLAG, .section = "Options", .set = set_help,
	  .help = "this text" },
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

static int await_end(int pidfd)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	while (poll(&poll_fd, 1, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* One in the foreground leaves no record; the kernel still knows, once its inro has reaped it. */
static int status_of_foreground(int pidfd, int *ret, struct inro_error *error)
{
	siginfo_t info;
	int r = -ECHILD;

	for (int tries = 0; tries < 100 && r < 0; tries++) {
		r = result_of_stolen(pidfd, &info);
		if (r < 0)
			poll(NULL, 0, 10);
	}
	if (r < 0)
		return fail_host(error, INRO_ERROR_HOST, r, "wait",
				 "it ran in the foreground, and this kernel does not tell others how (Linux 6.15)");
	*ret = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return 0;
}

static int status_of_detached(struct containers *containers, const char *name, const char *id, int *ret,
			      struct inro_error *error)
{
	struct record record;
	int r = record_read(containers->dir_fd, name, &containers->arena, &record);

	if (r < 0 || strcmp(record.id, id) != 0 || !record.ended_ns)
		return fail_host(error, INRO_ERROR_HOST, -ENOENT, "wait",
				 "'%s' has ended, and its record was not kept (--rm)", name);
	*ret = record.result.status;
	return 0;
}

static int wait_for(struct containers *containers, const char *name, int *ret, struct inro_error *error)
{
	cleanup_close int pidfd = -EBADF;
	enum record_state state;
	struct record record;
	int r = containers_find(containers, name, &record, &state, error);

	if (r < 0)
		return r;
	if (state == RECORD_ENDED) {
		*ret = record.result.status;
		return 0;
	}
	if (state == RECORD_ELSEWHERE)
		return fail_host(error, INRO_ERROR_HOST, -ESRCH, "wait", "'%s' was started in another PID namespace",
				 name);
	pidfd = containers_watch(containers, &record);
	if (pidfd >= 0)
		r = await_end(pidfd);
	else if (pidfd != -ESRCH)
		r = pidfd;
	if (r < 0)
		return fail_call(error, r, "wait", "pidfd_open", name);
	if (record.detached)
		return status_of_detached(containers, name, record.id, ret, error);
	return status_of_foreground(pidfd, ret, error);
}

static int cmd_wait(const struct verb *verb, int argc, char **argv)
{
	bool help = false;
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &help };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = true };
	struct inro_error error = { 0 };
	struct containers containers;
	int operand, status = 0, r = options_parse(&parser, argv, argc, &operand, &error);

	if (r == 0 && help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0 && operand + 1 != argc)
		r = fail_usage(&error, "wait", "needs the name of one container");
	if (r < 0)
		return verb_fail(verb->name, &error);
	r = containers_open(&containers, &error);
	if (r == 0)
		r = wait_for(&containers, argv[operand], &status, &error);
	containers_close(&containers);
	return r < 0 ? verb_fail(verb->name, &error) : status;
}

const struct verb verb_wait = {
	.name = "wait",
	.usage = "NAME",
	.help = "wait for a container to end",
	.about = "Wait until the container has ended, and exit with its status.",
	.run = cmd_wait,
	.tables = tables,
	.operands = "@container",
};
