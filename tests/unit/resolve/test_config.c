/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "inro/run.h"
#include "resolve/config.h"

static char path[] = "/tmp/inro-test-config.XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	fd_close(fd);
	return fd < 0 ? -1 : 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static struct inro_spec *load_bytes(const char *text, size_t size, int wanted,
				    struct inro_error *error)
{
	struct inro_spec *journal = inro_spec_new();
	cleanup_close int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	memset(error, 0, sizeof(*error));
	assert_int_equal(fd_write_all(fd, text, size), 0);
	assert_int_equal(config_load(journal, path, error), wanted);
	assert_int_equal(error->kind != INRO_ERROR_NONE, wanted < 0);
	return journal;
}

static struct inro_spec *load(const char *text)
{
	struct inro_error error;

	return load_bytes(text, strlen(text), 0, &error);
}

static void expect_setting(const struct inro_spec *journal, size_t index, const char *name,
			   const char *value)
{
	assert_true(index < journal->n_settings);
	assert_string_equal(journal->settings[index].name, name);
	assert_string_equal(journal->settings[index].value, value);
	assert_int_equal(journal->settings[index].origin, ORIGIN_FILE);
}

static void reading(void **state)
{
	struct inro_spec *journal = load("# a run\n"
					 "hostname: no\n"
					 "memory-limit: 64M\n"
					 "nestable: yes\n"
					 "workdir: \"/a b\\n\"\n"
					 "tmpfs: [/a, '/b', \"/c\"]\n"
					 "volume:\n  - ./x:/x:ro\n  - ~/y\n"
					 "file: |\n  /f=two\n  lines\n"
					 "command: [sh, -c, 'echo \"$1\"', '', '007', null]\n");
	static const char *const words[] = { "sh", "-c", "echo \"$1\"", "", "007", "null" };
	size_t n = 0;

	(void)state;
	expect_setting(journal, n++, "hostname",
		       "no"); /* a host of this name: no type is guessed */
	expect_setting(journal, n++, "memory", "64M");
	expect_setting(journal, n++, "nestable", "true");
	expect_setting(journal, n++, "workdir", "/a b\n");
	expect_setting(journal, n++, "tmpfs", "/a");
	expect_setting(journal, n++, "tmpfs", "/b");
	expect_setting(journal, n++, "tmpfs", "/c");
	expect_setting(journal, n++, "volume", "./x:/x:ro");
	expect_setting(journal, n++, "volume", "~/y");
	expect_setting(journal, n++, "file", "/f=two\nlines\n");
	assert_int_equal(journal->n_settings, n);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_string_equal(journal->args[i], words[i]);
	assert_null(journal->args[ARRAY_SIZE(words)]);
	inro_spec_free(journal);
}

static void nearly_nothing(void **state)
{
	static const char *const texts[] = { "", "# nothing\n", "{}\n", "---\n{}\n...\n",
					     "tmpfs: []\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct inro_spec *journal = load(texts[i]);

		assert_int_equal(journal->n_settings, 0);
		assert_null(journal->args);
		inro_spec_free(journal);
	}
}

/* A preset named in a file is said at once, below the file's own words. */
static void preset_in_file(void **state)
{
	struct inro_spec *journal = load("net: none\npreset: build\n");
	struct inro_error error;
	struct spec *spec;

	(void)state;
	assert_int_equal(journal_make_spec(journal, &spec, &error), 0);
	assert_int_equal(spec->net, NET_NONE);
	assert_true(spec->mounts.n_list > 0);
	spec_free(spec);
	inro_spec_free(journal);
}

