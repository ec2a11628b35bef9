/* SPDX-License-Identifier: Apache-2.0 */

/* inro tree: processes drawn as namespaces within namespaces. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "base/setters.h"
#include "cli/tree.h"
#include "cli/unseen.h"
#include "cli/verb.h"
#include "ns/mounts.h"
#include "ns/open.h"
#include "ns/scan.h"

extern const struct verb verb_tree;

struct cmd_tree {
	bool all, json, ascii, notruncate, quiet, help;
	const char *color;
	unsigned kinds;

	struct tree tree;
	struct names names;
	struct users users;
};

flag_setter(cmd_tree, all)
flag_setter(cmd_tree, json)
flag_setter(cmd_tree, ascii)
flag_setter(cmd_tree, notruncate)
flag_setter(cmd_tree, quiet)
flag_setter(cmd_tree, help)

static int set_color(void *object, const char *value, struct inro_error *error)
{
	if (*value && strcmp(value, "auto") != 0 && strcmp(value, "always") != 0 && strcmp(value, "never") != 0)
		return fail_usage(error, "--color", "'%s' is none of auto, always and never", value);
	((struct cmd_tree *)object)->color = *value ? value : "always";
	return 0;
}

static int set_type(void *object, const char *value, struct inro_error *error)
{
	unsigned kinds;
	int r = ns_kinds_parse_list(value, 0, "--type", &kinds, error);

	if (r < 0)
		return r;
	if (__builtin_popcount(kinds) != 1)
		return fail_usage(error, "--type", "one kind can be drawn at a time");
	((struct cmd_tree *)object)->kinds = kinds;
	return 0;
}

#define SECTION "Options"
static const struct option_row options[] = {
	{ .name = "type", .letter = 't', .form = OPTION_VALUE, .argument = "KIND", .section = SECTION,
	  .set = set_type, .help = "by namespaces of this kind instead of pid", .aliases = "kind|ns-sort",
	  .choices = "cgroup|ipc|mnt|net|pid|time|user|uts" },
	{ .name = "all", .letter = 'a', .form = OPTION_FLAG, .section = SECTION, .set = set_all,
	  .help = "every process: fold nothing" },
	{ .name = "json", .letter = 'J', .form = OPTION_FLAG, .section = SECTION, .set = set_json, .help = "as JSON" },
	{ .name = "color", .letter = 'C', .form = OPTION_MAYBE, .argument = "WHEN", .section = SECTION,
	  .set = set_color, .help = "auto (on a terminal), always, never", .choices = "auto|always|never",
	  .aliases = "colour", .detail = "auto means not where NO_COLOR is set, either." },
	{ .name = "ascii", .letter = 'A', .form = OPTION_FLAG, .section = SECTION, .set = set_ascii,
	  .help = "draw with ASCII characters" },
	{ .name = "notruncate", .letter = 'u', .form = OPTION_FLAG, .section = SECTION, .set = set_notruncate,
	  .help = "whole lines in a narrow terminal, too", .aliases = "nowrap|long" },
	{ .name = "quiet", .letter = 'q', .form = OPTION_FLAG, .section = SECTION, .set = set_quiet,
	  .help = "do not tell what could not be seen" },
	{ .name = "help", .letter = 'h', .form = OPTION_FLAG, .section = SECTION, .set = set_help,
	  .help = "this text" },
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

static int add_top(struct tree *tree, const struct forest_process *process)
{
	const struct forest_process **top = arena_grow(&tree->arena, &tree->tops, &tree->n_tops, sizeof(*top));

	if (!top)
		return -ENOMEM;
	*top = process;
	return 0;
}

/*
 * The namespace at the top. PID 1's own may not be for us to see; whoever is at the top is in it, and
 * so may we be.
 */
static ino_t find_top(const struct tree *tree)
{
	const struct forest_process *self = forest_find(&tree->forest, getpid());
	struct ns_id id = { 0 };

	for (const struct forest_process *root = tree->forest.roots; root; root = root->next)
		if (root->ns && (tree->kind != NS_PID || root->n_levels == 1))
			return root->ns;
	if (!self || (tree->kind == NS_PID && self->n_levels > 1))
		return 0;
	if (!self->ns) {
		cleanup_close int fd = ns_open_self(tree->kind, 0, NULL);

		return fd >= 0 && ns_fd_id_short(fd, &id) == 0 ? id.ino : 0;
	}
	return self->ns;
}

