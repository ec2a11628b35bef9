/* SPDX-License-Identifier: Apache-2.0 */

/* inro watch: namespaces and their processes as they come and go. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/setters.h"
#include "cli/verb.h"
#include "cli/watch.h"

extern const struct verb verb_watch;

/* Events are told so much later; see watch.c. */
static const uint64_t delay_ns = 150 * 1000000;

struct cmd_watch {
	bool all, json, no_processes, scan, quiet, help;
	unsigned kinds;
	uint64_t interval_ns, count;
	struct watch watch;
	struct names names;
	int events_fd;
};

flag_setter(cmd_watch, all)
flag_setter(cmd_watch, json)
flag_setter(cmd_watch, scan)
flag_setter(cmd_watch, quiet)
flag_setter(cmd_watch, help)

static int set_processes(void *object, const char *value, struct inro_error *error)
{
	(void)error;
	((struct cmd_watch *)object)->no_processes = strcmp(value, "true") != 0;
	return 0;
}

static int set_type(void *object, const char *value, struct inro_error *error)
{
	struct cmd_watch *cmd = object;
	unsigned kinds;
	int r = ns_kinds_parse_list(value, NS_ALL, "--type", &kinds, error);

	if (r == 0)
		cmd->kinds |= kinds;
	return r;
}

static int set_interval(void *object, const char *value, struct inro_error *error)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0 || ns == 0)
		return fail_usage(error, "--interval", "'%s' is no time (1s, 200ms)", value);
	((struct cmd_watch *)object)->interval_ns = ns;
	return 0;
}

static int set_count(void *object, const char *value, struct inro_error *error)
{
	uint64_t count;

	if (parse_u64(value, &count) < 0 || count == 0)
		return fail_usage(error, "--count", "'%s' is no number of events", value);
	((struct cmd_watch *)object)->count = count;
	return 0;
}

