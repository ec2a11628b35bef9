/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "cgroup/layout.h"

#define MEMORY CGROUP_BIT(CGROUP_MEMORY)
#define CPU CGROUP_BIT(CGROUP_CPU)
#define PIDS CGROUP_BIT(CGROUP_PIDS)
#define ALL (MEMORY | CPU | PIDS)

static const struct cgroup_wish memory_wish = { .needed = MEMORY };
static const struct cgroup_wish cpu_time_wish = { .cpu_time = true };

/* root, logged in on a host with systemd and v2 alone */
static const struct cgroup_facts root_v2 = {
	.gathered = true,
	.layout = CGROUP_V2,
	.mount = "/sys/fs/cgroup",
	.own_path = "/user.slice/user-0.slice/session-1.scope",
	.real_root = true,
	.top_writable = true,
	.own_writable = true,
	.above_writable = true,
	.n_others = 3,
	.top = ALL,
	.own = MEMORY | PIDS,
	.above = MEMORY | PIDS,
};

/* a user, logged in there */
static const struct cgroup_facts user_v2 = {
	.gathered = true,
	.layout = CGROUP_V2,
	.mount = "/sys/fs/cgroup",
	.own_path = "/user.slice/user-1000.slice/session-3.scope",
	.real_root = true,
	.n_others = 3,
	.top = ALL,
	.own = MEMORY | PIDS,
	.above = MEMORY | PIDS,
};

/* the same user by systemd-run --user --scope -p Delegate=yes */
static const struct cgroup_facts delegated = {
	.gathered = true,
	.layout = CGROUP_V2,
	.mount = "/sys/fs/cgroup",
	.own_path = "/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope",
	.real_root = true,
	.own_writable = true,
	.above_writable = true,
	.top = ALL,
	.own = ALL,
	.above = ALL,
};

static struct cgroup_v1 hybrid_v1[] = {
	{ .controllers = "memory", .mount = "/sys/fs/cgroup/memory", .own_path = "/a", .writable = true },
	{ .controllers = "cpu,cpuacct", .mount = "/sys/fs/cgroup/cpu", .own_path = "/", .writable = true },
	{ .controllers = "freezer", .mount = "/sys/fs/cgroup/freezer", .own_path = "/", .writable = true },
};

static const struct cgroup_facts hybrid = {
	.gathered = true,
	.layout = CGROUP_HYBRID,
	.mount = "/sys/fs/cgroup/unified",
	.own_path = "/",
	.real_root = true,
	.top_writable = true,
	.own_writable = true,
	.n_others = 90,
	.v1 = hybrid_v1,
	.n_v1 = 3,
};

static struct cgroup_layout_plan chosen(const struct cgroup_facts *facts, const struct cgroup_wish *wish)
{
	struct cgroup_layout_plan plan;
	struct inro_error error = { 0 };

	assert_int_equal(cgroup_layout_choose(facts, wish, "--memory", &plan, &error), 0);
	return plan;
}

static struct inro_error refused(const struct cgroup_facts *facts, const struct cgroup_wish *wish, int code)
{
	struct cgroup_layout_plan plan = { .n_made = 77 };
	struct inro_error error = { 0 };

	assert_int_equal(cgroup_layout_choose(facts, wish, "--memory", &plan, &error), code);
	assert_int_equal(plan.n_made, 77);
	assert_string_equal(error.what, "--memory");
	assert_true(error.why[0] && error.hint[0]);
	return error;
}

static void root_gets_a_group_at_the_top(void **state)
{
	struct cgroup_layout_plan plan = chosen(&root_v2, &(struct cgroup_wish){ .needed = ALL });
	struct cgroup_facts service = root_v2;

	(void)state;
	assert_int_equal(plan.place, CGROUP_PLACE_TOP);
	assert_int_equal(plan.on_v2, ALL);
	assert_int_equal(plan.n_made, 0);
	assert_string_equal(cgroup_place_parent(&root_v2, plan.place, NULL), "/inro");
	/* A service that systemd handed over, where inro is alone: its own limits go on to hold. */
	service.delegated = true;
	service.n_others = 0;
	assert_int_equal(chosen(&service, &memory_wish).place, CGROUP_PLACE_LEAF);
	service.n_others = 1;
	assert_int_equal(chosen(&service, &memory_wish).place, CGROUP_PLACE_TOP);
}

static void user_without_delegation(void **state)
{
	struct inro_error error = refused(&user_v2, &memory_wish, -EACCES);

	(void)state;
	assert_int_equal(error.kind, INRO_ERROR_DENIED);
	assert_non_null(strstr(error.hint, "systemd-run --user --scope -p Delegate=yes"));
	refused(&user_v2, &cpu_time_wish, -EACCES);
}

static void user_with_delegation(void **state)
{
	struct cgroup_layout_plan plan = chosen(&delegated, &memory_wish);
	struct cgroup_facts crowded = delegated;
	struct inro_error error;

	(void)state;
	assert_int_equal(plan.place, CGROUP_PLACE_LEAF);
	assert_ptr_equal(cgroup_place_parent(&delegated, plan.place, NULL), delegated.own_path);
	crowded.n_others = 2;
	error = refused(&crowded, &memory_wish, -EBUSY);
	assert_non_null(strstr(error.why, "2 other processes"));
	/* To count needs no controller, so nobody has to move. */
	assert_int_equal(chosen(&crowded, &cpu_time_wish).place, CGROUP_PLACE_BELOW);
}

