/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "plan/feature.h"
#include "plan/spec.h"

static void parts(void **state)
{
	const struct feature first = { .name = "first" }, second = { .name = "second" };
	int a = 1, b = 2;
	struct spec_part list[] = { { &first, &a }, { &second, &b } };
	struct spec spec = { .parts = list, .n_parts = 2 };

	(void)state;
	assert_ptr_equal(spec_part(&spec, &first), &a);
	assert_ptr_equal(spec_part(&spec, &second), &b);
}

static void mounts(void **state)
{
	struct spec spec = { .applying = ORIGIN_USER };
	char target[] = "/target/0";

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct spec_mount *mount;

		target[8] = (char)('0' + i);
		mount = spec_add_mount(&spec, i % 2 ? MOUNT_BIND : MOUNT_TMPFS, target);
		assert_non_null(mount);
		assert_ptr_equal(mount, &spec.mounts.list[i]);
		assert_int_equal(mount->source_fd, -EBADF);
		assert_int_equal(mount->origin, ORIGIN_USER);
		assert_null(mount->source);
		assert_false(mount->read_only);
	}
	assert_int_equal(spec.mounts.n_list, 10);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(spec.mounts.list[i].type, i % 2 ? MOUNT_BIND : MOUNT_TMPFS);
		assert_int_equal(spec.mounts.list[i].target[8], '0' + i);
	}
	arena_deinit(&spec.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(parts), cmocka_unit_test(mounts) };

	return cmocka_run_group_tests_name("plan/spec", tests, NULL, NULL);
}
