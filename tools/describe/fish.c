/* SPDX-License-Identifier: Apache-2.0 */

/* Completion for fish: one `complete` line an option. */

#include "describe.h"

#include <stdio.h>
#include <string.h>

static void print_quoted(const char *text)
{
	putchar('\'');
	describe_escaped(text, strlen(text), "\\'");
	putchar('\'');
}

/* A list for -a: its words, and commands that print more of them. */
static void print_choices(const char *choices)
{
	const char *at = choices, *word;
	bool any = false;
	size_t length;

	while ((length = describe_word(&at, "|", &word))) {
		if (strncmp(word, "@file", length) == 0)
			continue;
		printf(any ? " " : " -a '");
		any = true;
		if (strncmp(word, "@dir", length) == 0)
			printf("(__fish_complete_directories)");
		else if (strncmp(word, "@container", length) == 0 || strncmp(word, "@target", length) == 0)
			printf("(inro ps -q 2>/dev/null)");
		else if (strncmp(word, "@command", length) == 0)
			printf("(__fish_complete_subcommand --fcs-skip=2)");
		else
			printf("%.*s", (int)length, word);
	}
	if (any)
		putchar('\'');
}

/* NAME of a row, its own or another one. -f: no files; -r: the value is the next word. */
static void print_option(const struct verb *verb, const struct option_row *row, const char *name, size_t length)
{
	bool files = row->choices && strstr(row->choices, "@file");

	printf("complete -c inro -n '__inro_at %s' -l %.*s", verb->name, (int)length, name);
	if (row->letter && name == row->name)
		printf(" -s %c", row->letter);
	if (row->form == OPTION_VALUE)
		printf(" -r");
	if (row->form != OPTION_FLAG)
		printf(files ? " -F" : " -f");
	if (row->choices)
		print_choices(row->choices);
	printf(" -d ");
	print_quoted(row->help);
	putchar('\n');
}

static void print_verb(const struct verb *verb)
{
	const struct option_row *row;
	const char *at = verb->operands, *word;
	size_t length;

	printf("\ncomplete -c inro -n __inro_no_verb -a %s -d ", verb->name);
	print_quoted(verb->help);
	putchar('\n');
	for (size_t i = 0; (row = describe_row(verb, i)); i++)
		print_option(verb, row, row->name, strlen(row->name));
	while ((length = describe_word(&at, " ", &word))) {
		char choices[64];

		snprintf(choices, sizeof(choices), "%.*s", (int)length, word);
		printf("complete -c inro -n '__inro_at %s'%s", verb->name,
		       strstr(choices, "@file") || strstr(choices, "@command") ? " -F" : "");
		print_choices(choices);
		putchar('\n');
	}
}

void describe_fish(void)
{
	printf("# SPDX-License-Identifier: Apache-2.0\n# fish completion for inro. Made by tools/describe.\n\n"
	       "function __inro_no_verb\n"
	       "\ttest (count (commandline -opc)) -eq 1\n"
	       "end\n\n"
	       "function __inro_at\n"
	       "\tset -l words (commandline -opc)\n"
	       "\ttest (count $words) -ge 2; and test $words[2] = $argv[1]\n"
	       "end\n\n"
	       "complete -c inro -f\n"
	       "complete -c inro -n __inro_no_verb -l help -d 'what there is'\n"
	       "complete -c inro -n __inro_no_verb -l version -d 'the version'\n");
	for (size_t i = 0; i < n_verbs; i++)
		print_verb(verbs[i]);
}