static void errors(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "no-such: 1\n", "line 1, column 10: 'no-such' is not an option" },
		{ "hostname: a\nno-such: 1\n", "line 2, column 10: 'no-such' is not an option" },
		{ "preset: buidl\n", "line 1, column 9: --preset: there is no preset 'buidl'" },
		{ "- hostname\n", "line 1, column 1: expected a mapping of options" },
		{ "hostname\n", "line 1, column 1: expected a mapping of options" },
		{ "hostname: {a: b}\n", "line 1, column 11: expected a value or a sequence" },
		{ "tmpfs: [/a, [/b]]\n", "line 1, column 13: expected a plain value" },
		{ "tmpfs:\n  - /a\n  - x: y\n", "line 3, column 5: expected a plain value" },
		{ "command: sh -c true\n",
		  "line 1, column 10: command is a sequence: [sh, -c, …]" },
		{ "command: {}\n", "line 1, column 10: command is a sequence: [sh, -c, …]" },
		{ "[a, b]: c\n", "line 1, column 1: expected an option's name" },
		{ "? [a]\n: b\n", "line 1, column 3: expected an option's name" },
		{ "hostname: *x\n", "line 1, column 11: expected a value or a sequence" },
		{ "nestable: yes\nhostname: a\nbare: perhaps\n",
		  "line 3, column 7: --bare: 'perhaps' is neither yes nor no" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inro_error error;

		inro_spec_free(load_bytes(rows[i].text, strlen(rows[i].text), -EINVAL, &error));
		assert_int_equal(error.kind, INRO_ERROR_USAGE);
		assert_string_equal(error.why, rows[i].why);
		assert_string_equal(error.what, path);
	}
}

/* What is no YAML is told by its place, whatever libyaml calls it. */
static void broken(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *place;
	} rows[] = {
#define TEXT(text) text, sizeof(text) - 1
		{ TEXT("hostname: [a\n"), "line 2, column 1: " },
		{ TEXT("hostname: 'a\n"), "line 2, column 1: " },
		{ TEXT("a: b: c\n"), "line 1, column 4: " },
		{ TEXT("hostname: a\n\tworkdir: b\n"), "line 2, column " },
		{ TEXT("hostname: \"a\\0b\"\n"), "line 1, column 11: a NUL byte in a value" },
		{ TEXT("\"host\\0name\": x\n"), "line 1, column 1: a NUL byte in a value" },
		{ TEXT("command: [\"a\\0b\"]\n"), "line 1, column 11: a NUL byte in a value" },
		{ TEXT("hostname: a\0b\n"), "byte 11: " },
		{ TEXT("hostname: \xff\n"), "byte 10: " },
#undef TEXT
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inro_error error;

		inro_spec_free(load_bytes(rows[i].text, rows[i].size, -EINVAL, &error));
		assert_int_equal(error.kind, INRO_ERROR_USAGE);
		assert_memory_equal(error.why, rows[i].place, strlen(rows[i].place));
	}
}

static void unreadable(void **state)
{
	struct inro_spec *journal = inro_spec_new();
	struct inro_error error = { 0 };
	char text[512];

	(void)state;
	assert_int_equal(config_load(journal, "/nonexistent/run.yaml", &error), -ENOENT);
	inro_error_format(&error, text, sizeof(text));
	assert_string_equal(text,
			    "read the run /nonexistent/run.yaml: open: No such file or directory");
	assert_true(config_load(journal, "/", &error) < 0);
	assert_true(config_load(journal, "/", NULL) < 0);
	inro_spec_free(journal);
}

/* Many words are refused, not cut. */
static void many_words(void **state)
{
	static char text[5000 * 2 + 100] = "command: [";
	struct inro_error error;

	(void)state;
	for (int i = 0; i < 4096; i++)
		strcpy(text + 10 + 2 * i, "a,");
	strcpy(text + 10 + 2 * 4096, "]\n");
	inro_spec_free(load(text));
	strcpy(text + 10 + 2 * 4096, "a]\n");
	inro_spec_free(load_bytes(text, strlen(text), -EINVAL, &error));
	assert_non_null(strstr(error.why, "too many words"));
}

