/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cgroup/group.h"
#include "scratch.h"

static void counts_cpu_time_without_a_controller(void **state)
{
	int fd = scratch_make(-1);
	struct cgroup_group group;
	struct cgroup_usage usage;
	pid_t pid = scratch_spawn(fd, true, 1);
	uint64_t ns = 0;

	(void)state;
	cgroup_group_init(&group);
	group.v2 = fd;
	assert_int_equal(cgroup_group_cpu_time(&group, &ns), 0);
	assert_true(ns > 0);
	assert_int_equal(cgroup_group_freeze(&group, true, 20000), 0);
	assert_int_equal(cgroup_group_end(&group, 20000), 0);
	scratch_assert_killed(pid);
	cgroup_group_usage(&group, &usage);
	assert_true(usage.has_cpu);
	assert_true(usage.total_ns >= ns);
	scratch_remove(-1, fd);
}

static void counts_cpu_time_on_v1(void **state)
{
	int fd = scratch_make(CGROUP_CPUACCT);
	struct cgroup_group group;
	uint64_t ns = 0;
	pid_t pid = scratch_spawn(fd, false, 3);

	(void)state;
	cgroup_group_init(&group);
	assert_int_equal(cgroup_group_cpu_time(&group, &ns), -ENOENT);
	assert_int_equal(cgroup_group_end(&group, 1), -ENOENT);
	assert_int_equal(cgroup_group_freeze(&group, true, 1), -ENOENT);
	group.v1[CGROUP_CPUACCT] = fd;
	assert_int_equal(cgroup_group_cpu_time(&group, &ns), 0);
	assert_true(ns > 0);
	assert_int_equal(cgroup_group_end(&group, 20000), 0);
	scratch_assert_killed(pid);
	scratch_remove(CGROUP_CPUACCT, fd);
}

static void memory_limit_kills(void **state)
{
	int fd = scratch_make(CGROUP_MEMORY);
	struct cgroup_group group;
	struct cgroup_usage usage;
	int go[2];
	pid_t pid;

	(void)state;
	assert_int_equal(cgroup_write(fd, "memory.limit_in_bytes", "16777216"), 0);
	cgroup_write(fd, "memory.memsw.limit_in_bytes", "16777216");
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		size_t size = 64 << 20;
		char byte, *memory;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			_exit(2);
		for (size_t i = 0; i < size; i += 4096)
			((volatile char *)memory)[i] = 1;
		_exit(3);
	}
	assert_int_equal(cgroup1_add(fd, pid), 0);
	assert_int_equal(write(go[1], "", 1), 1);
	scratch_assert_killed(pid);
	cgroup_group_init(&group);
	group.v1[CGROUP_MEMORY] = fd;
	cgroup_group_usage(&group, &usage);
	assert_true(usage.has_memory);
	assert_false(usage.has_cpu);
	assert_int_equal(usage.oom_kills, 1);
	assert_true(usage.peak_memory_bytes > (8 << 20) && usage.peak_memory_bytes <= (16 << 20));
	close(go[0]);
	close(go[1]);
	scratch_remove(CGROUP_MEMORY, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_cpu_time_without_a_controller),
		cmocka_unit_test(counts_cpu_time_on_v1),
		cmocka_unit_test(memory_limit_kills),
	};

	return cmocka_run_group_tests_name("cgroup/group", tests, scratch_setup, scratch_teardown);
}
