/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A line of the picture: on the left the numbers of the process, one column a level; then the lines
 * of the tree and the sides of the boxes; then the name of the box that begins there; the command.
 *
 *	  PID  1  2  3  host pid:[4026531836]
 *	    1           systemd
 *	 5301           └─ inro run --name h1 bash
 *	 5302  1           └─╭ h1 pid:[4026532451] bash
 *	 5310  2             ╰ └─ sleep 1000
 *
 * A level has one colour, in its column of numbers and, in a picture of PID namespaces, in the sides of its boxes.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"
#include "cli/tree.h"
#include "ns/open.h"

struct glyphs {
	const char *more, *last, *pipe, *blank, *box_first, *box_side, *box_last, *box_only, *fold, *times;
};

static const struct glyphs unicode = { "├─", "└─", "│ ", "  ", "╭ ", "│ ", "╰ ", "□ ", "⋯", "×" };
static const struct glyphs ascii = { "|-", "`-", "| ", "  ", "/ ", "! ", "\\ ", "# ", "...", "x" };

static const char dim[] = "\033[2m", bold[] = "\033[1m", plain[] = "\033[0m";
static const char *const colours[] = { "\033[36m", "\033[32m", "\033[33m", "\033[35m", "\033[34m", "\033[31m" };

struct pen {
	const struct tree *tree;
	const struct glyphs *glyphs;
	struct buf buf;
	size_t column; /* of the line that is being written */
	int n_levels;
	unsigned widths[PROCFS_LEVELS];
};

static void style(struct pen *pen, const char *code)
{
	if (pen->tree->colour)
		buf_puts(&pen->buf, code);
}

/* Level 0 is the reader's own, without a colour. */
static const char *colour_of(unsigned level)
{
	return level == 0 ? plain : colours[(level - 1) % ARRAY_SIZE(colours)];
}

/* Add our own characters, each one column wide. */
static void put(struct pen *pen, const char *text)
{
	buf_puts(&pen->buf, text);
	for (; *text; text++)
		pen->column += ((unsigned char)*text & 0xc0) != 0x80;
}

/*
 * Add a text of somebody else's, cut so that ROOM is left on the line. Controls of C1 are bytes 0x80 to
 * 0x9f behind 0xc2.
 */
static void put_safe(struct pen *pen, const char *text, size_t room)
{
	size_t width = pen->tree->width == SIZE_MAX || pen->tree->width < room ? pen->tree->width :
										 pen->tree->width - room;
	const unsigned char *at = (const unsigned char *)text;

	while (*at && pen->column < width) {
		size_t n = 1;

		if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)) {
			n += *at == 0xc2;
			buf_puts(&pen->buf, "?");
		} else {
			while ((at[n] & 0xc0) == 0x80 && (*at & 0x80))
				n++;
			buf_add(&pen->buf, (const char *)at, n);
		}
		at += n;
		pen->column++;
	}
}

static void measure(struct pen *pen)
{
	const struct tree *tree = pen->tree;

	pen->widths[0] = strlen("PID");
	pen->n_levels = 1;
	for (size_t i = 0; i < tree->n_lines; i++) {
		const struct forest_process *process = tree->lines[i].process;

		for (int level = 0; process && level < process->n_levels; level++) {
			unsigned n = (unsigned)snprintf(NULL, 0, "%d", process->pids[level]);

			pen->widths[level] = n > pen->widths[level] ? n : pen->widths[level];
			pen->n_levels = level >= pen->n_levels ? level + 1 : pen->n_levels;
		}
	}
	for (int level = 1; level < pen->n_levels; level++)
		pen->widths[level] = pen->widths[level] < 2 ? 2 : pen->widths[level];
}

