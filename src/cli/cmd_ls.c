/* SPDX-License-Identifier: Apache-2.0 */

/* inro ls: the namespaces of the host, or the processes of one. */

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "base/setters.h"
#include "cli/ls.h"
#include "cli/ls_members.h"
#include "cli/unseen.h"
#include "cli/verb.h"
#include "ns/open.h"
#include "ns/scan.h"

extern const struct verb verb_ls;

struct cmd_ls {
	bool all, json, list, noheadings, raw, notruncate, persistent, output_all, list_columns, quiet, help;
	unsigned kinds, asked; /* all that are looked at; those of --type */
	const char *process, *user, *name, *tree, *output;

	const struct verb *verb;
	struct arena arena;
	struct ls_columns columns;
	struct names names;
	struct ns_graph graph;
	struct ns_titles ns_titles;
	struct users users;
	struct hash chosen; /* of --process and --user: the nodes by number */
	struct table *table;
	const struct ns_node **shown; /* what no filter takes away */
	size_t n_shown;
};

flag_setter(cmd_ls, all)
flag_setter(cmd_ls, json)
flag_setter(cmd_ls, list)
flag_setter(cmd_ls, noheadings)
flag_setter(cmd_ls, raw)
flag_setter(cmd_ls, notruncate)
flag_setter(cmd_ls, persistent)
flag_setter(cmd_ls, output_all)
flag_setter(cmd_ls, list_columns)
flag_setter(cmd_ls, quiet)
flag_setter(cmd_ls, help)
text_setter(cmd_ls, process)
text_setter(cmd_ls, user)
text_setter(cmd_ls, name)
text_setter(cmd_ls, output)

/* May be repeated, as with lsns. */
static int set_type(void *object, const char *value, struct inro_error *error)
{
	struct cmd_ls *cmd = object;
	unsigned kinds;
	int r = ns_kinds_parse_list(value, NS_ALL, "--type", &kinds, error);

	if (r == 0)
		cmd->kinds |= kinds;
	return r;
}

static int set_tree(void *object, const char *value, struct inro_error *error)
{
	struct cmd_ls *cmd = object;

	if (*value && strcmp(value, "parent") != 0 && strcmp(value, "owner") != 0)
		return fail_usage(error, "--tree", "'%s' is neither parent nor owner (inro tree has processes)", value);
	cmd->tree = *value ? value : "parent";
	return 0;
}

