/* SPDX-License-Identifier: Apache-2.0 */

/* inro drop: hold kept namespaces no more. */

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/setters.h"
#include "cli/names.h"
#include "cli/verb.h"
#include "ns/kept.h"

extern const struct verb verb_drop;

struct cmd_drop {
	bool force, help;
};

flag_setter(cmd_drop, force)
flag_setter(cmd_drop, help)

#define SECTION "Options"
static const struct option_row options[] = {
	{ .name = "force", .letter = 'f', .form = OPTION_FLAG, .section = SECTION, .set = set_force,
	  .help = "end what lives in a namespace with our init" },
	{ .name = "help", .letter = 'h', .form = OPTION_FLAG, .section = SECTION, .set = set_help,
	  .help = "this text" },
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

static int cmd_drop(const struct verb *verb, int argc, char **argv)
{
	struct cmd_drop cmd = { 0 };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = true };
	cleanup_names struct names names = { 0 };
	cleanup_close int dir_fd = -EBADF;
	struct inro_error error = { 0 };
	int operand, status = 0, r = options_parse(&parser, argv, argc, &operand, &error);

	if (r == 0 && cmd.help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0 && operand == argc)
		r = fail_usage(&error, "", "which name?");
	if (r == 0)
		r = names_open(&names, &error);
	if (r < 0)
		return verb_fail(verb->name, &error);
	dir_fd = kept_open_dir(names.containers.dir_fd, false);
	for (int i = operand; i < argc; i++) {
		error = (struct inro_error){ 0 };
		if (kept_drop(dir_fd, names.containers.proc_fd, argv[i], cmd.force, &error) < 0)
			status = verb_fail(verb->name, &error);
	}
	return status;
}

const struct verb verb_drop = {
	.name = "drop",
	.usage = "[OPTIONS] NAME…",
	.help = "hold kept namespaces no more",
	.about = "Hold the namespaces of NAME no more. Those in which processes live go with the last of them.",
	.run = cmd_drop,
	.tables = tables,
};
