/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Completion for bash, with or without the package bash-completion. For each verb three functions
 * that answer by REPLY: its options, how many words an option takes, what completes its value. What
 * walks the command line is the same for all.
 *
 * bash breaks words at "=", so that "--tty=new" are three of them.
 */

#include "describe.h"

#include <stdio.h>
#include <string.h>

static const char walker[] =
	"# What to choose from, by words: @file, @dir, @command, @container, @target, or the word itself.\n"
	"_inro_choose() {\n"
	"	local word plain=\n"
	"	for word in $1; do\n"
	"		case $word in\n"
	"		@file) compopt -o filenames 2>/dev/null\n"
	"			mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
	"		@dir) compopt -o filenames 2>/dev/null\n"
	"			mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
	"		@command) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -c -- \"$cur\") ;;\n"
	"		@container|@target) plain+=\" $(\"${COMP_WORDS[0]}\" ps -q 2>/dev/null)\" ;;\n"
	"		*) plain+=\" $word\" ;;\n"
	"		esac\n"
	"	done\n"
	"	[[ $plain ]] && mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W \"$plain\" -- \"$cur\")\n"
	"	[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *: ]] && compopt -o nospace 2>/dev/null\n"
	"	return 0\n"
	"}\n"
	"\n"
	"# The value of option $1 is being written.\n"
	"_inro_value() {\n"
	"	local REPLY=\n"
	"	\"_inro_values_$verb\" \"$1\"\n"
	"	_inro_choose \"$REPLY\"\n"
	"}\n"
	"\n"
	"# The operand after $1 others is; the first word of the operands is at $2.\n"
	"_inro_operand() {\n"
	"	local REPLY= types i\n"
	"	\"_inro_operands_$verb\"\n"
	"	read -r -a types <<<\"$REPLY\"\n"
	"	for ((i = 0; i < ${#types[@]} && i <= $1; i++)); do\n"
	"		if [[ ${types[i]} == @command ]] && ((i < $1)); then\n"
	"			if declare -F _command_offset >/dev/null; then\n"
	"				_command_offset $(($2 + i))\n"
	"			else\n"
	"				_inro_choose @file\n"
	"			fi\n"
	"			return\n"
	"		fi\n"
	"	done\n"
	"	((${#types[@]})) && _inro_choose \"${types[i - 1]//|/ }\"\n"
	"}\n"
	"\n"
	"_inro() {\n"
	"	local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} word REPLY at=2 first=0 n=0 over=\n"
	"	COMPREPLY=()\n"
	"	if ((COMP_CWORD == 1)); then\n"
	"		_inro_choose \"$_inro_verbs --help --version\"\n"
	"		return\n"
	"	fi\n"
	"	declare -F \"_inro_values_$verb\" >/dev/null || return 0\n"
	"	while ((at < COMP_CWORD)); do\n"
	"		word=${COMP_WORDS[at]}\n"
	"		if [[ ! $over && $word == -- ]]; then\n"
	"			over=1\n"
	"		elif [[ ! $over && $word == -?* ]]; then\n"
	"			if [[ ${COMP_WORDS[at + 1]} == = ]] && ((at + 1 <= COMP_CWORD)); then\n"
	"				if ((at + 2 >= COMP_CWORD)); then\n"
	"					[[ $cur == = ]] && cur=\n"
	"					_inro_value \"$word\"\n"
	"					return\n"
	"				fi\n"
	"				((at += 2))\n"
	"			elif [[ $word != *=* ]]; then\n"
	"				\"_inro_takes_$verb\" \"$word\"\n"
	"				if ((at + REPLY >= COMP_CWORD)); then\n"
	"					_inro_value \"$word\"\n"
	"					return\n"
	"				fi\n"
	"				((at += REPLY))\n"
	"			fi\n"
	"		else\n"
	"			((n++ == 0)) && first=$at\n"
	"			\"_inro_operands_$verb\"\n"
	"			[[ ${REPLY%% *} == @command ]] && over=1\n"
	"		fi\n"
	"		((at++))\n"
	"	done\n"
	"	if [[ ! $over && $cur == --*=* ]]; then\n"
	"		word=${cur%%=*} cur=${cur#*=}\n"
	"		_inro_value \"$word\"\n"
	"		COMPREPLY=(\"${COMPREPLY[@]/#/$word=}\")\n"
	"	elif [[ ! $over && $cur == -* ]]; then\n"
	"		\"_inro_options_$verb\" \"$cur\"\n"
	"		_inro_choose \"$REPLY\"\n"
	"	else\n"
	"		_inro_operand $n $first\n"
	"	fi\n"
	"}\n"
	"\n"
	"complete -F _inro inro\n";

