/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "caps/names.h"

static int find(const char *text)
{
	return caps_find(text, strlen(text));
}

static void both_ways(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= 40; i++) {
		assert_non_null(caps_name(i));
		assert_int_equal(find(caps_name(i)), i);
		assert_int_equal(find(caps_name(i) + strlen("CAP_")), i);
	}
	assert_null(caps_name(41));
	assert_null(caps_name(4000));
}

static void spellings(void **state)
{
	(void)state;
	assert_int_equal(find("cap_net_raw"), 13);
	assert_int_equal(find("Net_Raw"), 13);
	assert_int_equal(caps_find("CHOWN,KILL", 5), 0);
	assert_int_equal(find("0"), 0);
	assert_int_equal(find("63"), 63);
	assert_int_equal(find("CAP_45"), 45);
	assert_int_equal(find("64"), -ENOENT);
	assert_int_equal(find("4294967296"), -ENOENT);
	assert_int_equal(find("-1"), -ENOENT);
	assert_int_equal(find(""), -ENOENT);
	assert_int_equal(find("CAP_"), -ENOENT);
	assert_int_equal(find("NET_RAWX"), -ENOENT);
	assert_string_equal(caps_nearest("net_rav"), "CAP_NET_RAW");
	assert_null(caps_nearest("something else entirely, and much longer than any of the names"));
}

static void told(void **state)
{
	static const struct {
		uint64_t set;
		const char *text;
	} cases[] = {
		{ 0, "none" },
		{ 1, "CAP_CHOWN" },
		{ CAPS_BIT(13) | CAPS_BIT(5) | CAPS_BIT(50), "CAP_KILL, CAP_NET_RAW, 50" },
		{ CAPS_BIT(41) - 1, "all" },
		{ CAPS_EVERY, "all" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_buf struct buf text = { 0 };

		caps_tell(cases[i].set, 40, &text);
		assert_string_equal(buf_text(&text), cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways),
		cmocka_unit_test(spellings),
		cmocka_unit_test(told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
