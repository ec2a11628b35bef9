/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "documents.h"
#include "oci/spec_text.h"

static void read_spec(bool rootless, struct arena *arena, struct oci_config *config)
{
	cleanup_buf struct buf text = { 0 };
	struct inro_error error = { 0 };

	oci_spec_text(rootless, 1000, 100, &text);
	assert_false(text.failed);
	if (oci_read_config(text.data, text.used, "/bundle", arena, config, &error) < 0)
		fail_msg("%s: %s", error.what, error.why);
}

static void for_root(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;

	(void)state;
	read_spec(false, &arena, &config);
	assert_string_equal(config.version, "1.3.0");
	assert_string_equal(config.root.path, "/bundle/rootfs");
	assert_true(config.root.read_only);
	assert_true(config.process.terminal && config.process.no_new_privs);
	EXPECT_STRINGS(config.process.args, "sh");
	assert_int_equal(config.process.caps.unknown.n, 0);
	assert_int_equal(__builtin_popcountll(config.process.caps.bounding), 3);
	assert_true(config.process.caps.bounding == config.process.caps.permitted);
	assert_true(config.process.caps.bounding == config.process.caps.effective);
	assert_int_equal(config.process.n_rlimits, 1);
	assert_int_equal(config.n_mounts, 7);
	assert_int_equal(config.mounts[0].options.n, 0);
	EXPECT_STRINGS(config.mounts[5].options, "nosuid", "noexec", "nodev", "ro");
	assert_true(oci_has_ns(&config, NS_NET, NULL));
	assert_false(oci_has_ns(&config, NS_USER, NULL));
	assert_int_equal(config.linux_.resources.n_devices, 1);
	assert_int_equal(config.linux_.masked_paths.n, 10);
	assert_int_equal(config.linux_.readonly_paths.n, 5);
}

static void for_a_user(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;

	(void)state;
	read_spec(true, &arena, &config);
	assert_true(oci_has_ns(&config, NS_USER, NULL));
	assert_false(oci_has_ns(&config, NS_NET, NULL));
	assert_false(config.linux_.resources.set);
	assert_int_equal(config.linux_.uids.n, 1);
	assert_int_equal(config.linux_.uids.list[0].inner, 0);
	assert_int_equal(config.linux_.uids.list[0].outer, 1000);
	assert_int_equal(config.linux_.gids.list[0].outer, 100);
	for (size_t i = 0; i < config.n_mounts; i++) {
		assert_string_not_equal(config.mounts[i].type, "sysfs");
		for (size_t j = 0; j < config.mounts[i].options.n; j++)
			assert_int_not_equal(strncmp(config.mounts[i].options.list[j], "gid=", 4), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_root),
		cmocka_unit_test(for_a_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