/* "-m|--memory|--memory-limit": the pattern of a case. */
static void print_pattern(const struct option_row *row)
{
	const char *aliases = row->aliases, *word;
	size_t length;

	if (row->letter)
		printf("-%c|", row->letter);
	printf("--%s", row->name);
	while ((length = describe_word(&aliases, "|", &word)))
		printf("|--%.*s", (int)length, word);
}

static void print_options(const struct verb *verb)
{
	const struct option_row *row;

	printf("_inro_options_%s() {\n\tREPLY='", verb->name);
	for (size_t i = 0; (row = describe_row(verb, i)); i++)
		printf("%s--%s", i ? " " : "", row->name);
	printf("'\n\t[[ $1 == --no-* ]] && REPLY+='");
	for (size_t i = 0; (row = describe_row(verb, i)); i++)
		if (row->form == OPTION_FLAG)
			printf(" --no-%s", row->name);
	printf("'\n\treturn 0\n}\n\n");
}

static void print_takes(const struct verb *verb)
{
	const struct option_row *row;
	size_t n;
	const struct option_alias *aliases = describe_aliases(verb, &n);

	printf("_inro_takes_%s() {\n\tREPLY=0\n\tcase $1 in\n", verb->name);
	for (size_t i = 0; (row = describe_row(verb, i)); i++) {
		if (row->form != OPTION_VALUE)
			continue;
		putchar('\t');
		print_pattern(row);
		printf(") REPLY=1 ;;\n");
	}
	for (size_t i = 0; i < n; i++)
		if (aliases[i].n_words)
			printf("\t--%s) REPLY=%u ;;\n", aliases[i].name, aliases[i].n_words);
	printf("\tesac\n}\n\n");
}

static void print_values(const struct verb *verb)
{
	const struct option_row *row;
	size_t n;
	const struct option_alias *aliases = describe_aliases(verb, &n);

	printf("_inro_values_%s() {\n\tcase $1 in\n", verb->name);
	for (size_t i = 0; (row = describe_row(verb, i)); i++) {
		const char *choices = row->choices, *word;
		size_t length;

		if (!choices)
			continue;
		putchar('\t');
		print_pattern(row);
		printf(") REPLY='");
		for (bool any = false; (length = describe_word(&choices, "|", &word)); any = true)
			printf("%s%.*s", any ? " " : "", (int)length, word);
		printf("' ;;\n");
	}
	for (size_t i = 0; i < n; i++) {
		row = describe_target(verb, &aliases[i]);
		if (aliases[i].n_words && row && row->choices && strcmp(row->choices, "@file") == 0)
			printf("\t--%s) REPLY=@file ;;\n", aliases[i].name);
	}
	printf("\tesac\n}\n\n");
}

void describe_bash(void)
{
	printf("# SPDX-License-Identifier: Apache-2.0\n# bash completion for inro. Made by tools/describe.\n\n"
	       "_inro_verbs='");
	for (size_t i = 0; i < n_verbs; i++)
		printf("%s%s", i ? " " : "", verbs[i]->name);
	printf("'\n\n");
	for (size_t i = 0; i < n_verbs; i++) {
		print_options(verbs[i]);
		print_takes(verbs[i]);
		print_values(verbs[i]);
		printf("_inro_operands_%s() {\n\tREPLY='%s'\n}\n\n", verbs[i]->name,
		       verbs[i]->operands ? verbs[i]->operands : "");
	}
	fputs(walker, stdout);
}
