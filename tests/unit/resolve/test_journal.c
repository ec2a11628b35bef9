/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "inro/run.h"
#include "resolve/journal.h"
#include "resolve/preset.h"

static struct inro_spec *journal;
static struct inro_error error;

static int begin(void **state)
{
	(void)state;
	memset(&error, 0, sizeof(error));
	journal = inro_spec_new();
	return journal ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	journal = inro_spec_free(journal);
	return 0;
}

static void say(const char *name, const char *value, enum setting_origin origin)
{
	assert_int_equal(journal_say(journal, name, value, origin, &error), 0);
}

static struct spec *make(void)
{
	struct spec *spec = NULL;

	assert_int_equal(journal_make_spec(journal, &spec, &error), 0);
	assert_non_null(spec);
	return spec;
}

/* The user's word wins over the file's, the file's over the preset's: whatever the order. */
static void precedence(void **state)
{
	static const enum setting_origin orders[][3] = {
		{ ORIGIN_PRESET, ORIGIN_FILE, ORIGIN_USER },
		{ ORIGIN_PRESET, ORIGIN_USER, ORIGIN_FILE },
		{ ORIGIN_FILE, ORIGIN_PRESET, ORIGIN_USER },
		{ ORIGIN_FILE, ORIGIN_USER, ORIGIN_PRESET },
		{ ORIGIN_USER, ORIGIN_PRESET, ORIGIN_FILE },
		{ ORIGIN_USER, ORIGIN_FILE, ORIGIN_PRESET },
	};
	static const char *const values[] = { "/preset", "/file", "/user" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct spec *spec;

		end(NULL);
		begin(NULL);
		for (int j = 0; j < 3; j++)
			say("workdir", values[orders[i][j]], orders[i][j]);
		spec = make();
		assert_string_equal(spec->process.workdir, "/user");
		spec_free(spec);
	}
	end(NULL);
	begin(NULL);
	say("workdir", "/file", ORIGIN_FILE);
	say("workdir", "/preset", ORIGIN_PRESET);
	struct spec *spec = make();
	assert_string_equal(spec->process.workdir, "/file");
	spec_free(spec);
}

/* Of one who speaks twice the later word counts; what repeats keeps all, in this order. */
static void order(void **state)
{
	struct spec *spec;

	(void)state;
	say("workdir", "/a", ORIGIN_USER);
	say("cwd", "/b", ORIGIN_USER); /* an alias */
	say("tmpfs", "/user", ORIGIN_USER);
	say("tmpfs", "/preset", ORIGIN_PRESET);
	say("tmpfs", "/user2", ORIGIN_USER);
	spec = make();
	assert_string_equal(spec->process.workdir, "/b");
	assert_int_equal(spec->mounts.n_list, 3);
	assert_string_equal(spec->mounts.list[0].target, "/preset");
	assert_int_equal(spec->mounts.list[0].origin, ORIGIN_PRESET);
	assert_string_equal(spec->mounts.list[1].target, "/user");
	assert_string_equal(spec->mounts.list[2].target, "/user2");
	assert_int_equal(spec->mounts.list[2].origin, ORIGIN_USER);
	assert_string_equal(spec->settings[1].name, "workdir");
	spec_free(spec);
}

/* A preset may stand before or behind the flags that change it. */
static void preset_anywhere(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		struct spec *spec;

		end(NULL);
		begin(NULL);
		if (first)
			say("preset", "build", ORIGIN_USER);
		say("net", "none", ORIGIN_USER);
		if (!first)
			say("preset", "build", ORIGIN_USER);
		spec = make();
		assert_int_equal(spec->net, NET_NONE);
		assert_true(spec->mounts.n_list > 0);
		spec_free(spec);
	}
}

static void two_presets(void **state)
{
	struct spec *spec;

	(void)state;
	say("preset", "build", ORIGIN_USER);
	say("preset", "shell", ORIGIN_USER);
	spec = make();
	assert_int_equal(spec->net, NET_HOST);
	assert_int_equal(spec->ids.mode, MAP_ROOT);
	assert_true(spec->process.init);
	spec_free(spec);
}

