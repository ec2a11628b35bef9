/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seccomp/filter.h"
#include "seccomp/profile_of.h"

/* Filters that the kernel runs: each in a child of its own, which makes calls under it. */

enum { INSTALL_FAILED = 99 };

/* Run BODY under the filter; the wait status of the child. */
static int under(const struct seccomp_program *program, int (*body)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGSYS, SIG_DFL); /* cmocka has a handler for it */
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_install(program, 0) < 0)
			_exit(INSTALL_FAILED);
		/* Not _exit(): the sanitizers make calls of their own there. */
		syscall(SYS_exit_group, body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int under_text(const char *text, int (*body)(void))
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_program program = program_of(&arena, text);

	return under(&program, body);
}

static void assert_exits(int status, int code)
{
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
}

static void assert_killed(int status, int number)
{
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), number);
}

/* The errno of a raw call, 0 where it succeeds. */
#define ERRNO_OF(...) (syscall(__VA_ARGS__) < 0 ? errno : 0)

static int call_getppid(void)
{
	return ERRNO_OF(SYS_getppid);
}

static void actions(void **state)
{
	(void)state;
	assert_exits(under_text("default allow\nerrno 77 getppid\n", call_getppid), 77);
	assert_exits(under_text("default allow\nerrno ENOTTY getppid\n", call_getppid), ENOTTY);
	assert_killed(under_text("default allow\nkill-process getppid\n", call_getppid), SIGSYS);
	assert_killed(under_text("default allow\nkill-thread getppid\n", call_getppid), SIGSYS);
	assert_killed(under_text("default allow\ntrap getppid\n", call_getppid), SIGSYS);
	assert_exits(under_text("default allow\nlog getppid\n", call_getppid), 0);
	/* Nobody traces, nobody listens: the call does not exist. */
	assert_exits(under_text("default allow\ntrace 3 getppid\n", call_getppid), ENOSYS);
	assert_exits(under_text("default allow\nnotify getppid\n", call_getppid), ENOSYS);
	assert_exits(under_text("default errno EPERM\nallow exit_group\n", call_getppid), EPERM);
	assert_exits(under_text("default errno EPERM\nallow getppid exit_group\n", call_getppid), 0);
}

/* close(VALUE) on a descriptor that is not open answers EBADF, unless the filter holds it up. */
static int close_values(void)
{
	static const uint64_t values[] = {
		0x7fffffff, 0x80000000, 0x100000000 | 0x7fffffff, 0x200000000, 0xffffffff00000000 | 0x7fffffff,
	};
	int bits = 0;

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (ERRNO_OF(SYS_fsync, values[i]) == EXDEV)
			bits |= 1 << i;
	return bits;
}

static void compares_64_bits(void **state)
{
	(void)state;
	assert_exits(under_text("default allow\nerrno EXDEV fsync if arg0 == 0x7fffffff\n", close_values), 1);
	assert_exits(under_text("default allow\nerrno EXDEV fsync if arg0 != 0x7fffffff\n", close_values), 30);
	assert_exits(under_text("default allow\nerrno EXDEV fsync if low32(arg0) == 0x7fffffff\n", close_values),
		     1 | 4 | 16);
	assert_exits(under_text("default allow\nerrno EXDEV fsync if arg0 > 0x80000000\n", close_values), 4 | 8 | 16);
	assert_exits(under_text("default allow\nerrno EXDEV fsync if arg0 >= 0x80000000\n", close_values), 30);
	assert_exits(under_text("default allow\nerrno EXDEV fsync if arg0 < 0x17fffffff\n", close_values), 3);
	assert_exits(under_text("default allow\nerrno EXDEV fsync if arg0 <= 0x17fffffff\n", close_values), 7);
	assert_exits(under_text("default allow\nerrno EXDEV fsync if low32(arg0) < 0x80000000\n", close_values),
		     1 | 4 | 8 | 16);
	assert_exits(under_text("default allow\nerrno EXDEV fsync if arg0 & 0x8000000080000000 == 0x80000000\n",
				close_values),
		     2);
	assert_exits(under_text("default allow\nerrno EXDEV fsync if arg0 & 0xffffffff00000000 != 0\n", close_values),
		     4 | 8 | 16);
	assert_exits(under_text("default allow\nerrno EXDEV fsync if arg0 > 0x7fffffff and arg0 < 0x200000000\n",
				close_values),
		     2 | 4);
	assert_exits(under_text("default allow\nerrno EXDEV fsync if arg0 in 0x7fffffff 0x200000000\n", close_values),
		     1 | 8);
}

static int sneak_tiocsti(void)
{
	char c = 'x';

	if (ERRNO_OF(SYS_ioctl, -1, (unsigned long)TIOCSTI, &c) != EPERM)
		return 1;
	if (ERRNO_OF(SYS_ioctl, -1, 0xabcd00000000 | (unsigned long)TIOCSTI, &c) != EPERM)
		return 2;
	if (ERRNO_OF(SYS_ioctl, -1, 0xffffffff00000000 | (unsigned long)TIOCLINUX, &c) != EPERM)
		return 3;
	return ERRNO_OF(SYS_ioctl, -1, (unsigned long)FIONREAD, &c) == EBADF ? 0 : 4;
}

static void high_bits_do_not_help_tiocsti(void **state)
{
	static const char *const names[] = { "default", "nestable", "strict" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		cleanup_arena struct arena arena = { 0 };
		struct seccomp_program program = program_of_preset(&arena, names[i], 0);

		assert_exits(under(&program, sneak_tiocsti), 0);
	}
}

#ifdef __x86_64__
static int call_x32(void)
{
	return ERRNO_OF(0x40000000 + SYS_getppid);
}

