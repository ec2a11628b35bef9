/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/seccomp_file.h"
#include "oci/state.h"

static char dir[] = "/tmp/inro-test-filter-XXXXXX";
static int dir_fd;
static struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
				     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };

static int set_up(void **state)
{
	(void)state;
	dir_fd = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return dir_fd < 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlinkat(dir_fd, OCI_SECCOMP_FILE, 0);
	close(dir_fd);
	return rmdir(dir);
}

static void there_and_back(void **state)
{
	const struct oci_filter plain = { .program = { code, 2, SECCOMP_FILTER_FLAG_LOG } };
	struct oci_filter full = plain, found;
	cleanup_arena struct arena arena = { 0 };
	struct inro_error error = { 0 };

	(void)state;
	assert_int_equal(oci_filter_read(dir_fd, &arena, &found, &error), -ENOENT);
	assert_int_equal(error.kind, INRO_ERROR_NONE);
	assert_int_equal(oci_filter_write(dir_fd, &plain), 0);
	/* It is written once. */
	assert_int_equal(oci_filter_write(dir_fd, &plain), -EEXIST);
	assert_int_equal(oci_filter_read(dir_fd, &arena, &found, &error), 0);
	assert_int_equal(found.program.n, 2);
	assert_int_equal(found.program.flags, SECCOMP_FILTER_FLAG_LOG);
	assert_memory_equal(found.program.code, code, sizeof(code));
	assert_null(found.listener_path);
	assert_null(found.listener_metadata);
	unlinkat(dir_fd, OCI_SECCOMP_FILE, 0);

	full.listener_path = "/run/agent.sock";
	full.listener_metadata = "";
	assert_int_equal(oci_filter_write(dir_fd, &full), 0);
	assert_int_equal(oci_filter_read(dir_fd, &arena, &found, &error), 0);
	assert_string_equal(found.listener_path, "/run/agent.sock");
	assert_string_equal(found.listener_metadata, "");
}

/* Anything but the whole file is refused: a filter that is not the container's would be worse than none. */
static void a_damaged_file(void **state)
{
	cleanup_close int fd = openat(dir_fd, OCI_SECCOMP_FILE, O_RDWR | O_CLOEXEC);
	cleanup_arena struct arena arena = { 0 };
	struct oci_filter found;
	struct inro_error error = { 0 };
	char whole[128];
	ssize_t n = fd_read_all(fd, whole, sizeof(whole));

	(void)state;
	assert_true(n > 40);
	for (ssize_t size = 0; size < n; size++) {
		assert_int_equal(ftruncate(fd, size), 0);
		assert_int_equal(oci_filter_read(dir_fd, &arena, &found, &error), -EINVAL);
		assert_non_null(strstr(error.why, "damaged"));
		assert_int_equal(pwrite(fd, whole, (size_t)n, 0), n);
	}
	assert_int_equal(oci_filter_read(dir_fd, &arena, &found, &error), 0);
	assert_int_equal(pwrite(fd, "X", 1, 0), 1);
	assert_int_equal(oci_filter_read(dir_fd, &arena, &found, &error), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(a_damaged_file),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