/* The whole host, or as much of it as can be seen. */
static int begin_with_host(struct cmd_tree *cmd, struct inro_error *error)
{
	struct tree *tree = &cmd->tree;
	int r = forest_read(tree->kind, NULL, 0, &tree->forest, error);

	if (r < 0)
		return r;
	tree->host = true;
	tree->top_ns = find_top(tree);
	for (struct forest_process *root = tree->forest.roots; root && r == 0; root = root->next) {
		/* What may not be seen at the top is no box of its own. */
		if (!root->ns && (tree->kind != NS_PID || root->n_levels == 1))
			root->ns = tree->top_ns;
		r = add_top(tree, root);
	}
	return r < 0 ? fail_memory(error) : 0;
}

/* One process and what is below it. */
static int begin_with_process(struct cmd_tree *cmd, const struct ns_target *target, struct inro_error *error)
{
	struct tree *tree = &cmd->tree;
	struct forest_process *process = NULL;
	int r = forest_read(tree->kind, NULL, 0, &tree->forest, error);
	pid_t number;

	if (r < 0)
		return r;
	if (procfs_number(tree->proc_fd, target->pidfd, &number) == 0)
		process = forest_find(&tree->forest, number);
	if (!process)
		return fail_host(error, INRO_ERROR_HOST, -ESRCH, "draw the tree",
				 tree->forest.sight.foreign ? "process %d is not to be seen in /proc"
							    : "process %d has ended", target->pid);
	if (!process->ns && tree->kind == NS_PID && process->n_levels == 1)
		process->ns = find_top(tree);
	tree->top_ns = process->ns;
	process->enters = false;
	return add_top(tree, process) < 0 ? fail_memory(error) : 0;
}

/* The members of a namespace whose parents are outside of it. */
static int begin_with_namespace(struct cmd_tree *cmd, int ns_fd, struct inro_error *error)
{
	struct tree *tree = &cmd->tree;
	cleanup_free struct ns_member *members = NULL;
	cleanup_free pid_t *pids = NULL;
	struct ns_id id;
	size_t n = 0;
	int r = ns_fd_id_short(ns_fd, &id);

	if (r == 0 && tree->kind == NS_PID)
		r = ns_scan_members(ns_fd, &members, &n, error);
	if (r < 0)
		return r;
	pids = calloc(n + 1, sizeof(*pids));
	if (!pids)
		return fail_memory(error);
	for (size_t i = 0; i < n; i++)
		pids[i] = members[i].pid;
	r = forest_read(tree->kind, tree->kind == NS_PID ? pids : NULL, n, &tree->forest, error);
	if (r < 0)
		return r;
	tree->top_ns = id.ino;
	for (size_t i = 0; i < tree->forest.n && r == 0; i++) {
		const struct forest_process *process = &tree->forest.processes[i];

		if (process->enters && (process->ns == id.ino || (tree->kind == NS_PID && !process->parent)))
			r = add_top(tree, process);
	}
	for (size_t i = 0; i < tree->n_tops; i++)
		((struct forest_process *)tree->tops[i])->enters = tree->tops[i]->ns != id.ino;
	return r < 0 ? fail_memory(error) : 0;
}

/* A process by number is itself; by a container's name, or as a namespace, all of it is meant. */
static int begin_with_target(struct cmd_tree *cmd, const char *text, struct inro_error *error)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	cleanup_close int ns_fd = -EBADF;
	int r = names_target(&cmd->names, text, &target, error);

	if (r < 0)
		return r;
	if (!cmd->kinds && target.pidfd < 0 && __builtin_popcount(target.kinds) == 1)
		cmd->tree.kind = (enum ns_kind)__builtin_ctz(target.kinds);
	if (target.form == NS_TARGET_PROCESS || target.form == NS_TARGET_INSIDE)
		return begin_with_process(cmd, &target, error);
	ns_fd = ns_target_ns(&target, cmd->tree.kind, error);
	return ns_fd < 0 ? ns_fd : begin_with_namespace(cmd, ns_fd, error);
}

