/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cgroup/scratch.h"
#include "base/arena.h"
#include "base/error.h"
#include "oci/cgroup_settings.h"

static struct arena arena;
static struct inro_error error;

#define I64(number)                            \
	{                                      \
		.set = true, .value = (number) \
	}

static const char *text_of(const struct oci_settings *settings, const char *file)
{
	for (size_t i = 0; i < settings->n; i++)
		if (strcmp(settings->list[i].file, file) == 0)
			return settings->list[i].text;
	return NULL;
}

static size_t place_of(const struct oci_settings *settings, const char *file)
{
	for (size_t i = 0; i < settings->n; i++)
		if (strcmp(settings->list[i].file, file) == 0)
			return i;
	return SIZE_MAX;
}

static struct oci_settings v2(const struct oci_resources *resources)
{
	struct oci_settings settings;

	assert_int_equal(oci_settings_v2(resources, &arena, &settings, &error), 0);
	return settings;
}

static struct oci_settings v1(const struct oci_resources *resources)
{
	struct oci_settings settings;

	assert_int_equal(oci_settings_v1(resources, &arena, &settings, &error), 0);
	return settings;
}

static void refused(bool by_v2, const struct oci_resources *resources, const char *word)
{
	struct oci_settings settings;
	char text[1024];

	memset(&error, 0, sizeof(error));
	assert_int_equal(
		(by_v2 ? oci_settings_v2 : oci_settings_v1)(resources, &arena, &settings, &error),
		-EINVAL);
	inro_error_format(&error, text, sizeof(text));
	assert_non_null(strstr(text, word));
	memset(&error, 0, sizeof(error));
}

static void weights(void **state)
{
	static const uint64_t pairs[][2] = {
		{ 0, 1 }, { 2, 1 }, { 1024, 100 }, { 262144, 10000 }, { 1000000, 10000 },
		/* The curve never falls. */
	};
	uint64_t before = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		assert_int_equal(oci_weight_of_shares(pairs[i][0]), pairs[i][1]);
	for (uint64_t shares = 2; shares <= 262144; shares += 7) {
		uint64_t weight = oci_weight_of_shares(shares);

		assert_true(weight >= before && weight >= 1 && weight <= 10000);
		before = weight;
	}
	assert_int_equal(oci_io_weight(10), 1);
	assert_int_equal(oci_io_weight(1000), 10000);
	assert_int_equal(oci_io_weight(500), 1 + 490 * 9999 / 990);
}

static void cpu(void **state)
{
	struct oci_resources resources = { .cpu_shares = I64(1024),
					   .cpu_quota = I64(50000),
					   .cpu_period = I64(200000),
					   .cpu_burst = I64(1000),
					   .cpu_cpus = "0-1",
					   .cpu_mems = "" };
	struct oci_settings settings = v2(&resources);

	(void)state;
	assert_string_equal(text_of(&settings, "cpu.weight"), "100");
	assert_string_equal(text_of(&settings, "cpu.max"), "50000 200000");
	assert_true(place_of(&settings, "cpu.max") < place_of(&settings, "cpu.max.burst"));
	assert_string_equal(text_of(&settings, "cpuset.cpus"), "0-1");
	assert_null(text_of(&settings, "cpuset.mems"));
	settings = v1(&resources);
	assert_string_equal(text_of(&settings, "cpu.shares"), "1024");
	assert_string_equal(text_of(&settings, "cpu.cfs_quota_us"), "50000");
	assert_string_equal(text_of(&settings, "cpu.cfs_period_us"), "200000");
	assert_string_equal(text_of(&settings, "cpu.cfs_burst_us"), "1000");

	resources = (struct oci_resources){ .cpu_quota = I64(-1) };
	settings = v2(&resources);
	assert_string_equal(text_of(&settings, "cpu.max"), "max");
	resources = (struct oci_resources){ .cpu_period = I64(50000) };
	settings = v2(&resources);
	assert_string_equal(text_of(&settings, "cpu.max"), "max 50000");
	/* The kernel refuses a weight where the group is idle. */
	resources = (struct oci_resources){ .cpu_idle = I64(1), .cpu_shares = I64(500) };
	settings = v2(&resources);
	assert_string_equal(text_of(&settings, "cpu.idle"), "1");
	assert_null(text_of(&settings, "cpu.weight"));
	resources = (struct oci_resources){ .cpu_realtime_runtime = I64(5000) };
	refused(true, &resources, "realtime");
	settings = v1(&resources);
	assert_string_equal(text_of(&settings, "cpu.rt_runtime_us"), "5000");
	resources = (struct oci_resources){ .cpu_realtime_runtime = I64(0) };
	assert_int_equal(v2(&resources).n, 0);
}

