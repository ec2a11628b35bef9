/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <asm/unistd.h>
#include <errno.h>
#include <string.h>

#include "seccomp/names.h"

static void tables_are_sorted(void **state)
{
	(void)state;
	for (size_t i = 1; i < n_syscall_names; i++)
		assert_true(strcmp(syscall_names[i - 1], syscall_names[i]) < 0);
	for (int arch = 0; arch < SECCOMP_ARCHES; arch++) {
		assert_true(syscall_numbers[arch].n > 300);
		for (size_t i = 0; i < syscall_numbers[arch].n; i++) {
			assert_true(syscall_numbers[arch].list[i].name < n_syscall_names);
			assert_true(i == 0 ||
				    syscall_numbers[arch].list[i - 1].number < syscall_numbers[arch].list[i].number);
		}
	}
}

/* The table against the headers of the machine that the tests are built on. */
static void numbers_are_the_kernel_s(void **state)
{
	static const struct {
		const char *name;
		uint32_t number;
	} known[] = {
		{ "read", __NR_read },	     { "execve", __NR_execve },	  { "clone", __NR_clone },
		{ "ioctl", __NR_ioctl },     { "openat", __NR_openat },	  { "clone3", __NR_clone3 },
		{ "mount", __NR_mount },     { "socket", __NR_socket },	  { "exit_group", __NR_exit_group },
		{ "futex", __NR_futex },     { "openat2", __NR_openat2 }, { "mount_setattr", __NR_mount_setattr },
		{ "unshare", __NR_unshare }, { "prctl", __NR_prctl },	  { "bpf", __NR_bpf },
	};
	int native = seccomp_native_arch();

	(void)state;
	assert_true(native >= 0);
	assert_true(seccomp_native_arches() & SECCOMP_ARCH_BIT(native));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int name = seccomp_find_name(known[i].name, strlen(known[i].name));
		uint32_t number;

		assert_true(name >= 0);
		assert_int_equal(seccomp_find_number((enum seccomp_arch)native, (unsigned)name, &number), 0);
		assert_int_equal(number, known[i].number);
		assert_string_equal(seccomp_number_name((enum seccomp_arch)native, number), known[i].name);
	}
}

/* From 424 on all architectures agree; the generator counts on it. */
static void common_numbers_are_common(void **state)
{
	(void)state;
	for (uint32_t number = SECCOMP_COMMON_NUMBERS; number < 512; number++)
		for (int arch = 0; arch < SECCOMP_ARCHES; arch++) {
			const char *name = seccomp_number_name((enum seccomp_arch)arch, number);
			const char *first = seccomp_number_name(SECCOMP_X86_64, number);

			if (name && arch != SECCOMP_X32)
				assert_true(first && strcmp(name, first) == 0);
		}
}

static void unknown(void **state)
{
	uint32_t number = 17;

	(void)state;
	assert_int_equal(seccomp_find_name("rea", 3), -ENOENT);
	assert_int_equal(seccomp_find_name("readx", 5), -ENOENT);
	assert_int_equal(seccomp_find_name("", 0), -ENOENT);
	assert_true(seccomp_find_name("readx", 4) >= 0);
	assert_int_equal(seccomp_find_arch("x86_6", 5), -ENOENT);
	assert_int_equal(seccomp_find_arch("x86", 3), SECCOMP_X86);
	assert_int_equal(seccomp_find_number(SECCOMP_AARCH64, (unsigned)seccomp_find_name("open", 4), &number), -ENOENT);
	assert_int_equal(number, 17);
	assert_null(seccomp_number_name(SECCOMP_X86_64, 4000));
}

static void nearest(void **state)
{
	(void)state;
	assert_string_equal(seccomp_nearest_name("opne", 4), "open");
	assert_string_equal(seccomp_nearest_name("scoket", 6), "socket");
	assert_string_equal(seccomp_nearest_name("pivot_roott", 11), "pivot_root");
	assert_null(seccomp_nearest_name("xyzzyxyzzy", 10));
	assert_null(seccomp_nearest_name("a_name_that_is_longer_than_any_call_of_the_kernel_ever", 54));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_sorted),	     cmocka_unit_test(numbers_are_the_kernel_s),
		cmocka_unit_test(common_numbers_are_common), cmocka_unit_test(unknown),
		cmocka_unit_test(nearest),
	};

	return cmocka_run_group_tests_name("seccomp/names", tests, NULL, NULL);
}
