/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TREE_H
#define CLI_TREE_H

/*
 * inro tree: the picture. tree_lay_out() decides what is shown and folds what is alike,
 * tree_draw() puts it on the screen, tree_json() writes it all for programs.
 */

#include "cli/ns_titles.h"
#include "cli/users.h"
#include "ns/forest.h"

/* A stretch of processes in one namespace, drawn as a box that is open to the right. */
struct tree_box {
	const struct forest_process *first; /* who entered */
	unsigned depth;                     /* how many boxes it is in */
	size_t first_line, last_line;
};

/* What stands before a line, from right to left. */
struct tree_frame {
	const struct tree_frame *left;
	enum { FRAME_BLANK, FRAME_PIPE, FRAME_GAP, FRAME_BOX } type;
	const struct tree_box *box;
};

struct tree_line {
	const struct tree_frame *frame;
	enum { CONNECT_NONE, CONNECT_MORE, CONNECT_LAST } connector;
	const struct tree_box *opens; /* the box that begins here, or NULL */
	const struct forest_process *process; /* NULL: TEXT stands for several */
	const struct forest_process **alike;  /* it stands for so many leaves, itself the first */
	size_t n_alike;
	size_t n_below;                       /* so many below it are not shown */
	const char *text;
};

struct tree {
	/* What is asked for. */
	enum ns_kind kind;
	bool whole;  /* fold nothing */
	bool colour, ascii;
	size_t width; /* of the terminal; SIZE_MAX: lines are not cut */

	struct arena arena;
	struct forest forest;
	const struct forest_process **tops; /* where the picture begins */
	size_t n_tops;
	ino_t top_ns;
	bool host; /* it begins with the caller's own view of everything */
	int proc_fd;

	const struct names *names;
	struct ns_titles titles;

	struct tree_note *notes; /* one a process, by tree_lay_out() */
	struct tree_line *lines;
	size_t n_lines;
	size_t n_boxes; /* tops with boxes below them */
};

void tree_deinit(struct tree *tree);

/* -ENOMEM. */
int tree_lay_out(struct tree *tree);

/* Does a box begin with this process? */
bool tree_enters(const struct tree *tree, const struct forest_process *process);

/* What the namespace of a process is called, or NULL. */
const char *tree_title(const struct tree *tree, const struct forest_process *process);

/* Write the picture, or the JSON, to standard output. */
int tree_draw(const struct tree *tree);
int tree_json(const struct tree *tree, struct users *users);

/* The command of a process; "" where it has ended. Valid until the next call with that buffer. */
const char *tree_command(const struct tree *tree, const struct forest_process *process, char buffer[static 4096]);

#endif
