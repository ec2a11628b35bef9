/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "seccomp/constants.h"

static void find(void **state)
{
	uint64_t value = 17;

	(void)state;
	assert_int_equal(seccomp_find_constant("AF_INET6", 8, &value), 0);
	assert_int_equal(value, AF_INET6);
	assert_int_equal(seccomp_find_constant("TIOCSTI", 7, &value), 0);
	assert_int_equal(value, TIOCSTI);
	assert_int_equal(seccomp_find_constant("CLONE_NEW*", 10, &value), 0);
	assert_int_equal(value, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
					CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME);
	value = 17;
	assert_int_equal(seccomp_find_constant("AF_INET", 6, &value), -ENOENT);
	assert_int_equal(seccomp_find_constant("NOTHING*", 8, &value), -ENOENT);
	assert_int_equal(seccomp_find_constant("*", 1, &value), -ENOENT);
	assert_int_equal(seccomp_find_constant("CAP_KILL", 8, &value), -ENOENT);
	assert_int_equal(value, 17);
	assert_int_equal(seccomp_find_cap("CAP_KILL", 8), CAP_KILL);
	assert_int_equal(seccomp_find_cap("CAP_", 4), -ENOENT);
}

static void name(void **state)
{
	(void)state;
	assert_string_equal(seccomp_constant_name("socket", 0, AF_UNIX), "AF_UNIX");
	assert_string_equal(seccomp_constant_name("ioctl", 1, TIOCSTI), "TIOCSTI");
	assert_null(seccomp_constant_name("socket", 1, AF_UNIX));
	assert_null(seccomp_constant_name("read", 0, 1));
	assert_null(seccomp_constant_name("socket", 0, 4711));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find),
		cmocka_unit_test(name),
	};

	return cmocka_run_group_tests_name("seccomp/constants", tests, NULL, NULL);
}
