/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

/* On failure the output stays as it was: this. */
#define UNTOUCHED 7777

struct row {
	const char *text;
	int r;
	uint64_t value;
};

#define CHECK(rows, type, function)                                                      \
	do {                                                                             \
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {                          \
			type value = UNTOUCHED;                                          \
			int r = function(rows[i].text, &value);                          \
			if (r != rows[i].r)                                              \
				print_message("'%s' gave %d\n", rows[i].text, r);        \
			assert_int_equal(r, rows[i].r);                                  \
			assert_true((uint64_t)value == (r ? UNTOUCHED : rows[i].value)); \
		}                                                                        \
	} while (0)

static void numbers(void **state)
{
	static const struct row u64[] = {
		{ "0", 0, 0 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "184467440737095516160", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "1\n", -EINVAL, 0 },
		{ "\xd9\xa1", -EINVAL, 0 },
	};
	static const struct row u32[] = {
		{ "4294967295", 0, UINT32_MAX },
		{ "4294967296", -ERANGE, 0 },
		{ "0", 0, 0 },
	};
	static const struct row i64[] = {
		{ "0", 0, 0 },
		{ "-0", 0, 0 },
		{ "+5", 0, 5 },
		{ "-5", 0, (uint64_t)-5 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "-9223372036854775808", 0, (uint64_t)INT64_MIN },
		{ "-9223372036854775809", -ERANGE, 0 },
		{ "--1", -EINVAL, 0 },
		{ "+-1", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
	};

	(void)state;
	CHECK(u64, uint64_t, parse_u64);
	CHECK(u32, uint32_t, parse_u32);
	CHECK(i64, int64_t, parse_i64);
}

static void ids(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "65534", 0, 65534 },
		{ "4294967294", 0, 4294967294 },
		{ "4294967295", -ERANGE, 0 }, /* (uid_t)-1: "leave it as it is" */
		{ "4294967296", -ERANGE, 0 }, /* would be 0 in 32 bits */
		{ "18446744073709551615", -ERANGE, 0 },
		{ "-1", -EINVAL, 0 },
		{ "root", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
	};
	static const struct row pids[] = {
		{ "1", 0, 1 },
		{ "2147483647", 0, 2147483647 },
		{ "2147483648", -ERANGE, 0 },
		{ "0", -ERANGE, 0 },
		{ "-1", -EINVAL, 0 },
	};
	static const struct row modes[] = {
		{ "0", 0, 0 },        { "755", 0, 0755 },      { "01777", 0, 01777 },
		{ "7777", 0, 07777 }, { "10000", -ERANGE, 0 }, { "8", -EINVAL, 0 },
		{ "", -EINVAL, 0 },   { "0o7", -EINVAL, 0 },
	};

	(void)state;
	CHECK(rows, uint32_t, parse_id);
	CHECK(pids, int, parse_pid);
	CHECK(modes, uint32_t, parse_mode);
}

static void bools(void **state)
{
	static const char *const yes[] = { "yes", "TRUE", "On", "1" }, *const no[] = { "no",
										       "False",
										       "OFF", "0" };
	static const char *const neither[] = { "",     "y",    "n",    "2",     "01",
					       " yes", "yes ", "nope", "enable" };
	bool value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		value = false;
		assert_int_equal(parse_bool(yes[i], &value), 0);
		assert_true(value);
		assert_int_equal(parse_bool(no[i], &value), 0);
		assert_false(value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(neither); i++) {
		value = true;
		assert_int_equal(parse_bool(neither[i], &value), -EINVAL);
		assert_true(value);
	}
}

static void sizes(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "1", 0, 1 },
		{ "1B", 0, 1 },
		{ "1k", 0, 1024 },
		{ "1K", 0, 1024 },
		{ "1KB", 0, 1024 },
		{ "1KiB", 0, 1024 },
		{ "64M", 0, 64 << 20 },
		{ "1.5G", 0, 3ULL << 29 },
		{ "0.5k", 0, 512 },
		{ "0.25M", 0, 1 << 18 },
		{ "2T", 0, 2ULL << 40 },
		{ "1P", 0, 1ULL << 50 },
		{ "15E", 0, 15ULL << 60 },
		{ "16E", -ERANGE, 0 },
		{ "15.999999999E", 0, 18446744072556544000ULL },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "17179869183G", 0, 17179869183ULL << 30 },
		{ "17179869184G", -ERANGE, 0 },
		{ "0.0000000001G", 0, 0 },
		{ "", -EINVAL, 0 },
		{ "K", -EINVAL, 0 },
		{ ".5K", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 },
		{ "1.K", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1 K", -EINVAL, 0 },
		{ "1X", -EINVAL, 0 },
		{ "1iB", -EINVAL, 0 },
		{ "1KK", -EINVAL, 0 },
		{ "1KBs", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "1,5K", -EINVAL, 0 },
		{ "1.2.3", -EINVAL, 0 },
	};
	uint64_t value = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		value = UNTOUCHED;
		if (strchr(rows[i].text, 'E') && strchr(rows[i].text, '.'))
			continue; /* below: only its size is told */
		assert_int_equal(parse_size(rows[i].text, &value), rows[i].r);
		assert_true(value == (rows[i].r ? UNTOUCHED : rows[i].value));
	}
	assert_int_equal(parse_size("15.999999999E", &value), 0);
	assert_true(value > 15ULL << 60);
	/* Digits that do not count any more are digits still. */
	assert_int_equal(parse_size("0.5000000000000000000000000000001K", &value), 0);
	assert_true(value == 512);
}