#define SECTION "Options"
static const struct option_row options[] = {
	{ .name = "type", .letter = 't', .form = OPTION_VALUE, .argument = "KINDS", .section = SECTION,
	  .set = set_type, .help = "namespaces of these kinds alone", .aliases = "kind", .repeats = true,
	  .choices = "cgroup|ipc|mnt|net|pid|time|user|uts" },
	{ .name = "all", .letter = 'a', .form = OPTION_FLAG, .section = SECTION, .set = set_all,
	  .help = "processes of inro's own PID namespace, too" },
	{ .name = "processes", .form = OPTION_FLAG, .section = SECTION, .set = set_processes,
	  .help = "of processes, too (on)" },
	{ .name = "scan", .form = OPTION_FLAG, .section = SECTION, .set = set_scan,
	  .help = "by scans alone, not by the kernel's events" },
	{ .name = "interval", .letter = 'i', .form = OPTION_VALUE, .argument = "TIME", .section = SECTION,
	  .set = set_interval, .help = "time between two scans: 500ms, 2s",
	  .detail = "Where a scan takes long the time between two is at least ten times as long." },
	{ .name = "count", .letter = 'c', .form = OPTION_VALUE, .argument = "N", .section = SECTION,
	  .set = set_count, .help = "end after so many events" },
	{ .name = "json", .letter = 'J', .form = OPTION_FLAG, .section = SECTION, .set = set_json,
	  .help = "one JSON object a line" },
	{ .name = "quiet", .letter = 'q', .form = OPTION_FLAG, .section = SECTION, .set = set_quiet,
	  .help = "do not tell how it is watched" },
	{ .name = "help", .letter = 'h', .form = OPTION_FLAG, .section = SECTION, .set = set_help,
	  .help = "this text" },
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

/* Wait for news until a time. 1 where there are some. */
static int await_news(struct cmd_watch *cmd, uint64_t until_ns)
{
	struct pollfd poll_fds[] = {
		{ .fd = cmd->events_fd, .events = POLLIN },
		/* Whoever reads us may have gone. */
		{ .fd = STDOUT_FILENO, .events = 0 },
	};
	uint64_t now = clock_ns(CLOCK_MONOTONIC), left = until_ns > now ? until_ns - now : 0;
	const struct timespec timeout = { (time_t)(left / 1000000000), (long)(left % 1000000000) };
	int r = ppoll(poll_fds, ARRAY_SIZE(poll_fds), &timeout, NULL);

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (poll_fds[1].revents & (POLLERR | POLLHUP))
		return -EPIPE;
	return poll_fds[0].revents ? 1 : 0;
}

/* Scan, and say when the next is due. */
static int scan(struct cmd_watch *cmd, uint64_t *next_ns, struct inro_error *error)
{
	uint64_t began = clock_ns(CLOCK_MONOTONIC), took;
	int r = watch_scan(&cmd->watch, error);

	took = clock_ns(CLOCK_MONOTONIC) - began;
	*next_ns = began + took + (10 * took > cmd->interval_ns ? 10 * took : cmd->interval_ns);
	return r;
}

static int loop(struct cmd_watch *cmd, uint64_t next_ns, struct inro_error *error)
{
	uint64_t tell_ns = UINT64_MAX;
	int r = 0;

	while (r == 0) {
		r = await_news(cmd, tell_ns < next_ns ? tell_ns : next_ns);
		if (r > 0)
			r = watch_read_events(&cmd->watch, cmd->events_fd);
		/* Some were lost: a scan tells what became of it all. */
		if (r == -ENOBUFS || (r == 0 && clock_ns(CLOCK_MONOTONIC) >= next_ns))
			r = scan(cmd, &next_ns, error);
		if (cmd->watch.n_events && tell_ns == UINT64_MAX)
			tell_ns = clock_ns(CLOCK_MONOTONIC) + delay_ns;
		if (r == 0 && clock_ns(CLOCK_MONOTONIC) >= tell_ns) {
			r = watch_tell(&cmd->watch);
			tell_ns = UINT64_MAX;
		}
	}
	return r == -EPIPE ? 0 : r;
}

static void tell_how(const struct cmd_watch *cmd)
{
	if (cmd->quiet)
		return;
	if (cmd->events_fd >= 0)
		verb_note("watch", "by the kernel's events");
	else
		verb_note("watch", "by a scan every %llu ms%s", (unsigned long long)(cmd->interval_ns / 1000000),
			  cmd->scan ? "" : "; root on the host hears of the short-lived, too");
}

static int act(struct cmd_watch *cmd, struct inro_error *error)
{
	struct watch *watch = &cmd->watch;
	const struct watch_process *self;
	uint64_t next_ns;
	int r = names_open(&cmd->names, error);

	if (r < 0)
		return r;
	watch->proc_fd = procfs_open();
	watch->names = &cmd->names;
	watch->kinds = cmd->kinds ? cmd->kinds : NS_ALL;
	watch->all = cmd->all;
	watch->processes = !cmd->no_processes;
	watch->json = cmd->json;
	watch->left = cmd->count ? cmd->count : UINT64_MAX;
	watch->colour = isatty(STDOUT_FILENO) && !(getenv("NO_COLOR") && *getenv("NO_COLOR"));
	/* Listen first, look then: nothing is missed in between. */
	cmd->events_fd = cmd->scan ? -EBADF : watch_open_events();
	if (!cmd->interval_ns)
		cmd->interval_ns = cmd->events_fd >= 0 ? UINT64_C(2000000000) : 500000000;
	watch->silent = true;
	r = scan(cmd, &next_ns, error);
	self = hash_get(&watch->by_pid, (uint64_t)getpid());
	watch->own_pidns = self ? self->ns[NS_PID] : NULL;
	for (struct watch_process *process = watch->process_list; process; process = process->next)
		process->own = process->ns[NS_PID] == watch->own_pidns;
	watch->silent = false;
	if (r < 0)
		return r;
	tell_how(cmd);
	r = loop(cmd, next_ns, error);
	if (r < 0 && !error->kind)
		fail_call(error, r, "watch", NULL, NULL);
	return r < 0 ? r : 0;
}

static int cmd_watch(const struct verb *verb, int argc, char **argv)
{
	struct cmd_watch cmd = { .events_fd = -EBADF, .watch = { .proc_fd = -EBADF } };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = true };
	struct inro_error error = { 0 };
	int operand, r = options_parse(&parser, argv, argc, &operand, &error);

	if (r == 0 && operand < argc)
		r = fail_usage(&error, argv[operand], "watch takes no operands");
	if (r == 0 && cmd.help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0)
		r = act(&cmd, &error);
	fd_close(cmd.events_fd);
	fd_close(cmd.watch.proc_fd);
	watch_deinit(&cmd.watch);
	names_close(&cmd.names);
	return r < 0 ? verb_fail(verb->name, &error) : 0;
}

const struct verb verb_watch = {
	.name = "watch",
	.usage = "[OPTIONS]",
	.help = "tell of namespaces and their processes as they come and go",
	.about = "Tell of each namespace that appears or is gone, and of the processes in PID namespaces\n"
		 "other than inro's own, one line an event, until interrupted.",
	.run = cmd_watch,
	.tables = tables,
};
