/* SPDX-License-Identifier: Apache-2.0 */

/* inro ps: the caller's containers, and those of other engines. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/setters.h"
#include "cgroup/sweep.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "cli/names.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "state/engines.h"

extern const struct verb verb_ps;

struct cmd_ps {
	bool all, json, quiet, help;
	struct table *table;
};

flag_setter(cmd_ps, all)
flag_setter(cmd_ps, json)
flag_setter(cmd_ps, quiet)
flag_setter(cmd_ps, help)

#define SECTION "Options"
static const struct option_row options[] = {
	{ .name = "all", .letter = 'a', .form = OPTION_FLAG, .section = SECTION, .set = set_all,
	  .help = "ended ones, too" },
	{ .name = "json", .form = OPTION_FLAG, .section = SECTION, .set = set_json, .help = "as JSON" },
	{ .name = "quiet", .letter = 'q', .form = OPTION_FLAG, .section = SECTION, .set = set_quiet,
	  .help = "the names alone" },
	{ .name = "help", .letter = 'h', .form = OPTION_FLAG, .section = SECTION, .set = set_help,
	  .help = "this text" },
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

static const struct table_column columns[] = {
	{ "NAME", TABLE_TEXT, false, false },
	{ "ENGINE", TABLE_TEXT, true, false },
	{ "ID", TABLE_TEXT, true, false },
	{ "PID", TABLE_NUMBER, false, false },
	{ "STATE", TABLE_TEXT, true, false },
	{ "STATE", TABLE_TEXT, false, true },
	{ "STATUS", TABLE_NUMBER, true, false },
	{ "REASON", TABLE_TEXT, true, false },
	{ "DETACHED", TABLE_BOOL, true, false },
	{ "CREATED", TABLE_TEXT, true, false },
	{ "ENDED", TABLE_TEXT, true, false },
	{ "COMMAND", TABLE_LAST, false, false },
};

static void format_time(uint64_t ns, char text[static 40])
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm utc;
	size_t n;

	gmtime_r(&seconds, &utc);
	n = strftime(text, 40, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + n, 40 - n, ".%09lluZ", (unsigned long long)(ns % 1000000000));
}

/* "5s", "12m", "3h", "9d": as much as a person wants to know. */
static void format_span(uint64_t from_ns, uint64_t to_ns, char text[static 16])
{
	unsigned long long seconds = to_ns > from_ns ? (to_ns - from_ns) / 1000000000 : 0;

	if (seconds < 120)
		snprintf(text, 16, "%llus", seconds);
	else if (seconds < 120 * 60)
		snprintf(text, 16, "%llum", seconds / 60);
	else if (seconds < UINT64_C(48) * 3600)
		snprintf(text, 16, "%lluh", seconds / 3600);
	else
		snprintf(text, 16, "%llud", seconds / 86400);
}

static int add_row(struct table *table, const struct record *record, enum record_state what)
{
	static const char *const words[] = { [RECORD_RUNNING] = "running",
					     [RECORD_ENDED] = "ended",
					     [RECORD_ELSEWHERE] = "elsewhere" };
	bool ended = what == RECORD_ENDED;
	char pid[16], status[16], created[40], finished[40], span[16], reason[160], state[192];

	snprintf(pid, sizeof(pid), "%d", record->pid);
	snprintf(status, sizeof(status), "%d", record->result.status);
	format_time(record->created_ns, created);
	format_time(record->ended_ns, finished);
	inro_result_format(&record->result, reason, sizeof(reason));
	if (what == RECORD_ELSEWHERE) {
		snprintf(state, sizeof(state), "started in another PID namespace");
	} else if (ended) {
		format_span(record->ended_ns, clock_ns(CLOCK_REALTIME), span);
		snprintf(state, sizeof(state), "%s, %s ago", reason, span);
	} else {
		format_span(record->created_ns, clock_ns(CLOCK_REALTIME), span);
		snprintf(state, sizeof(state), "running for %s", span);
	}
	return table_add(table, (const char *[]){
					record->name,
					"inro",
					record->id,
					what == RECORD_RUNNING ? pid : NULL,
					words[what],
					state,
					ended ? status : NULL,
					ended ? reason : NULL,
					record->detached ? "1" : "0",
					created,
					ended ? finished : NULL,
					record->command,
				});
}

