/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "oci/update.h"

static void merged(const char *older, const char *newer, const char *wanted)
{
	struct json_object *result = oci_update_merge(older ? json_tokener_parse(older) : NULL,
						      newer ? json_tokener_parse(newer) : NULL);

	assert_string_equal(json_object_to_json_string_ext(result, JSON_C_TO_STRING_PLAIN), wanted);
	json_object_put(result);
}

static void newer_over_older(void **state)
{
	(void)state;
	merged("{\"memory\":{\"limit\":1,\"swap\":2}}", "{\"memory\":{\"limit\":5}}",
	       "{\"memory\":{\"limit\":5,\"swap\":2}}");
	merged("{\"pids\":{\"limit\":1}}", "{\"cpu\":{\"shares\":5}}",
	       "{\"pids\":{\"limit\":1},\"cpu\":{\"shares\":5}}");
	merged("{\"devices\":[1,2]}", "{\"devices\":[3]}", "{\"devices\":[3]}");
	merged("{\"memory\":{\"limit\":1}}", "{\"memory\":null}", "{\"memory\":{\"limit\":1}}");
	merged("{}", NULL, "{}");
	merged(NULL, "{\"a\":{}}", "{\"a\":{}}");
	merged("{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"d\":2}}}",
	       "{\"a\":{\"b\":{\"c\":1,\"d\":2}}}");
	merged("{\"memory\":{\"limit\":1}}", "{\"memory\":{\"limit\":18446744073709551615}}",
	       "{\"memory\":{\"limit\":18446744073709551615}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newer_over_older),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
