/* SPDX-License-Identifier: Apache-2.0 */
#include "describe.h"

#include <stdio.h>
#include <string.h>

#include "cli/aliases.h"

const struct option_row *describe_row(const struct verb *verb, size_t index)
{
	const struct option_row *rows;
	size_t n;

	for (size_t i = 0; verb->tables && (rows = verb->tables(i, &n)); i++) {
		if (index < n)
			return &rows[index];
		index -= n;
	}
	return NULL;
}

const struct option_alias *describe_aliases(const struct verb *verb, size_t *ret_n)
{
	*ret_n = strcmp(verb->name, "run") == 0 ? n_run_aliases : 0;
	return run_aliases;
}

const struct option_row *describe_target(const struct verb *verb, const struct option_alias *alias)
{
	const struct option_row *row;

	for (size_t i = 0; (row = describe_row(verb, i)); i++)
		if (option_find(row, 1, alias->option))
			return row;
	return NULL;
}

size_t describe_word(const char **at, const char *separators, const char **ret_word)
{
	size_t length;

	if (!*at)
		return 0;
	*at += strspn(*at, separators);
	length = strcspn(*at, separators);
	*ret_word = *at;
	*at += length;
	return length;
}

void describe_escaped(const char *text, size_t length, const char *special)
{
	for (size_t i = 0; i < length; i++) {
		if (strchr(special, text[i]))
			putchar('\\');
		putchar(text[i]);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 3 && strcmp(what, "man") == 0) {
		if (describe_man(argv[2]) < 0)
			return 1;
	} else if (argc == 2 && strcmp(what, "bash") == 0) {
		describe_bash();
	} else if (argc == 2 && strcmp(what, "zsh") == 0) {
		describe_zsh();
	} else if (argc == 2 && strcmp(what, "fish") == 0) {
		describe_fish();
	} else {
		fprintf(stderr, "usage: inro-describe man PAGE.scd | bash | zsh | fish\n");
		return 2;
	}
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
