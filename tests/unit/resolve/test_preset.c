/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "hosts.h"
#include "resolve/features.h"
#include "resolve/preset.h"

/* Each setting is an option that exists, with a value that it takes. */
static void settings_exist(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_presets; i++) {
		struct inro_spec *journal = inro_spec_new();
		struct inro_error error = { 0 };
		struct spec *spec;

		assert_non_null(presets[i].name);
		assert_non_null(presets[i].help);
		for (size_t j = 0; j < presets[i].n_settings; j++) {
			const struct preset_setting *setting = &presets[i].settings[j];

			assert_non_null(features_find_option(setting->name));
			assert_string_equal(features_find_option(setting->name)->name,
					    setting->name);
		}
		assert_int_equal(preset_say(journal, presets[i].name, &error), 0);
		assert_int_equal(journal->n_settings, presets[i].n_settings);
		for (size_t j = 0; j < journal->n_settings; j++)
			assert_int_equal(journal->settings[j].origin, ORIGIN_PRESET);
		assert_int_equal(journal_make_spec(journal, &spec, &error), 0);
		spec_free(spec);
		inro_spec_free(journal);
	}
}

/* The option's words are the table's. */
static void words(void **state)
{
	const struct option_row *row = features_find_option("preset");
	size_t length = 0;

	(void)state;
	for (size_t i = 0; i < n_presets; i++) {
		const char *at = strstr(row->choices, presets[i].name);

		assert_non_null(at);
		assert_non_null(strstr(row->help, presets[i].name));
		length += strlen(presets[i].name) + 1;
	}
	assert_int_equal(strlen(row->choices) + 1, length);
}

static void unknown(void **state)
{
	struct inro_spec *journal = inro_spec_new();
	struct inro_error error = { 0 };

	(void)state;
	assert_int_equal(preset_say(journal, "buidl", &error), -EINVAL);
	assert_string_equal(error.what, "--preset");
	for (size_t i = 0; i < n_presets; i++)
		assert_non_null(strstr(error.hint, presets[i].name));
	assert_int_equal(preset_say(journal, "", NULL), -EINVAL);
	assert_int_equal(journal->n_settings, 0);
	inro_spec_free(journal);
}

/* Each resolves wherever what it needs is there. */
static void resolve_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_presets; i++) {
		for (enum host host = 0; host < N_HOSTS; host++) {
			const char *options[] = { "preset", presets[i].name, "timeout",    "1s",
						  "memory", "64M",           "pids-limit", "50",
						  NULL };
			struct resolved resolved;

			assert_int_equal(resolved_make(&resolved, host, options, NULL), 0);
			assert_int_equal(resolved.spec->process.init,
					 strcmp(presets[i].name, "agent") == 0 ||
						 strcmp(presets[i].name, "shell") == 0);
			resolved_free(&resolved);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_exist),
		cmocka_unit_test(words),
		cmocka_unit_test(unknown),
		cmocka_unit_test(resolve_everywhere),
	};

	return cmocka_run_group_tests_name("resolve/preset", tests, NULL, NULL);
}
