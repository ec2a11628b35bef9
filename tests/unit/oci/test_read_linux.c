/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/mempolicy.h>
#include <sys/personality.h>

#include "documents.h"

static void namespaces(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	const char *path;

	(void)state;
	accept_in(IN_LINUX,
		  "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\",\"path\":\"/run/netns/a\"},"
		  "{\"type\":\"mount\",\"path\":\"\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"user\"},"
		  "{\"type\":\"cgroup\"},{\"type\":\"time\"}],"
		  "\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"
		  "\"gidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":4294967295}],"
		  "\"timeOffsets\":{\"monotonic\":{\"secs\":-3,\"nanosecs\":999999999},\"boottime\":{\"secs\":9}}",
		  &arena, &config);
	assert_int_equal(config.linux_.n_namespaces, NS_KINDS);
	assert_true(oci_has_ns(&config, NS_NET, &path));
	assert_string_equal(path, "/run/netns/a");
	assert_true(oci_has_ns(&config, NS_MNT, &path));
	assert_null(path);
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		assert_true(oci_has_ns(&config, kind, NULL));
	assert_int_equal(config.linux_.uids.n, 1);
	assert_int_equal(config.linux_.gids.list[0].count, UINT32_MAX);
	assert_true(config.linux_.monotonic.set && config.linux_.boottime.set);
	assert_int_equal(config.linux_.monotonic.seconds, -3);
	assert_int_equal(config.linux_.monotonic.nanoseconds, 999999999);
	assert_int_equal(config.linux_.boottime.seconds, 9);
	assert_int_equal(config.linux_.boottime.nanoseconds, 0);
}

static void the_rest(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	const struct oci_linux *l = &config.linux_;

	(void)state;
	accept_in(IN_LINUX,
		  "\"namespaces\":[{\"type\":\"network\"}],"
		  "\"netDevices\":{\"eth0\":{},\"eth1\":{\"name\":\"lan%d\"}},\"cgroupsPath\":\"a.slice:b:c\","
		  "\"intelRdt\":{\"closID\":\"x\",\"l3CacheSchema\":\"L3:0=f\\nL3:1=f\",\"memBwSchema\":\"MB:0=20\","
		  "\"schemata\":[\"L3:0=1\"],\"enableMonitoring\":true},"
		  "\"memoryPolicy\":{\"mode\":\"MPOL_WEIGHTED_INTERLEAVE\",\"nodes\":\"\","
		  "\"flags\":[\"MPOL_F_STATIC_NODES\",\"MPOL_F_NUMA_BALANCING\"]},"
		  "\"sysctl\":{\"net.core.somaxconn\":\"256\",\"kernel/shm_rmid_forced\":\"1\"},"
		  "\"rootfsPropagation\":\"rslave\",\"maskedPaths\":[\"/proc/kcore\"],"
		  "\"readonlyPaths\":[\"/proc/sys\",\"/proc/bus\"],\"mountLabel\":\"ml\","
		  "\"personality\":{\"domain\":\"LINUX32\",\"flags\":[]}",
		  &arena, &config);
	assert_int_equal(l->n_net_devices, 2);
	assert_string_equal(l->net_devices[0].host_name, "eth0");
	assert_null(l->net_devices[0].name);
	assert_string_equal(l->net_devices[1].name, "lan%d");
	assert_string_equal(l->cgroups_path, "a.slice:b:c");
	assert_true(l->rdt.set && l->rdt.enable_monitoring);
	assert_string_equal(l->rdt.clos_id, "x");
	assert_string_equal(l->rdt.l3_schema, "L3:0=f\nL3:1=f");
	assert_string_equal(l->rdt.mem_bw_schema, "MB:0=20");
	EXPECT_STRINGS(l->rdt.schemata, "L3:0=1");
	assert_true(l->memory_policy.set);
	assert_int_equal(l->memory_policy.mode, 6);
	assert_string_equal(l->memory_policy.nodes, "");
	assert_int_equal(l->memory_policy.flags, MPOL_F_STATIC_NODES | MPOL_F_NUMA_BALANCING);
	assert_int_equal(l->n_sysctls, 2);
	assert_string_equal(l->sysctls[0].key, "net.core.somaxconn");
	assert_string_equal(l->sysctls[0].value, "256");
	assert_string_equal(l->sysctls[1].key, "kernel/shm_rmid_forced");
	assert_string_equal(l->rootfs_propagation, "rslave");
	EXPECT_STRINGS(l->masked_paths, "/proc/kcore");
	EXPECT_STRINGS(l->readonly_paths, "/proc/sys", "/proc/bus");
	assert_string_equal(l->mount_label, "ml");
	assert_true(l->personality_set);
	assert_int_equal(l->personality, PER_LINUX32);
}

