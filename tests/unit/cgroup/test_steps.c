/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "base/error.h"
#include "cgroup/steps.h"
#include "scratch.h"

static char *own_group(char text[static 4096])
{
	cleanup_close int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	char *line;

	if (fd_read_all(fd, text, 4096) < 0)
		return NULL;
	line = strstr(text, "0::");
	if (line)
		line[strcspn(line, "\n")] = '\0';
	return line ? line + 3 : NULL;
}

/* Alone in a group of its own, as in a delegated scope: to a leaf, and back. */
static int there_and_back(int fd, const char *path)
{
	struct cgroup_leaf_args args = { .mount = scratch_facts.mount, .own_path = path };
	const struct step step = { .kind = &kind_cgroup_leaf, .args = &args };
	char text[4096], leaf[4200];
	struct stat st;
	char *own;

	snprintf(leaf, sizeof(leaf), "%s/" CGROUP_LEAF_NAME, path);
	if (kind_cgroup_leaf.run(NULL, &step, NULL) < 0)
		return 1;
	own = own_group(text);
	if (!own || strcmp(own, leaf) != 0 || cgroup_has_processes(fd) != 0)
		return 2;
	/* While another container lives there, nothing is changed. */
	if (mkdirat(fd, "inro-1-00000000", 0755) < 0)
		return 3;
	kind_cgroup_leaf.undo(NULL, &step);
	if (cgroup_has_processes(fd) != 0)
		return 4;
	if (cgroup_remove(fd, "inro-1-00000000") < 0)
		return 5;
	kind_cgroup_leaf.undo(NULL, &step);
	own = own_group(text);
	if (!own || strcmp(own, path) != 0)
		return 6;
	return fstatat(fd, CGROUP_LEAF_NAME, &st, 0) < 0 ? 0 : 7;
}

static void moves_to_a_leaf_and_back(void **state)
{
	int fd = scratch_make(-1);
	struct clone_args args = { .flags = CLONE_INTO_CGROUP,
				   .exit_signal = SIGCHLD,
				   .cgroup = (uint64_t)fd };
	char path[4096];
	pid_t pid;

	(void)state;
	snprintf(path, sizeof(path), "%s/%s", strcmp(scratch_facts.own_path, "/") ? scratch_facts.own_path : "",
		 scratch_name);
	pid = sys_clone3(&args, sizeof(args));
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(there_and_back(fd, path));
	assert_int_equal(child_result(pid), 0);
	scratch_remove(-1, fd);
}

/* The group that holds those of all of inro comes and goes with them. */
static void makes_and_removes_its_parent(void **state)
{
	struct cgroup_make_args args = {
		.mount = scratch_facts.mount,
		.parent = "/" CGROUP_TOP_NAME,
		.name = "inro-1-00000000",
		.v2 = true,
		.top = true,
	};
	struct cgroup_make_args second = args;
	const struct step step = { .kind = &kind_cgroup_make, .args = &args };
	const struct step other = { .kind = &kind_cgroup_make, .args = &second };
	cleanup_close int top = -EBADF;
	int slots[2] = { -EBADF, -EBADF };
	struct run run = { .slots = slots };
	struct stat st;

	(void)state;
	if (!scratch_facts.top_writable || !scratch_facts.real_root)
		skip_because("the top of the v2 hierarchy is not ours to write");
	second.name = "inro-1-00000001";
	second.slot = 1;
	top = cgroup_open_mount(scratch_facts.mount, true);
	assert_int_equal(kind_cgroup_make.run(&run, &step, NULL), 0);
	assert_int_equal(kind_cgroup_make.run(&run, &other, NULL), 0);
	kind_cgroup_make.undo(&run, &step);
	assert_int_equal(slots[0], -EBADF);
	assert_int_equal(fstatat(top, CGROUP_TOP_NAME "/inro-1-00000001", &st, 0), 0);
	kind_cgroup_make.undo(&run, &other);
	assert_int_equal(fstatat(top, CGROUP_TOP_NAME "/inro-1-00000001", &st, 0), -1);
}

static void errors_name_what_is_missing(void **state)
{
	int fd = scratch_make(-1);
	const struct cgroup_set_args args = { .slot = 0, .file = "no.such.file", .text = "1" };
	const struct step step = { .kind = &kind_cgroup_swap, .args = &args, .object = "no.such.file = 1" };
	struct inro_error error = { 0 };
	struct run run = { .slots = &fd };

	(void)state;
	assert_int_equal(kind_cgroup_swap.run(&run, &step, &error), -ENOENT);
	kind_cgroup_swap.advise(&step, NULL, &error);
	assert_string_equal(error.object, "no.such.file = 1");
	assert_non_null(strstr(error.why, "no.such.file"));
	assert_non_null(strstr(error.hint, "swapaccount"));
	scratch_remove(-1, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_to_a_leaf_and_back),
		cmocka_unit_test(makes_and_removes_its_parent),
		cmocka_unit_test(errors_name_what_is_missing),
	};

	return cmocka_run_group_tests_name("cgroup/steps", tests, scratch_setup, scratch_teardown);
}
