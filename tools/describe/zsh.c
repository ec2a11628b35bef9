/* SPDX-License-Identifier: Apache-2.0 */

/* Completion for zsh: a list of _arguments specifications for each verb. */

#include "describe.h"

#include <stdio.h>
#include <string.h>

/* Text within single quotes. */
static void print_quoted(const char *text, size_t length, const char *special)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\'')
			fputs("'\\''", stdout);
		else
			describe_escaped(text + i, 1, special);
	}
}

static const char *action_of(const char *word, size_t length)
{
	static const struct {
		const char *word, *action;
	} actions[] = {
		{ "@file", "_files" },
		{ "@dir", "_files -/" },
		{ "@container", "_inro_containers" },
		{ "@target", "_inro_containers" },
		{ "@command", "_command_names -e" },
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strlen(actions[i].word) == length && strncmp(actions[i].word, word, length) == 0)
			return actions[i].action;
	return NULL;
}

/* What completes one of CHOICES: "(a b)", "_files", or both. */
static void print_action(const char *choices)
{
	const char *at = choices, *word, *action, *special = NULL;
	bool plain = false;
	size_t length;

	while ((length = describe_word(&at, "|", &word))) {
		action = action_of(word, length);
		plain |= !action;
		special = action ? action : special;
	}
	if (!plain) {
		fputs(special ? special : " ", stdout);
		return;
	}
	fputs(special ? "{_alternative \"words:word:(" : "(", stdout);
	at = choices;
	for (bool any = false; (length = describe_word(&at, "|", &word));) {
		if (action_of(word, length))
			continue;
		if (any)
			putchar(' ');
		print_quoted(word, length, "\\:");
		any = true;
	}
	if (special)
		printf(")\" \"files:file:%s\"}", special);
	else
		putchar(')');
}

static void print_value(const struct option_row *row)
{
	if (row->form == OPTION_FLAG)
		return;
	fputs(row->form == OPTION_MAYBE ? "::" : ":", stdout);
	print_quoted(row->argument, strlen(row->argument), "\\:[]");
	putchar(':');
	print_action(row->choices ? row->choices : "");
}

/* NAME with its dashes. HIDDEN: taken, but not offered. */
static void print_spec(const struct option_row *row, const char *name, size_t length, bool hidden)
{
	bool is_long = length > 2;

	printf("\t\t'%s%s%.*s%s[", hidden ? "!" : "", row->repeats ? "*" : "", (int)length, name,
	       row->form == OPTION_FLAG ? "" : row->form == OPTION_MAYBE ? (is_long ? "=-" : "-") :
					  is_long ? "=" : "+");
	print_quoted(row->help, strlen(row->help), "\\[]");
	putchar(']');
	print_value(row);
	printf("'\n");
}

static void print_row(const struct option_row *row)
{
	const char *aliases = row->aliases, *word;
	char name[64];
	size_t length;

	snprintf(name, sizeof(name), "--%s", row->name);
	print_spec(row, name, strlen(name), false);
	if (row->letter) {
		snprintf(name, sizeof(name), "-%c", row->letter);
		print_spec(row, name, 2, false);
	}
	if (row->form == OPTION_FLAG)
		printf("\t\t'!--no-%s'\n", row->name);
	while ((length = describe_word(&aliases, "|", &word))) {
		snprintf(name, sizeof(name), "--%.*s", (int)length, word);
		print_spec(row, name, strlen(name), true);
	}
}

static void print_alias(const struct verb *verb, const struct option_alias *alias)
{
	const struct option_row *row = describe_target(verb, alias);
	bool file = row && row->choices && strcmp(row->choices, "@file") == 0;

	printf("\t\t'!*--%s", alias->name);
	for (unsigned i = 0; i < alias->n_words; i++)
		printf(":word:%s", file ? "_files" : " ");
	printf("'\n");
}

static void print_operands(const struct verb *verb)
{
	const char *at = verb->operands, *word;
	size_t length;

	for (int n = 1; (length = describe_word(&at, " ", &word)); n++) {
		char choices[64];

		snprintf(choices, sizeof(choices), "%.*s", (int)length, word);
		if (strcmp(choices, "@command") == 0) {
			printf("\t\t'(-)%d:command:_command_names -e' '*::argument:_normal'\n", n);
			return;
		}
		if (*at)
			printf("\t\t'%d:operand:", n);
		else
			printf("\t\t'*:operand:");
		print_action(choices);
		printf("'\n");
	}
}

static void print_verb(const struct verb *verb)
{
	const struct option_row *row;
	size_t n;
	const struct option_alias *aliases = describe_aliases(verb, &n);

	printf("_inro_%s() {\n\tlocal -a specs=(\n", verb->name);
	for (size_t i = 0; (row = describe_row(verb, i)); i++)
		print_row(row);
	for (size_t i = 0; i < n; i++)
		print_alias(verb, &aliases[i]);
	print_operands(verb);
	printf("\t)\n\t_arguments -s -S $specs\n}\n\n");
}

void describe_zsh(void)
{
	printf("#compdef inro\n# SPDX-License-Identifier: Apache-2.0\n"
	       "# zsh completion for inro. Made by tools/describe.\n\n"
	       "_inro_containers() {\n"
	       "\tlocal -a names=(${(f)\"$(_call_program containers inro ps -q 2>/dev/null)\"})\n"
	       "\t_describe container names\n"
	       "}\n\n");
	for (size_t i = 0; i < n_verbs; i++)
		print_verb(verbs[i]);
	printf("_inro() {\n\tlocal curcontext=$curcontext state line ret=1\n\tlocal -a verbs=(\n");
	for (size_t i = 0; i < n_verbs; i++) {
		printf("\t\t'%s:", verbs[i]->name);
		print_quoted(verbs[i]->help, strlen(verbs[i]->help), "\\:");
		printf("'\n");
	}
	printf("\t)\n"
	       "\t_arguments -C '(- *)--help[what there is]' '(- *)--version[the version]' \\\n"
	       "\t\t'1:verb:->verb' '*::argument:->argument' && ret=0\n"
	       "\tcase $state in\n"
	       "\tverb) _describe verb verbs && ret=0 ;;\n"
	       "\targument)\n"
	       "\t\tcurcontext=${curcontext%%:*:*}:inro-$words[1]:\n"
	       "\t\t(( $+functions[_inro_$words[1]] )) && _inro_$words[1] && ret=0 ;;\n"
	       "\tesac\n"
	       "\treturn ret\n"
	       "}\n\n"
	       "_inro \"$@\"\n");
}
