/* SPDX-License-Identifier: Apache-2.0 */

/* inro pid: PIDs through the levels of PID namespaces. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/procfs.h"
#include "base/setters.h"
#include "cli/names.h"
#include "cli/pid.h"
#include "cli/unseen.h"
#include "cli/verb.h"

extern const struct verb verb_pid;

struct cmd_pid {
	bool json, group, session, noheadings, help;
	const char *from, *to;
	struct names names;
};

flag_setter(cmd_pid, json)
flag_setter(cmd_pid, group)
flag_setter(cmd_pid, session)
flag_setter(cmd_pid, noheadings)
flag_setter(cmd_pid, help)
text_setter(cmd_pid, from)
text_setter(cmd_pid, to)

#define SECTION "Options"
static const struct option_row options[] = {
	{ .name = "in", .letter = 'i', .form = OPTION_VALUE, .argument = "TARGET", .section = SECTION, .set = set_to,
	  .help = "their numbers in the PID namespace of TARGET", .aliases = "to",
	  .choices = "@target" },
	{ .name = "from", .letter = 'f', .form = OPTION_VALUE, .argument = "TARGET", .section = SECTION,
	  .set = set_from, .help = "the numbers are of the namespace of TARGET", .choices = "@target" },
	{ .name = "group", .letter = 'g', .form = OPTION_FLAG, .section = SECTION, .set = set_group,
	  .help = "their process groups" },
	{ .name = "session", .letter = 's', .form = OPTION_FLAG, .section = SECTION, .set = set_session,
	  .help = "their sessions" },
	{ .name = "json", .letter = 'J', .form = OPTION_FLAG, .section = SECTION, .set = set_json, .help = "as JSON" },
	{ .name = "noheadings", .letter = 'n', .form = OPTION_FLAG, .section = SECTION, .set = set_noheadings,
	  .help = "without headings" },
	{ .name = "help", .letter = 'h', .form = OPTION_FLAG, .section = SECTION, .set = set_help,
	  .help = "this text" },
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

/* The PID namespace of a target. */
static int open_pidns(struct cmd_pid *cmd, const char *text, struct inro_error *error)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	int r = names_target(&cmd->names, text, &target, error);

	return r < 0 ? r : ns_target_ns(&target, NS_PID, error);
}

static enum pid_what what_of(const struct cmd_pid *cmd)
{
	return cmd->group ? PID_GROUP : cmd->session ? PID_SESSION : PID_ITSELF;
}

/* Numbers from standard input, apart by white space, to pids. */
static int read_numbers(struct pid_list *list, struct inro_error *error)
{
	char *text;
	int r = fd_read_to_heap(STDIN_FILENO, 64 << 20, &text, NULL);
	char *rest = NULL;

	if (r < 0)
		return fail_call(error, r, "read PIDs from standard input", "read", NULL);
	for (char *word = strtok_r(text, " \t\r\n", &rest); word && r == 0; word = strtok_r(NULL, " \t\r\n", &rest))
		r = pid_list_add(list, word, error);
	free(text);
	return r;
}

/* Translate many numbers with one call of inro. 1 where some have none. */
static int translate(struct cmd_pid *cmd, char **words, int n, struct inro_error *error)
{
	cleanup_close int from_fd = cmd->from ? open_pidns(cmd, cmd->from, error) : -EBADF;
	cleanup_close int to_fd = -EBADF;
	struct pid_list list = { 0 };
	bool from_input = n == 0 || (n == 1 && strcmp(words[0], "-") == 0);
	int r = cmd->from && from_fd < 0 ? from_fd : 0;

	if (r == 0 && cmd->to) {
		to_fd = open_pidns(cmd, cmd->to, error);
		r = to_fd < 0 ? to_fd : 0;
	}
	if (r == 0 && from_input)
		r = read_numbers(&list, error);
	for (int i = 0; i < n && !from_input && r == 0; i++)
		r = pid_list_add(&list, words[i], error);
	if (r == 0) {
		const struct pid_translation translation = {
			.from_fd = from_fd,
			.to_fd = to_fd,
			.what = what_of(cmd),
			.json = cmd->json,
			.proc_fd = cmd->names.containers.proc_fd,
		};

		r = pid_translate_all(&translation, &list, error);
	}
	pid_list_deinit(&list);
	return r;
}

