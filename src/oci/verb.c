/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/verb.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define VERB(name) extern const struct oci_verb oci_verb_##name;
#include "oci/verbs.def"
#undef VERB

#define VERB(name) &oci_verb_##name,
static const struct oci_verb *const verbs[] = {
#include "oci/verbs.def"
	NULL,
};
#undef VERB

const struct oci_verb *oci_verb_find(const char *name)
{
	for (size_t i = 0; verbs[i]; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

void oci_option_print(const struct option_row *row)
{
	char letter[8] = "    ", text[96];

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	snprintf(text, sizeof(text), "%s--%s%s%s", letter, row->name, row->form == OPTION_VALUE ? " " : "",
		 row->form == OPTION_VALUE ? row->argument : "");
	printf("  %-30s %s\n", text, row->help);
}

static void print_help(const struct oci_verb *verb)
{
	printf("Usage: inro-oci [GLOBAL OPTIONS] %s %s\n%s.\n\n", verb->name, verb->usage, verb->help);
	for (size_t i = 0; i < verb->n_options; i++)
		oci_option_print(&verb->options[i]);
}

int oci_words_parse(struct oci_call *call, const struct oci_words *words, int argc, char **argv, int *ret_operand,
		    struct inro_error *error)
{
	const struct option_table table = { words->rows, words->n_rows, words->object, NULL };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = !words->strict };
	int n, r;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_help(oci_verb_find(call->verb));
			return 1;
		}
		if (strcmp(argv[i], "--") == 0 || (words->strict && argv[i][0] != '-'))
			break;
	}
	r = options_parse(&parser, argv, argc, ret_operand, error);
	if (r < 0)
		return r;
	n = argc - *ret_operand;
	if (words->n_operands >= 0 && n != words->n_operands)
		return fail_usage(error, call->verb, n < words->n_operands ? "needs a container id" :
									     "has too many words");
	return 0;
}

/* Also what --help of the program prints. */
void oci_verbs_print(void);
void oci_verbs_print(void)
{
	for (size_t i = 0; verbs[i]; i++)
		printf("  %-10s %s\n", verbs[i]->name, verbs[i]->help);
}
