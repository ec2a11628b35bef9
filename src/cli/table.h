/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

/*
 * Listings: a table for people or JSON for programs. Written out here, since inro is linked
 * statically and Debian has no static libsmartcols; the shape of the JSON is that library's
 * ({"containers": [{"name": …}]}), and nothing but table.c would know if it took its place.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/macros.h"

struct table;

enum table_type {
	TABLE_TEXT,
	TABLE_NUMBER, /* to the right; a number in JSON, null where the cell is NULL */
	TABLE_BOOL,   /* "0" or "1" */
	TABLE_LAST,   /* text that may be cut where the terminal is too narrow */
};

struct table_column {
	const char *name; /* the heading; in lower case the key in JSON */
	enum table_type type;
	bool json_only, table_only;
};

/* TITLE is the name of the list in JSON. Columns and title are borrowed; NULL when out of memory. */
struct table *table_new(const struct table_column *columns, size_t n_columns, const char *title, bool json);
struct table *table_free(struct table *table);
define_cleanup(struct table *, table_free);

/* How a table that is no JSON looks. */
enum table_style {
	TABLE_NO_HEADINGS = 1 << 0,
	TABLE_WHOLE = 1 << 1, /* nothing is cut at the edge of the terminal */
	TABLE_RAW = 1 << 2,   /* for programs: one blank between cells, "-" for an empty one, \x20 in one */
};
void table_style(struct table *table, unsigned style);

/* Add a line: one cell a column, in the order of all columns; NULL = empty. Copied. */
int table_add(struct table *table, const char *const *cells);

/* Print it on standard output; a table of no lines as its heading alone. */
int table_print(struct table *table);

#endif
