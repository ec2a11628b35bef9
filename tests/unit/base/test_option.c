/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/option.h"

/* What was set is written to a text: "name=value;". */
static struct buf heard;

static int hear(const char *name, const char *value, struct inro_error *error)
{
	if (strcmp(value, "refused") == 0)
		return fail_usage(error, name, "is refused");
	buf_printf(&heard, "%s=%s;", name, value);
	return 0;
}

#define SETTER(name)                                                                     \
	static int set_##name(void *object, const char *value, struct inro_error *error) \
	{                                                                                \
		assert_ptr_equal(object, &heard);                                        \
		return hear(#name, value, error);                                        \
	}
SETTER(memory)
SETTER(init)
SETTER(tty)
SETTER(volume)
SETTER(quiet)

static const struct option_row rows[] = {
	{ .name = "memory",
	  .letter = 'm',
	  .form = OPTION_VALUE,
	  .argument = "SIZE",
	  .set = set_memory,
	  .aliases = "memory-limit|mem" },
	{ .name = "init", .letter = 'i', .form = OPTION_FLAG, .set = set_init },
	{ .name = "tty", .letter = 't', .form = OPTION_MAYBE, .argument = "HOW", .set = set_tty },
	{ .name = "volume",
	  .letter = 'v',
	  .form = OPTION_VALUE,
	  .argument = "SRC",
	  .set = set_volume },
	/* A name that begins as a negation does. */
	{ .name = "no-new", .form = OPTION_FLAG, .set = set_quiet },
};

static int take(void *object, const struct option_row *row, const char *value,
		struct inro_error *error)
{
	(void)error;
	assert_null(object);
	buf_printf(&heard, "taken %s=%s;", row->name, value);
	return 0;
}

static const struct option_row own_rows[] = {
	{ .name = "json", .letter = 'j', .form = OPTION_FLAG },
	{ .name = "format", .form = OPTION_VALUE, .argument = "FORMAT" },
};

static const struct option_table tables[] = {
	{ rows, ARRAY_SIZE(rows), &heard, NULL },
	{ own_rows, ARRAY_SIZE(own_rows), NULL, take },
};

static const struct option_alias aliases[] = {
	{ "ro-bind", 2, "volume", "%1:%2:ro" }, { "bind", 2, "volume", "%1:%2" },
	{ "unshare-all", 0, "init", NULL },     { "dev-bind", 1, "volume", "%1:%1:dev" },
	{ "lost", 0, "no-such-option", NULL },
};

static const struct option_parser strict = { tables, ARRAY_SIZE(tables), aliases,
					     ARRAY_SIZE(aliases), false };
static const struct option_parser mixed = { tables, ARRAY_SIZE(tables), aliases,
					    ARRAY_SIZE(aliases), true };

/* Parse LINE's words (at blanks); what was heard, then a bar, then the operands with blanks. */
static int parse(const struct option_parser *parser, const char *line, struct inro_error *error)
{
	cleanup_free char *copy = strdup(line);
	char *words[32], *save = NULL;
	int n = 0, operand = -1, r;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		words[n++] = strcmp(word, "''") == 0 ? copy + strlen(line) : word;
	buf_clear(&heard);
	memset(error, 0, sizeof(*error));
	r = options_parse(parser, words, n, &operand, error);
	if (r < 0) {
		assert_int_equal(operand, -1);
		assert_true(error->kind != INRO_ERROR_NONE);
		return r;
	}
	assert_in_range(operand, 0, n);
	buf_puts(&heard, "|");
	for (int i = operand; i < n; i++)
		buf_printf(&heard, " %s", words[i]);
	return 0;
}

static void expect(const struct option_parser *parser, const char *line, const char *wanted)
{
	struct inro_error error;

	assert_int_equal(parse(parser, line, &error), 0);
	assert_string_equal(buf_text(&heard), wanted);
}

static void refuse(const char *line, const char *wanted)
{
	struct inro_error error;
	char text[512];

	assert_int_equal(parse(&strict, line, &error), -EINVAL);
	assert_int_equal(error.kind, INRO_ERROR_USAGE);
	inro_error_format(&error, text, sizeof(text));
	assert_string_equal(text, wanted);
}

static void longs(void **state)
{
	(void)state;
	expect(&strict, "", "|");
	expect(&strict, "--memory 64M", "memory=64M;|");
	expect(&strict, "--memory=64M", "memory=64M;|");
	expect(&strict, "--memory= x", "memory=;| x");
	expect(&strict, "--memory=a=b", "memory=a=b;|");
	expect(&strict, "--mem 1 --memory-limit=2", "memory=1;memory=2;|");
	/* A value may look like an option. */
	expect(&strict, "--memory --init", "memory=--init;|");
	expect(&strict, "--memory -- x", "memory=--;| x");
	expect(&strict, "--tty x", "tty=;| x");
	expect(&strict, "--tty=new", "tty=new;|");
	expect(&strict, "--json --format x", "taken json=true;taken format=x;|");
}

static void flags(void **state)
{
	(void)state;
	expect(&strict, "--init", "init=true;|");
	expect(&strict, "--no-init", "init=false;|");
	expect(&strict, "--init=yes --init=no", "init=true;init=false;|");
	expect(&strict, "--init=ON --init=0", "init=true;init=false;|");
	expect(&strict, "--no-init=no", "init=true;|");
	expect(&strict, "--no-init=yes", "init=false;|");
	expect(&strict, "--no-new", "quiet=true;|");
	expect(&strict, "--no-no-new", "quiet=false;|");
	refuse("--init=maybe", "--init: 'maybe' is neither yes nor no");
	refuse("--init=", "--init: '' is neither yes nor no");
	/* Only a flag can be negated. */
	refuse("--no-memory", "no such option: --no-memory");
	refuse("--no-tty", "no such option: --no-tty");
	refuse("--no-", "no such option: --no-");
}

static void letters(void **state)
{
	(void)state;
	expect(&strict, "-m 1", "memory=1;|");
	expect(&strict, "-m1", "memory=1;|");
	expect(&strict, "-m=1", "memory=1;|");
	expect(&strict, "-it", "init=true;tty=;|");
	expect(&strict, "-iim5 x", "init=true;init=true;memory=5;| x");
	expect(&strict, "-im 5", "init=true;memory=5;|");
	expect(&strict, "-tnew", "tty=new;|");
	expect(&strict, "-t new", "tty=;| new");
	expect(&strict, "-ij", "init=true;taken json=true;|");
	refuse("-x", "no such option: -x");
	refuse("-ix", "no such option: -x");
	refuse("-m", "--memory: needs a value: SIZE");
	refuse("-im", "--memory: needs a value: SIZE");
}

static void several_words(void **state)
{
	(void)state;
	expect(&strict, "--ro-bind /a /b x", "volume=/a:/b:ro;| x");
	expect(&strict, "--bind /a:1 /b\\2", "volume=/a\\:1:/b\\\\2;|");
	expect(&strict, "--dev-bind /dev/x", "volume=/dev/x:/dev/x:dev;|");
	expect(&strict, "--unshare-all", "init=true;|");
	expect(&strict, "--bind --init -i", "volume=--init:-i;|");
	expect(&mixed, "x --bind a b y", "volume=a:b;| x y");
	refuse("--ro-bind /a", "--ro-bind: needs a value: two words");
	refuse("--dev-bind", "--dev-bind: needs a value: one word");
	refuse("--ro-bind=/a", "no such option: --ro-bind");
	refuse("--lost", "no such option: --lost");
}

static void operands(void **state)
{
	(void)state;
	expect(&strict, "x --init", "| x --init");
	expect(&strict, "--init x -m 1 -- y", "init=true;| x -m 1 -- y");
	expect(&strict, "-- --init", "| --init");
	expect(&strict, "-i -", "init=true;| -");
	expect(&strict, "--", "|");
	expect(&strict, "-- --", "| --");
	expect(&mixed, "x --init y", "init=true;| x y");
	expect(&mixed, "a b -i c -m 1 d", "init=true;memory=1;| a b c d");
	expect(&mixed, "a b c", "| a b c");
	expect(&mixed, "-i", "init=true;|");
	/* Behind "--" all are operands, and the earlier ones stand before them. */
	expect(&mixed, "a -i b -- -m c", "init=true;| a b -m c");
	expect(&mixed, "a -- b --", "| a b --");
	expect(&mixed, "-- a -i", "| a -i");
	expect(&mixed, "a --", "| a");
	expect(&mixed, "- -i -", "init=true;| - -");
	/* An operand that was kept is no value. */
	expect(&mixed, "a -m 1", "memory=1;| a");
}

static void kept_is_no_value(void **state)
{
	struct inro_error error;

	(void)state;
	assert_int_equal(parse(&mixed, "a b --memory", &error), -EINVAL);
	assert_string_equal(error.why, "needs a value: SIZE");
}

static void refusals(void **state)
{
	(void)state;
	refuse("--memroy 1", "no such option: --memroy; did you mean --memory?");
	refuse("--memor=1", "no such option: --memor; did you mean --memory?");
	refuse("--jsom", "no such option: --jsom; did you mean --json?");
	refuse("--xyzzy", "no such option: --xyzzy");
	refuse("--=x", "no such option: --");
	refuse("--memory", "--memory: needs a value: SIZE");
	refuse("--memory refused", "memory: is refused");
	refuse("--\x1b[2J", "no such option: --\\x1b[2J");
	refuse("--init --memory=1 "
	       "--nothing-of-the-kind-that-anybody-ever-would-have-thought-of-giving-a-name=1",
	       "no such option: --nothing-of-the-kind-that-anybody-ever-would-have-thought-of-giv");
	/* What stood before was taken. */
	assert_string_equal(buf_text(&heard), "init=true;memory=1;");
}

static void without_error(void **state)
{
	char name[] = "--xyzzy", maybe[] = "--init=maybe", last[] = "-m",
	     refused[] = "--memory=refused";
	char *words[] = { name, maybe, last, refused };
	int operand = -1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(options_parse(&strict, &words[i], 1, &operand, NULL), -EINVAL);
	assert_int_equal(operand, -1);
}

static void finding(void **state)
{
	(void)state;
	assert_ptr_equal(option_find(rows, ARRAY_SIZE(rows), "memory"), &rows[0]);
	assert_ptr_equal(option_find(rows, ARRAY_SIZE(rows), "mem"), &rows[0]);
	assert_ptr_equal(option_find(rows, ARRAY_SIZE(rows), "memory-limit"), &rows[0]);
	assert_null(option_find(rows, ARRAY_SIZE(rows), "memory-limit|mem"));
	assert_null(option_find(rows, ARRAY_SIZE(rows), "memo"));
	assert_null(option_find(rows, ARRAY_SIZE(rows), ""));
	assert_null(option_find(rows, ARRAY_SIZE(rows), "no-init"));
}

static void distances(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} pairs[] = {
		{ "", "", 0 },        { "abc", "abc", 0 },        { "", "abc", 3 },
		{ "abc", "", 3 },     { "abc", "abd", 1 },        { "abc", "ab", 1 },
		{ "abc", "xabc", 1 }, { "kitten", "sitting", 3 }, { "flaw", "lawn", 2 },
	};
	char big[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		assert_int_equal(option_distance(pairs[i].a, pairs[i].b, 10), pairs[i].distance);
		assert_int_equal(option_distance(pairs[i].b, pairs[i].a, 10), pairs[i].distance);
	}
	assert_int_equal(option_distance("kitten", "sitting", 2), 3);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(option_distance("x", big, 5), 6);
	assert_int_equal(option_distance(big, "x", 5), 6);
}

static int free_heard(void **state)
{
	(void)state;
	buf_deinit(&heard);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longs),    cmocka_unit_test(flags),
		cmocka_unit_test(letters),  cmocka_unit_test(several_words),
		cmocka_unit_test(operands), cmocka_unit_test(kept_is_no_value),
		cmocka_unit_test(refusals), cmocka_unit_test(without_error),
		cmocka_unit_test(finding),  cmocka_unit_test(distances),
	};

	return cmocka_run_group_tests_name("base/option", tests, NULL, free_heard);
}