static void nothing(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	const struct oci_linux *l = &config.linux_;

	(void)state;
	accept_in(IN_LINUX, "\"rootfsPropagation\":\"\",\"cgroupsPath\":\"\",\"namespaces\":null", &arena, &config);
	assert_null(l->rootfs_propagation);
	assert_null(l->cgroups_path);
	assert_int_equal(l->n_namespaces, 0);
	assert_false(l->rdt.set || l->memory_policy.set || l->seccomp.set || l->resources.set);
	assert_false(l->boottime.set || l->monotonic.set || l->personality_set);
	assert_false(oci_has_ns(&config, NS_PID, NULL));
}

static const struct refused wrong[] = {
	{ "\"namespaces\":{}", "linux.namespaces", "must be a list" },
	{ "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"Pid\"}]", "linux.namespaces[2].type",
	  "'Pid' is none of pid, network" },
	{ "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]", "linux.namespaces[1].type",
	  "the pid namespace is there twice" },
	{ "\"namespaces\":[{\"path\":\"/x\"}]", "linux.namespaces[0].type", "is missing" },
	{ "\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]", "linux.namespaces[0].path", "not an absolute path" },
	{ "\"uidMappings\":[{\"containerID\":0,\"hostID\":0}]", "linux.uidMappings[0].size", "is missing" },
	{ "\"timeOffsets\":{\"realtime\":{}}", "linux.timeOffsets[\"realtime\"]", "boottime and monotonic" },
	{ "\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}", "linux.timeOffsets[\"boottime\"].nanosecs",
	  "1000000000 is not from 0 to 999999999" },
	{ "\"timeOffsets\":{\"boottime\":{\"secs\":9223372036854775808}}", "linux.timeOffsets[\"boottime\"].secs",
	  "too large" },
	{ "\"timeOffsets\":{\"boottime\":{\"secs\":-4611686019}}", "linux.timeOffsets[\"boottime\"].secs",
	  "-4611686019 is not from" },
	{ "\"netDevices\":{\"a/b\":{}}", "linux.netDevices[\"a/b\"]", "cannot be the name" },
	{ "\"netDevices\":{\"eth0\":{\"name\":\"0123456789012345\"}}", "linux.netDevices[\"eth0\"].name",
	  "cannot be the name" },
	{ "\"netDevices\":{\"eth0\":{\"name\":\"..\"}}", "linux.netDevices[\"eth0\"].name", "cannot be the name" },
	{ "\"intelRdt\":{\"closID\":\"a/b\"}", "linux.intelRdt.closID", "'a/b' is neither" },
	{ "\"intelRdt\":{\"closID\":\"..\"}", "linux.intelRdt.closID", "'..' is neither" },
	{ "\"intelRdt\":{\"memBwSchema\":\"L3:0=1\"}", "linux.intelRdt.memBwSchema", "begin with MB:" },
	{ "\"intelRdt\":{\"memBwSchema\":\"MB:0=1\\nL3:0=1\"}", "linux.intelRdt.memBwSchema", "more than one line" },
	{ "\"intelRdt\":{\"schemata\":[\"L3:0=1\",\"a\\nb\"]}", "linux.intelRdt.schemata[1]", "not one line" },
	{ "\"memoryPolicy\":{\"nodes\":\"0\"}", "linux.memoryPolicy.mode", "is missing" },
	{ "\"memoryPolicy\":{\"mode\":\"bind\"}", "linux.memoryPolicy.mode", "'bind' is none of MPOL_DEFAULT" },
	{ "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"a\"}", "linux.memoryPolicy.nodes", "list of nodes" },
	{ "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"flags\":[\"MPOL_F_X\"]}", "linux.memoryPolicy.flags[0]",
	  "is none of" },
	{ "\"sysctl\":{\"\":\"1\"}", "linux.sysctl[\"\"]", "empty" },
	{ "\"sysctl\":{\"a.b\":1}", "linux.sysctl[\"a.b\"]", "is a number and must be a string" },
	{ "\"rootfsPropagation\":\"both\"", "linux.rootfsPropagation", "'both' is none of shared, slave" },
	{ "\"maskedPaths\":[\"/a\",\"proc\"]", "linux.maskedPaths[1]", "'proc' is not an absolute path" },
	{ "\"readonlyPaths\":[\"\"]", "linux.readonlyPaths[0]", "not an absolute path" },
	{ "\"personality\":{}", "linux.personality.domain", "is missing" },
	{ "\"personality\":{\"domain\":\"BSD\"}", "linux.personality.domain", "'BSD' is none of LINUX, LINUX32" },
	{ "\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}", "linux.personality.flags", "names 'X'" },
};

static void what_is_refused(void **state)
{
	(void)state;
	refuse_in(IN_LINUX, wrong, ARRAY_SIZE(wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespaces),
		cmocka_unit_test(the_rest),
		cmocka_unit_test(nothing),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