#define SECOND 1000000000ULL

static void durations(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "5", 0, 5 * SECOND },
		{ "0.5", 0, SECOND / 2 },
		{ "5s", 0, 5 * SECOND },
		{ "5ms", 0, 5000000 },
		{ "5us", 0, 5000 },
		{ "5ns", 0, 5 },
		{ "2m", 0, 120 * SECOND },
		{ "1h30m", 0, 5400 * SECOND },
		{ "1d", 0, 86400 * SECOND },
		{ "1.5h", 0, 5400 * SECOND },
		{ "1m1s1ms1us1ns", 0, 61 * SECOND + 1001001 },
		{ "0.1ns", 0, 0 },
		{ "18446744073s", 0, 18446744073 * SECOND },
		{ "18446744074s", -ERANGE, 0 },
		{ "18446744073s1s", -ERANGE, 0 },
		{ "213504d", -ERANGE, 0 },
		{ "99999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "1w", -EINVAL, 0 },
		{ "1sec", -EINVAL, 0 },
		{ "1S", -EINVAL, 0 },
		{ "1 s", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 },
		{ "1.s", -EINVAL, 0 },
		{ "1.2.3s", -EINVAL, 0 },
		{ "1hm", -EINVAL, 0 },
	};

	(void)state;
	CHECK(rows, uint64_t, parse_duration);
}

static void signals(void **state)
{
	const struct row rows[] = {
		{ "9", 0, 9 },
		{ "1", 0, 1 },
		{ "64", 0, 64 },
		{ "65", -ERANGE, 0 },
		{ "0", -ERANGE, 0 },
		{ "TERM", 0, SIGTERM },
		{ "SIGTERM", 0, SIGTERM },
		{ "sigterm", 0, SIGTERM },
		{ "Kill", 0, SIGKILL },
		{ "SIGCHLD", 0, SIGCHLD },
		{ "IO", 0, SIGIO },
		{ "SIGPOLL", 0, SIGPOLL },
		{ "CLD", 0, SIGCHLD },
		{ "IOT", 0, SIGABRT },
		{ "RTMIN", 0, (uint64_t)SIGRTMIN },
		{ "SIGRTMIN+0", 0, (uint64_t)SIGRTMIN },
		{ "rtmin+3", 0, (uint64_t)SIGRTMIN + 3 },
		{ "RTMAX", 0, (uint64_t)SIGRTMAX },
		{ "RTMAX-1", 0, (uint64_t)SIGRTMAX - 1 },
		{ "RTMIN+30", 0, (uint64_t)SIGRTMIN + 30 },
		{ "RTMIN+31", -ERANGE, 0 },
		{ "RTMAX-31", -ERANGE, 0 },
		{ "RTMIN+9999999999", -ERANGE, 0 },
		{ "RTMIN-1", -EINVAL, 0 },
		{ "RTMAX+1", -EINVAL, 0 },
		{ "RTMIN+", -EINVAL, 0 },
		{ "RTMIN+-1", -EINVAL, 0 },
		{ "RTMIN3", -EINVAL, 0 },
		{ "SIG", -EINVAL, 0 },
		{ "SIGSIGTERM", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "TERMX", -EINVAL, 0 },
		{ "-9", -EINVAL, 0 },
	};

	(void)state;
	CHECK(rows, int, parse_signal);
}

/* Each name is read back as its number. */
static void signal_names(void **state)
{
	char text[16];

	(void)state;
	for (int number = 1; number <= 64; number++) {
		int again = 0;

		if (number >= 32 && number < SIGRTMIN)
			continue; /* the C library's own: without a name */
		assert_int_equal(parse_signal(signal_name(number, text), &again), 0);
		assert_int_equal(again, number);
		assert_memory_equal(signal_name(number, text), "SIG", 3);
	}
	assert_string_equal(signal_name(SIGTERM, text), "SIGTERM");
	assert_string_equal(signal_name(SIGRTMIN + 3, text), "SIGRTMIN+3");
	assert_string_equal(signal_name(32, text), "signal 32");
	assert_string_equal(signal_name(0, text), "signal 0");
	assert_string_equal(signal_name(100, text), "signal 100");
	assert_true(strlen(signal_name(INT32_MIN, text)) < 16);
}

static void lists(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *words[5];
	} rows[] = {
		{ "", 0, { NULL } },
		{ "a", 1, { "a" } },
		{ "a,b", 2, { "a", "b" } },
		{ ",", 2, { "", "" } },
		{ "a,,b,", 4, { "a", "", "b", "" } },
		{ "a b:c", 1, { "a b:c" } },
	};
	cleanup_arena struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char **list;
		size_t n = 99;

		assert_int_equal(parse_list(&arena, rows[i].text, ',', &list, &n), 0);
		assert_int_equal(n, rows[i].n);
		for (size_t j = 0; j < n; j++)
			assert_string_equal(list[j], rows[i].words[j]);
		assert_null(list[n]);
		assert_int_equal(parse_list(&arena, rows[i].text, ',', &list, NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),      cmocka_unit_test(ids),
		cmocka_unit_test(bools),        cmocka_unit_test(sizes),
		cmocka_unit_test(durations),    cmocka_unit_test(signals),
		cmocka_unit_test(signal_names), cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests_name("base/parse", tests, NULL, NULL);
}
