/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "documents.h"

static void every_list(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	const struct oci_hook *hook;

	(void)state;
	accept_in(IN_CONFIG,
		  "\"hooks\":{\"prestart\":[{\"path\":\"/a\"}],\"createRuntime\":[{\"path\":\"/b\"},{\"path\":\"/c\"}],"
		  "\"createContainer\":[{\"path\":\"/d\"}],\"startContainer\":[{\"path\":\"/e\"}],"
		  "\"poststart\":[{\"path\":\"/f\",\"env\":[],\"timeout\":3,\"args\":[\"f\",\"\"]}],"
		  "\"poststop\":[{\"path\":\"/g\",\"env\":[\"A=b\"]}]}",
		  &arena, &config);
	assert_int_equal(config.hooks.prestart.n, 1);
	assert_string_equal(config.hooks.prestart.list[0].path, "/a");
	assert_int_equal(config.hooks.create_runtime.n, 2);
	assert_string_equal(config.hooks.create_runtime.list[1].path, "/c");
	assert_string_equal(config.hooks.create_container.list[0].path, "/d");
	assert_string_equal(config.hooks.start_container.list[0].path, "/e");
	hook = &config.hooks.poststart.list[0];
	assert_string_equal(hook->path, "/f");
	EXPECT_STRINGS(hook->args, "f", "");
	assert_true(hook->env_set);
	assert_int_equal(hook->env.n, 0);
	assert_true(hook->timeout_s.set);
	assert_int_equal(hook->timeout_s.value, 3);
	hook = &config.hooks.poststop.list[0];
	assert_string_equal(hook->path, "/g");
	EXPECT_STRINGS(hook->env, "A=b");
	hook = &config.hooks.prestart.list[0];
	assert_false(hook->env_set);
	assert_false(hook->timeout_s.set);
	assert_int_equal(hook->args.n, 0);
}

static const struct refused wrong[] = {
	{ "\"hooks\":[]", "hooks", "must be an object" },
	{ "\"hooks\":{\"prestart\":{}}", "hooks.prestart", "is an object and must be a list" },
	{ "\"hooks\":{\"prestart\":[{\"path\":\"/a\"},{}]}", "hooks.prestart[1].path", "is missing" },
	{ "\"hooks\":{\"poststop\":[{\"path\":\"a\"}]}", "hooks.poststop[0].path", "'a' is not an absolute path" },
	{ "\"hooks\":{\"poststop\":[{\"path\":\"/a\",\"timeout\":0}]}", "hooks.poststop[0].timeout", "0 is not from 1" },
	{ "\"hooks\":{\"poststop\":[{\"path\":\"/a\",\"timeout\":-1}]}", "hooks.poststop[0].timeout", "-1 is not from 1" },
	{ "\"hooks\":{\"poststop\":[{\"path\":\"/a\",\"args\":[\"a\",1]}]}", "hooks.poststop[0].args[1]",
	  "must be a string" },
	{ "\"hooks\":{\"poststop\":[null]}", "hooks.poststop[0]", "is null" },
};

static void what_is_refused(void **state)
{
	(void)state;
	refuse_in(IN_CONFIG, wrong, ARRAY_SIZE(wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_list),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
