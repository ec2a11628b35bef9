/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "init/sealed.h"
#include "inro/error.h"
#include "ns_child.h"

static int open_program(void)
{
	struct inro_error error = { 0 };
	int fd = sealed_program("inro-init", inro_init_program, inro_init_program_size, &error);

	assert_true(fd >= 0);
	assert_int_equal(error.kind, INRO_ERROR_NONE);
	return fd;
}

static void is_small(void **state)
{
	(void)state;
	assert_memory_equal(inro_init_program, "\177ELF", 4);
	/* Built without musl it is some 700 KB, which works and is told by the build. */
	print_message("inro-init takes %zu bytes\n", inro_init_program_size);
}

/* Also by root, who may open it whatever its mode says. */
static void cannot_be_changed(void **state)
{
	cleanup_close int fd = open_program();
	cleanup_close int again = -EBADF;
	char path[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0111);
	assert_int_equal(st.st_size, inro_init_program_size);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, st.st_size + 1), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, 0), -1);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	if (again >= 0) {
		assert_int_equal(write(again, "x", 1), -1);
		assert_int_equal(errno, EPERM);
	} else {
		assert_int_equal(errno, EACCES);
	}
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void cannot_be_read_by_others(void **state)
{
	cleanup_close int fd = open_program();
	char path[64];
	pid_t pid;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	pid = child_fork(0);
	if (pid == 0) {
		if (geteuid() == 0)
			child_drop_root();
		_exit(open(path, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 1);
	}
	assert_int_equal(child_result(pid), 0);
}

/* An ordinary user, too, can execute it, though it is open for writing in the parent. */
static void can_be_executed(void **state)
{
	cleanup_close int fd = open_program();
	pid_t pid = child_fork(0);

	(void)state;
	if (pid == 0) {
		if (geteuid() == 0)
			child_drop_root();
		/* Not being PID 1 it ends at once. */
		sys_execveat(fd, "", (char *[]){ "inro-init", "--", "true", NULL }, (char *[]){ NULL },
			     AT_EMPTY_PATH);
		_exit(1);
	}
	assert_int_equal(child_result(pid), 125);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_small),
		cmocka_unit_test(cannot_be_changed),
		cmocka_unit_test(cannot_be_read_by_others),
		cmocka_unit_test(can_be_executed),
	};

	return cmocka_run_group_tests_name("init/sealed", tests, NULL, NULL);
}
