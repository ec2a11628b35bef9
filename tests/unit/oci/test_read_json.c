/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "documents.h"
#include "oci/read_json.h"

/* A document is an object without a name twice, in an array of which depth may be deep. */
static int read_it(const char *text, size_t size, struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	struct reader reader = { .arena = &arena, .error = error, .document = "it" };
	struct json_object *json = NULL;
	int r = read_document(&reader, text, size, &json);

	assert_int_equal(r == 0, json != NULL);
	json_object_put(json);
	return r;
}

static void accepted(void **state)
{
	static const char *const texts[] = {
		"{}",
		" \n\t{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":2},[{\"a\":1}]]}\r\n",
		"{\"a:b\":\":::\",\"\\\":\":1,\"\\\\\":2,\"c\":\"\\\"d\\\":\"}",
		"{\"a\":\"\\u00e9\xc3\xa9\",\"A\":18446744073709551615,\"b\":-9223372036854775808}",
		"{\"a\":0.123456789012345678901234567890,\"b\":[-0,12e3]}",
		"{\"a\":{\"x\":1,\"y\":{}},\"b\":{\"x\":1},\"x\":0}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct inro_error error = { 0 };

		if (read_it(texts[i], strlen(texts[i]), &error) != 0)
			fail_msg("%s: %s", texts[i], error.why);
	}
}

static void rejected(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "empty" },
		{ "   ", "ends in its midst" },
		{ "{", "ends in its midst" },
		{ "{\"a\":\"", "ends in its midst" },
		{ "null ", "must be an object" },
		{ "\"x\"", "must be an object" },
		{ "{} x", "something follows" },
		{ "{}{}", "something follows" },
		{ "{a:1}", "not valid JSON" },
		{ "{'a':1}", "not valid JSON" },
		{ "{\"a\":1,}", "not valid JSON" },
		{ "{\"a\":[1,]}", "not valid JSON" },
		{ "{\"a\":NaN}", "not valid JSON" },
		{ "{\"a\":01}", "not valid JSON" },
		{ "{\"a\":18446744073709551616}", "does not fit into 64 bits" },
		{ "{\"a\":-9223372036854775809}", "does not fit into 64 bits" },
		{ "{\"a\":\"\x80\"}", "not valid JSON" },
		{ "{/* x */\"a\":1}", "not valid JSON" },
		{ "{\n\"a\":1,\n\"b\" 2}", "line 3 is not valid JSON" },
		{ "{\"a\":1,\"b\":{\"c\":1,\n\"d\":[{}],\"c\":2}}", "line 2: 'c' stands twice" },
		{ "{\"a\":[1,{\"a\":1}],\"b\":1,\"a\" : 1}", "line 1: 'a' stands twice" },
		{ "{\"a\":1,\"\\u0061\":2}", "a name stands twice" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct inro_error error = { 0 };

		if (read_it(cases[i].text, strlen(cases[i].text), &error) != -EINVAL)
			fail_msg("%s is accepted", cases[i].text);
		assert_int_equal(error.kind, INRO_ERROR_USAGE);
		assert_string_equal(error.what, "it");
		if (!strstr(error.why, cases[i].why))
			fail_msg("%s: %s", cases[i].text, error.why);
	}
}

static void bytes_behind(void **state)
{
	static const char nul[] = "{}\0{}", inside[] = "{\"a\":\"b\0c\"}";
	struct inro_error error = { 0 };

	(void)state;
	assert_int_equal(read_it(nul, sizeof(nul) - 1, &error), -EINVAL);
	assert_int_equal(read_it(nul, 3, &error), -EINVAL);
	assert_int_equal(read_it(inside, sizeof(inside) - 1, &error), -EINVAL);
}

static void depth(void **state)
{
	char text[512];

	(void)state;
	for (unsigned n = 1; n < 100; n++) {
		struct inro_error error = { 0 };
		size_t used = (size_t)sprintf(text, "{\"a\":");

		memset(text + used, '[', n);
		memset(text + used + n, ']', n);
		memcpy(text + used + 2 * n, "}", 2);
		/* The deepest document of the spec has some ten levels. */
		if (n < 20)
			assert_int_equal(read_it(text, strlen(text), &error), 0);
		if (n > 32)
			assert_int_equal(read_it(text, strlen(text), &error), -EINVAL);
	}
}

/* The path of what is wrong, also where it is longer than the field of the error. */
static void long_paths(void **state)
{
	struct arena arena = { 0 };
	struct inro_error error = { 0 };
	struct reader reader = { .arena = &arena, .error = &error, .document = "it" };
	char name[300];
	struct place outer = { .name = "annotations" }, inner = { .name = name, .key = true }, last = { .index = 7 };

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	reader_enter(&reader, &outer);
	reader_enter(&reader, &inner);
	reader_enter(&reader, &last);
	assert_int_equal(refuse(&reader, "no %d", 3), -EINVAL);
	assert_string_equal(error.why, "no 3");
	assert_true(strncmp(error.what, "...xxx", 6) == 0);
	assert_string_equal(error.what + strlen(error.what) - 6, "x\"][7]");
	reader_leave(&reader);
	reader_leave(&reader);
	assert_int_equal(refuse_field(&reader, "a", "no"), -EINVAL);
	assert_string_equal(error.what, "annotations.a");
	reader_leave(&reader);
	assert_null(reader.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted), cmocka_unit_test(rejected),	  cmocka_unit_test(bytes_behind),
		cmocka_unit_test(depth),    cmocka_unit_test(long_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