static int note_netns(void *data, const struct ns_mount *mount)
{
	struct ns_graph *graph = data;
	struct ns_node *node;

	if (mount->kind != NS_NET)
		return 0;
	node = ns_graph_add(graph, NS_NET, mount->ino);
	if (!node)
		return -ENOMEM;
	if (!node->path)
		node->path = arena_strdup(&graph->arena, mount->path);
	return node->path ? 0 : -ENOMEM;
}

/* Names of namespaces that are no container's: kept ones, and those of ip netns. */
static int find_titles(struct cmd_tree *cmd)
{
	struct ns_graph graph = { .kinds = NS_BIT(cmd->tree.kind) };
	cleanup_close int self = procfs_open_pid(cmd->tree.proc_fd, getpid());
	int r = 0;

	if (cmd->tree.kind == NS_NET && self >= 0)
		r = ns_mounts_walk(self, note_netns, &graph);
	if (r != -ENOMEM)
		r = ns_titles_find(&cmd->tree.titles, &cmd->names, &graph);
	/* The titles of paths point into the graph. */
	arena_deinit(&cmd->tree.titles.borrowed);
	cmd->tree.titles.borrowed = graph.arena;
	graph.arena = (struct arena){ 0 };
	ns_graph_deinit(&graph);
	return r;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Does the locale say that characters are bytes? Where it says nothing, terminals speak UTF-8. */
static bool is_plain_locale(void)
{
	const char *locale = variable("LC_ALL");

	locale = locale ? locale : variable("LC_CTYPE");
	locale = locale ? locale : variable("LANG");
	return locale && !strcasestr(locale, "utf");
}

static void choose_looks(struct cmd_tree *cmd)
{
	struct tree *tree = &cmd->tree;
	struct winsize size;

	tree->whole = cmd->all;
	tree->ascii = cmd->ascii || is_plain_locale();
	tree->colour = isatty(STDOUT_FILENO) && !variable("NO_COLOR");
	if (cmd->color && strcmp(cmd->color, "auto") != 0)
		tree->colour = strcmp(cmd->color, "always") == 0;
	tree->width = SIZE_MAX;
	if (!cmd->notruncate && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		tree->width = size.ws_col;
}

static int act(struct cmd_tree *cmd, const char *target, struct inro_error *error)
{
	struct tree *tree = &cmd->tree;
	int r = names_open(&cmd->names, error);

	if (r < 0)
		return r;
	tree->names = &cmd->names;
	tree->proc_fd = cmd->names.containers.proc_fd;
	tree->kind = cmd->kinds ? (enum ns_kind)__builtin_ctz(cmd->kinds) : NS_PID;
	r = target ? begin_with_target(cmd, target, error) : begin_with_host(cmd, error);
	if (r == 0)
		r = names_load(&cmd->names, error);
	if (r < 0)
		return r;
	choose_looks(cmd);
	if (find_titles(cmd) < 0 || (!cmd->json && tree_lay_out(tree) < 0))
		return fail_memory(error);
	r = cmd->json ? tree_json(tree, &cmd->users) : tree_draw(tree);
	if (r < 0)
		return fail_call(error, r, "draw the tree", "write", NULL);
	if (!cmd->quiet)
		unseen_note("tree", tree->kind == NS_PID ? 0 : tree->forest.n_denied, tree->forest.sight);
	return 0;
}

static int cmd_tree(const struct verb *verb, int argc, char **argv)
{
	struct cmd_tree cmd = { 0 };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = true };
	struct inro_error error = { 0 };
	int operand, r = options_parse(&parser, argv, argc, &operand, &error);

	if (r == 0 && operand + 1 < argc)
		r = fail_usage(&error, argv[operand + 1], "tree begins at one target");
	if (r == 0 && cmd.help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0)
		r = act(&cmd, operand < argc ? argv[operand] : NULL, &error);
	tree_deinit(&cmd.tree);
	users_deinit(&cmd.users);
	names_close(&cmd.names);
	return r < 0 ? verb_fail(verb->name, &error) : 0;
}

const struct verb verb_tree = {
	.name = "tree",
	.usage = "[OPTIONS] [TARGET]",
	.help = "draw processes as namespaces within namespaces",
	.about = "Draw the processes as namespaces within namespaces, each with its PID at every level:\n"
		 "all, those of a container or namespace, or a process and what is below it.\n"
		 "What is alike is shown once.",
	.run = cmd_tree,
	.tables = tables,
	.operands = "@target",
};
