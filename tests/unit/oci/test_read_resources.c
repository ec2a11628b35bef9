/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "documents.h"

static void devices(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	const struct oci_device *d;

	(void)state;
	accept_in(IN_LINUX,
		  "\"devices\":[{\"type\":\"c\",\"path\":\"/dev/fuse\",\"major\":10,\"minor\":229,\"fileMode\":8630,"
		  "\"uid\":1,\"gid\":0},{\"type\":\"p\",\"path\":\"/dev/pipe\"},"
		  "{\"type\":\"b\",\"path\":\"/x\",\"major\":4095,\"minor\":1048575}]",
		  &arena, &config);
	assert_int_equal(config.linux_.n_devices, 3);
	d = &config.linux_.devices[0];
	assert_string_equal(d->path, "/dev/fuse");
	assert_int_equal(d->type, 'c');
	assert_int_equal(d->major, 10);
	assert_int_equal(d->minor, 229);
	assert_true(d->mode_set && d->uid.set && d->gid.set);
	assert_int_equal(d->mode, 0666);
	assert_int_equal(d->uid.value, 1);
	assert_int_equal(d[1].type, 'p');
	assert_false(d[1].mode_set || d[1].uid.set);
	assert_int_equal(d[2].minor, 1048575);
}

static void device_rules(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	const struct oci_resources *r = &config.linux_.resources;

	(void)state;
	accept_in(IN_RESOURCES,
		  "\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":1,"
		  "\"access\":\"m\"},{\"allow\":true,\"type\":\"b\",\"major\":-1,\"minor\":3,\"access\":\"wr\"},"
		  "{\"allow\":false}]",
		  &arena, &config);
	assert_true(r->set && r->devices_set);
	assert_int_equal(r->n_devices, 4);
	assert_false(r->devices[0].allow);
	assert_int_equal(r->devices[0].type, 'a');
	assert_int_equal(r->devices[0].major, -1);
	assert_true(r->devices[0].read && r->devices[0].write && r->devices[0].mknod);
	assert_int_equal(r->devices[1].type, 'c');
	assert_int_equal(r->devices[1].major, 1);
	assert_int_equal(r->devices[1].minor, -1);
	assert_true(r->devices[1].allow && r->devices[1].mknod && !r->devices[1].read && !r->devices[1].write);
	assert_int_equal(r->devices[2].type, 'b');
	assert_int_equal(r->devices[2].minor, 3);
	assert_true(r->devices[2].read && r->devices[2].write && !r->devices[2].mknod);
	assert_true(r->devices[3].read && r->devices[3].write && r->devices[3].mknod);
}

static void limits(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	const struct oci_resources *r = &config.linux_.resources;

	(void)state;
	accept_in(IN_RESOURCES,
		  "\"memory\":{\"limit\":1,\"reservation\":2,\"swap\":-1,\"kernel\":4,\"kernelTCP\":5,\"swappiness\":60,"
		  "\"disableOOMKiller\":true,\"useHierarchy\":true,\"checkBeforeUpdate\":true},"
		  "\"cpu\":{\"shares\":18446744073709551615,\"quota\":-1,\"burst\":3,\"period\":4,\"realtimeRuntime\":5,"
		  "\"realtimePeriod\":6,\"cpus\":\"0-1\",\"mems\":\"0\",\"idle\":1},\"pids\":{\"limit\":0}",
		  &arena, &config);
	assert_int_equal(r->memory_limit.value, 1);
	assert_int_equal(r->memory_reservation.value, 2);
	assert_true(r->memory_swap.set);
	assert_int_equal(r->memory_swap.value, -1);
	assert_int_equal(r->memory_kernel.value, 4);
	assert_int_equal(r->memory_kernel_tcp.value, 5);
	assert_int_equal(r->memory_swappiness.value, 60);
	assert_true(r->memory_disable_oom_killer && r->memory_use_hierarchy && r->memory_check_before_update);
	assert_true(r->cpu_shares.set && r->cpu_shares.value == UINT64_MAX);
	assert_int_equal(r->cpu_quota.value, -1);
	assert_int_equal(r->cpu_burst.value, 3);
	assert_int_equal(r->cpu_period.value, 4);
	assert_int_equal(r->cpu_realtime_runtime.value, 5);
	assert_int_equal(r->cpu_realtime_period.value, 6);
	assert_string_equal(r->cpu_cpus, "0-1");
	assert_string_equal(r->cpu_mems, "0");
	assert_true(r->cpu_idle.set);
	assert_int_equal(r->cpu_idle.value, 1);
	assert_true(r->pids_limit.set);
	assert_int_equal(r->pids_limit.value, 0);
}

