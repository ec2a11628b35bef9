/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "documents.h"

static void destinations(void **state)
{
	static const struct {
		const char *written, *read;
	} cases[] = {
		{ "/proc", "/proc" },	    { "/", "/" },	   { "//a//b/", "/a/b" },  { "/a/./b/.", "/a/b" },
		{ "/a/../b", "/b" },	    { "/../../etc", "/etc" }, { "/a/b/../..", "/" }, { "data", "/data" },
		{ "../data", "/data" },	    { "a/../../b", "/b" },    { "/...", "/..." },    { "/.a/..b", "/.a/..b" },
		{ ".", "/" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena arena = { 0 };
		struct oci_config config;
		char members[128];

		snprintf(members, sizeof(members), "\"mounts\":[{\"destination\":\"%s\",\"type\":\"tmpfs\"}]",
			 cases[i].written);
		accept_in(IN_CONFIG, members, &arena, &config);
		assert_string_equal(config.mounts[0].destination, cases[i].read);
	}
}

static void whole_mounts(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	const struct oci_mount *mount;

	(void)state;
	accept_in(IN_CONFIG,
		  "\"mounts\":[{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
		  "\"options\":[\"nosuid\",\"size=1m\"]},"
		  "{\"destination\":\"/d\",\"source\":\"data\",\"options\":[\"rbind\",\"ro\"],"
		  "\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":2}],"
		  "\"gidMappings\":[{\"containerID\":1,\"hostID\":4294967294,\"size\":1}]},"
		  "{\"destination\":\"/e\",\"source\":\"/srv/../x\",\"type\":\"bind\",\"options\":null},"
		  "{\"destination\":\"/f\",\"source\":\"rel\",\"type\":\"none\",\"options\":[\"bind\"]}]",
		  &arena, &config);
	assert_int_equal(config.n_mounts, 4);
	mount = &config.mounts[0];
	assert_string_equal(mount->type, "tmpfs");
	assert_string_equal(mount->source, "tmpfs");
	EXPECT_STRINGS(mount->options, "nosuid", "size=1m");
	assert_int_equal(mount->uids.n, 0);
	mount = &config.mounts[1];
	assert_null(mount->type);
	assert_string_equal(mount->source, "/bundle/data");
	assert_int_equal(mount->uids.n, 1);
	assert_int_equal(mount->uids.list[0].inner, 0);
	assert_int_equal(mount->uids.list[0].outer, 1000);
	assert_int_equal(mount->uids.list[0].count, 2);
	assert_int_equal(mount->gids.n, 1);
	assert_int_equal(mount->gids.list[0].outer, 4294967294U);
	/* A source is not cleaned: its words may be links of the host. */
	assert_string_equal(config.mounts[2].source, "/srv/../x");
	assert_string_equal(config.mounts[3].source, "/bundle/rel");
}

#define MOUNT(rest) "\"mounts\":[{\"destination\":\"/a\"" rest "}]"
#define IDS(range) MOUNT(",\"uidMappings\":[" range "]")
#define AT(place) "mounts[0]" place

static const struct refused wrong[] = {
	{ "\"mounts\":{}", "mounts", "must be a list" },
	{ "\"mounts\":[1]", "mounts[0]", "is a number and must be an object" },
	{ "\"mounts\":[{\"type\":\"proc\"}]", "mounts[0].destination", "is missing" },
	{ "\"mounts\":[{\"destination\":\"\"}]", "mounts[0].destination", "is empty" },
	{ MOUNT(",\"options\":\"ro\""), AT(".options"), "is a string and must be a list" },
	{ MOUNT(",\"options\":[\"bind\"]"), AT(".source"), "a bind mount needs one" },
	{ MOUNT(",\"type\":\"bind\",\"source\":\"\""), AT(".source"), "a bind mount needs one" },
	{ IDS("{\"hostID\":0,\"size\":1}"), AT(".uidMappings[0].containerID"), "is missing" },
	{ IDS("{\"containerID\":0,\"hostID\":0,\"size\":0}"), AT(".uidMappings[0].size"), "no ids" },
	{ IDS("{\"containerID\":-1,\"hostID\":0,\"size\":1}"), AT(".uidMappings[0].containerID"),
	  "-1 is not from 0 to 4294967294" },
	{ IDS("{\"containerID\":0,\"hostID\":4294967295,\"size\":1}"), AT(".uidMappings[0].hostID"),
	  "4294967295 is not from 0 to 4294967294" },
	{ IDS("{\"containerID\":0,\"hostID\":4294967294,\"size\":2}"), AT(".uidMappings[0].size"),
	  "beyond the last one" },
	{ IDS("{\"containerID\":0,\"hostID\":0,\"size\":4294967296}"), AT(".uidMappings[0].size"),
	  "4294967296 is not from 0" },
};

static void what_is_refused(void **state)
{
	(void)state;
	refuse_in(IN_CONFIG, wrong, ARRAY_SIZE(wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(destinations),
		cmocka_unit_test(whole_mounts),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