static void put_numbers(struct pen *pen, const struct forest_process *process)
{
	for (int level = 0; level < pen->n_levels; level++) {
		char text[24];

		if (process && level < process->n_levels) {
			snprintf(text, sizeof(text), "%*d", (int)pen->widths[level], process->pids[level]);
			/* The innermost is the one that it knows itself. */
			if (level && level + 1 == process->n_levels)
				style(pen, bold);
			style(pen, level ? colour_of((unsigned)level) : "");
			put(pen, text);
			style(pen, level ? plain : "");
		} else {
			snprintf(text, sizeof(text), "%*s", (int)pen->widths[level], "");
			put(pen, text);
		}
		put(pen, level + 1 < pen->n_levels ? " " : "  ");
	}
}

/* Boxes of PID namespaces have the colour of their level, others that of how deep they are. */
static const char *box_colour(const struct pen *pen, const struct tree_box *box)
{
	if (pen->tree->kind == NS_PID)
		return colour_of((unsigned)box->first->n_levels - 1);
	return colour_of(box->depth + 1);
}

static void put_side(struct pen *pen, const struct tree_box *box, const char *glyph)
{
	style(pen, box_colour(pen, box));
	put(pen, glyph);
	style(pen, plain);
}

static void put_frame(struct pen *pen, const struct tree_frame *frame, size_t line)
{
	if (!frame)
		return;
	put_frame(pen, frame->left, line);
	if (frame->type == FRAME_BOX) {
		put_side(pen, frame->box,
			 line == frame->box->last_line ? pen->glyphs->box_last : pen->glyphs->box_side);
		return;
	}
	style(pen, dim);
	put(pen, frame->type == FRAME_PIPE ? pen->glyphs->pipe : frame->type == FRAME_GAP ? " " : pen->glyphs->blank);
	style(pen, plain);
}

static void put_namespace(struct pen *pen, ino_t ns)
{
	char text[48];

	if (ns)
		snprintf(text, sizeof(text), "%s:[%ju]", ns_kind_name(pen->tree->kind), (uintmax_t)ns);
	else
		snprintf(text, sizeof(text), "%s:[?]", ns_kind_name(pen->tree->kind));
	put(pen, text);
}

static void put_label(struct pen *pen, const struct tree_box *box)
{
	const struct forest_process *first = box->first;
	const char *title = tree_title(pen->tree, first);

	style(pen, box_colour(pen, box));
	if (title) {
		style(pen, bold);
		put_safe(pen, title, 0);
		style(pen, plain);
		put(pen, " ");
		style(pen, dim);
	}
	put_namespace(pen, first->ns);
	/* Its first process is PID 1; who is none came from outside. */
	if (pen->tree->kind == NS_PID && first->pids[first->n_levels - 1] != 1)
		put(pen, " joined");
	style(pen, plain);
	put(pen, "  ");
}

/* What all of them run: the whole command where it is the same, else its name. */
static void command_of_all(const struct tree *tree, const struct tree_line *line, char command[static 4096])
{
	enum { COMPARED = 64 };
	char other[4096];

	tree_command(tree, line->process, command);
	for (size_t i = 1; i < line->n_alike && i < COMPARED; i++) {
		if (strcmp(tree_command(tree, line->alike[i], other), command) == 0)
			continue;
		snprintf(command, 4096, "%s", line->process->comm);
		return;
	}
}

static void put_process(struct pen *pen, const struct tree_line *line)
{
	const struct glyphs *glyphs = pen->glyphs;
	char command[4096], text[64] = "";
	size_t room = 0;

	if (line->opens)
		put_label(pen, line->opens);
	if (line->process->state == 'Z')
		snprintf(text, sizeof(text), " (ended)");
	else if (line->n_alike > 1)
		snprintf(text, sizeof(text), " %s %zu", glyphs->times, line->n_alike);
	else if (line->n_below)
		snprintf(text, sizeof(text), " %s %zu below", glyphs->fold, line->n_below);
	for (const char *at = text; *at; at++)
		room += ((unsigned char)*at & 0xc0) != 0x80;
	command_of_all(pen->tree, line, command);
	if (*command == '[')
		style(pen, dim);
	put_safe(pen, command, room);
	style(pen, plain);
	style(pen, dim);
	put(pen, text);
	style(pen, plain);
}