static void lists(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	const struct oci_resources *r = &config.linux_.resources;

	(void)state;
	accept_in(IN_RESOURCES,
		  "\"blockIO\":{\"weight\":10,\"leafWeight\":0,\"weightDevice\":[{\"major\":8,\"minor\":1,\"weight\":500,"
		  "\"leafWeight\":300}],\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1}],"
		  "\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":2}],"
		  "\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":3}],"
		  "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":4},{\"major\":9,\"minor\":1,\"rate\":5}]},"
		  "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":9}],"
		  "\"network\":{\"classID\":4294967295,\"priorities\":[{\"name\":\"lo\",\"priority\":7}]},"
		  "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3},\"x\":{\"hcaObjects\":0}},"
		  "\"unified\":{\"memory.high\":\"1\",\"io.max\":\"\"}",
		  &arena, &config);
	assert_int_equal(r->blkio_weight.value, 10);
	assert_false(r->blkio_leaf_weight.set);
	assert_int_equal(r->blkio_weights[0].weight.value, 500);
	assert_int_equal(r->blkio_weights[0].leaf_weight.value, 300);
	assert_int_equal(r->read_bps[0].rate, 1);
	assert_int_equal(r->write_bps[0].rate, 2);
	assert_int_equal(r->read_iops[0].rate, 3);
	assert_int_equal(r->n_write_iops, 2);
	assert_int_equal(r->write_iops[1].major, 9);
	assert_int_equal(r->write_iops[1].rate, 5);
	assert_string_equal(r->hugepages[0].page_size, "2MB");
	assert_int_equal(r->hugepages[0].limit, 9);
	assert_int_equal(r->net_class_id.value, UINT32_MAX);
	assert_string_equal(r->net_priorities[0].interface, "lo");
	assert_int_equal(r->net_priorities[0].priority, 7);
	assert_int_equal(r->n_rdma, 2);
	assert_string_equal(r->rdma[0].device, "mlx5_1");
	assert_int_equal(r->rdma[0].handles.value, 3);
	assert_false(r->rdma[0].objects.set);
	assert_true(r->rdma[1].objects.set);
	assert_int_equal(r->n_unified, 2);
	assert_string_equal(r->unified[0].file, "memory.high");
	assert_string_equal(r->unified[1].value, "");
}

/* As `update` is given them. */
static void by_themselves(void **state)
{
	static const char text[] = "{\"memory\":{\"limit\":5},\"pids\":{\"limit\":null},\"blockIO\":{\"weight\":0}}";
	static const char wrong[] = "{\"memory\":{\"limit\":\"5\"}}";
	cleanup_arena struct arena arena = { 0 };
	struct oci_resources r = { .pids_limit = { true, 1 } };
	struct inro_error error = { 0 };

	(void)state;
	assert_int_equal(oci_read_resources(text, sizeof(text) - 1, &arena, &r, &error), 0);
	assert_true(r.set && r.memory_limit.set);
	assert_int_equal(r.memory_limit.value, 5);
	assert_false(r.devices_set || r.pids_limit.set || r.blkio_weight.set || r.memory_swap.set);
	assert_int_equal(oci_read_resources(wrong, sizeof(wrong) - 1, &arena, &r, &error), -EINVAL);
	assert_string_equal(error.what, "memory.limit");
	assert_int_equal(r.memory_limit.value, 5);
}

#define DEVICE(rest) "\"devices\":[{\"path\":\"/dev/x\"," rest "}]"

static const struct refused wrong_devices[] = {
	{ "\"devices\":[{\"type\":\"c\"}]", "linux.devices[0].path", "is missing" },
	{ "\"devices\":[{\"type\":\"p\",\"path\":\"x\"}]", "linux.devices[0].path", "not an absolute path" },
	{ DEVICE("\"type\":\"d\""), "linux.devices[0].type", "'d' is none of c, u, b, p" },
	{ DEVICE("\"type\":\"c\""), "linux.devices[0].major", "is missing" },
	{ DEVICE("\"type\":\"b\",\"major\":1"), "linux.devices[0].minor", "is missing" },
	{ DEVICE("\"type\":\"b\",\"major\":4096,\"minor\":0"), "linux.devices[0].major", "4096 is not from 0 to 4095" },
	{ DEVICE("\"type\":\"b\",\"major\":-1,\"minor\":0"), "linux.devices[0].major", "-1 is not from 0" },
	{ DEVICE("\"type\":\"b\",\"major\":1,\"minor\":1048576"), "linux.devices[0].minor", "1048576 is not" },
	{ DEVICE("\"type\":\"p\",\"fileMode\":-1"), "linux.devices[0].fileMode", "-1 is not from 0" },
	{ DEVICE("\"type\":\"p\",\"uid\":4294967295"), "linux.devices[0].uid", "4294967295 is not" },
};

