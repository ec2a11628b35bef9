/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "oci/cgroup_mount.h"

static const char hybrid[] =
	"23 29 0:21 / /sys rw,nosuid - sysfs sysfs rw\n"
	"26 23 0:24 / /sys/fs/cgroup ro,nosuid shared:7 - tmpfs tmpfs ro,mode=755\n"
	"27 26 0:25 / /sys/fs/cgroup/unified rw,nosuid shared:8 - cgroup2 cgroup rw,nsdelegate\n"
	"28 26 0:26 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,xattr,name=systemd\n"
	"30 26 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct\n"
	"31 26 0:29 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	"32 26 0:30 / /sys/fs/cgroup/hugetlb rw - cgroup cgroup rw,hugetlb\n"
	"33 29 0:31 / /mnt/cpuset rw - cgroup cgroup rw,cpuset\n"
	"34 26 0:32 / /sys/fs/cgroup/a/b rw - cgroup cgroup rw,pids\n"
	"broken line\n";
static const char groups[] = "9:name=systemd:/user.slice\n"
			     "8:pids:/\n"
			     "7:memory:/docker/abc/x\n"
			     "5:cpu,cpuacct:/\n"
			     "2:cpuset:/\n"
			     "0::/user.slice\n";

static void every_hierarchy_of_a_hybrid_host(void **state)
{
	struct arena arena = { 0 };
	struct oci_hierarchies all;
	char text[sizeof(hybrid)];

	(void)state;
	memcpy(text, hybrid, sizeof(hybrid));
	assert_int_equal(oci_hierarchies_parse(&arena, text, groups, &all), 0);
	/* Not hugetlb, in which nobody is; nothing outside of /sys/fs/cgroup, or deeper there. */
	assert_int_equal(all.n, 4);
	assert_string_equal(all.list[0].name, "unified");
	assert_true(all.list[0].v2);
	assert_string_equal(all.list[0].controllers, "");
	assert_string_equal(all.list[1].name, "systemd");
	assert_string_equal(all.list[1].controllers, "name=systemd");
	assert_string_equal(all.list[2].name, "cpu,cpuacct");
	assert_string_equal(all.list[2].controllers, "cpu,cpuacct");
	assert_string_equal(all.list[3].mount, "/sys/fs/cgroup/memory");
	assert_string_equal(all.list[3].root, "/docker/abc");
	assert_false(all.list[3].v2);
	arena_deinit(&arena);
}

static void nothing_is_mounted(void **state)
{
	struct arena arena = { 0 };
	struct oci_hierarchies all = { .n = 9 };
	char text[] = "23 29 0:21 / /sys rw - sysfs sysfs rw\n";

	(void)state;
	assert_int_equal(oci_hierarchies_parse(&arena, text, groups, &all), 0);
	assert_int_equal(all.n, 0);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_hierarchy_of_a_hybrid_host),
		cmocka_unit_test(nothing_is_mounted),
	};

	return cmocka_run_group_tests_name("oci/cgroup_mount", tests, NULL, NULL);
}