static void inro_in_its_leaf(void **state)
{
	struct cgroup_facts facts = delegated;
	struct arena arena = { 0 };

	(void)state;
	facts.own_path = "/user.slice/run-1.scope/inro-supervisor";
	facts.n_others = 5;
	facts.own = 0;
	assert_int_equal(chosen(&facts, &memory_wish).place, CGROUP_PLACE_ABOVE);
	assert_string_equal(cgroup_place_parent(&facts, CGROUP_PLACE_ABOVE, &arena), "/user.slice/run-1.scope");
	facts.own_path = "/inro-supervisor";
	assert_string_equal(cgroup_place_parent(&facts, CGROUP_PLACE_ABOVE, &arena), "/");
	arena_deinit(&arena);
}

static void in_a_container(void **state)
{
	struct cgroup_facts facts = root_v2;

	(void)state;
	facts.own_path = "/";
	facts.real_root = false;
	assert_non_null(strstr(refused(&facts, &memory_wish, -EBUSY).hint, "/sys/fs/cgroup/others/cgroup.procs"));
	facts.n_others = 0;
	assert_int_equal(chosen(&facts, &memory_wish).place, CGROUP_PLACE_LEAF);
	/* Mounted read-only, as engines do it. */
	facts.own_writable = facts.top_writable = false;
	refused(&facts, &memory_wish, -EACCES);
	facts.own = facts.top = facts.above = 0;
	refused(&facts, &memory_wish, -EOPNOTSUPP);
}

static void hybrid_host(void **state)
{
	struct cgroup_layout_plan plan = chosen(&hybrid, &(struct cgroup_wish){ .needed = MEMORY | CPU });
	struct cgroup_facts user = hybrid;
	struct cgroup_v1 denied[3];

	(void)state;
	assert_int_equal(plan.place, CGROUP_PLACE_BELOW);
	assert_int_equal(plan.on_v2, 0);
	assert_int_equal(plan.n_made, 2);
	assert_ptr_equal(plan.v1[CGROUP_MEMORY], &hybrid_v1[0]);
	assert_ptr_equal(plan.v1[CGROUP_CPU], &hybrid_v1[1]);
	refused(&hybrid, &(struct cgroup_wish){ .needed = PIDS }, -EOPNOTSUPP);
	memcpy(denied, hybrid_v1, sizeof(denied));
	denied[0].writable = denied[1].writable = denied[2].writable = false;
	user.v1 = denied;
	user.own_writable = user.top_writable = false;
	assert_int_equal(refused(&user, &memory_wish, -EACCES).kind, INRO_ERROR_DENIED);
}

static void v1_alone(void **state)
{
	struct cgroup_facts facts = { .layout = CGROUP_V1, .v1 = hybrid_v1, .n_v1 = 3 };
	struct cgroup_layout_plan plan = chosen(&facts, &memory_wish);

	(void)state;
	/* What v2 would do for all: CPU time and killing. One directory serves cpu and cpuacct. */
	assert_int_equal(plan.place, CGROUP_PLACE_NONE);
	assert_int_equal(plan.n_made, 3);
	assert_ptr_equal(plan.v1[CGROUP_FREEZER], &hybrid_v1[2]);
	plan = chosen(&facts, &(struct cgroup_wish){ .needed = CPU, .cpu_time = true });
	assert_int_equal(plan.n_made, 2);
	assert_ptr_equal(plan.v1[CGROUP_CPUACCT], plan.v1[CGROUP_CPU]);
	facts.n_v1 = 1;
	refused(&facts, &cpu_time_wish, -EOPNOTSUPP);
}

static void no_cgroups_at_all(void **state)
{
	struct cgroup_facts facts = { .layout = CGROUP_NONE };

	(void)state;
	refused(&facts, &memory_wish, -EOPNOTSUPP);
	refused(&facts, &cpu_time_wish, -EOPNOTSUPP);
}

static void wishes_are_no_needs(void **state)
{
	struct cgroup_facts facts = hybrid;
	struct cgroup_layout_plan plan;

	(void)state;
	plan = chosen(&facts, &(struct cgroup_wish){ .wished = MEMORY | PIDS, .cpu_time = true });
	assert_int_equal(plan.n_made, 1);
	facts.n_v1 = 0;
	plan = chosen(&facts, &(struct cgroup_wish){ .wished = MEMORY | PIDS, .cpu_time = true });
	assert_int_equal(plan.n_made, 0);
	assert_int_equal(plan.place, CGROUP_PLACE_BELOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_gets_a_group_at_the_top),
		cmocka_unit_test(user_without_delegation),
		cmocka_unit_test(user_with_delegation),
		cmocka_unit_test(inro_in_its_leaf),
		cmocka_unit_test(in_a_container),
		cmocka_unit_test(hybrid_host),
		cmocka_unit_test(v1_alone),
		cmocka_unit_test(no_cgroups_at_all),
		cmocka_unit_test(wishes_are_no_needs),
	};

	return cmocka_run_group_tests_name("cgroup/layout", tests, NULL, NULL);
}
