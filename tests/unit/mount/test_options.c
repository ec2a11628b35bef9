/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "mount/spec.h"

static struct spec spec;
static struct inro_error error;

static int begin(void **state)
{
	(void)state;
	spec = (struct spec){ .applying = ORIGIN_USER };
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_deinit(&spec.arena);
	return 0;
}

static int say(const char *name, const char *value)
{
	const struct option_row *row = option_find(mount_options, N_MOUNT_OPTIONS, name);

	assert_non_null(row);
	memset(&error, 0, sizeof(error));
	return row->set(&spec, value, &error);
}

/* The mount that an option made. */
static const struct spec_mount *said(const char *name, const char *value)
{
	size_t before = spec.mounts.n_list;

	assert_int_equal(say(name, value), 0);
	assert_int_equal(spec.mounts.n_list, before + 1);
	return &spec.mounts.list[before];
}

static void volumes(void **state)
{
	static const struct {
		const char *option, *value, *source, *target;
		bool read_only;
	} rows[] = {
		{ "volume", "/a", "/a", "/a", false },
		{ "volume", "/a:/b", "/a", "/b", false },
		{ "volume", "/a:/b:ro", "/a", "/b", true },
		{ "volume", "/a:ro", "/a", "/a", true },
		{ "volume", "./x:../y", "./x", "../y", false },
		{ "volume", "~/x:~/y", "~/x", "~/y", false },
		{ "volume", "/a::ro", "/a", "/a", true },
		{ "volume", "/a:", "/a", "/a", false },
		{ "volume", "/a\\:b:/c\\\\d", "/a:b", "/c\\d", false },
		{ "volume", "/a\\:ro", "/a:ro", "/a:ro", false },
		{ "volume", "/a\\b", "/a\\b", "/a\\b", false },
		{ "volume", "/a\\", "/a\\", "/a\\", false },
		{ "volume", "/a\\\\:/b", "/a\\", "/b", false },
		{ "ro", "/a:/b", "/a", "/b", true },
		{ "ro", "/a:/b:rw", "/a", "/b", false },
		{ "rw", "/a", "/a", "/a", false },
		{ "rw", "/a:/b:rw,ro", "/a", "/b", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct spec_mount *mount = said(rows[i].option, rows[i].value);

		assert_int_equal(mount->type, MOUNT_BIND);
		assert_string_equal(mount->source, rows[i].source);
		assert_string_equal(mount->target, rows[i].target);
		assert_int_equal(mount->read_only, rows[i].read_only);
		assert_int_equal(mount->origin, ORIGIN_USER);
	}
}

static void words(void **state)
{
	const struct spec_mount *mount = said(
		"volume",
		"/a:/b:optional,nosuid,suid,nodev,dev,noexec,exec,norec,create,z,Z,rprivate");

	(void)state;
	assert_true(mount->optional && mount->nosuid && mount->suid_set && mount->nodev &&
		    mount->dev_set);
	assert_true(mount->noexec && mount->exec_set && mount->recursive_off && mount->create);
	mount = said("tmpfs", "/t:size=1.5M,mode=1777,noexec");
	assert_int_equal(mount->type, MOUNT_TMPFS);
	assert_true(mount->size == 3 << 19);
	assert_int_equal(mount->mode, 01777);
	mount = said("proc", "/proc:subset=pid,hidepid=invisible");
	assert_string_equal(mount->options, "subset=pid,hidepid=invisible");
	mount = said("volume", "/a:/b:");
	assert_false(mount->optional);
}

static void made(void **state)
{
	const struct spec_mount *mount = said("file", "/f=a=b");

	(void)state;
	assert_int_equal(mount->type, MOUNT_FILE);
	assert_string_equal(mount->target, "/f");
	assert_string_equal(mount->source, "a=b");
	assert_int_equal(mount->source_fd, -EBADF);
	assert_int_equal(said("file", "/f=@7")->source_fd, 7);
	mount = said("ro-file", "/f=");
	assert_true(mount->read_only);
	assert_string_equal(mount->source, "");
	mount = said("symlink", "/l=../x");
	assert_int_equal(mount->type, MOUNT_SYMLINK);
	assert_string_equal(mount->source, "../x");
	assert_int_equal(said("dir", "/d:mode=700")->mode, 0700);
	assert_int_equal(said("hide", "/etc/shadow")->type, MOUNT_HIDE);
	assert_int_equal(said("mask", "/etc/shadow")->type, MOUNT_HIDE);
	assert_int_equal(said("dev", "none")->type, MOUNT_DEV);
}

static void root(void **state)
{
	(void)state;
	assert_int_equal(say("rootfs", "image"), 0);
	assert_int_equal(spec.mounts.root.mode, ROOT_DIR);
	assert_string_equal(spec.mounts.root.dir, "image");
	assert_int_equal(say("empty", "true"), 0);
	assert_int_equal(spec.mounts.root.mode, ROOT_EMPTY);
	assert_int_equal(say("empty", "false"), 0);
	assert_int_equal(spec.mounts.root.mode, ROOT_HOST);
	assert_int_equal(say("overlay", "/layer"), 0);
	assert_true(spec.mounts.root.overlay);
	assert_string_equal(spec.mounts.root.overlay_dir, "/layer");
	assert_int_equal(say("overlay", ""), 0);
	assert_null(spec.mounts.root.overlay_dir);
	assert_int_equal(say("share-cwd", "false"), 0);
	assert_true(spec.mounts.no_cwd);
	assert_int_equal(say("cwd", "/w"), 0);
	assert_string_equal(spec.process.workdir, "/w");
}

static void refusals(void **state)
{
	static const struct {
		const char *option, *value, *what;
	} rows[] = {
		{ "volume", "", "--volume" },
		{ "volume", ":/b", "--volume" },
		{ "volume", "/a:/b:ro:rw", "--volume" },
		{ "volume", "/a:/b:nonsense", "--volume" },
		{ "volume", "/a:b", "--volume" },
		{ "ro", "/a:/b:ro,", "--ro" },
		{ "rw", "/a:/b:ro,,rw", "--rw" },
		{ "volume", "/a:/b:size=", "--volume" },
		{ "tmpfs", "/t:size=lots", "--tmpfs" },
		{ "tmpfs", "/t:mode=9", "--tmpfs" },
		{ "tmpfs", "/t:mode=70000", "--tmpfs" },
		{ "tmpfs", "/t:ro:rw", "--tmpfs" },
		{ "file", "/f", "--file" },
		{ "file", "=x", "--file" },
		{ "file", "/f=@", "--file" },
		{ "file", "/f=@-1", "--file" },
		{ "file", "/f=@99999999999", "--file" },
		{ "symlink", "/l", "--symlink" },
		{ "rootfs", "", "--rootfs" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = say(rows[i].option, rows[i].value);

		if (r != -EINVAL)
			print_message("--%s %s: %d\n", rows[i].option, rows[i].value, r);
		assert_int_equal(r, -EINVAL);
		assert_int_equal(error.kind, INRO_ERROR_USAGE);
		assert_string_equal(error.what, rows[i].what);
		assert_true(error.why[0]);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(volumes), TEST(words), TEST(made), TEST(root), TEST(refusals),
	};

	return cmocka_run_group_tests_name("mount/options", tests, NULL, NULL);
}
