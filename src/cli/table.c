/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cli/json.h"

struct table {
	struct arena arena;
	const struct table_column *columns;
	size_t n_columns;
	const char *title;
	bool json;
	unsigned style;
	const char *const **rows;
	size_t n_rows;
};

struct table *table_new(const struct table_column *columns, size_t n_columns, const char *title, bool json)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->n_columns = n_columns;
	table->title = title;
	table->json = json;
	return table;
}

void table_style(struct table *table, unsigned style)
{
	table->style = style;
}

struct table *table_free(struct table *table)
{
	if (table)
		arena_deinit(&table->arena);
	free(table);
	return NULL;
}

/* A cell for the terminal: nothing in it that the terminal would obey. */
static char *safe_text(struct arena *arena, const char *text)
{
	cleanup_buf struct buf buf = { 0 };

	buf_add_safe(&buf, text);
	return buf.failed ? NULL : arena_strdup(arena, buf_text(&buf));
}

int table_add(struct table *table, const char *const *cells)
{
	const char *const **row = arena_grow(&table->arena, &table->rows, &table->n_rows, sizeof(*row));
	const char **copy = arena_array(&table->arena, table->n_columns, sizeof(*copy));

	if (!row || !copy)
		return -ENOMEM;
	*row = copy;
	for (size_t i = 0; i < table->n_columns; i++) {
		if (!cells[i])
			continue;
		copy[i] = table->json ? arena_strdup(&table->arena, cells[i]) :
					safe_text(&table->arena, cells[i]);
		if (!copy[i])
			return -ENOMEM;
	}
	return 0;
}

/* Characters of UTF-8, as far as they take one place each. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t widest = width(table->columns[column].name);

	for (size_t i = 0; i < table->n_rows; i++) {
		const char *cell = table->rows[i][column];
		size_t w = cell ? width(cell) : 0;

		widest = w > widest ? w : widest;
	}
	return widest;
}

/* The terminal's columns; SIZE_MAX where standard output is none. */
static size_t terminal_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : SIZE_MAX;
}

/* At most N characters of TEXT. */
static void print_cut(const char *text, size_t n)
{
	const char *at = text;

	while (*at && n > 0) {
		at++;
		while (((unsigned char)*at & 0xc0) == 0x80)
			at++;
		n--;
	}
	fwrite(text, 1, (size_t)(at - text), stdout);
}

static void print_cell(const struct table_column *column, const char *cell, size_t w, size_t room, bool last)
{
	size_t pad = w - width(cell);

	if (last) {
		print_cut(cell, column->type == TABLE_LAST && room != SIZE_MAX ? room : width(cell));
		return;
	}
	printf("%*s%s%*s ", column->type == TABLE_NUMBER ? (int)pad : 0, "", cell,
	       column->type == TABLE_NUMBER ? 0 : (int)pad, "");
}

static void print_line(const struct table *table, const size_t *widths, size_t last, size_t room,
		       const char *const *cells)
{
	for (size_t i = 0; i <= last; i++) {
		const struct table_column *column = &table->columns[i];
		const char *cell = cells ? cells[i] : column->name;

		if (column->json_only)
			continue;
		print_cell(column, cell ? cell : "", widths[i], room, i == last);
		if (room != SIZE_MAX)
			room = room > widths[i] + 1 ? room - widths[i] - 1 : 0;
	}
	putchar('\n');
}

/* A cell for programs that split at blanks. */
static void print_raw_cell(const char *cell)
{
	if (!cell || !*cell) {
		putchar('-');
		return;
	}
	for (; *cell; cell++) {
		if (*cell == ' ')
			fputs("\\x20", stdout);
		else
			putchar(*cell);
	}
}

static void print_raw_line(const struct table *table, const char *const *cells)
{
	const char *blank = "";

	for (size_t i = 0; i < table->n_columns; i++) {
		if (table->columns[i].json_only)
			continue;
		fputs(blank, stdout);
		print_raw_cell(cells ? cells[i] : table->columns[i].name);
		blank = " ";
	}
	putchar('\n');
}

static void print_raw(const struct table *table)
{
	if (!(table->style & TABLE_NO_HEADINGS))
		print_raw_line(table, NULL);
	for (size_t i = 0; i < table->n_rows; i++)
		print_raw_line(table, table->rows[i]);
}

static int print_text(struct table *table)
{
	size_t *widths = arena_array(&table->arena, table->n_columns, sizeof(*widths));
	size_t room = table->style & TABLE_WHOLE ? SIZE_MAX : terminal_width(), last = 0;

	if (!widths)
		return -ENOMEM;
	for (size_t i = 0; i < table->n_columns; i++) {
		widths[i] = column_width(table, i);
		if (!table->columns[i].json_only)
			last = i;
	}
	if (!(table->style & TABLE_NO_HEADINGS))
		print_line(table, widths, last, room, NULL);
	for (size_t i = 0; i < table->n_rows; i++)
		print_line(table, widths, last, room, table->rows[i]);
	return 0;
}

static void print_string(const char *text)
{
	cleanup_buf struct buf buf = { 0 };

	json_add_string(&buf, text);
	fputs(buf_text(&buf), stdout);
}

static void print_key(const char *name)
{
	putchar('"');
	for (; *name; name++)
		putchar(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name);
	fputs("\": ", stdout);
}

static void print_value(enum table_type type, const char *cell)
{
	if (!cell)
		fputs("null", stdout);
	else if (type == TABLE_NUMBER)
		fputs(cell, stdout);
	else if (type == TABLE_BOOL)
		fputs(strcmp(cell, "0") == 0 ? "false" : "true", stdout);
	else
		print_string(cell);
}

static void print_object(const struct table *table, const char *const *cells)
{
	const char *comma = "";

	putchar('{');
	for (size_t i = 0; i < table->n_columns; i++) {
		if (table->columns[i].table_only)
			continue;
		fputs(comma, stdout);
		print_key(table->columns[i].name);
		print_value(table->columns[i].type, cells[i]);
		comma = ", ";
	}
	putchar('}');
}

static void print_json(const struct table *table)
{
	printf("{\"%s\": [", table->title);
	for (size_t i = 0; i < table->n_rows; i++) {
		fputs(i ? ",\n  " : "\n  ", stdout);
		print_object(table, table->rows[i]);
	}
	fputs(table->n_rows ? "\n]}\n" : "]}\n", stdout);
}

int table_print(struct table *table)
{
	int r = 0;

	if (table->json)
		print_json(table);
	else if (table->style & TABLE_RAW)
		print_raw(table);
	else
		r = print_text(table);
	return fflush(stdout) == EOF ? -errno : r;
}