/* "web:7": its PID here. */
static int add_target(struct pid_list *list, const struct ns_target *target, struct inro_error *error)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", target->pid);
	return pid_list_add(list, text, error);
}

static int print_here(struct cmd_pid *cmd, const struct pid_list *list, struct inro_error *error)
{
	const struct pid_translation here = { .from_fd = -EBADF, .to_fd = -EBADF, .what = what_of(cmd),
					      .json = cmd->json, .proc_fd = cmd->names.containers.proc_fd };

	return pid_translate_all(&here, list, error);
}

static int no_process(const char *text, struct inro_error *error)
{
	fail_host(error, INRO_ERROR_HOST, -ESRCH, "translate", "'%s' is a namespace, not a process", text);
	error_hint(error, "inro ls %s lists its processes, with their PIDs here and inside", text);
	return -ESRCH;
}

/* The groups or sessions of targets, all of them, also behind one that has none to be told. */
static int show_leaders(struct cmd_pid *cmd, char **words, int n, struct inro_error *error)
{
	struct pid_list list = { 0 };
	int r = 0;

	for (int i = 0; i < n && r == 0; i++) {
		cleanup_ns_target struct ns_target target = NS_TARGET_NULL;

		r = names_target(&cmd->names, words[i], &target, error);
		if (r == 0)
			r = target.pidfd < 0 ? no_process(words[i], error) : add_target(&list, &target, error);
	}
	if (r == 0)
		r = print_here(cmd, &list, error);
	pid_list_deinit(&list);
	return r;
}

static int show_target(struct cmd_pid *cmd, const char *text, bool several, struct inro_error *error)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	int r = names_target(&cmd->names, text, &target, error);
	pid_t number = 0;

	if (r < 0)
		return r;
	if (target.pidfd < 0)
		return no_process(text, error);
	if (target.form == NS_TARGET_INSIDE && !several) {
		struct pid_list list = { 0 };

		r = add_target(&list, &target, error);
		if (r == 0)
			r = print_here(cmd, &list, error);
		pid_list_deinit(&list);
		return r;
	}
	r = names_load(&cmd->names, error);
	if (r == 0 && procfs_number(cmd->names.containers.proc_fd, target.pidfd, &number) < 0)
		r = fail_host(error, INRO_ERROR_HOST, -ESRCH, "look at process", "%d is not to be seen in /proc",
			      target.pid);
	return r < 0 ? r : pid_show_levels(&cmd->names, number, cmd->json, several || cmd->noheadings, error);
}

static int act(struct cmd_pid *cmd, char **words, int n, struct inro_error *error)
{
	int r = names_open(&cmd->names, error), missing = 0;

	if (r < 0)
		return r;
	if (cmd->from || cmd->to || n == 0 || strcmp(words[0], "-") == 0)
		return translate(cmd, words, n, error);
	if (cmd->group || cmd->session)
		return show_leaders(cmd, words, n, error);
	unseen_note("pid", 0, procfs_look(cmd->names.containers.proc_fd));
	for (int i = 0; i < n; i++) {
		r = show_target(cmd, words[i], n > 1 && !cmd->json, error);
		if (r < 0)
			return r;
		missing |= r;
	}
	return missing;
}

static int cmd_pid(const struct verb *verb, int argc, char **argv)
{
	struct cmd_pid cmd = { 0 };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = true };
	struct inro_error error = { 0 };
	int operand, r = options_parse(&parser, argv, argc, &operand, &error);

	if (r == 0 && cmd.help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0 && cmd.group && cmd.session)
		r = fail_usage(&error, "--group", "either the groups or the sessions can be asked for");
	if (r == 0)
		r = act(&cmd, argv + operand, argc - operand, &error);
	names_close(&cmd.names);
	return r < 0 ? verb_fail(verb->name, &error) : r;
}

const struct verb verb_pid = {
	.name = "pid",
	.usage = "[OPTIONS] [TARGET…]",
	.help = "translate PIDs between PID namespaces",
	.about = "Show the PID of a process (or thread) at each level of PID namespaces; of NAME:PID its\n"
		 "PID here. With --in or --from numbers are translated, one a line, those of standard\n"
		 "input where none are given; \"-\" has none, and then the exit status is 1.",
	.run = cmd_pid,
	.tables = tables,
	.operands = "@target",
};