#define AT(place) "linux.resources." place

static const struct refused wrong[] = {
	{ "\"devices\":[{\"access\":\"r\"}]", AT("devices[0].allow"), "is missing" },
	{ "\"devices\":[{\"allow\":true,\"type\":\"p\"}]", AT("devices[0].type"), "'p' is none of" },
	{ "\"devices\":[{\"allow\":true,\"access\":\"rx\"}]", AT("devices[0].access"), "'rx' has other letters" },
	{ "\"devices\":[{\"allow\":true,\"major\":-2}]", AT("devices[0].major"), "-2 is not from -1" },
	{ "\"memory\":{\"limit\":-2}", AT("memory.limit"), "-2 is not from -1" },
	{ "\"memory\":{\"limit\":1e3}", AT("memory.limit"), "a fraction or an exponent" },
	{ "\"memory\":{\"swappiness\":101}", AT("memory.swappiness"), "101 is not from 0 to 100" },
	{ "\"memory\":{\"disableOOMKiller\":0}", AT("memory.disableOOMKiller"), "must be true or false" },
	{ "\"cpu\":{\"shares\":-1}", AT("cpu.shares"), "-1 is negative" },
	{ "\"cpu\":{\"cpus\":\"0\\n1\"}", AT("cpu.cpus"), "is not a list" },
	{ "\"cpu\":{\"mems\":\"../x\"}", AT("cpu.mems"), "'../x' is not a list" },
	{ "\"cpu\":{\"idle\":2}", AT("cpu.idle"), "2 is not from 0 to 1" },
	{ "\"cpu\":{\"quota\":9223372036854775808}", AT("cpu.quota"), "9223372036854775808 is too large" },
	{ "\"pids\":5", AT("pids"), "is a number and must be an object" },
	{ "\"blockIO\":{\"weight\":9}", AT("blockIO.weight"), "9 is not from 10 to 1000" },
	{ "\"blockIO\":{\"weight\":1001}", AT("blockIO.weight"), "1001 is not" },
	{ "\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":1,\"minor\":1}]}", AT("blockIO.throttleReadBpsDevice[0].rate"),
	  "is missing" },
	{ "\"hugepageLimits\":[{\"pageSize\":\"2mb\",\"limit\":1}]", AT("hugepageLimits[0].pageSize"), "'2mb' is not" },
	{ "\"hugepageLimits\":[{\"pageSize\":\"../2MB\",\"limit\":1}]", AT("hugepageLimits[0].pageSize"), "is not" },
	{ "\"hugepageLimits\":[{\"pageSize\":\"2\",\"limit\":1}]", AT("hugepageLimits[0].pageSize"), "is not" },
	{ "\"network\":{\"classID\":4294967296}", AT("network.classID"), "4294967296 is not" },
	{ "\"network\":{\"priorities\":[{\"name\":\"lo\"}]}", AT("network.priorities[0].priority"), "is missing" },
	{ "\"rdma\":{\"a b\":{}}", AT("rdma[\"a b\"]"), "no white space" },
	{ "\"unified\":{\"a/b\":\"1\"}", AT("unified[\"a/b\"]"), "not the name of a file" },
	{ "\"unified\":{\"..\":\"1\"}", AT("unified[\"..\"]"), "not the name of a file" },
	{ "\"unified\":{\"a\":1}", AT("unified[\"a\"]"), "is a number and must be a string" },
};

static void what_is_refused(void **state)
{
	(void)state;
	refuse_in(IN_LINUX, wrong_devices, ARRAY_SIZE(wrong_devices));
	refuse_in(IN_RESOURCES, wrong, ARRAY_SIZE(wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices), cmocka_unit_test(device_rules),  cmocka_unit_test(limits),
		cmocka_unit_test(lists),   cmocka_unit_test(by_themselves), cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
