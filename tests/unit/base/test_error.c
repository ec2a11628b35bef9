/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static void expect(const struct inro_error *error, const char *wanted)
{
	char text[1200];

	assert_int_equal(inro_error_format(error, text, sizeof(text)), strlen(wanted));
	assert_string_equal(text, wanted);
}

static void forms(void **state)
{
	static const struct {
		struct inro_error error;
		const char *text;
	} rows[] = {
		{ { 0 }, "" },
		{ { .what = "mount proc",
		    .object = "/proc",
		    .call = "fsmount",
		    .code = EPERM,
		    .step = 14,
		    .n_steps = 31,
		    .why = "it is masked",
		    .hint = "run elsewhere" },
		  "step 14 of 31, mount proc /proc: fsmount: Operation not permitted: it is "
		  "masked; run elsewhere" },
		{ { .what = "--memory", .why = "'x' is no size" }, "--memory: 'x' is no size" },
		{ { .why = "no such option: --x", .hint = "did you mean --y?" },
		  "no such option: --x; did you mean --y?" },
		{ { .object = "/a", .code = ENOENT }, "/a: No such file or directory" },
		{ { .call = "clone3", .code = ENOSPC }, "clone3: No space left on device" },
		{ { .code = EINVAL }, "Invalid argument" },
		{ { .what = "read", .call = "open" }, "read: open" },
		{ { .what = "a\nb", .object = "\x1b[2J", .why = "c\rd", .hint = "e\x7f" },
		  "a\\x0ab \\x1b[2J: c\\x0dd; e\\x7f" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(&rows[i].error, rows[i].text);
}

/* Every combination of fields gives each of them once, in order, and no double colon. */
static void all_combinations(void **state)
{
	(void)state;
	for (unsigned set = 0; set < 64; set++) {
		struct inro_error error = { 0 };
		char text[1200], cut[8];
		size_t length;

		strcpy(error.what, set & 1 ? "WHAT" : "");
		strcpy(error.object, set & 2 ? "OBJECT" : "");
		strcpy(error.call, set & 4 ? "CALL" : "");
		error.code = set & 8 ? ENOENT : 0;
		strcpy(error.why, set & 16 ? "WHY" : "");
		strcpy(error.hint, set & 32 ? "HINT" : "");
		length = inro_error_format(&error, text, sizeof(text));
		assert_int_equal(length, strlen(text));
		assert_int_equal(!!strstr(text, "WHAT"), set & 1);
		assert_int_equal(!!strstr(text, "OBJECT"), set >> 1 & 1);
		assert_int_equal(!!strstr(text, "CALL"), set >> 2 & 1);
		assert_int_equal(!!strstr(text, "No such file"), set >> 3 & 1);
		assert_int_equal(!!strstr(text, "WHY"), set >> 4 & 1);
		assert_int_equal(!!strstr(text, "HINT"), set >> 5 & 1);
		assert_null(strstr(text, ": :"));
		assert_null(strstr(text, "  "));
		assert_true(text[0] != ':' && text[0] != ' ' && text[0] != ';');
		/* Cut like snprintf, and the length is of the whole. */
		assert_int_equal(inro_error_format(&error, cut, sizeof(cut)), length);
		assert_int_equal(strlen(cut), length < sizeof(cut) ? length : sizeof(cut) - 1);
		assert_memory_equal(cut, text, strlen(cut));
		assert_int_equal(inro_error_format(&error, NULL, 0), length);
	}
}

/* A path that does not fit keeps its end, which says more. */
static void long_paths(void **state)
{
	char path[1000];

	(void)state;
	for (size_t length = 250; length < 262; length++) {
		struct inro_error error = { 0 };

		memset(path, 'a', length);
		strcpy(path + length - 4, "/end");
		error_raw(&error, -ENOENT, "open", path);
		if (length < sizeof(error.object)) {
			assert_string_equal(error.object, path);
			continue;
		}
		assert_int_equal(strlen(error.object), sizeof(error.object) - 1);
		assert_memory_equal(error.object, "...", 3);
		assert_string_equal(error.object + 3, path + length - (sizeof(error.object) - 4));
	}
}

/* The first cause is the one that counts. */
static void raw_keeps_the_first(void **state)
{
	struct inro_error error = { 0 };

	(void)state;
	assert_int_equal(error_raw(&error, -EPERM, "mount", "/a"), -EPERM);
	assert_int_equal(error_raw(&error, -ENOENT, "open", "/b"), -ENOENT);
	assert_int_equal(error.kind, INRO_ERROR_STEP);
	assert_int_equal(error.code, EPERM);
	assert_string_equal(error.call, "mount");
	assert_string_equal(error.object, "/a");
	error_raw_kind(&error, INRO_ERROR_NOT_FOUND, "why");
	assert_int_equal(error.kind, INRO_ERROR_NOT_FOUND);
	assert_string_equal(error.why, "why");
	error_raw_kind(&error, INRO_ERROR_NOT_EXECUTABLE, NULL);
	assert_string_equal(error.why, "why");
	assert_int_equal(error_raw(NULL, -EIO, "x", "y"), -EIO);
	error_raw_kind(NULL, INRO_ERROR_STEP, "x");
}

/* fail_*() fill anew: nothing of an earlier error shines through. */
static void fail_replaces(void **state)
{
	struct inro_error error;

	(void)state;
	memset(&error, 'x', sizeof(error));
	assert_int_equal(fail_usage(&error, "--memory", "'%s' is %d", "q", 5), -EINVAL);
	assert_int_equal(error.kind, INRO_ERROR_USAGE);
	expect(&error, "--memory: 'q' is 5");
	memset(&error, 'x', sizeof(error));
	assert_int_equal(fail_host(&error, INRO_ERROR_DENIED, -EPERM, "map ids", "no %s", "way"),
			 -EPERM);
	assert_int_equal(error.kind, INRO_ERROR_DENIED);
	error_hint(&error, "try %d", 2);
	expect(&error, "map ids: Operation not permitted: no way; try 2");
	error_why(&error, "other");
	expect(&error, "map ids: Operation not permitted: other; try 2");
	memset(&error, 'x', sizeof(error));
	assert_int_equal(fail_call(&error, -ENOENT, "read the run", "open", "/a"), -ENOENT);
	expect(&error, "read the run /a: open: No such file or directory");
	assert_int_equal(fail_memory(&error), -ENOMEM);
	expect(&error, "allocate memory: Cannot allocate memory: out of memory");
}

static void without_an_error(void **state)
{
	struct inro_error none = { 0 };

	(void)state;
	assert_int_equal(fail_usage(NULL, "x", "%s", "y"), -EINVAL);
	assert_int_equal(fail_host(NULL, INRO_ERROR_HOST, -EIO, "x", "%s", "y"), -EIO);
	assert_int_equal(fail_call(NULL, -EIO, "x", NULL, NULL), -EIO);
	assert_int_equal(fail_memory(NULL), -ENOMEM);
	error_why(NULL, "x");
	error_hint(NULL, "x");
	error_why(&none, "x");
	error_hint(&none, "x");
	expect(&none, "");
}

/* What does not fit is cut, never written past the field. */
static void long_words(void **state)
{
	char big[2000];
	struct inro_error error;

	(void)state;
	memset(big, 'b', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	fail_usage(&error, big, "%s", big);
	error_hint(&error, "%s", big);
	assert_int_equal(strlen(error.what), sizeof(error.what) - 1);
	assert_int_equal(strlen(error.why), sizeof(error.why) - 1);
	assert_int_equal(strlen(error.hint), sizeof(error.hint) - 1);
	assert_int_equal(error.kind, INRO_ERROR_USAGE);
}

static void a_verb_once(void **state)
{
	(void)state;
	assert_string_equal(error_without("logs: needs a name", "logs"), "needs a name");
	assert_string_equal(error_without("logs of web: gone", "logs"), "logs of web: gone");
	assert_string_equal(error_without("lo", "logs"), "lo");
	assert_string_equal(error_without(": x", ""), ": x");
	assert_string_equal(error_without("logs: x", NULL), "logs: x");
}

static void statuses(void **state)
{
	static const int wanted[] = {
		[INRO_ERROR_NONE] = 0,
		[INRO_ERROR_USAGE] = 125,
		[INRO_ERROR_HOST] = 125,
		[INRO_ERROR_DENIED] = 125,
		[INRO_ERROR_STEP] = 125,
		[INRO_ERROR_NOT_FOUND] = 127,
		[INRO_ERROR_NOT_EXECUTABLE] = 126,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		assert_int_equal(inro_error_status(&(struct inro_error){ .kind = i }), wanted[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),         cmocka_unit_test(all_combinations),
		cmocka_unit_test(long_paths),    cmocka_unit_test(raw_keeps_the_first),
		cmocka_unit_test(fail_replaces), cmocka_unit_test(without_an_error),
		cmocka_unit_test(long_words),    cmocka_unit_test(statuses),
		cmocka_unit_test(a_verb_once),
	};

	return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
