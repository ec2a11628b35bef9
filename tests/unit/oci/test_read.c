/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "documents.h"

static void top_of_the_document(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;

	(void)state;
	accept_in("%s", "{\"ociVersion\":\"1.0.2-dev\"}", &arena, &config);
	assert_string_equal(config.version, "1.0.2-dev");
	assert_string_equal(config.bundle, "/bundle");
	assert_null(config.root.path);
	assert_false(config.process_set);
	accept_in(IN_CONFIG,
		  "\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"box\","
		  "\"linux\":{\"namespaces\":[{\"type\":\"uts\"}]},\"domainname\":\"\","
		  "\"annotations\":{\"a.b\":\"1\",\"c/d\":\"\"},\"mounts\":null,\"vm\":{\"x\":1},\"hooks\":{}",
		  &arena, &config);
	assert_string_equal(config.root.path, "/bundle/rootfs");
	assert_true(config.root.read_only);
	assert_string_equal(config.hostname, "box");
	assert_null(config.domainname);
	assert_int_equal(config.n_mounts, 0);
	assert_int_equal(config.n_annotations, 2);
	assert_string_equal(config.annotations[0].key, "a.b");
	assert_string_equal(config.annotations[0].value, "1");
	assert_string_equal(config.annotations[1].key, "c/d");
	assert_string_equal(config.annotations[1].value, "");
	assert_null(config.process_json);
	assert_string_equal(config.hooks_json, "{}");
	assert_null(config.resources_json);
	accept_in(IN_CONFIG, "\"root\":{\"path\":\"/srv/root\"}", &arena, &config);
	assert_string_equal(config.root.path, "/srv/root");
	assert_false(config.root.read_only);
}

/* What state.json keeps reads as the part of config.json did. */
static void texts_of_parts(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_resources resources = { 0 };
	struct oci_process process = { 0 };
	struct oci_hooks hooks = { 0 };
	struct inro_error error = { 0 };
	struct oci_config config;

	(void)state;
	accept_in(IN_CONFIG,
		  "\"process\": {\"cwd\":\"/a/b\", \"args\":[\"\\\"\\n\\u00e9\"],\"rlimits\":[{\"type\":\"RLIMIT_CPU\","
		  "\"soft\":1,\"hard\":18446744073709551615}]}, \"hooks\":{\"poststop\":[{\"path\":\"/x\"}]},"
		  "\"linux\":{\"resources\":{\"memory\":{\"swap\":-1}}}",
		  &arena, &config);
	assert_int_equal(oci_read_process(config.process_json, strlen(config.process_json), &arena, &process, &error), 0);
	assert_string_equal(process.cwd, "/a/b");
	EXPECT_STRINGS(process.args, "\"\n\xc3\xa9");
	assert_true(process.rlimits[0].hard == UINT64_MAX);
	assert_int_equal(oci_read_hooks(config.hooks_json, strlen(config.hooks_json), &arena, &hooks, &error), 0);
	assert_string_equal(hooks.poststop.list[0].path, "/x");
	assert_int_equal(oci_read_resources(config.resources_json, strlen(config.resources_json), &arena, &resources,
					    &error), 0);
	assert_int_equal(resources.memory_swap.value, -1);
}

static const struct refused documents[] = {
	{ "", "config.json", "empty" },
	{ "[]", "config.json", "is a list and must be an object" },
	{ "{\"ociVersion\":\"1.0.0\"", "config.json", "ends in its midst" },
	{ "{\"ociVersion\":\"1.0.0\"} {}", "config.json", "something follows" },
	{ "{\n\"ociVersion\":\"1.0.0\",}", "config.json", "line 2 is not valid JSON" },
	{ "{\"ociVersion\":\"1.0.0\",\n\n\"ociVersion\":\"1.1.0\"}", "config.json", "line 3: 'ociVersion' stands twice" },
	{ "{}", "ociVersion", "is missing" },
	{ "{\"ociVersion\":null}", "ociVersion", "is missing" },
	{ "{\"ociVersion\":1.0}", "ociVersion", "must be a string" },
	{ "{\"ociVersion\":\"2.0.0\"}", "ociVersion", "'2.0.0' is not a version 1.x" },
	{ "{\"ociVersion\":\"1\"}", "ociVersion", "'1' is not a version 1.x" },
};

static const struct refused members[] = {
	{ "\"root\":{}", "root.path", "is missing" },
	{ "\"root\":{\"path\":\"\"}", "root.path", "is empty" },
	{ "\"root\":{\"path\":\"a\\u0000b\"}", "root.path", "NUL" },
	{ "\"root\":{\"path\":\"a\",\"readonly\":\"yes\"}", "root.readonly", "is a string and must be true or false" },
	{ "\"hostname\":\"12345678901234567890123456789012345678901234567890123456789012345\"", "hostname",
	  "longer than 64" },
	{ "\"annotations\":{\"\":\"x\"}", "annotations[\"\"]", "the name is empty" },
	{ "\"annotations\":{\"k\":1}", "annotations[\"k\"]", "is a number and must be a string" },
	{ "\"annotations\":[]", "annotations", "is a list and must be an object" },
	{ "\"hostname\":\"a\"", "hostname", "no uts namespace" },
	{ "\"domainname\":\"a\",\"linux\":{\"namespaces\":[{\"type\":\"pid\"}]}", "domainname", "no uts namespace" },
	{ "\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]}", "linux.uidMappings",
	  "no user namespace" },
	{ "\"linux\":{\"gidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]}", "linux.gidMappings",
	  "no user namespace" },
	{ "\"linux\":{\"timeOffsets\":{\"boottime\":{\"secs\":1}}}", "linux.timeOffsets", "no time namespace" },
	{ "\"linux\":{\"netDevices\":{\"eth0\":{}}}", "linux.netDevices", "no network namespace" },
	{ "\"process\":{\"args\":[\"sh\"]}", "process.cwd", "is missing" },
	{ "\"process\":{\"cwd\":\"/\"}", "process.args", "is missing" },
	{ "\"process\":{\"cwd\":\"/\",\"args\":[]}", "process.args", "is empty" },
	{ "\"process\":{\"cwd\":\"etc\",\"args\":[\"sh\"]}", "process.cwd", "'etc' is not an absolute path" },
};

static void what_is_refused(void **state)
{
	(void)state;
	refuse_in("%s", documents, ARRAY_SIZE(documents));
	refuse_in(IN_CONFIG, members, ARRAY_SIZE(members));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(top_of_the_document),
		cmocka_unit_test(texts_of_parts),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
