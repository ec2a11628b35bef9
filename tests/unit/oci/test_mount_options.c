/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/mount.h>
#include <string.h>

#include "base/arena.h"
#include "base/macros.h"
#include "kernel/constants.h"
#include "mount/steps.h"
#include "oci/mount_options.h"

static struct arena arena;

static struct oci_mount_options parse(const char *const *words)
{
	struct oci_strings list = { .list = words };
	struct oci_mount_options options;

	for (; words[list.n]; list.n++)
		;
	assert_int_equal(oci_mount_options(&arena, &list, &options), 0);
	return options;
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

static void flags_set_and_clear(void **state)
{
	struct oci_mount_options options = PARSE("ro", "nosuid", "dev", "exec");

	(void)state;
	assert_int_equal(options.own.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	assert_int_equal(options.own.clear, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	assert_int_equal(options.recursive.set | options.recursive.clear, 0);
	assert_int_equal(options.n_config, 0);
	/* The later word counts. */
	options = PARSE("ro", "rw", "suid", "nosuid");
	assert_int_equal(options.own.set, MOUNT_ATTR_NOSUID);
	assert_int_equal(options.own.clear, MOUNT_ATTR_RDONLY);
}

/* The kernel refuses to clear a part of the times of access. */
static void access_times_are_one_choice(void **state)
{
	static const struct {
		const char *word;
		uint64_t set;
	} cases[] = {
		{ "noatime", MOUNT_ATTR_NOATIME },  { "strictatime", MOUNT_ATTR_STRICTATIME },
		{ "relatime", 0 },		    { "atime", 0 },
		{ "norelatime", 0 },		    { "nostrictatime", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct oci_mount_options options = PARSE("noatime", "strictatime", "ro", cases[i].word);

		assert_int_equal(options.own.set, MOUNT_ATTR_RDONLY | cases[i].set);
		assert_int_equal(options.own.clear, MOUNT_ATTR__ATIME);
	}
}

static void recursive_ones(void **state)
{
	struct oci_mount_options options =
		PARSE("rbind", "rro", "rnosuid", "rexec", "rnoatime", "rnosymfollow", "rnodiratime");

	(void)state;
	assert_true(options.bind && options.rbind);
	assert_int_equal(options.own.set | options.own.clear, 0);
	assert_int_equal(options.recursive.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
							MOUNT_ATTR_NOATIME |
							MOUNT_ATTR_NOSYMFOLLOW |
							MOUNT_ATTR_NODIRATIME);
	assert_int_equal(options.recursive.clear, MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME);
	options = PARSE("rrw", "rdev", "rsuid");
	assert_int_equal(options.recursive.clear,
			 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
	assert_false(options.bind);
}

static void propagation(void **state)
{
	static const struct {
		const char *word;
		uint64_t type;
	} types[] = {
		{ "rshared", PROPAGATION_SHARED },
		{ "rslave", PROPAGATION_SLAVE },
		{ "rprivate", PROPAGATION_PRIVATE },
		{ "runbindable", PROPAGATION_UNBINDABLE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct oci_mount_options options = PARSE(types[i].word);

		assert_int_equal(options.propagation, types[i].type);
		assert_true(options.propagation_recursive);
		options = PARSE(types[i].word + 1);
		assert_int_equal(options.propagation, types[i].type);
		assert_false(options.propagation_recursive);
	}
	assert_int_equal(PARSE("ro").propagation, 0);
}

static void the_rest_is_the_file_system_s(void **state)
{
	struct oci_mount_options options =
		PARSE("mode=755", "acl", "size=65536k", "defaults", "async", "rnothing", "size=1", "x=");

	(void)state;
	assert_int_equal(options.n_config, 6);
	assert_string_equal(options.config[0], "mode");
	assert_string_equal(options.config[1], "755");
	assert_string_equal(options.config[2], "acl");
	assert_null(options.config[3]);
	assert_string_equal(oci_mount_config(&options, "size"), "1");
	assert_string_equal(oci_mount_config(&options, "acl"), "");
	assert_string_equal(oci_mount_config(&options, "x"), "");
	assert_null(oci_mount_config(&options, "gid"));
	oci_mount_config_drop(&options, "size");
	assert_int_equal(options.n_config, 4);
	assert_null(oci_mount_config(&options, "size"));
	assert_null(options.config[8]);
	assert_int_equal(options.own.set | options.own.clear, 0);
}

static void what_the_runtime_does(void **state)
{
	struct oci_mount_options options = PARSE("bind", "idmap", "tmpcopyup", "remount", "src-nofollow",
						 "dest-nofollow", "copy-symlink");

	(void)state;
	assert_true(options.bind && options.idmap && options.copy_up && options.remount);
	assert_true(options.source_nofollow && options.target_nofollow && options.copy_symlink);
	assert_false(options.rbind || options.ridmap);
	assert_true(PARSE("ridmap").ridmap);
	assert_null(options.idmap_text);
	options = PARSE("idmap=uids=0-1-2");
	assert_true(options.idmap && !options.ridmap);
	assert_string_equal(options.idmap_text, "uids=0-1-2");
	options = PARSE("ridmap=gids=@0-1-2;uids=0-0-1");
	assert_true(options.ridmap && !options.idmap);
	assert_string_equal(options.idmap_text, "gids=@0-1-2;uids=0-0-1");
	assert_int_equal(options.n_config, 0);
}

static int tear_down(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_set_and_clear),
		cmocka_unit_test(access_times_are_one_choice),
		cmocka_unit_test(recursive_ones),
		cmocka_unit_test(propagation),
		cmocka_unit_test(the_rest_is_the_file_system_s),
		cmocka_unit_test(what_the_runtime_does),
	};

	return cmocka_run_group_tests_name("oci/mount_options", tests, NULL, tear_down);
}
