/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/controller.h"
#include "cgroup/detect.h"
#include "cgroup/dir.h"

#define OTHER_MOUNTS                                                            \
	"22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n" \
	"28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"

static struct arena arena;

static struct cgroup_facts parsed(const char *mountinfo, const char *groups)
{
	struct cgroup_facts facts = { 0 };

	assert_int_equal(cgroup_facts_parse(&facts, &arena, mountinfo, groups), 0);
	return facts;
}

static const struct cgroup_v1 *v1_of(const struct cgroup_facts *facts, enum cgroup_controller controller)
{
	for (size_t i = 0; i < facts->n_v1; i++)
		if (cgroup_controllers_parse(facts->v1[i].controllers) & CGROUP_BIT(controller))
			return &facts->v1[i];
	return NULL;
}

static int teardown(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

static void pure_v2_with_systemd(void **state)
{
	struct cgroup_facts facts = parsed(
		OTHER_MOUNTS
		"32 22 0:28 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
		"rw,nsdelegate,memory_recursiveprot\n",
		"0::/user.slice/user-1000.slice/session-3.scope\n");

	(void)state;
	assert_int_equal(facts.layout, CGROUP_V2);
	assert_string_equal(facts.mount, "/sys/fs/cgroup");
	assert_string_equal(facts.own_path, "/user.slice/user-1000.slice/session-3.scope");
	assert_int_equal(facts.n_v1, 0);
}

static void hybrid_with_systemd(void **state)
{
	struct cgroup_facts facts = parsed(
		OTHER_MOUNTS
		"25 22 0:22 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:8 - tmpfs tmpfs ro,mode=755\n"
		"26 25 0:23 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
		"27 25 0:24 / /sys/fs/cgroup/systemd rw,nosuid shared:10 - cgroup cgroup rw,xattr,name=systemd\n"
		"31 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:14 - cgroup cgroup rw,cpu,cpuacct\n"
		"32 25 0:29 / /sys/fs/cgroup/cpuset rw,nosuid shared:15 - cgroup cgroup rw,cpuset\n"
		"33 25 0:30 / /sys/fs/cgroup/memory rw,nosuid shared:16 - cgroup cgroup rw,memory\n"
		"34 25 0:31 / /sys/fs/cgroup/pids rw,nosuid shared:17 - cgroup cgroup rw,pids\n",
		"12:memory:/user.slice\n11:cpuset:/\n9:pids:/user.slice/user-0.slice/session-1.scope\n"
		"4:cpu,cpuacct:/user.slice\n1:name=systemd:/user.slice/user-0.slice/session-1.scope\n"
		"0::/user.slice/user-0.slice/session-1.scope\n");

	(void)state;
	assert_int_equal(facts.layout, CGROUP_HYBRID);
	assert_string_equal(facts.mount, "/sys/fs/cgroup/unified");
	assert_string_equal(facts.own_path, "/user.slice/user-0.slice/session-1.scope");
	assert_int_equal(facts.n_v1, 3);
	assert_string_equal(v1_of(&facts, CGROUP_MEMORY)->own_path, "/user.slice");
	assert_string_equal(v1_of(&facts, CGROUP_PIDS)->mount, "/sys/fs/cgroup/pids");
	assert_ptr_equal(v1_of(&facts, CGROUP_CPU), v1_of(&facts, CGROUP_CPUACCT));
	assert_null(v1_of(&facts, CGROUP_FREEZER));
}

/* An engine makes a group in every hierarchy, also in those of which inro uses nothing. */
static void every_hierarchy_where_asked_for(void **state)
{
	struct cgroup_facts facts = { .all_v1 = true };

	(void)state;
	assert_int_equal(cgroup_facts_parse(&facts, &arena,
					    "27 25 0:24 / /c/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
					    "31 25 0:28 / /c/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
					    "32 25 0:29 / /c/cpuset rw - cgroup cgroup rw,cpuset\n",
					    "11:cpuset:/\n4:cpu,cpuacct:/a\n1:name=systemd:/b\n0::/\n"),
			 0);
	assert_int_equal(facts.n_v1, 3);
	assert_string_equal(facts.v1[0].controllers, "name=systemd");
	assert_string_equal(facts.v1[0].own_path, "/b");
	assert_string_equal(facts.v1[1].controllers, "cpu,cpuacct");
	assert_string_equal(facts.v1[2].controllers, "cpuset");
}

static void pure_v1(void **state)
{
	struct cgroup_facts facts = parsed(
		OTHER_MOUNTS
		"40 22 0:35 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		"41 22 0:36 / /sys/fs/cgroup/cpuacct,cpu rw - cgroup cgroup rw,cpuacct,cpu\n"
		"42 22 0:37 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n",
		"3:freezer:/\n2:cpuacct,cpu:/a b\n1:memory:/x\n");

	(void)state;
	assert_int_equal(facts.layout, CGROUP_V1);
	assert_null(facts.mount);
	assert_string_equal(v1_of(&facts, CGROUP_CPU)->own_path, "/a b");
	assert_string_equal(v1_of(&facts, CGROUP_FREEZER)->own_path, "/");
}

static void rootless_delegated(void **state)
{
	struct cgroup_facts facts = parsed(
		OTHER_MOUNTS "32 22 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-r8f3.scope\n");

	(void)state;
	assert_string_equal(facts.own_path,
			    "/user.slice/user-1000.slice/user@1000.service/app.slice/run-r8f3.scope");
}

static void in_a_container_with_a_cgroup_namespace(void **state)
{
	struct cgroup_facts facts = parsed(
		"700 690 0:28 / /sys/fs/cgroup ro,nosuid,nodev,noexec - cgroup2 cgroup rw\n", "0::/\n");

	(void)state;
	assert_int_equal(facts.layout, CGROUP_V2);
	assert_string_equal(facts.own_path, "/");
}

static void in_a_container_without_one(void **state)
{
	struct cgroup_facts facts = parsed(
		"700 690 0:28 /docker/ab12 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
		"701 690 0:29 /docker/ab12 /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"
		"702 690 0:30 /docker/ab1 /sys/fs/cgroup/freezer ro - cgroup cgroup rw,freezer\n",
		"3:pids:/docker/ab12/inner\n2:memory:/docker/ab12\n1:freezer:/docker/ab12\n");

	(void)state;
	assert_string_equal(v1_of(&facts, CGROUP_MEMORY)->own_path, "/");
	assert_string_equal(v1_of(&facts, CGROUP_PIDS)->own_path, "/inner");
	/* A name that only begins the same is another group. */
	assert_null(v1_of(&facts, CGROUP_FREEZER)->own_path);
}

static void out_of_reach(void **state)
{
	struct cgroup_facts facts =
		parsed("1 2 0:28 / /sys/fs/cgroup rw - cgroup2 none rw\n", "0::/../../elsewhere\n");

	(void)state;
	assert_null(facts.own_path);
	facts = parsed("1 2 0:28 /../.. /sys/fs/cgroup rw - cgroup2 none rw\n", "0::/x\n");
	assert_null(facts.own_path);
	/* A name may well begin with dots. */
	facts = parsed("1 2 0:28 / /sys/fs/cgroup rw - cgroup2 none rw\n", "0::/..x\n");
	assert_string_equal(facts.own_path, "/..x");
}

static void nothing_and_nonsense(void **state)
{
	struct cgroup_facts facts = parsed(OTHER_MOUNTS, "0::/\n");

	(void)state;
	assert_int_equal(facts.layout, CGROUP_NONE);
	facts = parsed("", "");
	assert_int_equal(facts.layout, CGROUP_NONE);
	facts = parsed("1 2 - cgroup2\n1 2 0:28 / - cgroup2 x rw\n - cgroup2 \nxx\n1 2 3 4 5 6 - cgroup2 a\n", "x\n::\n");
	assert_int_equal(facts.layout, CGROUP_NONE);
	/* Escapes; the first mount counts. */
	facts = parsed("1 2 0:28 / /mnt/a\\040b rw - cgroup2 none rw\n1 2 0:28 / /other rw - cgroup2 none rw\n", "0::/");
	assert_string_equal(facts.mount, "/mnt/a b");
	assert_string_equal(facts.own_path, "/");
}

static void this_host(void **state)
{
	struct cgroup_facts facts = { 0 };
	char path[4200];

	(void)state;
	assert_int_equal(cgroup_facts_gather(&facts, &arena, "web"), 0);
	assert_true(facts.gathered);
	assert_true(cgroup_name_is_ours(facts.name, NULL));
	if (facts.layout == CGROUP_NONE) {
		skip_because("no cgroup file system is mounted here");
	}
	if (facts.own_path) {
		snprintf(path, sizeof(path), "%s%s/cgroup.procs", facts.mount, facts.own_path);
		assert_int_equal(access(path, F_OK), 0);
		assert_int_equal(facts.own_writable, access(path, W_OK) == 0);
	}
	for (size_t i = 0; i < facts.n_v1; i++) {
		if (!facts.v1[i].own_path)
			continue;
		snprintf(path, sizeof(path), "%s%s/cgroup.procs", facts.v1[i].mount, facts.v1[i].own_path);
		assert_int_equal(facts.v1[i].writable, access(path, W_OK) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(pure_v2_with_systemd, teardown),
		cmocka_unit_test_teardown(hybrid_with_systemd, teardown),
		cmocka_unit_test_teardown(pure_v1, teardown),
		cmocka_unit_test_teardown(rootless_delegated, teardown),
		cmocka_unit_test_teardown(in_a_container_with_a_cgroup_namespace, teardown),
		cmocka_unit_test_teardown(in_a_container_without_one, teardown),
		cmocka_unit_test_teardown(out_of_reach, teardown),
		cmocka_unit_test_teardown(nothing_and_nonsense, teardown),
		cmocka_unit_test_teardown(every_hierarchy_where_asked_for, teardown),
		cmocka_unit_test_teardown(this_host, teardown),
	};

	return cmocka_run_group_tests_name("cgroup/detect", tests, NULL, NULL);
}
