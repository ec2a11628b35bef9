/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <json-c/json.h>
#include <linux/capability.h>

#include "documents.h"
#include "oci/cgroup_systemd.h"
#include "oci/features_text.h"
#include "oci/mount_options.h"

static struct json_object *document;

static int make_document(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_buf struct buf text = { 0 };

	(void)state;
	if (oci_features_text(&arena, &text) < 0)
		return -1;
	document = json_tokener_parse(text.data);
	return document ? 0 : -1;
}

static int drop_document(void **state)
{
	(void)state;
	json_object_put(document);
	return 0;
}

/* What is at a path such as "linux.seccomp.actions". */
static struct json_object *at(const char *path)
{
	struct json_object *object = document;
	char name[64];

	while (*path) {
		size_t n = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		if (!json_object_object_get_ex(object, name, &object))
			fail_msg("there is no %s", name);
		path += n + (path[n] == '.');
	}
	return object;
}

/* Each word of a list, put into a document, is accepted; there must be WANTED of them, or more. */
static void expect_accepted(const char *path, size_t wanted, const char *format, const char *members)
{
	struct json_object *list = at(path);

	assert_true(json_object_array_length(list) >= wanted);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		cleanup_arena struct arena arena = { 0 };
		const char *word = json_object_get_string(json_object_array_get_idx(list, i));
		const char *place = strstr(members, "%s");
		struct oci_config config;

		accept_in(format,
			  arena_printf(&arena, "%.*s%s%s", (int)(place - members), members, word, place + 2), &arena,
			  &config);
	}
}

static void words_are_accepted(void **state)
{
	(void)state;
	expect_accepted("linux.namespaces", NS_KINDS, IN_LINUX, "\"namespaces\":[{\"type\":\"%s\"}]");
	expect_accepted("linux.seccomp.actions", 9, IN_SECCOMP, "\"listenerPath\":\"/l\",\"defaultAction\":\"%s\"");
	expect_accepted("linux.seccomp.operators", 7, IN_SECCOMP,
			"\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
			"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
			"\"args\":[{\"index\":0,\"value\":1,\"op\":\"%s\"}]}]");
	expect_accepted("linux.seccomp.archs", 18, IN_SECCOMP,
			"\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"%s\"]");
	expect_accepted("linux.seccomp.knownFlags", 4, IN_SECCOMP,
			"\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"%s\"]");
	expect_accepted("linux.seccomp.supportedFlags", 0, IN_SECCOMP,
			"\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"%s\"]");
	expect_accepted("linux.memoryPolicy.modes", 7, IN_LINUX, "\"memoryPolicy\":{\"mode\":\"%s\"}");
	expect_accepted("linux.memoryPolicy.flags", 3, IN_LINUX,
			"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"flags\":[\"%s\"]}");
}

/* Accepted is not enough where a word that is not known is no error. */
static void capabilities_and_hooks_are_known(void **state)
{
	struct json_object *caps = at("linux.capabilities"), *names = at("hooks");

	(void)state;
	assert_int_equal(json_object_array_length(caps), CAP_LAST_CAP + 1);
	for (size_t i = 0; i < json_object_array_length(caps); i++) {
		cleanup_arena struct arena arena = { 0 };
		struct oci_config config;

		accept_in(IN_PROCESS,
			  arena_printf(&arena, "\"capabilities\":{\"bounding\":[\"%s\"]}",
				       json_object_get_string(json_object_array_get_idx(caps, i))),
			  &arena, &config);
		assert_true(config.process.caps.bounding == 1ULL << i);
	}
	assert_int_equal(json_object_array_length(names), 6);
	for (size_t i = 0; i < 6; i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(names, i));
		cleanup_arena struct arena arena = { 0 };
		const struct refused hook = {
			arena_printf(&arena, "\"hooks\":{\"%s\":1}", name),
			arena_printf(&arena, "hooks.%s", name), "must be a list",
		};

		refuse_in(IN_CONFIG, &hook, 1);
	}
}

/* Each option is our own, and not left to the file system; no word twice. */
static void mount_options_are_known(void **state)
{
	static const char *const wanted[] = { "bind", "rbind", "ro", "rro", "rslave", "tmpcopyup", "idmap", "nosymfollow",
					      "sync", "lazytime" };
	struct json_object *list = at("mountOptions");
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *word = json_object_get_string(json_object_array_get_idx(list, i));
		const struct oci_strings words = { &word, 1 };
		cleanup_arena struct arena arena = { 0 };
		struct oci_mount_options options = { 0 };

		assert_int_equal(oci_mount_options(&arena, &words, &options), 0);
		oci_mount_config_drop_common(&options);
		if (options.n_config > 0)
			fail_msg("%s is left to the file system", word);
		for (size_t j = 0; j < ARRAY_SIZE(wanted); j++)
			found += strcmp(word, wanted[j]) == 0;
		if (i > 0)
			assert_true(strcmp(json_object_get_string(json_object_array_get_idx(list, i - 1)), word) < 0);
	}
	assert_int_equal(found, ARRAY_SIZE(wanted));
}

static void versions_and_subjects(void **state)
{
	static const char *const subjects[] = {
		"linux.seccomp.enabled", "linux.apparmor.enabled", "linux.selinux.enabled", "linux.netDevices.enabled",
		"linux.mountExtensions.idmap.enabled",
	};

	(void)state;
	assert_string_equal(json_object_get_string(at("ociVersionMin")), "1.0.0");
	assert_string_equal(json_object_get_string(at("ociVersionMax")), "1.3.0");
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++)
		if (!json_object_get_boolean(at(subjects[i])))
			fail_msg("%s is false", subjects[i]);
	assert_int_equal(json_object_get_boolean(at("linux.cgroup.systemd")), oci_systemd_installed());
	assert_int_equal(json_object_get_boolean(at("linux.cgroup.systemdUser")), oci_systemd_installed());
	assert_string_equal(json_object_get_string(at("potentiallyUnsafeConfigAnnotations")),
			    "[ \"org.systemd.property.\" ]");
	assert_true(json_object_is_type(at("linux.intelRdt.enabled"), json_type_boolean));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_accepted),
		cmocka_unit_test(capabilities_and_hooks_are_known),
		cmocka_unit_test(mount_options_are_known),
		cmocka_unit_test(versions_and_subjects),
	};

	return cmocka_run_group_tests(tests, make_document, drop_document);
}