static void memory(void **state)
{
	struct oci_resources resources = { .memory_limit = I64(1000),
					   .memory_swap = I64(1500),
					   .memory_reservation = I64(500),
					   .memory_swappiness = I64(60),
					   .memory_check_before_update = true };
	struct oci_settings settings = v2(&resources);

	(void)state;
	assert_string_equal(text_of(&settings, "memory.max"), "1000");
	assert_string_equal(text_of(&settings, "memory.swap.max"), "500");
	assert_string_equal(text_of(&settings, "memory.low"), "500");
	assert_true(settings.list[place_of(&settings, "memory.max")].check_usage);
	settings = v1(&resources);
	assert_string_equal(text_of(&settings, "memory.limit_in_bytes"), "1000");
	assert_string_equal(text_of(&settings, "memory.memsw.limit_in_bytes"), "1500");
	assert_string_equal(text_of(&settings, "memory.swappiness"), "60");

	resources = (struct oci_resources){ .memory_limit = I64(1000), .memory_swap = I64(1000) };
	settings = v2(&resources);
	assert_string_equal(text_of(&settings, "memory.swap.max"), "0");
	resources = (struct oci_resources){ .memory_limit = I64(-1) };
	settings = v2(&resources);
	assert_string_equal(text_of(&settings, "memory.max"), "max");
	assert_string_equal(text_of(&settings, "memory.swap.max"), "max");
	settings = v1(&resources);
	assert_string_equal(text_of(&settings, "memory.memsw.limit_in_bytes"), "-1");
	resources = (struct oci_resources){ .memory_swap = I64(1000) };
	refused(true, &resources, "needs memory.limit");
	resources = (struct oci_resources){ .memory_limit = I64(1000), .memory_swap = I64(999) };
	refused(true, &resources, "should be >= memory limit");
	refused(false, &resources, "should be >= memory limit");
	resources = (struct oci_resources){ .memory_swappiness = I64(101) };
	refused(false, &resources, "0 to 100");
	/* Nothing of these is there on v2. */
	resources = (struct oci_resources){ .memory_swappiness = I64(10),
					    .memory_disable_oom_killer = true,
					    .memory_kernel = I64(5),
					    .net_class_id = I64(5) };
	assert_int_equal(v2(&resources).n, 0);
	settings = v1(&resources);
	assert_string_equal(text_of(&settings, "memory.oom_control"), "1");
	assert_string_equal(text_of(&settings, "net_cls.classid"), "5");
}

static void pids(void **state)
{
	struct oci_resources resources = { .pids_limit = I64(0) };
	struct oci_settings settings = v2(&resources);

	(void)state;
	assert_string_equal(text_of(&settings, "pids.max"), "0");
	/* Or its first process could not be born in it. */
	assert_true(settings.list[0].late);
	resources.pids_limit.value = 5;
	settings = v2(&resources);
	assert_false(settings.list[0].late);
	resources.pids_limit.value = -1;
	settings = v2(&resources);
	assert_string_equal(text_of(&settings, "pids.max"), "max");
}

static void io_and_others(void **state)
{
	struct oci_device_throttle throttle = { 8, 16, 1000 }, none = { 8, 16, 0 };
	struct oci_device_weight weight = { .major = 8, .minor = 0, .weight = I64(300) };
	struct oci_hugepage page = { "2MB", 4194304 }, bad = { "../x", 1 };
	struct oci_rdma rdma = { "mlx5_0", I64(3), { 0 } };
	struct oci_net_prio prio = { "eth0", 5 };
	struct oci_unified unified = { "misc.max", "sev 5" }, climbs = { "../memory.max", "1" };
	struct oci_resources resources = {
		.blkio_weight = I64(505),
		.blkio_weights = &weight,
		.n_blkio_weights = 1,
		.read_bps = &throttle,
		.n_read_bps = 1,
		.write_iops = &none,
		.n_write_iops = 1,
		.hugepages = &page,
		.n_hugepages = 1,
		.rdma = &rdma,
		.n_rdma = 1,
		.net_priorities = &prio,
		.n_net_priorities = 1,
	};
	struct oci_settings settings = v2(&resources);
	const struct oci_setting *row = &settings.list[place_of(&settings, "io.bfq.weight")];

	(void)state;
	assert_string_equal(row->text, "505");
	assert_string_equal(row->other_file, "io.weight");
	assert_string_equal(row->other_text, "5000");
	assert_string_equal(row[1].text, "8:0 300");
	row = &settings.list[place_of(&settings, "io.max")];
	assert_string_equal(row->text, "8:16 rbps=1000");
	assert_string_equal(row[1].text, "8:16 wiops=max");
	assert_string_equal(text_of(&settings, "hugetlb.2MB.max"), "4194304");
	assert_true(settings.list[place_of(&settings, "hugetlb.2MB.rsvd.max")].optional);
	assert_string_equal(text_of(&settings, "rdma.max"), "mlx5_0 hca_handle=3");
	settings = v1(&resources);
	assert_string_equal(text_of(&settings, "blkio.throttle.read_bps_device"), "8:16 1000");
	assert_string_equal(text_of(&settings, "net_prio.ifpriomap"), "eth0 5");
	assert_string_equal(text_of(&settings, "hugetlb.2MB.limit_in_bytes"), "4194304");
	resources = (struct oci_resources){ .unified = &unified, .n_unified = 1 };
	settings = v2(&resources);
	assert_string_equal(text_of(&settings, "misc.max"), "sev 5");
	refused(false, &resources, "cgroup v2");
	resources.unified = &climbs;
	refused(true, &resources, "slash");
	resources = (struct oci_resources){ .hugepages = &bad, .n_hugepages = 1 };
	refused(true, &resources, "page size");
}