static void put_line(struct pen *pen, size_t number)
{
	const struct tree_line *line = &pen->tree->lines[number];

	pen->column = 0;
	put_numbers(pen, line->process);
	put_frame(pen, line->frame, number);
	style(pen, dim);
	put(pen, line->connector == CONNECT_LAST ? pen->glyphs->last :
		 line->connector == CONNECT_MORE ? pen->glyphs->more : "");
	style(pen, plain);
	if (line->opens)
		put_side(pen, line->opens, line->opens->first_line == line->opens->last_line ?
						   pen->glyphs->box_only : pen->glyphs->box_first);
	else if (line->connector != CONNECT_NONE)
		put(pen, " ");
	if (line->process) {
		put_process(pen, line);
	} else {
		style(pen, dim);
		put(pen, pen->glyphs->fold);
		put(pen, " ");
		put_safe(pen, line->text, 0);
		style(pen, plain);
	}
	buf_puts(&pen->buf, "\n");
}

/* ", 97 processes in 4 namespaces" */
static void put_totals(struct pen *pen)
{
	const struct tree *tree = pen->tree;
	cleanup_hash struct hash seen = { 0 };
	size_t n_processes = 0, n_namespaces = 0;
	char text[96];

	for (size_t i = 0; i < tree->n_tops; i++) {
		const struct forest_process *at = tree->tops[i];

		while (at) {
			n_processes++;
			if (at->ns && !hash_get(&seen, at->ns) && hash_put(&seen, at->ns, (void *)at) == 0)
				n_namespaces++;
			at = forest_next(at, tree->tops[i]);
		}
	}
	if (n_namespaces > 1)
		snprintf(text, sizeof(text), ", %zu processes in %zu namespaces", n_processes, n_namespaces);
	else
		snprintf(text, sizeof(text), ", %zu process%s", n_processes, n_processes == 1 ? "" : "es");
	put(pen, text);
}

/* The heading: the levels, and where the picture begins. */
static void put_heading(struct pen *pen)
{
	const struct tree *tree = pen->tree;
	const struct ns_node key = { .ino = tree->top_ns };
	const char *title = ns_titles_get(&tree->titles, &key);

	if (!title && tree->n_tops)
		title = names_of_pid(tree->names, tree->tops[0]->pid) ?
				names_of_pid(tree->names, tree->tops[0]->pid)->name : NULL;
	if (!title)
		title = ns_is_initial(tree->kind, tree->top_ns) ? "host" : tree->host ? "here" : NULL;
	pen->column = 0;
	style(pen, dim);
	for (int level = 0; level < pen->n_levels; level++) {
		char text[24], number[12] = "PID";

		if (level)
			snprintf(number, sizeof(number), "%d", level);
		snprintf(text, sizeof(text), "%*s%s", (int)pen->widths[level], number,
			 level + 1 < pen->n_levels ? " " : "  ");
		put(pen, text);
	}
	style(pen, plain);
	if (title) {
		style(pen, bold);
		put_safe(pen, title, 0);
		style(pen, plain);
		put(pen, " ");
	}
	style(pen, dim);
	put_namespace(pen, tree->top_ns);
	put_totals(pen);
	style(pen, plain);
	buf_puts(&pen->buf, "\n");
}

int tree_draw(const struct tree *tree)
{
	struct pen pen = { .tree = tree, .glyphs = tree->ascii ? &ascii : &unicode };
	int r = 0;

	measure(&pen);
	put_heading(&pen);
	for (size_t i = 0; i < tree->n_lines; i++)
		put_line(&pen, i);
	if (pen.buf.failed)
		r = -ENOMEM;
	else if (fwrite(buf_text(&pen.buf), 1, pen.buf.used, stdout) != pen.buf.used || fflush(stdout) == EOF)
		r = -errno;
	buf_deinit(&pen.buf);
	return r;
}