static int show(const struct record *record, enum record_state state, void *data)
{
	struct cmd_ps *cmd = data;

	if (state == RECORD_ENDED && !cmd->all)
		return 0;
	if (cmd->quiet) {
		printf("%s\n", record->name);
		return 0;
	}
	return add_row(cmd->table, record, state);
}

/* Of another engine it is known that it runs, and what. */
static int show_engine(struct cmd_ps *cmd, const struct engine_container *container, int proc_fd)
{
	cleanup_close int pid_fd = -EBADF;
	char pid[16], state[64], command[1024] = "";

	if (cmd->quiet) {
		printf("%s\n", container->name);
		return 0;
	}
	pid_fd = procfs_open_pid(proc_fd, container->pid);
	if (pid_fd < 0 || procfs_read_command(pid_fd, command, sizeof(command)) < 0)
		return 0;
	snprintf(pid, sizeof(pid), "%d", container->pid);
	snprintf(state, sizeof(state), "running, of %s", container->engine);
	return table_add(cmd->table, (const char *[]){ container->name, container->engine, container->id, pid, "running",
						       state, NULL, NULL, NULL, NULL, NULL, command });
}

static int list(struct cmd_ps *cmd, struct names *names, struct inro_error *error)
{
	const struct containers *containers = &names->containers;
	const struct engine_container *engines;
	size_t n;
	int r = 0;

	if (containers->dir_fd >= 0)
		r = state_each(containers->dir_fd, containers->proc_fd, show, cmd);
	registry_engines(&names->registry, &engines, &n);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = show_engine(cmd, &engines[i], containers->proc_fd);
	if (r < 0)
		return fail_call(error, r, "list the containers", NULL, NULL);
	if (cmd->quiet)
		return fflush(stdout) == EOF ? fail_call(error, -EIO, "list the containers", "write", NULL) : 0;
	r = table_print(cmd->table);
	return r < 0 ? fail_call(error, r, "list the containers", "write", NULL) : 0;
}

static int act(struct cmd_ps *cmd, struct inro_error *error)
{
	struct names names;
	int r = names_open(&names, error);

	/* What a run that was killed left behind goes with its record. */
	cgroup_sweep_all();
	if (r == 0 && !cmd->quiet) {
		cmd->table = table_new(columns, ARRAY_SIZE(columns), "containers", cmd->json);
		r = cmd->table ? 0 : fail_memory(error);
	}
	if (r == 0)
		r = list(cmd, &names, error);
	table_free(cmd->table);
	names_close(&names);
	return r;
}

static int cmd_ps(const struct verb *verb, int argc, char **argv)
{
	struct cmd_ps cmd = { 0 };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = true };
	struct inro_error error = { 0 };
	int operand, r = options_parse(&parser, argv, argc, &operand, &error);

	if (r == 0 && operand < argc)
		r = fail_usage(&error, argv[operand], "ps takes no operands");
	if (r == 0 && cmd.help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0)
		r = act(&cmd, &error);
	return r < 0 ? verb_fail(verb->name, &error) : 0;
}

const struct verb verb_ps = {
	.name = "ps",
	.usage = "[OPTIONS]",
	.help = "list the containers",
	.about = "List your containers: those that run, and with --all the detached ones that\n"
		 "have ended. Those that inro-oci, crun or runc run for Podman, Docker, containerd\n"
		 "or Kubernetes stand behind them, under the names that they have there.",
	.run = cmd_ps,
	.tables = tables,
};