#define WHICH "Which namespaces"
#define HOW "How they are shown"
static const struct option_row options[] = {
	{ .name = "all", .letter = 'a', .form = OPTION_FLAG, .section = WHICH, .set = set_all,
	  .help = "also those that nothing usual holds (slower)",
	  .detail = "Those that only a thread, an open descriptor, a socket, a mount in another mount namespace, "
		    "or a process's future children hold, and parents and owners that nobody is in any more." },
	{ .name = "type", .letter = 't', .form = OPTION_VALUE, .argument = "KINDS", .section = WHICH, .set = set_type,
	  .help = "of these kinds: pid,net, all,-user", .aliases = "kind", .repeats = true,
	  .choices = "cgroup|ipc|mnt|net|pid|time|user|uts" },
	{ .name = "process", .letter = 'p', .form = OPTION_VALUE, .argument = "TARGET", .section = WHICH,
	  .set = set_process, .help = "that this process is in", .aliases = "task", .choices = "@target" },
	{ .name = "user", .letter = 'U', .form = OPTION_VALUE, .argument = "USER", .section = WHICH, .set = set_user,
	  .help = "that this user's processes are in" },
	{ .name = "name", .form = OPTION_VALUE, .argument = "PATTERN", .section = WHICH, .set = set_name,
	  .help = "of containers and kept names called so (web*)" },
	{ .name = "persistent", .letter = 'P', .form = OPTION_FLAG, .section = WHICH, .set = set_persistent,
	  .help = "without a process in them" },
	{ .name = "output", .letter = 'o', .form = OPTION_VALUE, .argument = "COLUMNS", .section = HOW,
	  .set = set_output, .help = "these columns; +COLUMNS adds to the usual ones" },
	{ .name = "output-all", .form = OPTION_FLAG, .section = HOW, .set = set_output_all, .help = "all columns" },
	{ .name = "list-columns", .letter = 'H', .form = OPTION_FLAG, .section = HOW, .set = set_list_columns,
	  .help = "tell which columns there are" },
	{ .name = "tree", .letter = 'T', .form = OPTION_MAYBE, .argument = "parent|owner", .section = HOW,
	  .set = set_tree, .help = "as trees: by parent, or by owner",
	  .choices = "parent|owner" },
	{ .name = "json", .letter = 'J', .form = OPTION_FLAG, .section = HOW, .set = set_json, .help = "as JSON" },
	{ .name = "raw", .letter = 'r', .form = OPTION_FLAG, .section = HOW, .set = set_raw,
	  .help = "one blank between columns, for programs" },
	{ .name = "list", .letter = 'l', .form = OPTION_FLAG, .section = HOW, .set = set_list,
	  .help = "as a list, which is usual" },
	{ .name = "noheadings", .letter = 'n', .form = OPTION_FLAG, .section = HOW, .set = set_noheadings,
	  .help = "without headings" },
	{ .name = "notruncate", .letter = 'u', .form = OPTION_FLAG, .section = HOW, .set = set_notruncate,
	  .help = "commands whole", .aliases = "nowrap" },
	{ .name = "quiet", .letter = 'q', .form = OPTION_FLAG, .section = HOW, .set = set_quiet,
	  .help = "do not tell what could not be seen" },
	{ .name = "help", .letter = 'h', .form = OPTION_FLAG, .section = HOW, .set = set_help, .help = "this text" },
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

static int choose(struct cmd_ls *cmd, struct ns_node *node)
{
	return node && hash_put(&cmd->chosen, node->ino, node) < 0 ? -ENOMEM : 0;
}

/* --process: what a target is in, or holds. */
static int choose_of_process(struct cmd_ls *cmd, struct inro_error *error)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	int r = names_target(&cmd->names, cmd->process, &target, error);

	for (enum ns_kind kind = 0; kind < NS_KINDS && r == 0; kind++) {
		cleanup_close int fd = -EBADF;
		struct ns_id id;

		if (!(cmd->kinds & ns_target_kinds(&target) & NS_BIT(kind)))
			continue;
		fd = ns_target_ns(&target, kind, error);
		r = fd < 0 ? fd : ns_fd_id_short(fd, &id);
		if (r == 0)
			r = choose(cmd, ns_graph_find(&cmd->graph, id.ino));
	}
	return r;
}

