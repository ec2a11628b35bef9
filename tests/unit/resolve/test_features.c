/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "base/parse.h"
#include "resolve/features.h"

/* All rows of all features, with the feature's name. */
static struct named_row {
	const struct option_row *row;
	const char *feature;
} all[500];
static size_t n_all;

static int gather(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_features; i++)
		for (size_t j = 0; j < features[i]->n_options; j++)
			all[n_all++] =
				(struct named_row){ &features[i]->options[j], features[i]->name };
	return n_all > 0 && n_all < ARRAY_SIZE(all) ? 0 : -1;
}

#define CHECK(at, condition)                                                         \
	do {                                                                         \
		if (!(condition))                                                    \
			print_message("--%s of %s\n", (at).row->name, (at).feature); \
		assert_true(condition);                                              \
	} while (0)

static void table(void **state)
{
	(void)state;
	assert_true(n_features > 20);
	for (size_t i = 0; i < n_features; i++) {
		assert_non_null(features[i]->name);
		assert_true(features[i]->n_options == 0 || features[i]->options);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(features[i]->name, features[j]->name);
	}
	/* What the command is, others build on; no step may follow the filter's feature. */
	assert_string_equal(features[0]->name, "command");
	assert_string_equal(features[n_features - 1]->name, "seccomp");
}

static bool is_name(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && *at != '-')
			return false;
	return *name && *name != '-';
}

static void rows_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_all; i++) {
		const struct option_row *row = all[i].row;
		size_t length;

		CHECK(all[i], is_name(row->name));
		CHECK(all[i], row->set);
		CHECK(all[i], row->section && *row->section);
		CHECK(all[i], row->help && *row->help);
		length = strlen(row->help);
		CHECK(all[i], row->help[length - 1] != '.');
		CHECK(all[i], !strchr(row->help, '\n'));
		CHECK(all[i], (row->form == OPTION_FLAG) == !row->argument);
		CHECK(all[i], row->form != OPTION_FLAG || !row->choices);
		CHECK(all[i], !row->letter || isalpha((unsigned char)row->letter));
		/* --no-X of a flag would be read as its own. */
		CHECK(all[i], strncmp(row->name, "no-", 3) != 0 || row->form == OPTION_FLAG);
	}
}

/* No name, alias or letter means two things. */
static void names_are_unique(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct {
		const char *name;
		size_t row;
	} names[1000];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < n_all; i++) {
		char **aliases;
		size_t n_aliases;

		assert_int_equal(parse_list(&arena, all[i].row->aliases ? all[i].row->aliases : "",
					    '|', &aliases, &n_aliases),
				 0);
		names[n].name = all[i].row->name;
		names[n++].row = i;
		for (size_t j = 0; j < n_aliases; j++) {
			CHECK(all[i],
			      *aliases[j] && *aliases[j] != '-' && !strchr(aliases[j], '='));
			names[n].name = aliases[j];
			names[n++].row = i;
		}
		assert_true(n < ARRAY_SIZE(names) - 10);
		for (size_t j = 0; j < i && all[i].row->letter; j++)
			CHECK(all[i], all[j].row->letter != all[i].row->letter);
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++)
			CHECK(all[names[i].row], strcmp(names[i].name, names[j].name) != 0);
		/* And each is found. */
		assert_ptr_equal(features_find_option(names[i].name), all[names[i].row].row);
	}
	/* A flag's negation is not another option's name. */
	for (size_t i = 0; i < n; i++)
		if (strncmp(names[i].name, "no-", 3) == 0)
			CHECK(all[names[i].row],
			      !features_find_option(names[i].name + 3) ||
				      features_find_option(names[i].name + 3)->form != OPTION_FLAG);
	assert_null(features_find_option("no-such-option"));
	assert_null(features_find_option(""));
	assert_null(features_find_option("command")); /* a file's own key */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(names_are_unique),
	};

	return cmocka_run_group_tests_name("resolve/features", tests, gather, NULL);
}
