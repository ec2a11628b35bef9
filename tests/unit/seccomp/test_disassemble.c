/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "seccomp/print.h"
#include "seccomp/profile_of.h"

static void names_what_it_can(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_buf struct buf buf = { 0 };
	struct seccomp_program program = program_of(&arena, "default allow\narch x86_64 x32\nerrno EIO ioctl if "
							    "low32(arg1) == TIOCSTI\nkill-process read\n");
	const char *text;
	size_t lines = 0;

	(void)state;
	seccomp_disassemble(program.code, program.n, &buf);
	text = buf_text(&buf);
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, program.n);
	assert_non_null(strstr(text, "0000  ld   arch\n"));
	assert_non_null(strstr(text, "# x86_64\n"));
	assert_non_null(strstr(text, "# ioctl\n"));
	assert_non_null(strstr(text, "# x32:ioctl\n"));
	assert_non_null(strstr(text, "ld   arg1.low\n"));
	assert_non_null(strstr(text, "ret  errno EIO\n"));
	assert_non_null(strstr(text, "ret  kill-process\n"));
	assert_null(strstr(text, "arg1.high"));
}

/* A program from a descriptor may hold anything. */
static void foreign_programs(void **state)
{
	static const struct sock_filter code[] = {
		{ 0xffff, 1, 2, 3 },
		{ BPF_JMP | BPF_JA, 0, 0, UINT32_MAX },
		{ BPF_JMP | BPF_JEQ | BPF_K, 255, 255, 0xc000003e },
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, UINT32_MAX },
		{ BPF_RET | BPF_K, 0, 0, 0x12345678 },
	};
	cleanup_buf struct buf buf = { 0 };

	(void)state;
	seccomp_disassemble(code, sizeof(code) / sizeof(code[0]), &buf);
	assert_non_null(strstr(buf_text(&buf), "0000  0xffff  1  2  0x00000003\n"));
	assert_non_null(strstr(buf_text(&buf), "ret  0x12345678\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_it_can),
		cmocka_unit_test(foreign_programs),
	};

	return cmocka_run_group_tests_name("seccomp/disassemble", tests, NULL, NULL);
}
