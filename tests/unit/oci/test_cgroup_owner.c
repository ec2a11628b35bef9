/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "oci/cgroup_steps.h"

/* A container as the rules want it; each test takes one thing away. */
struct world {
	const char *options[2];
	struct oci_mount mounts[2];
	struct oci_namespace namespaces[2];
	struct id_range map;
	struct oci_config config;
};

static void prepare(struct world *world)
{
	*world = (struct world){
		.options = { "nosuid", "rw" },
		.mounts = { { .destination = "/proc", .type = "proc", .source = "proc" },
			    { .destination = "/sys/fs/cgroup", .type = "cgroup", .source = "cgroup" } },
		.namespaces = { { NS_CGROUP, NULL }, { NS_USER, NULL } },
		.map = { .inner = 0, .outer = 100000, .count = 1000 },
	};
	world->mounts[1].options = (struct oci_strings){ world->options, 2 };
	world->config.mounts = world->mounts;
	world->config.n_mounts = 2;
	world->config.linux_.namespaces = world->namespaces;
	world->config.linux_.n_namespaces = 2;
	world->config.linux_.uids = (struct oci_id_maps){ &world->map, 1 };
}

static void the_user_as_the_host_numbers_it(void **state)
{
	struct world world;
	uint32_t uid = 7;

	(void)state;
	prepare(&world);
	assert_true(oci_cgroup_owner(&world.config, &uid));
	assert_int_equal(uid, 100000);
	world.config.process_set = true;
	world.config.process.uid = 999;
	assert_true(oci_cgroup_owner(&world.config, &uid));
	assert_int_equal(uid, 100999);
	world.config.process.uid = 1000;
	assert_false(oci_cgroup_owner(&world.config, &uid));
	/* Without a user namespace it has the host's numbers. */
	world.config.linux_.n_namespaces = 1;
	assert_true(oci_cgroup_owner(&world.config, &uid));
	assert_int_equal(uid, 1000);
}

static void only_who_sees_it_alone_and_may_write(void **state)
{
	struct world world;
	uint32_t uid;

	(void)state;
	prepare(&world);
	world.options[1] = "ro";
	assert_false(oci_cgroup_owner(&world.config, &uid));
	world.options[1] = "rro";
	assert_false(oci_cgroup_owner(&world.config, &uid));
	prepare(&world);
	world.namespaces[0].path = "/proc/1/ns/cgroup";
	assert_false(oci_cgroup_owner(&world.config, &uid));
	prepare(&world);
	world.namespaces[0].kind = NS_IPC;
	assert_false(oci_cgroup_owner(&world.config, &uid));
	prepare(&world);
	world.mounts[1].source = "/sys/fs/cgroup";
	assert_false(oci_cgroup_owner(&world.config, &uid));
	prepare(&world);
	world.mounts[1].destination = "/cgroup";
	assert_false(oci_cgroup_owner(&world.config, &uid));
	prepare(&world);
	world.config.linux_.uids.n = 0;
	assert_false(oci_cgroup_owner(&world.config, &uid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_user_as_the_host_numbers_it),
		cmocka_unit_test(only_who_sees_it_alone_and_may_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