/* --user: the owner of /proc/PID is who runs it. */
static int choose_of_user(struct cmd_ls *cmd, struct inro_error *error)
{
	cleanup_close int proc_fd = procfs_open();
	uint32_t uid;

	if (users_find(&cmd->users, cmd->user, &uid) < 0)
		return fail_usage(error, "--user", "there is no user '%s' in /etc/passwd", cmd->user);
	for (size_t i = 0; i < cmd->graph.n_processes; i++) {
		const struct ns_process *process = &cmd->graph.processes[i];
		char path[16];
		struct stat st;

		snprintf(path, sizeof(path), "%d", process->pid);
		if (fstatat(proc_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_uid != uid)
			continue;
		for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
			if (choose(cmd, process->ns[kind]) < 0)
				return fail_memory(error);
	}
	return 0;
}

static bool is_shown(const struct cmd_ls *cmd, const struct ns_node *node)
{
	const char *name;

	if (!(cmd->kinds & NS_BIT(node->kind)) || (cmd->persistent && node->n_processes > 0))
		return false;
	if ((cmd->process || cmd->user) && !hash_get(&cmd->chosen, node->ino))
		return false;
	/* What only is above another is shown where everything is. */
	if (node->holders == NS_BY_RELATION && !cmd->all && !cmd->tree)
		return false;
	name = cmd->name ? ns_titles_get(&cmd->ns_titles, node) : NULL;
	return !cmd->name || (name && fnmatch(cmd->name, name, 0) == 0);
}

static int add(struct cmd_ls *cmd, const struct ns_node *node, const char *art)
{
	const struct ls_row row = { node, art, &cmd->ns_titles, &cmd->users };
	int r = ls_look(&cmd->graph, &cmd->columns, cmd->names.containers.proc_fd, node);

	return r < 0 ? r : ls_add(cmd->table, &cmd->columns, &row);
}

static const struct ns_node *above(const struct cmd_ls *cmd, const struct ns_node *node)
{
	if (strcmp(cmd->tree, "owner") == 0)
		return node->owner;
	return node->parent;
}

/* The nearest one above that is shown itself. */
static const struct ns_node *shown_above(const struct cmd_ls *cmd, const struct ns_node *node)
{
	for (node = above(cmd, node); node; node = above(cmd, node))
		if (is_shown(cmd, node))
			return node;
	return NULL;
}

static int add_below(struct cmd_ls *cmd, const struct ns_node *top, const char *art);

static int add_branch(struct cmd_ls *cmd, const struct ns_node *node, const char *art, bool last)
{
	char own[256], below[256];
	int r;

	snprintf(own, sizeof(own), "%s%s", art, last ? "└─" : "├─");
	snprintf(below, sizeof(below), "%s%s", art, last ? "  " : "│ ");
	r = add(cmd, node, cmd->json || cmd->raw ? "" : own);
	return r < 0 ? r : add_below(cmd, node, below);
}

static int add_below(struct cmd_ls *cmd, const struct ns_node *top, const char *art)
{
	const struct ns_node *previous = NULL;
	int r = 0;

	for (size_t i = 0; i < cmd->n_shown && r == 0; i++) {
		const struct ns_node *node = cmd->shown[i];

		if (shown_above(cmd, node) != top)
			continue;
		if (!top)
			r = add(cmd, node, "");
		if (!top && r == 0)
			r = add_below(cmd, node, "");
		if (top && previous)
			r = add_branch(cmd, previous, art, false);
		previous = node;
	}
	if (top && previous && r == 0)
		r = add_branch(cmd, previous, art, true);
	return r;
}

static int fill(struct cmd_ls *cmd)
{
	cmd->shown = arena_array(&cmd->arena, cmd->graph.n_nodes + 1, sizeof(*cmd->shown));
	if (!cmd->shown)
		return -ENOMEM;
	for (size_t i = 0; i < cmd->graph.n_nodes; i++)
		if (is_shown(cmd, cmd->graph.nodes[i]))
			cmd->shown[cmd->n_shown++] = cmd->graph.nodes[i];
	if (cmd->tree)
		return add_below(cmd, NULL, "");
	for (size_t i = 0; i < cmd->n_shown; i++)
		if (add(cmd, cmd->shown[i], "") < 0)
			return -ENOMEM;
	return 0;
}

static unsigned scan_flags(const struct cmd_ls *cmd)
{
	unsigned flags = ls_columns_flags(&cmd->columns) | NS_SCAN_MOUNTS;

	if (cmd->all)
		flags |= NS_SCAN_EVERYTHING & ~(unsigned)NS_SCAN_DETAILS;
	if (cmd->tree)
		flags |= NS_SCAN_RELATIONS;
	return flags;
}

static int list_namespaces(struct cmd_ls *cmd, struct inro_error *error)
{
	struct ns_scan_options scan = { .kinds = cmd->kinds, .flags = scan_flags(cmd) };
	char absent[NS_KINDS_TEXT];
	int r;

	/* A tree by owner hangs on the user namespaces. */
	if (cmd->tree && strcmp(cmd->tree, "owner") == 0)
		scan.kinds |= NS_BIT(NS_USER), cmd->kinds = scan.kinds;
	r = ns_scan(&scan, &cmd->graph, error);
	if (r == 0)
		r = names_load(&cmd->names, error);
	if (r == 0 && ns_titles_find(&cmd->ns_titles, &cmd->names, &cmd->graph) < 0)
		r = fail_memory(error);
	if (r == 0 && cmd->process)
		r = choose_of_process(cmd, error);
	if (r == 0 && cmd->user)
		r = choose_of_user(cmd, error);
	if (r < 0)
		return r;
	cmd->table = ls_table(&cmd->columns, cmd->json, &cmd->arena);
	if (!cmd->table || fill(cmd) < 0)
		return fail_memory(error);
	table_style(cmd->table, (cmd->noheadings ? TABLE_NO_HEADINGS : 0) | (cmd->raw ? TABLE_RAW : 0) |
					(cmd->notruncate ? TABLE_WHOLE : 0));
	r = table_print(cmd->table);
	if (r < 0)
		return fail_call(error, r, "list the namespaces", "write", NULL);
	if (cmd->asked & cmd->graph.absent)
		verb_note("ls", "this kernel has no namespaces of kind %s",
			  ns_kinds_format(cmd->asked & cmd->graph.absent, absent, sizeof(absent)));
	if (!cmd->quiet)
		unseen_note("ls", cmd->graph.n_denied, cmd->graph.sight);
	return 0;
}

static int act(struct cmd_ls *cmd, const char *target, struct inro_error *error)
{
	int r = names_open(&cmd->names, error);

	if (r < 0)
		return r;
	if (target) {
		const struct ls_members members = {
			.kinds = cmd->kinds,
			.json = cmd->json,
			.quiet = cmd->quiet,
			.style = (cmd->noheadings ? TABLE_NO_HEADINGS : 0) | (cmd->raw ? TABLE_RAW : 0) |
				 (cmd->notruncate ? TABLE_WHOLE : 0),
		};

		return ls_members(&members, &cmd->names, target, error);
	}
	cmd->columns = cmd->output_all ? ls_all : ls_usual;
	if (cmd->output)
		r = ls_columns_parse(cmd->output, &cmd->columns, error);
	cmd->asked = cmd->kinds;
	if (!cmd->kinds)
		cmd->kinds = cmd->tree && strcmp(cmd->tree, "parent") == 0 ? NS_BIT(NS_PID) | NS_BIT(NS_USER) : NS_ALL;
	return r < 0 ? r : list_namespaces(cmd, error);
}

static void clean_up(struct cmd_ls *cmd)
{
	table_free(cmd->table);
	hash_deinit(&cmd->chosen);
	users_deinit(&cmd->users);
	ns_titles_deinit(&cmd->ns_titles);
	ns_graph_deinit(&cmd->graph);
	names_close(&cmd->names);
	arena_deinit(&cmd->arena);
}

static int cmd_ls(const struct verb *verb, int argc, char **argv)
{
	struct cmd_ls cmd = { .verb = verb };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = true };
	struct inro_error error = { 0 };
	int operand, r = options_parse(&parser, argv, argc, &operand, &error);

	if (r == 0 && operand + 1 < argc)
		r = fail_usage(&error, argv[operand + 1], "ls takes one target at most");
	if (r == 0 && cmd.help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0 && cmd.list_columns) {
		ls_columns_describe();
		return 0;
	}
	if (r == 0)
		r = act(&cmd, operand < argc ? argv[operand] : NULL, &error);
	clean_up(&cmd);
	return r < 0 ? verb_fail(verb->name, &error) : 0;
}

const struct verb verb_ls = {
	.name = "ls",
	.usage = "[OPTIONS] [TARGET]",
	.help = "list namespaces, or the processes of one",
	.about = "List the namespaces that processes are in and those that are mounted; with TARGET\n"
		 "(a name, PID, file or number) the processes of that namespace.",
	.run = cmd_ls,
	.tables = tables,
	.operands = "@target",
};
