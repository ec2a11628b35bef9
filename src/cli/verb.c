/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verb.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "inro/error.h"

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < n_verbs; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

int verb_fail(const char *verb, const struct inro_error *error)
{
	char text[1024];

	inro_error_format(error, text, sizeof(text));
	fprintf(stderr, "inro%s%s: %s\n", *verb ? " " : "", verb, error_without(text, verb));
	if (error->kind == INRO_ERROR_USAGE)
		fprintf(stderr, "Try 'inro%s%s --help'.\n", *verb ? " " : "", verb);
	return inro_error_status(error);
}

void verb_note(const char *verb, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "inro %s: ", verb);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* "-m, --memory SIZE", padded by whoever prints it. */
static int format_option(const struct option_row *row, char *text, size_t size)
{
	char letter[8] = "    ";

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	switch (row->form) {
	case OPTION_VALUE:
		return snprintf(text, size, "%s--%s %s", letter, row->name, row->argument);
	case OPTION_MAYBE:
		return snprintf(text, size, "%s--%s[=%s]", letter, row->name, row->argument);
	default:
		return snprintf(text, size, "%s--%s", letter, row->name);
	}
}

enum { HELP_COLUMN = 31, SCREEN_WIDTH = 80 };

/* How many characters LENGTH bytes of UTF-8 take on a terminal; ours has no wide ones. */
static int width(const char *text, int length)
{
	int n = 0;

	for (int i = 0; i < length; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

static void print_option(const struct option_row *row)
{
	char text[128];
	int n;

	format_option(row, text, sizeof(text));
	n = width(text, (int)strlen(text));
	if (n > HELP_COLUMN - 2)
		printf("  %s\n%*s%s\n", text, HELP_COLUMN + 2, "", row->help);
	else
		printf("  %s%*s%s\n", text, HELP_COLUMN - n, "", row->help);
}

/* Was a section of that name printed before table INDEX, row J? */
static bool seen_section(const struct verb *verb, size_t index, size_t j, const char *section)
{
	for (size_t i = 0; verb->sections && verb->sections[i]; i++)
		if (strcmp(verb->sections[i], section) == 0)
			return true;
	for (size_t i = 0; i <= index; i++) {
		size_t n;
		const struct option_row *rows = verb->tables(i, &n);

		for (size_t k = 0; k < n && (i < index || k < j); k++)
			if (strcmp(rows[k].section, section) == 0)
				return true;
	}
	return false;
}

static void print_section(const struct verb *verb, const char *section, bool all)
{
	const struct option_row *rows;
	bool heading = false;
	size_t n;

	for (size_t i = 0; (rows = verb->tables(i, &n)); i++) {
		for (size_t j = 0; j < n; j++) {
			if (strcmp(rows[j].section, section) != 0 || (rows[j].rare && !all))
				continue;
			if (!heading)
				printf("%s\n", section);
			heading = true;
			print_option(&rows[j]);
		}
	}
}

/* TEXT in lines of at most SCREEN_WIDTH characters, wherever its own lines end. */
static void print_paragraph(const char *text)
{
	int column = 0;

	while (*text) {
		int length = (int)strcspn(text, " \n"), needed = width(text, length);

		if (column && column + 1 + needed > SCREEN_WIDTH) {
			putchar('\n');
			column = 0;
		}
		printf("%s%.*s", column ? " " : "", length, text);
		column += needed + (column > 0);
		text += length;
		text += strspn(text, " \n");
	}
	putchar('\n');
}

void verb_help(const struct verb *verb, bool all)
{
	const struct option_row *rows;
	bool rare = false;
	size_t n;

	printf("Usage: inro %s %s\n", verb->name, verb->usage);
	print_paragraph(verb->about);
	putchar('\n');
	for (size_t i = 0; verb->sections && verb->sections[i]; i++)
		print_section(verb, verb->sections[i], all);
	for (size_t i = 0; verb->tables && (rows = verb->tables(i, &n)); i++) {
		for (size_t j = 0; j < n; j++) {
			rare |= rows[j].rare;
			if (!seen_section(verb, i, j, rows[j].section))
				print_section(verb, rows[j].section, all);
		}
	}
	if (rare && !all)
		printf("\n--help=all lists every option; inro-%s(1) explains them.\n", verb->name);
}
