/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "oci/exec_cgroup.h"

static const char groups[] = "12:cpu,cpuacct:/pod/ctr/deep/er\n"
			     "5:memory:/pod/ctr\n"
			     "3:name=systemd:/elsewhere\n"
			     "1:pids:/\n"
			     "0::/own.slice/ctr.scope/init.scope\n";

static const char *below(const char *dir, bool v2)
{
	static char text[64];

	strcpy(text, "untouched");
	return oci_exec_cgroup_below(dir, groups, v2, text, sizeof(text)) ? text : NULL;
}

static void where_init_is_now(void **state)
{
	(void)state;
	assert_string_equal(below("/sys/fs/cgroup/cpu,cpuacct/pod/ctr", false), "deep/er");
	assert_string_equal(below("/sys/fs/cgroup/memory/pod/ctr", false), "");
	assert_string_equal(below("/sys/fs/cgroup/own.slice/ctr.scope", true), "init.scope");
	assert_string_equal(below("/sys/fs/cgroup/unified/own.slice", true), "ctr.scope/init.scope");
}

static void where_it_cannot_be_told(void **state)
{
	(void)state;
	/* It has left the container's, is of no hierarchy that is told, or only looks like it. */
	assert_null(below("/sys/fs/cgroup/systemd/pod/ctr", false));
	assert_null(below("/sys/fs/cgroup/blkio/pod/ctr", false));
	assert_null(below("/sys/fs/cgroup/cpu/pod/ctr", false));
	assert_null(below("/sys/fs/cgroup/memory/pod/ct", false));
	assert_null(below("/sys/fs/cgroup/pids/pod/ctr", false));
	assert_null(below("", true));
	assert_false(oci_exec_cgroup_below("/a", "no line\n0\n:\n::\n", false, (char[8]){ 0 }, 8));
	/* One that is too long for its place. */
	assert_false(oci_exec_cgroup_below("/sys/fs/cgroup/own.slice/ctr.scope", groups, true, (char[8]){ 0 }, 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(where_init_is_now), cmocka_unit_test(where_it_cannot_be_told) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
