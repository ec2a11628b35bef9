/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../ns_child.h"
#include "base/fd.h"
#include "inro/ns.h"
#include "inro/pid.h"

static pid_t init;
static int pidns_fd = -EBADF;

static void one_child(void)
{
	if (child_fork(0) == 0)
		for (;;)
			pause();
}

static int set_up(void **state)
{
	cleanup_close int pidfd = -EBADF;

	(void)state;
	if (geteuid() != 0)
		return 0;
	init = child_spawn(CLONE_NEWPID, one_child);
	pidfd = sys_pidfd_open(init, 0);
	pidns_fd = inro_ns_open_pidfd(pidfd, INRO_NS_PID, 0, NULL);
	return pidns_fd < 0;
}

static int tear_down(void **state)
{
	(void)state;
	pidns_fd = fd_close(pidns_fd);
	if (init)
		child_end(init);
	return 0;
}

#define NEEDS_ROOT()                                                   \
	do {                                                           \
		if (geteuid() != 0)                                    \
			skip_because("a PID namespace needs CAP_SYS_ADMIN"); \
	} while (0)

static void both_ways(void **state)
{
	struct inro_error error = { 0 };
	pid_t here = 0, inside = 0;

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(inro_pid_from(pidns_fd, 1, &here, NULL), 0);
	assert_int_equal(here, init);
	assert_int_equal(inro_pid_to(pidns_fd, init, &inside, NULL), 0);
	assert_int_equal(inside, 1);
	assert_int_equal(inro_pid_from(pidns_fd, 99, &here, &error), -ESRCH);
	assert_string_equal(error.object, "99");
	assert_non_null(strstr(error.why, "no process"));
	assert_int_equal(inro_pid_to(pidns_fd, getpid(), &inside, &error), -ESRCH);
	assert_int_equal(here, init);
	assert_int_equal(inside, 1);
}

static void many(void **state)
{
	const pid_t inside[] = { 2, 1, 3 };
	pid_t here[3], back[3];

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(inro_pid_translate(pidns_fd, -1, inside, 3, here, NULL), 2);
	assert_int_equal(here[1], init);
	assert_int_equal(here[2], 0);
	assert_int_equal(inro_pid_translate(-1, pidns_fd, here, 2, back, NULL), 2);
	assert_int_equal(back[0], 2);
}

static void wrong_kind(void **state)
{
	cleanup_close int uts = inro_ns_open_self(INRO_NS_UTS, 0, NULL);
	struct inro_error error = { 0 };
	const pid_t one = 1;
	pid_t ret;

	(void)state;
	assert_true(inro_pid_from(uts, 1, &ret, &error) < 0);
	assert_non_null(strstr(error.why, "no PID namespace"));
	assert_true(inro_pid_translate(uts, -1, &one, 1, &ret, &error) < 0);
	assert_non_null(strstr(error.why, "no PID namespace"));
}

static void levels(void **state)
{
	struct inro_pid_level level[INRO_PID_LEVELS];
	struct inro_error error = { 0 };
	struct inro_ns_id id;

	(void)state;
	assert_true(inro_pid_levels(getpid(), level, NULL) >= 1);
	assert_int_equal(level[0].pid, getpid());
	assert_int_equal(inro_pid_levels(4194304, level, &error), -ESRCH);
	NEEDS_ROOT();
	assert_int_equal(inro_pid_levels(init, level, NULL), 2);
	assert_int_equal(level[1].pid, 1);
	assert_int_equal(level[1].pgid, 0);
	assert_int_equal(inro_ns_identify(pidns_fd, &id, NULL), 0);
	assert_int_equal(level[1].inode, id.inode);
}

static void members(void **state)
{
	struct inro_pid_member *list;
	size_t n;

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(inro_pid_members(pidns_fd, &list, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].here, init);
	assert_int_equal(list[1].inside, 2);
	free(list);
}

static void as_a_pidfd(void **state)
{
	cleanup_close int pidfd = -EBADF;

	(void)state;
	NEEDS_ROOT();
	pidfd = inro_pid_open(pidns_fd, 2, NULL);
	assert_true(pidfd >= 0);
	assert_int_equal(sys_pidfd_send_signal(pidfd, 0, NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways), cmocka_unit_test(many),    cmocka_unit_test(wrong_kind),
		cmocka_unit_test(levels),    cmocka_unit_test(members), cmocka_unit_test(as_a_pidfd),
	};

	return cmocka_run_group_tests_name("ns/public_pid", tests, set_up, tear_down);
}
