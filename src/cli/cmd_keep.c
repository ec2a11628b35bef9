/* SPDX-License-Identifier: Apache-2.0 */

/* inro keep: hold namespaces under a name. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/setters.h"
#include "cli/names.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "enter/keep.h"
#include "ns/kept.h"
#include "state/record.h"

extern char **environ;
extern const struct verb verb_keep;

struct cmd_keep {
	const char *target;
	bool init, list, json, help;
};

text_setter(cmd_keep, target)
flag_setter(cmd_keep, init)
flag_setter(cmd_keep, list)
flag_setter(cmd_keep, json)
flag_setter(cmd_keep, help)

#define SECTION "Options"
static const struct option_row options[] = {
	{ .name = "target", .letter = 't', .form = OPTION_VALUE, .argument = "TARGET", .section = SECTION,
	  .set = set_target, .help = "hold those of TARGET instead of new ones", .choices = "@target" },
	{ .name = "init", .form = OPTION_FLAG, .section = SECTION, .set = set_init,
	  .help = "put a small init into the PID namespace" },
	{ .name = "list", .letter = 'l', .form = OPTION_FLAG, .section = SECTION, .set = set_list,
	  .help = "list what is kept" },
	{ .name = "json", .form = OPTION_FLAG, .section = SECTION, .set = set_json, .help = "the list as JSON" },
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
	{ "KINDS", TABLE_TEXT, false, false },
	{ "INIT", TABLE_NUMBER, false, false },
	{ "HOLDER", TABLE_NUMBER, false, false },
};

struct listing {
	int dir_fd, proc_fd;
	struct table *table;
};

static int list_one(void *data, const char *name)
{
	const struct listing *listing = data;
	cleanup_kept struct kept kept = KEPT_NULL;
	char kinds[NS_KINDS_TEXT], init[16], holder[16];
	struct kept found;

	if (kept_open(listing->dir_fd, listing->proc_fd, name, &found, NULL) == 0)
		kept = found;
	ns_kinds_format(kept.kinds, kinds, sizeof(kinds));
	snprintf(init, sizeof(init), "%d", kept.init);
	snprintf(holder, sizeof(holder), "%d", kept.holder);
	return table_add(listing->table, (const char *const[]){ name, kinds, kept.init ? init : NULL,
								kept.holder ? holder : NULL });
}

static int list(const struct names *names, bool json, struct inro_error *error)
{
	cleanup_close int dir_fd = kept_open_dir(names->containers.dir_fd, false);
	cleanup(table_free_ptr) struct table *table = table_new(columns, ARRAY_SIZE(columns), "kept", json);
	struct listing listing = { dir_fd, names->containers.proc_fd, table };
	int r = table ? kept_each(dir_fd, list_one, &listing) : -ENOMEM;

	if (r < 0)
		return fail_call(error, r, "list the kept names", NULL, NULL);
	return table_print(table);
}

static int parse_kinds(char **words, unsigned *ret, struct inro_error *error)
{
	unsigned kinds = 0, more;

	for (; *words; words++) {
		int r = ns_kinds_parse_list(*words, 0, "keep", &more, error);

		if (r < 0)
			return r;
		kinds |= more;
	}
	*ret = kinds;
	return 0;
}

static int keep(const struct cmd_keep *cmd, struct names *names, char **words, struct inro_error *error)
{
	struct containers *containers = &names->containers;
	struct keep want = { .name = words[0], .target = cmd->target, .names = &names->targets,
			     .init = cmd->init, .proc_fd = containers->proc_fd };
	const char *path = state_path(&containers->arena, geteuid(), (const char *const *)environ);
	cleanup_close int state_fd = -EBADF;
	int r = parse_kinds(words + 1, &want.kinds, error);

	if (r < 0)
		return r;
	state_fd = path ? state_open(path, true) : -ENOMEM;
	if (state_fd < 0)
		return fail_call(error, state_fd, "keep", "open", path);
	want.state_fd = state_fd;
	return keep_run(&want, error);
}

static int cmd_keep(const struct verb *verb, int argc, char **argv)
{
	struct cmd_keep cmd = { 0 };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = true };
	cleanup_names struct names names = { 0 };
	struct inro_error error = { 0 };
	int operand, r = options_parse(&parser, argv, argc, &operand, &error);

	if (r == 0 && cmd.help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0 && !cmd.list && operand == argc)
		r = fail_usage(&error, "", "under which name?");
	if (r == 0)
		r = names_open(&names, &error);
	if (r == 0)
		r = cmd.list ? list(&names, cmd.json, &error) : keep(&cmd, &names, argv + operand, &error);
	return r < 0 ? verb_fail(verb->name, &error) : 0;
}

const struct verb verb_keep = {
	.name = "keep",
	.usage = "[OPTIONS] NAME [KIND…]",
	.help = "hold namespaces under a name",
	.about = "Hold namespaces under NAME when their processes are gone: new ones of each KIND (all but\n"
		 "user and time; an ordinary user's with user), or those of TARGET. A new PID namespace waits\n"
		 "for its first process, which becomes its PID 1. inro enter NAME uses them.",
	.run = cmd_keep,
	.tables = tables,
};
