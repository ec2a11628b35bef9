/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/heard.h"
#include "plan/channel.h"

struct heard {
	bool said;
	siginfo_t info;
};

/* What is made of init's exit status and of the words before it, each a type and a status. */
static struct heard listen_to(int exit_status, const int words[][2], size_t n)
{
	struct heard heard = { .info = { .si_code = CLD_EXITED, .si_status = exit_status } };
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	for (size_t i = 0; i < n; i++) {
		const struct channel_message message = { .type = (uint32_t)words[i][0],
							 .status = words[i][1] };

		assert_int_equal(write(ends[1], &message, CHANNEL_SHORT), CHANNEL_SHORT);
	}
	heard.said = init_heard_end(ends[0], &heard.info);
	close(ends[0]);
	close(ends[1]);
	return heard;
}

static void an_exit(void **state)
{
	struct heard heard =
		listen_to(7, (const int[][2]){ { CHANNEL_STARTED, 0 }, { CHANNEL_ENDED, 7 << 8 } }, 2);

	(void)state;
	assert_true(heard.said);
	assert_int_equal(heard.info.si_code, CLD_EXITED);
	assert_int_equal(heard.info.si_status, 7);
}

static void a_signal(void **state)
{
	struct heard heard = listen_to(137, (const int[][2]){ { CHANNEL_ENDED, SIGKILL } }, 1);

	(void)state;
	assert_true(heard.said);
	assert_int_equal(heard.info.si_code, CLD_KILLED);
	assert_int_equal(heard.info.si_status, SIGKILL);
	heard = listen_to(139, (const int[][2]){ { CHANNEL_ENDED, SIGSEGV | 0x80 } }, 1);
	assert_int_equal(heard.info.si_code, CLD_DUMPED);
	assert_int_equal(heard.info.si_status, SIGSEGV);
	/* A command that exits with 137 was not killed. */
	heard = listen_to(137, (const int[][2]){ { CHANNEL_ENDED, 137 << 8 } }, 1);
	assert_int_equal(heard.info.si_code, CLD_EXITED);
	assert_int_equal(heard.info.si_status, 137);
}

static void nothing_and_lies(void **state)
{
	struct heard heard = listen_to(137, NULL, 0);

	(void)state;
	assert_false(heard.said);
	assert_int_equal(heard.info.si_code, CLD_EXITED);
	heard = listen_to(
		0, (const int[][2]){ { CHANNEL_ENDED, SIGKILL }, { CHANNEL_ENDED, 0x137f }, { 99, 0 } }, 3);
	assert_false(heard.said);
	assert_int_equal(heard.info.si_code, CLD_EXITED);
	assert_int_equal(heard.info.si_status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exit),
		cmocka_unit_test(a_signal),
		cmocka_unit_test(nothing_and_lies),
	};

	return cmocka_run_group_tests_name("init/heard", tests, NULL, NULL);
}