/* What is saved and loaded again is what was said, byte for byte. */
static void round_trip(void **state)
{
	static const char *const values[] = {
		"plain",
		"",
		" ",
		"  two  blanks  ",
		"no",
		"null",
		"~",
		"1.0",
		"'",
		"\"",
		"it's \"quoted\"",
		"a: b",
		"# no comment",
		"- x",
		"[a]",
		"{a: b}",
		"*x",
		"&x",
		"!x",
		"%x",
		"@x",
		"`x`",
		"|",
		">",
		"?",
		"line\nline\n",
		"\n\n",
		"tab\there",
		"\r\n",
		"\x1b[2J",
		"\x07",
		"\x7f",
		"caf\xc3\xa9",
		"\xe2\x82\xac",
		"\xf0\x9f\x99\x82",
		"\xc2\x85",
		"\xc2\x9b",
		"\xef\xbb\xbf",
		"\xe2\x80\xa8",
		"trailing ",
		" leading",
		"back\\slash",
		"a\\nb",
		"a long value with many blanks in it that goes on far beyond the eighty columns of "
		"an emitter's lines",
		"/a/path/without/any/blank/that/is/longer/than/eighty/columns/and/must/not/be/"
		"folded/anywhere/in/it",
	};
	struct inro_spec *journal = inro_spec_new(), *again = inro_spec_new();
	const char *words[ARRAY_SIZE(values) + 1] = { NULL };
	struct inro_error error = { 0 };
	FILE *file = fopen(path, "we");
	size_t n = 0;

	(void)state;
	memcpy(words, values, sizeof(values));
	assert_int_equal(inro_spec_set(journal, "preset", "build", &error), 0);
	assert_int_equal(inro_spec_set(journal, "nestable", "no", &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		assert_int_equal(inro_spec_set(journal, "hostname", values[i], &error), 0);
		assert_int_equal(inro_spec_set(journal, "hide", values[i], &error), 0);
	}
	assert_int_equal(inro_spec_set_args(journal, words, &error), 0);
	assert_int_equal(inro_spec_save(journal, file, &error), 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(inro_spec_load(again, path, &error), 0);

	/* Presets by their name alone, what does not repeat by its last value. */
	for (size_t i = 0; i < again->n_settings; i++) {
		const struct setting *setting = &again->settings[i];

		if (strcmp(setting->name, "hide") == 0)
			assert_string_equal(setting->value, values[n++]);
		else if (strcmp(setting->name, "hostname") == 0)
			assert_string_equal(setting->value, values[ARRAY_SIZE(values) - 1]);
		else if (strcmp(setting->name, "nestable") == 0)
			assert_string_equal(setting->value, "false");
	}
	assert_int_equal(n, ARRAY_SIZE(values));
	assert_int_equal(again->n_settings, journal->n_settings - ARRAY_SIZE(values) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_string_equal(again->args[i], values[i]);
	inro_spec_free(journal);
	inro_spec_free(again);
}

/* A file cannot hold every byte. That is said, and not as a want of memory. */
static void not_to_be_saved(void **state)
{
	struct inro_spec *journal = inro_spec_new();
	struct inro_error error = { 0 };
	FILE *file = fopen("/dev/null", "we"), *full = fopen("/dev/full", "we");
	char text[512];

	(void)state;
	assert_int_equal(inro_spec_set(journal, "hostname", "x", &error), 0);
	setvbuf(full, NULL, _IONBF, 0);
	assert_true(inro_spec_save(journal, full, &error) < 0);
	assert_int_equal(inro_spec_set(journal, "hostname", "a\xff", &error), 0);
	assert_int_equal(inro_spec_save(journal, file, &error), -EILSEQ);
	inro_error_format(&error, text, sizeof(text));
	assert_non_null(strstr(text, "hostname"));
	assert_true(inro_spec_save(journal, file, NULL) < 0);
	fclose(file);
	fclose(full);
	inro_spec_free(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),         cmocka_unit_test(nearly_nothing),
		cmocka_unit_test(preset_in_file),  cmocka_unit_test(errors),
		cmocka_unit_test(broken),          cmocka_unit_test(unreadable),
		cmocka_unit_test(many_words),      cmocka_unit_test(round_trip),
		cmocka_unit_test(not_to_be_saved),
	};

	return cmocka_run_group_tests_name("resolve/config", tests, make_file, remove_file);
}
