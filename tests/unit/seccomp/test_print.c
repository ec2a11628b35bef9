/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "seccomp/print.h"
#include "seccomp/profile_of.h"

/* What is printed reads back to the same program, and prints the same again. */
static void round_trip(const char *text, size_t size, uint64_t caps)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_buf struct buf first = { 0 }, second = { 0 };
	struct seccomp_profile profile = profile_of_size(&arena, text, size, caps), again;
	struct seccomp_program program = program_of_profile(&arena, &profile), other;

	seccomp_print(&profile, &first);
	again = profile_of_size(&arena, buf_text(&first), first.used, caps);
	other = program_of_profile(&arena, &again);
	assert_int_equal(program.n, other.n);
	assert_memory_equal(program.code, other.code, program.n * sizeof(*program.code));
	assert_int_equal(program.flags, other.flags);
	seccomp_print(&again, &second);
	assert_string_equal(buf_text(&first), buf_text(&second));
}

static void presets(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_seccomp_presets; i++) {
		round_trip(seccomp_presets[i].text, *seccomp_presets[i].size, 0);
		round_trip(seccomp_presets[i].text, *seccomp_presets[i].size, UINT64_MAX);
	}
}

static void everything(void **state)
{
	const char *text = "default trace 5\nnewer errno 3000 than 470\nforeign log\narch x86_64 arm riscv64\n"
			   "flags log tsync spec-allow wait-killable\nmatch strongest\n"
			   "allow read write if arg1 in 1 2 0x100000000 3\nnotify close if arg5 & 0xff00 != 0x100\n"
			   "trap 500 dup if low32(arg0) < 3 and arg1 >= 0x8000000000000000\nkill-thread 501 mseal\n"
			   "errno EWOULDBLOCK pipe\nlog ioctl if arg1 == TIOCSTI\nallow clone if arg0 & CLONE_NEW* == 0\n";
	const char *rules = "default errno EPERM\nnewer errno ENOSYS than rules\nallow read\n";

	(void)state;
	round_trip(text, strlen(text), 0);
	round_trip(rules, strlen(rules), 0);
}

static void names(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_buf struct buf buf = { 0 };
	const char *text = "default allow\narch x86_64\nforeign allow\n"
			   "errno EPERM ioctl if low32(arg1) in 0x5412 0x541c\nallow socket if arg0 == 1\n";
	struct seccomp_profile profile = profile_of_size(&arena, text, strlen(text), 0);

	(void)state;
	seccomp_print(&profile, &buf);
	assert_string_equal(buf_text(&buf),
			    "default allow\nforeign allow\narch x86_64\n"
			    "errno EPERM ioctl if low32(arg1) in TIOCSTI TIOCLINUX\n"
			    "allow socket if arg0 == AF_UNIX\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(presets),
		cmocka_unit_test(everything),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("seccomp/print", tests, NULL, NULL);
}
