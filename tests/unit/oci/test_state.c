/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/procfs.h"
#include "inro/error.h"
#include "oci/state.h"
#include "../ns_child.h"

static uid_t outer_uid;
static char dir[] = "/tmp/inro-test-XXXXXX";

static int open_root(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_root(void **state)
{
	(void)state;
	return rmdir(dir);
}

static void ids(void **state)
{
	static const char *const good[] = { "a", "0", "a_B+c.d-9", "-x", "_" };
	static const char *const bad[] = { "", ".", "..", ".x", "a/b", "a b", "a\n", "\xc3\xa4" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(oci_id_ok(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(oci_id_ok(bad[i]));
}

static void written_and_read(void **state)
{
	static const char *const v1[] = { "/sys/fs/cgroup/memory/x", NULL };
	struct oci_annotation notes[] = { { "org/x", "a \"b\"\n" }, { "", "y" } };
	const struct oci_state written = {
		.id = "box", .bundle = "/b/ü", .rootfs = "/b/rootfs", .version = "1.2.0", .pid = 42, .pid_start = 4711,
		.created_ns = 1764363315123456789, .owner = 1000, .annotations = notes, .n_annotations = 2,
		.process_json = "{\"cwd\":\"/\",\"args\":[\"a/b\"]}", .ns_kinds = NS_BIT(NS_PID), .own_pids = true,
		.host_root = true,
		.rdt_class = "/sys/fs/resctrl/gold", .rdt_dir = "/sys/fs/resctrl/gold/mon_groups/box",
		.cgroup = { .manager = OCI_CGROUP_FS, .v2 = "/sys/fs/cgroup/x", .v1 = { v1, 1 }, .v1_made = true },
	};
	cleanup_arena struct arena arena = { 0 };
	struct inro_error error = { 0 };
	struct oci_state read;
	int root = oci_state_root(dir, false, &error), fd = oci_state_new(root, "box", &error);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(oci_state_read(fd, &arena, &read, &error), -ENOENT);
	assert_int_equal(oci_state_write(fd, &written, &error), 0);
	assert_int_equal(oci_state_read(fd, &arena, &read, &error), 0);
	assert_string_equal(read.id, "box");
	assert_string_equal(read.bundle, "/b/ü");
	assert_int_equal(read.pid, 42);
	assert_int_equal(read.pid_start, 4711);
	assert_int_equal(read.created_ns, written.created_ns);
	assert_int_equal(read.n_annotations, 2);
	assert_string_equal(read.annotations[0].value, "a \"b\"\n");
	assert_string_equal(read.process_json, written.process_json);
	assert_null(read.hooks_json);
	assert_string_equal(read.rdt_class, written.rdt_class);
	assert_string_equal(read.rdt_dir, written.rdt_dir);
	assert_int_equal(read.cgroup.manager, OCI_CGROUP_FS);
	assert_string_equal(read.cgroup.v1.list[0], v1[0]);
	assert_true(read.cgroup.v1_made && !read.cgroup.v2_made && read.host_root && read.own_pids);
	assert_string_equal(oci_state_json(&read, OCI_CREATED, 7, &arena),
			    "{\"ociVersion\":\"1.2.0\",\"id\":\"box\",\"status\":\"created\",\"pid\":7,"
			    "\"bundle\":\"/b/ü\",\"annotations\":{\"org/x\":\"a \\\"b\\\"\\u000a\",\"\":\"y\"}}");
	assert_int_equal(oci_state_remove(root, "box", fd), 0);
	fd_close(fd);
	fd_close(root);
}

/* What is written of a large config.json can be read again. */
static void large(void **state)
{
	const size_t size = 60 << 20;
	char *text = malloc(size + 1);
	struct oci_annotation note = { "large", text };
	const struct oci_state written = { .id = "box", .pid = 42, .annotations = &note, .n_annotations = 1 };
	cleanup_arena struct arena arena = { 0 };
	struct inro_error error = { 0 };
	struct oci_state read;
	int root = oci_state_root(dir, false, &error), fd = oci_state_new(root, "box", &error);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = '\0';
	assert_int_equal(oci_state_write(fd, &written, &error), 0);
	assert_int_equal(oci_state_read(fd, &arena, &read, &error), 0);
	assert_string_equal(read.annotations[0].value, text);
	assert_int_equal(oci_state_remove(root, "box", fd), 0);
	free(text);
	fd_close(fd);
	fd_close(root);
}

/* What is there already, not there, damaged. */
static void refused(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct inro_error error = { 0 };
	struct oci_state read;
	int root = oci_state_root(dir, false, &error), fd = oci_state_new(root, "box", &error);

	(void)state;
	assert_int_equal(oci_state_new(root, "box", &error), -EEXIST);
	assert_non_null(strstr(error.why, "already exists"));
	error = (struct inro_error){ 0 };
	assert_int_equal(oci_state_open(root, "other", false, &error), -ENOENT);
	assert_non_null(strstr(error.why, "does not exist"));
	error = (struct inro_error){ 0 };
	assert_int_equal(oci_state_open(root, "../x", false, &error), -EINVAL);
	error = (struct inro_error){ 0 };
	assert_int_equal(fd_write_file_at(fd, OCI_STATE_FILE, ""), -ENOENT);
	close(openat(fd, OCI_STATE_FILE, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(oci_state_read(fd, &arena, &read, &error), -EINVAL);
	error = (struct inro_error){ 0 };
	assert_int_equal(oci_state_remove(root, "box", fd), 0);
	fd_close(fd);
	fd_close(root);
}

/* What a creator wrote down that was killed; half of it is as if it were absent. */
static void places(void **state)
{
	static const char *const v1[] = { "/sys/fs/cgroup/memory/x", NULL };
	const struct oci_cgroup_place written = {
		.manager = OCI_CGROUP_FS, .v2 = "/sys/fs/cgroup/x", .v2_made = true, .v1 = { v1, 1 },
	};
	cleanup_arena struct arena arena = { 0 };
	struct inro_error error = { 0 };
	struct oci_cgroup_place read;
	int root = oci_state_root(dir, false, &error), fd = oci_state_new(root, "box", &error), file;

	(void)state;
	assert_int_equal(oci_state_read_place(fd, &arena, &read), -ENOENT);
	assert_int_equal(oci_state_write_place(fd, &written, &error), 0);
	assert_int_equal(oci_state_read_place(fd, &arena, &read), 0);
	assert_int_equal(read.manager, OCI_CGROUP_FS);
	assert_string_equal(read.v2, written.v2);
	assert_string_equal(read.v1.list[0], v1[0]);
	assert_true(read.v2_made && !read.v1_made);
	file = openat(fd, OCI_PLACE_FILE, O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(file, 20), 0);
	assert_int_equal(oci_state_read_place(fd, &arena, &read), -ENOENT);
	fd_close(file);
	assert_int_equal(oci_state_remove(root, "box", fd), 0);
	fd_close(fd);
	fd_close(root);
}

/* The lock of a directory that has been removed is worth nothing, and its name may be another's. */
static void removed_meanwhile(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct inro_error error = { 0 };
	struct oci_state read;
	int root = oci_state_root(dir, false, &error), fd = oci_state_new(root, "box", &error);
	int other = oci_state_open(root, "box", false, &error), second;

	(void)state;
	assert_int_equal(oci_state_remove(root, "box", fd), 0);
	fd_close(fd);
	assert_int_equal(oci_state_lock(root, "box", other), -ENOENT);
	assert_int_equal(oci_state_read(other, &arena, &read, &error), -ENOENT);
	assert_non_null(strstr(error.why, "does not exist"));
	error = (struct inro_error){ 0 };
	second = oci_state_new(root, "box", &error);
	assert_true(second >= 0);
	assert_int_equal(oci_state_lock(root, "box", other), -ENOENT);
	assert_int_equal(oci_state_remove(root, "box", other), 0);
	assert_int_equal(oci_state_lock(root, "box", second), 0);
	assert_int_equal(oci_state_remove(root, "box", second), 0);
	fd_close(other);
	fd_close(second);
	fd_close(root);
}

/* A process is believed with its start time only, and not once it is a zombie. */
static void processes(void **state)
{
	pid_t pid = fork();
	int proc = procfs_open(), pid_dir;
	struct oci_state box = { .id = "box", .pid = pid };
	struct procfs_stat stat;
	siginfo_t info;

	(void)state;
	if (pid == 0)
		for (;;)
			pause();
	pid_dir = procfs_open_pid(proc, pid);
	assert_int_equal(procfs_read_stat(pid_dir, &stat), 0);
	box.pid_start = stat.start_ticks + 1;
	assert_int_equal(oci_state_pidfd(&box), -ESRCH);
	box.pid_start = stat.start_ticks;
	assert_true(fd_close(oci_state_pidfd(&box)) == -EBADF);
	assert_int_equal(oci_state_status(AT_FDCWD, &box), OCI_RUNNING);
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	assert_int_equal(oci_state_pidfd(&box), -ESRCH);
	assert_int_equal(oci_state_status(AT_FDCWD, &box), OCI_STOPPED);
	waitpid(pid, NULL, 0);
	fd_close(pid_dir);
	fd_close(proc);
}

/* One that has no process to be seen is being created as long as somebody holds it who says so. */
static void being_created(void **state)
{
	int root = oci_state_root(dir, true, NULL), maker = oci_state_new(root, "new", NULL);
	int other = oci_state_open(root, "new", false, NULL), third = oci_state_open(root, "new", false, NULL);
	struct oci_state box = { .id = "new", .pid = INT_MAX, .pid_start = 1 };

	(void)state;
	assert_true(root >= 0 && maker >= 0 && other >= 0);
	assert_int_equal(oci_state_status(other, &box), OCI_STOPPED);
	close(openat(maker, OCI_NEW_FIFO, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(oci_state_status(other, &box), OCI_CREATING);
	/* Who holds it itself knows that nobody else is at it. */
	assert_int_equal(oci_state_status(maker, &box), OCI_STOPPED);
	maker = fd_close(maker);
	assert_int_equal(oci_state_status(other, &box), OCI_STOPPED);
	/* Two who ask at the same time do not take each other for the maker. */
	assert_int_equal(oci_state_status(third, &box), OCI_STOPPED);
	assert_int_equal(oci_state_remove(root, "new", other), 0);
	fd_close(third);
	fd_close(other);
	fd_close(root);
}

/* Root of a user namespace, as Podman makes itself: its states are the user's. Statuses: which line. */
static int root_of_a_namespace(void)
{
	char map[32];
	int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC), n, root;

	n = snprintf(map, sizeof(map), "0 %u 1", (unsigned)outer_uid);
	if (write(fd, map, (size_t)n) != n)
		return 1;
	if (geteuid() != 0 || setenv("XDG_RUNTIME_DIR", dir, 1) < 0)
		return 2;
	root = oci_state_root(NULL, true, NULL);
	if (root < 0)
		return 3;
	return faccessat(root, "../inro-oci", W_OK, 0) < 0 ? 4 : 0;
}

static void runtime_directory(void **state)
{
	char path[64];
	pid_t pid;

	(void)state;
	outer_uid = geteuid();
	pid = child_fork(CLONE_NEWUSER);
	if (pid < 0)
		skip();
	if (pid == 0)
		_exit(root_of_a_namespace());
	assert_int_equal(child_result(pid), 0);
	snprintf(path, sizeof(path), "%s/inro-oci", dir);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(large),
		cmocka_unit_test(refused),
		cmocka_unit_test(places),
		cmocka_unit_test(removed_meanwhile),
		cmocka_unit_test(processes),
		cmocka_unit_test(being_created),
		cmocka_unit_test(runtime_directory),
	};

	return cmocka_run_group_tests(tests, open_root, remove_root);
}