static void flags(void **state)
{
	struct spec *spec;

	(void)state;
	say("nestable", "Yes", ORIGIN_FILE);
	assert_string_equal(journal->settings[0].value, "true");
	say("nestable", "0", ORIGIN_FILE);
	assert_string_equal(journal->settings[1].value, "false");
	assert_int_equal(journal_say(journal, "nestable", "maybe", ORIGIN_USER, &error), -EINVAL);
	assert_string_equal(error.what, "--nestable");
	assert_string_equal(error.why, "'maybe' is neither yes nor no");
	spec = make();
	assert_false(spec->nestable);
	spec_free(spec);
}

static void unknown(void **state)
{
	static const char *const names[] = { "no-such",     "",         "--workdir",
					     "no-nestable", "workdir ", "command" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(inro_spec_set(journal, names[i], "x", &error), -EINVAL);
		assert_int_equal(error.kind, INRO_ERROR_USAGE);
		assert_string_equal(error.what, names[i]);
		assert_int_equal(inro_spec_set(journal, names[i], "x", NULL), -EINVAL);
	}
	assert_int_equal(inro_spec_set(journal, "preset", "no-such", &error), -EINVAL);
	assert_int_equal(inro_spec_set(journal, "preset", "no-such", NULL), -EINVAL);
}

/* Only making the spec shows that a value is wrong. Nothing is lost of the journal by it. */
static void bad_value(void **state)
{
	struct spec *spec = (struct spec *)1;

	(void)state;
	say("volume", "/a:/b:nonsense", ORIGIN_USER);
	assert_int_equal(journal_make_spec(journal, &spec, &error), -EINVAL);
	assert_ptr_equal(spec, (struct spec *)1);
	assert_string_equal(error.what, "--volume");
	assert_int_equal(journal_make_spec(journal, &spec, NULL), -EINVAL);
	assert_int_equal(journal->n_settings, 1);
}

/* Values, words and environment are copies; two specs of one journal are each their own. */
static void copies(void **state)
{
	char value[] = "/one", word[] = "sh", variable[] = "A=1";
	const char *words[] = { word, NULL }, *environment[] = { variable, NULL };
	struct spec *first, *second;

	(void)state;
	say("workdir", value, ORIGIN_USER);
	say("tmpfs", "/t", ORIGIN_USER);
	assert_int_equal(inro_spec_set_args(journal, words, &error), 0);
	assert_int_equal(inro_spec_set_environment(journal, environment, &error), 0);
	value[1] = word[0] = variable[0] = 'x';
	first = make();
	second = make();
	assert_string_equal(second->process.workdir, "/one");
	assert_string_equal(second->process.args[0], "sh");
	assert_null(second->process.args[1]);
	assert_string_equal(second->process.host_env[0], "A=1");
	spec_free(first);
	assert_int_equal(second->mounts.n_list, 1);
	assert_string_equal(second->mounts.list[0].target, "/t");
	spec_free(second);
}

static void nothing_said(void **state)
{
	struct spec *spec = make();

	(void)state;
	assert_int_equal(spec->n_settings, 0);
	assert_null(spec->process.args);
	assert_int_equal(spec->net, NET_DEFAULT);
	assert_null(spec_free(spec));
	assert_null(spec_free(NULL));
	assert_null(inro_spec_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(precedence, begin, end),
		cmocka_unit_test_setup_teardown(order, begin, end),
		cmocka_unit_test_setup_teardown(preset_anywhere, begin, end),
		cmocka_unit_test_setup_teardown(two_presets, begin, end),
		cmocka_unit_test_setup_teardown(flags, begin, end),
		cmocka_unit_test_setup_teardown(unknown, begin, end),
		cmocka_unit_test_setup_teardown(bad_value, begin, end),
		cmocka_unit_test_setup_teardown(copies, begin, end),
		cmocka_unit_test_setup_teardown(nothing_said, begin, end),
	};

	return cmocka_run_group_tests_name("resolve/journal", tests, NULL, NULL);
}
