/* SPDX-License-Identifier: Apache-2.0 */

/*
 * inro nest: PID namespaces inside each other, drawn as the boxes that they are. Each box is a
 * namespace, and holds its PID 1 with the number that it has at every level, from here inwards.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/setters.h"
#include "cli/finish.h"
#include "cli/verb.h"
#include "enter/nest.h"

extern char **environ;
extern const struct verb verb_nest;

struct cmd_nest {
	struct nest want;
	const char *procfs;
	bool uts, table, json, quiet, help;
	const char *command; /* quoted, for the picture */
};

text_setter(cmd_nest, procfs)
flag_setter(cmd_nest, uts)
flag_setter(cmd_nest, table)
flag_setter(cmd_nest, json)
flag_setter(cmd_nest, quiet)
flag_setter(cmd_nest, help)

#define SECTION "Options"
static const struct option_row options[] = {
	{ .name = "uts", .letter = 'u', .form = OPTION_FLAG, .section = SECTION, .set = set_uts,
	  .help = "a host name for each level: h1, h2, …" },
	{ .name = "procfs", .form = OPTION_VALUE, .argument = "DIR", .section = SECTION, .set = set_procfs,
	  .help = "a procfs of each level meanwhile: DIR/1, …", .choices = "@dir" },
	{ .name = "table", .form = OPTION_FLAG, .section = SECTION, .set = set_table,
	  .help = "a table of the PIDs instead of the boxes" },
	{ .name = "json", .form = OPTION_FLAG, .section = SECTION, .set = set_json, .help = "the same as JSON" },
	{ .name = "quiet", .letter = 'q', .form = OPTION_FLAG, .section = SECTION, .set = set_quiet,
	  .help = "no picture" },
	{ .name = "help", .letter = 'h', .form = OPTION_FLAG, .section = SECTION, .set = set_help,
	  .help = "this text" },
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

/* The picture. */

enum { COMMAND_WIDTH = 44 };

struct pen {
	bool utf8, colour;
	int width; /* of the outermost box */
};

static bool is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static int text_width(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static int terminal_width(void)
{
	struct winsize size;

	return ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

/* A colour a level, so that the eye finds the two sides of a box. */
static const char *ink(const struct pen *pen, unsigned level)
{
	static const char *const colours[] = {
		"\x1b[90m", "\x1b[36m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[34m", "\x1b[31m",
	};

	if (!pen->colour)
		return "";
	return level == 0 ? colours[0] : colours[1 + (level - 1) % (ARRAY_SIZE(colours) - 1)];
}

static const char *no_ink(const struct pen *pen)
{
	return pen->colour ? "\x1b[0m" : "";
}

static void draw_sides(const struct pen *pen, unsigned n, bool left)
{
	for (unsigned i = 0; i < n; i++)
		printf("%s%s%s%s%s", left ? "" : " ", ink(pen, left ? i : n - 1 - i), pen->utf8 ? "│" : "|",
		       no_ink(pen), left ? " " : "");
}

/* The upper or lower edge of the box at a level; the upper one with a title. */
static void draw_edge(const struct pen *pen, unsigned level, const char *title)
{
	int width = pen->width - 4 * (int)level, used = title ? text_width(title) + 4 : 2;

	draw_sides(pen, level, true);
	fputs(ink(pen, level), stdout);
	if (title)
		printf("%s %s%s%s ", pen->utf8 ? "╭" : ".", no_ink(pen), title, ink(pen, level));
	else
		fputs(pen->utf8 ? "╰" : "'", stdout);
	for (int i = used; i < width; i++)
		fputs(pen->utf8 ? "─" : "-", stdout);
	printf("%s%s", title ? (pen->utf8 ? "╮" : ".") : (pen->utf8 ? "╯" : "'"), no_ink(pen));
	draw_sides(pen, level, false);
	putchar('\n');
}

static void draw_line(const struct pen *pen, unsigned level, const char *text)
{
	int room = pen->width - 4 * (int)(level + 1);

	draw_sides(pen, level + 1, true);
	printf("%s%*s", text, room - text_width(text), "");
	draw_sides(pen, level + 1, false);
	putchar('\n');
}

static void title_of(const struct cmd_nest *cmd, const struct nest_view *view, unsigned level, char *text,
		     size_t size)
{
	const struct pid_levels *bottom = &view->level[view->n].levels;
	unsigned n = view->n - level + 1;
	ino_t ino = (int)level < bottom->n ? bottom->level[level].ns.ino : 0;
	char name[16] = "";

	if (level == 0) {
		snprintf(text, size, "here  pid:[%ju]", (uintmax_t)bottom->level[0].ns.ino);
		return;
	}
	if (cmd->uts)
		snprintf(name, sizeof(name), "  h%u", level);
	snprintf(text, size, "level %u  pid:[%ju]%s  %u PID%s", level, (uintmax_t)ino, name, n, n == 1 ? "" : "s");
}

/* "27658 → 3 → 2 → 1" */
static void line_of(const struct cmd_nest *cmd, const struct pen *pen, const struct nest_view *view,
		    unsigned level, char *text, size_t size)
{
	const struct pid_levels *levels = &view->level[level].levels;
	size_t used = 0;

	if (level == 0) {
		snprintf(text, size, "%d  inro nest %u", view->own, view->n);
		return;
	}
	for (int i = 0; i < levels->n && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%d",
					 i ? (pen->utf8 ? " → " : " > ") : "", levels->level[i].pid);
	if (level == view->n && cmd->command && used < size)
		snprintf(text + used, size - used, "  %s", cmd->command);
}

static void draw_boxes(const struct cmd_nest *cmd, struct pen *pen, const struct nest_view *view)
{
	char text[512];

	for (unsigned level = 0; level <= view->n; level++) {
		int sides = 4 * (int)(level + 1), width;

		title_of(cmd, view, level, text, sizeof(text));
		width = sides + text_width(text) + 1;
		pen->width = width > pen->width ? width : pen->width;
		line_of(cmd, pen, view, level, text, sizeof(text));
		width = sides + text_width(text);
		pen->width = width > pen->width ? width : pen->width;
	}
	for (unsigned level = 0; level <= view->n; level++) {
		title_of(cmd, view, level, text, sizeof(text));
		draw_edge(pen, level, text);
		line_of(cmd, pen, view, level, text, sizeof(text));
		draw_line(pen, level, text);
	}
	for (unsigned level = view->n + 1; level-- > 0;)
		draw_edge(pen, level, NULL);
}

/* One line a process, one column a namespace: a staircase. */
static void draw_table(const struct cmd_nest *cmd, const struct nest_view *view)
{
	printf("%-9s %8s", "PID 1 of", "here");
	for (unsigned level = 1; level <= view->n; level++)
		printf(" %3u", level);
	putchar('\n');
	for (unsigned level = 1; level <= view->n; level++) {
		const struct pid_levels *levels = &view->level[level].levels;

		printf("level %-3u %8d", level, view->level[level].pid);
		for (int i = 1; i < levels->n; i++)
			printf(" %3d", levels->level[i].pid);
		if (level == view->n && cmd->command)
			printf("  %s", cmd->command);
		putchar('\n');
	}
	printf("%-9s %8s", "PIDs", "");
	for (unsigned level = 1; level <= view->n; level++)
		printf(" %3u", view->n - level + 1);
	putchar('\n');
}

static void print_json(const struct cmd_nest *cmd, const struct nest_view *view)
{
	const struct pid_levels *bottom = &view->level[view->n].levels;

	printf("{\"pid\": %d, \"levels\": [", view->own);
	for (unsigned level = 1; level <= view->n; level++) {
		const struct pid_levels *levels = &view->level[level].levels;

		printf("%s\n  {\"level\": %u, \"namespace\": %ju, ", level > 1 ? "," : "", level,
		       (uintmax_t)((int)level < bottom->n ? bottom->level[level].ns.ino : 0));
		if (cmd->uts)
			printf("\"hostname\": \"h%u\", ", level);
		printf("\"n\": %u, \"pids\": [", view->n - level + 1);
		for (int i = 0; i < levels->n; i++)
			printf("%s%d", i ? ", " : "", levels->level[i].pid);
		printf("]}");
	}
	printf("\n]}\n");
}

static void ready(void *data, const struct nest_view *view)
{
	const struct cmd_nest *cmd = data;
	bool tty = isatty(1);
	struct pen pen = { .utf8 = is_utf8(), .colour = tty && !getenv("NO_COLOR") };

	if (cmd->quiet)
		return;
	if (cmd->json)
		print_json(cmd, view);
	else if (cmd->table || view->n > 9 || (tty && terminal_width() < 40 + 4 * (int)view->n))
		draw_table(cmd, view);
	else
		draw_boxes(cmd, &pen, view);
	fflush(stdout);
}

static int parse_levels(const char *text, unsigned *ret, struct inro_error *error)
{
	uint32_t n;

	if (parse_u32(text, &n) < 0 || n == 0)
		return fail_usage(error, text, "how many levels? a number from 1 to %d", NEST_LEVELS);
	if (n > NEST_LEVELS)
		return fail_host(error, INRO_ERROR_HOST, -ENOSPC, "nest",
				 "%u levels: the kernel allows %d PID namespaces inside each other below the "
				 "first, and no more", n, NEST_LEVELS);
	*ret = n;
	return 0;
}

static int quote_command(struct cmd_nest *cmd, char **words, struct inro_error *error)
{
	cleanup_buf struct buf buf = { 0 };

	for (size_t i = 0; words[i]; i++) {
		buf_puts(&buf, i ? " " : "");
		buf_add_quoted(&buf, words[i]);
	}
	cmd->command = arena_strdup(&cmd->want.arena, buf_text(&buf));
	if (buf.used > COMMAND_WIDTH)
		cmd->command = arena_printf(&cmd->want.arena, "%.*s...", COMMAND_WIDTH - 3, buf_text(&buf));
	return cmd->command ? 0 : fail_memory(error);
}

static int act(struct cmd_nest *cmd, char **words, int *ret_status, struct inro_error *error)
{
	int r;

	if (!words[0])
		return fail_usage(error, "", "how many levels?");
	r = parse_levels(words[0], &cmd->want.n, error);
	words++;
	cmd->want.uts = cmd->uts;
	cmd->want.proc_dir = cmd->procfs;
	cmd->want.ready = ready;
	cmd->want.data = cmd;
	cmd->want.command = words[0] != NULL;
	if (r == 0 && cmd->want.command)
		r = quote_command(cmd, words, error);
	if (r == 0 && cmd->want.command)
		r = program_prepare(&cmd->want.arena, words, environ, &cmd->want.become.program, error);
	return r < 0 ? r : nest_run(&cmd->want, ret_status, error);
}

static int cmd_nest(const struct verb *verb, int argc, char **argv)
{
	struct cmd_nest cmd = { .want = { .become = BECOME_NULL } };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1 };
	struct inro_error error = { 0 };
	int operand, more, status = 0, r = options_parse(&parser, argv, argc, &operand, &error);

	/* Options may stand behind the number, too: inro nest 5 --uts. */
	if (r == 0 && operand + 1 < argc && argv[operand + 1][0] == '-') {
		char *number = argv[operand];

		r = options_parse(&parser, argv + operand + 1, argc - operand - 1, &more, &error);
		if (r == 0) {
			operand += more;
			argv[operand] = number;
		}
	}
	if (r == 0 && cmd.help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0)
		r = act(&cmd, argv + operand, &status, &error);
	arena_deinit(&cmd.want.arena);
	return r < 0 ? verb_fail(verb->name, &error) : finish_like(status);
}

const struct verb verb_nest = {
	.name = "nest",
	.usage = "N [OPTIONS] [--] [COMMAND [ARG…]]",
	.help = "PID namespaces inside each other, and what they look like",
	.about = "Make N PID namespaces inside each other, draw them with the PIDs at each level, and run\n"
		 "COMMAND as PID 1 of the innermost. Afterwards nothing is left of them.",
	.run = cmd_nest,
	.tables = tables,
	.operands = "@command",
};
