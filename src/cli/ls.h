/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LS_H
#define CLI_LS_H

/* inro ls: its columns apart from what it lists. */

#include "cli/ns_titles.h"
#include "cli/table.h"
#include "cli/users.h"
#include "ns/graph.h"

enum ls_column {
	LS_NS, LS_TYPE, LS_PATH, LS_NPROCS, LS_PID, LS_PPID, LS_COMMAND, LS_UID, LS_USER, LS_PARENT, LS_OWNER,
	LS_OWNER_UID, LS_NSFS, LS_NAME, LS_HELD, LS_NSID, LS_COLUMNS,
};

struct ls_columns {
	size_t n;
	enum ls_column list[4 * LS_COLUMNS];
};

/* The usual ones, and all. */
extern const struct ls_columns ls_usual, ls_all;

/* Parse "NS,TYPE" or, with a sign before it, what is added to the usual ones. */
int ls_columns_parse(const char *text, struct ls_columns *ret, struct inro_error *error);

/* What ns_scan() must look for to fill them. */
unsigned ls_columns_flags(const struct ls_columns *columns);

/* Print the names of all columns and what they mean. */
void ls_columns_describe(void);

/* A table with them; the array that it borrows is in the arena. NULL: out of memory. */
struct table *ls_table(const struct ls_columns *columns, bool json, struct arena *arena);

/*
 * Look at the first process of a namespace, as far as the columns need it: cheaper than a scan with
 * NS_SCAN_DETAILS, and only for what is shown. PROC_FD is the procfs that the graph came from.
 */
int ls_look(struct ns_graph *graph, const struct ls_columns *columns, int proc_fd, const struct ns_node *node);

struct ls_row {
	const struct ns_node *node;
	const char *art; /* before the first column: the lines of a tree */
	const struct ns_titles *names;
	struct users *users;
};
int ls_add(struct table *table, const struct ls_columns *columns, const struct ls_row *row);

#endif