/* Whatever is unlimited, or as it is anyway, is so without a controller, too. */
static void no_limit_needs_no_controller(void **state)
{
	struct oci_device_throttle none = { 8, 16, 0 };
	struct oci_resources resources = { .memory_limit = I64(-1),
					   .memory_swap = I64(-1),
					   .memory_reservation = I64(-1),
					   .cpu_quota = I64(-1),
					   .cpu_period = I64(100000),
					   .cpu_burst = I64(0),
					   .cpu_idle = I64(0),
					   .pids_limit = I64(-1),
					   .write_iops = &none,
					   .n_write_iops = 1 };
	const struct oci_cgroup_dirs nowhere = { .v2 = -EBADF };
	struct oci_settings settings = v2(&resources);

	(void)state;
	assert_int_equal(settings.n, 8);
	for (size_t i = 0; i < settings.n; i++)
		assert_true(settings.list[i].optional);
	assert_int_equal(oci_settings_write(&nowhere, &settings, &error), 0);
	resources.n_write_iops = 0;
	resources.cpu_period.set = false;
	settings = v1(&resources);
	assert_int_equal(oci_settings_write(&nowhere, &settings, &error), 0);
	resources = (struct oci_resources){ .pids_limit = I64(0) };
	settings = v2(&resources);
	assert_int_equal(oci_settings_write(&nowhere, &settings, &error), -EOPNOTSUPP);
	memset(&error, 0, sizeof(error));
}

/* A v2 group without controllers: every limit is refused by name. */
static void missing_controllers_are_named(void **state)
{
	int fd = scratch_make(-1);
	const struct oci_cgroup_dirs dirs = { .v2 = fd };
	struct oci_setting setting = {
		.controller = OCI_HUGETLB, .field = "unified", .file = "inro.max", .text = "5"
	};
	char text[1024];

	(void)state;
	memset(&error, 0, sizeof(error));
	assert_int_equal(oci_setting_write(&dirs, &setting, &error), -EOPNOTSUPP);
	inro_error_format(&error, text, sizeof(text));
	assert_non_null(strstr(text, "the controller inro is not available"));
	setting.optional = true;
	assert_int_equal(oci_setting_write(&dirs, &setting, &error), 0);
	setting = (struct oci_setting){ .controller = OCI_CONTROLLERS,
					.field = "unified",
					.file = "nothing.max",
					.text = "5",
					.other_file = "cgroup.max.depth",
					.other_text = "5" };
	assert_int_equal(oci_setting_write(&dirs, &setting, &error), 0);
	memset(&error, 0, sizeof(error));
	setting.file = "cgroup.max.depth";
	setting.text = "x";
	assert_int_equal(oci_setting_write(&dirs, &setting, &error), -EINVAL);
	scratch_remove(-1, fd);
}

/* What contradicts an older limit, which a later line raises, is written at the end. */
static void contradictions_are_tried_again(void **state)
{
	int fd = scratch_make(CGROUP_MEMORY);
	struct oci_cgroup_dirs dirs = { .v2 = -EBADF,
					.n_v1 = 1,
					.v1 = { { 1U << OCI_MEMORY, fd } } };
	struct oci_resources low = { .memory_limit = I64(16777216), .memory_swap = I64(16777216) };
	struct oci_resources high = { .memory_limit = I64(33554432), .memory_swap = I64(50331648) };
	struct oci_settings settings = v1(&low);
	uint64_t value;

	(void)state;
	if (faccessat(fd, "memory.memsw.limit_in_bytes", F_OK, 0) < 0) {
		scratch_remove(CGROUP_MEMORY, fd);
		skip_because("this kernel does not count swap");
	}
	assert_int_equal(oci_settings_write(&dirs, &settings, &error), 0);
	settings = v1(&high);
	assert_int_equal(oci_settings_write(&dirs, &settings, &error), 0);
	assert_int_equal(cgroup_read_u64(fd, "memory.limit_in_bytes", &value), 0);
	assert_int_equal(value, 33554432);
	settings = v1(&low);
	assert_int_equal(oci_settings_write(&dirs, &settings, &error), 0);
	assert_int_equal(cgroup_read_u64(fd, "memory.memsw.limit_in_bytes", &value), 0);
	assert_int_equal(value, 16777216);
	scratch_remove(CGROUP_MEMORY, fd);
}

static int setup(void **state)
{
	return scratch_setup(state);
}

static int teardown(void **state)
{
	arena_deinit(&arena);
	return scratch_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights),
		cmocka_unit_test(cpu),
		cmocka_unit_test(memory),
		cmocka_unit_test(pids),
		cmocka_unit_test(io_and_others),
		cmocka_unit_test(no_limit_needs_no_controller),
		cmocka_unit_test(missing_controllers_are_named),
		cmocka_unit_test(contradictions_are_tried_again),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
