/* SPDX-License-Identifier: Apache-2.0 */

/* inro same: which namespaces two targets share. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/setters.h"
#include "cli/names.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "ns/open.h"

extern const struct verb verb_same;

struct cmd_same {
	bool json, quiet, noheadings, help;
	unsigned kinds; /* 0: all that both have */
	struct names names;
	struct table *table;
};

flag_setter(cmd_same, json)
flag_setter(cmd_same, quiet)
flag_setter(cmd_same, noheadings)
flag_setter(cmd_same, help)

#define SECTION "Options"
static const struct option_row options[] = {
	{ .name = "quiet", .letter = 'q', .form = OPTION_FLAG, .section = SECTION, .set = set_quiet,
	  .help = "the exit status alone" },
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

static const struct table_column columns[] = {
	{ "KIND", TABLE_TEXT, false, false },
	{ "A", TABLE_NUMBER, false, false },
	{ "B", TABLE_NUMBER, false, false },
	{ "SHARED", TABLE_BOOL, true, false },
	{ "SHARED", TABLE_TEXT, false, true },
};

static int identify(const struct ns_target *target, enum ns_kind kind, struct ns_id *ret, struct inro_error *error)
{
	cleanup_close int fd = ns_target_ns(target, kind, error);
	int r = fd < 0 ? fd : ns_fd_id_short(fd, ret);

	return fd >= 0 && r < 0 ? fail_call(error, r, "compare the namespaces", "fstat", ns_kind_name(kind)) : r;
}

/* 1 where both are in one, 0 where not. */
static int compare(struct cmd_same *cmd, const struct ns_target *a, const struct ns_target *b, enum ns_kind kind,
		   struct inro_error *error)
{
	struct ns_id left, right;
	char left_text[24], right_text[24];
	bool same;
	int r = identify(a, kind, &left, error);

	if (r == 0)
		r = identify(b, kind, &right, error);
	if (r < 0)
		return r;
	same = ns_id_same(&left, &right);
	snprintf(left_text, sizeof(left_text), "%ju", (uintmax_t)left.ino);
	snprintf(right_text, sizeof(right_text), "%ju", (uintmax_t)right.ino);
	r = table_add(cmd->table, (const char *[]){ ns_kind_name(kind), left_text, right_text, same ? "1" : "0",
						    same ? "yes" : "no" });
	return r < 0 ? fail_memory(error) : same;
}

/* Which kinds are compared: those that were asked for, or all that both can answer for. */
static int choose_kinds(struct cmd_same *cmd, const struct ns_target *a, const struct ns_target *b,
			struct inro_error *error)
{
	unsigned both = ns_target_kinds(a) & ns_target_kinds(b);
	char held[NS_KINDS_TEXT];

	if (!cmd->kinds)
		cmd->kinds = both;
	if (cmd->kinds && (cmd->kinds & ~both) == 0)
		return 0;
	fail_host(error, INRO_ERROR_HOST, -ENOENT, "compare the namespaces", "both have only: %s",
		  ns_kinds_format(both, held, sizeof(held)));
	return -ENOENT;
}

static int act(struct cmd_same *cmd, const char *a_text, const char *b_text, struct inro_error *error)
{
	cleanup_ns_target struct ns_target a = NS_TARGET_NULL, b = NS_TARGET_NULL;
	bool all = true;
	int r = names_open(&cmd->names, error);

	if (r == 0)
		r = names_target(&cmd->names, a_text, &a, error);
	if (r == 0)
		r = names_target(&cmd->names, b_text, &b, error);
	if (r == 0)
		r = choose_kinds(cmd, &a, &b, error);
	if (r < 0)
		return r;
	cmd->table = table_new(columns, ARRAY_SIZE(columns), "kinds", cmd->json);
	if (!cmd->table)
		return fail_memory(error);
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		if (!(cmd->kinds & NS_BIT(kind)))
			continue;
		r = compare(cmd, &a, &b, kind, error);
		/* A kind that this kernel lacks is left away where it was not asked for. */
		if (r < 0 && r != -EOPNOTSUPP)
			return r;
		all = all && r != 0;
	}
	table_style(cmd->table, cmd->noheadings ? TABLE_NO_HEADINGS : 0);
	r = cmd->quiet ? 0 : table_print(cmd->table);
	return r < 0 ? fail_call(error, r, "compare the namespaces", "write", NULL) : !all;
}

static int parse_kinds(struct cmd_same *cmd, char **words, int n, struct inro_error *error)
{
	int r = 0;

	for (int i = 0; i < n && r == 0; i++) {
		unsigned kinds;

		r = ns_kinds_parse_list(words[i], NS_ALL, words[i], &kinds, error);
		if (r == 0)
			cmd->kinds |= kinds;
	}
	return r;
}

static int cmd_same(const struct verb *verb, int argc, char **argv)
{
	struct cmd_same cmd = { 0 };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = true };
	struct inro_error error = { 0 };
	int operand, r = options_parse(&parser, argv, argc, &operand, &error);

	if (r == 0 && cmd.help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0 && operand + 2 > argc)
		r = fail_usage(&error, "same", "needs two targets to compare");
	if (r == 0)
		r = parse_kinds(&cmd, argv + operand + 2, argc - operand - 2, &error);
	if (r == 0)
		r = act(&cmd, argv[operand], argv[operand + 1], &error);
	table_free(cmd.table);
	names_close(&cmd.names);
	return r < 0 ? verb_fail(verb->name, &error) : r;
}

const struct verb verb_same = {
	.name = "same",
	.usage = "[OPTIONS] TARGET TARGET [KIND…]",
	.help = "which namespaces two targets share",
	.about = "Compare the namespaces of two targets, kind by kind. The exit status is 0 where they\n"
		 "share all of them (or the KINDs named), 1 where not, 125 where it cannot be told.",
	.run = cmd_same,
	.tables = tables,
	.operands = "@target",
};