/* getppid through the 32-bit door: 64 in its table. */
static int call_x86(void)
{
	long r = 64;

	asm volatile("int $0x80" : "+a"(r) : : "memory", "cc", "r8", "r9", "r10", "r11");
	return r < 0 ? (int)-r : 0;
}

static void other_architectures(void **state)
{
	int status;

	(void)state;
	assert_killed(under_text("default allow\narch x86_64\n", call_x32), SIGSYS);
	assert_killed(under_text("default allow\narch x86_64\n", call_x86), SIGSYS);
	assert_exits(under_text("default allow\narch x86_64\nforeign errno 66\n", call_x32), 66);
	assert_exits(under_text("default allow\narch x86_64\nforeign errno 66\n", call_x86), 66);
	assert_exits(under_text("default allow\nerrno 67 getppid\n", call_x32), 67);
	assert_exits(under_text("default allow\nerrno 67 getppid\n", call_x86), 67);
	/* Without a rule the kernel itself answers, and not every kernel has these doors. */
	status = under_text("default allow\n", call_x86);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}
#endif

static int call_unknown(void)
{
	return ERRNO_OF(1999);
}

static void newer(void **state)
{
	(void)state;
	assert_exits(under_text("default errno EPERM\nallow exit_group\n", call_unknown), EPERM);
	assert_exits(under_text("default errno EPERM\nnewer errno ENOSYS\nallow exit_group\n", call_unknown), ENOSYS);
	assert_exits(under_text("default errno EPERM\nnewer errno 88 than mseal\nallow exit_group\n", call_unknown), 88);
	assert_exits(under_text("default errno EPERM\nnewer errno 88\nallow exit_group\nerrno 89 1999\n",
				call_unknown),
		     89);
}

/* The filters of a stack are all asked, and the strongest answer wins. */
static int stacked(void)
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_program second = program_of(&arena, "default allow\nkill-process getpid\nerrno 31 getppid\n");

	if (seccomp_install(&second, SECCOMP_FILTER_FLAG_LOG) != 0)
		return INSTALL_FAILED;
	return ERRNO_OF(SYS_getppid) * 2 + ERRNO_OF(SYS_getuid);
}

static void stack(void **state)
{
	(void)state;
	assert_exits(under_text("default allow\nerrno 30 getuid\n", stacked), 62 + 30);
}

static void refused_without_no_new_privs(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_program program = program_of(&arena, "default allow\nerrno 1 getppid\n");
	struct seccomp_program bad = { .code = &(struct sock_filter){ .code = 0xffff }, .n = 1 };
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		/* Root's own capability would do, too. */
		if (setresuid(65534, 65534, 65534) < 0 && geteuid() == 0)
			_exit(2);
		if (seccomp_install(&program, 0) != -EACCES)
			_exit(3);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(seccomp_install(&bad, 0) == -EINVAL ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_exits(status, 0);
}

static int memory_file(const void *data, size_t size)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void reads_programs(void **state)
{
	static char zeros[(BPF_MAXINSNS + 1) * sizeof(struct sock_filter)];
	static const size_t bad_sizes[] = { 0, 7, 9, sizeof(zeros) - 8 + 1, sizeof(zeros) };
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_program program = program_of(&arena, "default allow\nerrno 44 getppid\n"), read = { 0 };
	int fd = memory_file(program.code, program.n * sizeof(*program.code));
	struct inro_error error = { 0 };

	(void)state;
	assert_int_equal(seccomp_read_program(fd, "--seccomp-fd", &arena, &read, &error), 0);
	assert_int_equal(read.n, program.n);
	assert_memory_equal(read.code, program.code, read.n * sizeof(*read.code));
	assert_exits(under(&read, call_getppid), 44);
	close(fd);
	for (size_t i = 0; i < sizeof(bad_sizes) / sizeof(bad_sizes[0]); i++) {
		fd = memory_file(zeros, bad_sizes[i]);
		assert_int_equal(seccomp_read_program(fd, "--seccomp-fd", &arena, &read, &error), -EINVAL);
		assert_int_equal(error.kind, INRO_ERROR_USAGE);
		close(fd);
	}
	assert_int_equal(seccomp_read_program(-1, "--seccomp-fd", &arena, &read, &error), -EBADF);
}

static void void_programs(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_program program = program_of_preset(&arena, "none", 0);

	(void)state;
	assert_true(seccomp_is_void(&program));
	program = program_of_preset(&arena, "unconfined", 0);
	assert_true(seccomp_is_void(&program));
	program = program_of(&arena, "default allow\n");
	assert_false(seccomp_is_void(&program));
}

static void refusals_in_words(void **state)
{
	static const struct {
		int code;
		const char *word;
	} refusals[] = { { ENOSYS, "built without" }, { EPERM, "forbids seccomp(2)" }, { ENOMEM, "32768" }, { EACCES, "" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct inro_error error = { .kind = INRO_ERROR_STEP, .code = refusals[i].code };

		seccomp_explain(&error);
		assert_non_null(strstr(error.why, refusals[i].word));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions),
		cmocka_unit_test(compares_64_bits),
		cmocka_unit_test(high_bits_do_not_help_tiocsti),
#ifdef __x86_64__
		cmocka_unit_test(other_architectures),
#endif
		cmocka_unit_test(newer),
		cmocka_unit_test(stack),
		cmocka_unit_test(refused_without_no_new_privs),
		cmocka_unit_test(reads_programs),
		cmocka_unit_test(void_programs),
		cmocka_unit_test(refusals_in_words),
	};

	return cmocka_run_group_tests_name("seccomp/filter", tests, NULL, NULL);
}
