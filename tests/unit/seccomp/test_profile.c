/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "seccomp/profile.h"

static void actions(void **state)
{
	static const char *const names[] = { "allow", "errno", "kill-process", "kill-thread",
					     "trap",  "trace", "log",	       "notify" };
	uint32_t action = 17;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(seccomp_find_action(names[i], strlen(names[i]), &action), 0);
		assert_string_equal(seccomp_action_name(action), names[i]);
	}
	action = 17;
	assert_int_equal(seccomp_find_action("kill", 4, &action), -ENOENT);
	assert_int_equal(action, 17);
	assert_null(seccomp_action_name(0x12340000));
	assert_true(seccomp_action_rank(SECCOMP_RET_KILL_PROCESS) < seccomp_action_rank(SECCOMP_RET_KILL_THREAD));
	assert_true(seccomp_action_rank(SECCOMP_RET_ERRNO | 4095) < seccomp_action_rank(SECCOMP_RET_ALLOW));
}

static void errnos(void **state)
{
	(void)state;
	for (unsigned number = 1; number < 134; number++) {
		const char *name = seccomp_errno_name(number);

		if (name)
			assert_int_equal(seccomp_find_errno(name, strlen(name)), number);
	}
	assert_int_equal(seccomp_find_errno("EPERM", 5), EPERM);
	assert_int_equal(seccomp_find_errno("EWOULDBLOCK", 11), EAGAIN);
	assert_int_equal(seccomp_find_errno("EPER", 4), -ENOENT);
	assert_null(seccomp_errno_name(0));
	assert_null(seccomp_errno_name(4000));
}

static void uses(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_profile profile;

	(void)state;
	seccomp_profile_init(&profile);
	assert_true(seccomp_profile_uses(&profile, SECCOMP_RET_ERRNO));
	assert_false(seccomp_profile_uses(&profile, SECCOMP_RET_USER_NOTIF));
	profile.newer_action = SECCOMP_RET_USER_NOTIF;
	assert_false(seccomp_profile_uses(&profile, SECCOMP_RET_USER_NOTIF));
	profile.newer = SECCOMP_NEWER_TABLE;
	assert_true(seccomp_profile_uses(&profile, SECCOMP_RET_USER_NOTIF));
	assert_non_null(seccomp_add_rule(&profile, &arena, SECCOMP_RET_TRACE | 9));
	assert_true(seccomp_profile_uses(&profile, SECCOMP_RET_TRACE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions),
		cmocka_unit_test(errnos),
		cmocka_unit_test(uses),
	};

	return cmocka_run_group_tests_name("seccomp/profile", tests, NULL, NULL);
}
