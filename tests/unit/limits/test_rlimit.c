/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../ns_child.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_ulimit;

struct box {
	struct spec spec;
	struct spec_part part;
	struct facts facts;
	struct plan plan;
};

static void box_init(struct box *box)
{
	memset(box, 0, sizeof(*box));
	box->part.feature = &feature_ulimit;
	box->part.data = calloc(1, feature_ulimit.spec_size);
	box->spec.parts = &box->part;
	box->spec.n_parts = 1;
	box->plan.spec = &box->spec;
	box->plan.facts = &box->facts;
}

static void box_deinit(struct box *box)
{
	free(box->part.data);
	arena_deinit(&box->spec.arena);
	arena_deinit(&box->facts.arena);
	arena_deinit(&box->plan.arena);
}

static int set(struct box *box, const char *value)
{
	return feature_ulimit.options[0].set(&box->spec, value, NULL);
}

static void resolve(struct box *box)
{
	assert_int_equal(feature_ulimit.gather(&box->spec, &box->facts, NULL), 0);
	assert_int_equal(feature_ulimit.settle(&box->plan, NULL), 0);
	assert_int_equal(feature_ulimit.resolve(&box->plan, NULL), 0);
	assert_int_equal(plan_seal(&box->plan), 0);
}

static void sets_in_the_child(void **state)
{
	struct box box;
	pid_t pid;

	(void)state;
	box_init(&box);
	assert_int_equal(set(&box, "nofile=99:99"), 0);
	assert_int_equal(set(&box, "core=0:1M"), 0);
	assert_int_equal(set(&box, "nofile=40:41"), 0); /* the later one counts */
	assert_int_equal(set(&box, "nonsense=1"), -EINVAL);
	resolve(&box);
	assert_int_equal(box.plan.n_steps, 2);
	assert_int_equal(box.plan.steps[0].stage, STAGE_PROCESS);
	assert_false(box.plan.settled.wait_release);
	assert_int_equal(box.plan.n_applied, 2);
	pid = fork();
	if (pid == 0) {
		struct run run = { .plan = &box.plan };
		struct rlimit limit;

		for (size_t i = 0; i < box.plan.n_steps; i++)
			if (box.plan.steps[i].kind->run(&run, &box.plan.steps[i], NULL) < 0)
				_exit(1);
		if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur != 40 || limit.rlim_max != 41)
			_exit(2);
		if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_cur != 0 || limit.rlim_max != 1 << 20)
			_exit(3);
		_exit(0);
	}
	assert_int_equal(child_result(pid), 0);
	box_deinit(&box);
}

static void raising_without_the_capability_is_explained(void **state)
{
	struct inro_error error = { 0 };
	struct box box;
	pid_t pid;

	(void)state;
	box_init(&box);
	pid = fork();
	if (pid == 0) {
		const struct rlimit low = { 10, 10 };
		struct run run = { .plan = &box.plan };
		const struct step *step;

		child_drop_root();
		if (setrlimit(RLIMIT_NPROC, &low) < 0)
			_exit(9);
		if (set(&box, "nproc=20") < 0)
			_exit(1);
		resolve(&box);
		step = &box.plan.steps[0];
		if (step->kind->run(&run, step, &error) != -EPERM)
			_exit(2);
		step->kind->advise(step, &box.plan, &error);
		_exit(strstr(error.why, "inherited one (10)") && error.hint[0] ? 0 : 3);
	}
	assert_int_equal(child_result(pid), 0);
	box_deinit(&box);
}

/* With the capability, the parent raises what the child in its user namespace cannot. */
static void raised_by_the_parent(void **state)
{
	uint64_t *hard;
	struct box box;

	(void)state;
	box_init(&box);
	assert_int_equal(set(&box, "nofile=1:100"), 0);
	hard = arena_array(&box.facts.arena, RLIM_NLIMITS, sizeof(*hard));
	hard[RLIMIT_NOFILE] = 50;
	box.facts.rlimit_hard = hard;
	box.facts.caps = 1ULL << CAP_SYS_RESOURCE;
	box.plan.settled.ns_new = NS_BIT(NS_USER);
	assert_int_equal(feature_ulimit.settle(&box.plan, NULL), 0);
	assert_true(box.plan.settled.wait_release);
	assert_int_equal(feature_ulimit.resolve(&box.plan, NULL), 0);
	assert_int_equal(plan_seal(&box.plan), 0);
	assert_int_equal(box.plan.n_steps, 2);
	assert_string_equal(box.plan.steps[0].kind->name, "raise-ulimit");
	assert_int_equal(box.plan.steps[0].stage, STAGE_MAP);
	box_deinit(&box);
}

/* Its step, within what the caller may do anyway. */
static void the_parents_step_works_on_the_child(void **state)
{
	struct rlimit own, limit;
	uint64_t *hard;
	struct box box;
	struct run run = { .plan = &box.plan };
	char text[64];
	pid_t pid = child_spawn(0, NULL);

	(void)state;
	box_init(&box);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &own), 0);
	snprintf(text, sizeof(text), "nofile=16:%llu", (unsigned long long)own.rlim_max);
	assert_int_equal(set(&box, text), 0);
	hard = arena_array(&box.facts.arena, RLIM_NLIMITS, sizeof(*hard));
	hard[RLIMIT_NOFILE] = 0;
	box.facts.rlimit_hard = hard;
	box.facts.caps = 1ULL << CAP_SYS_RESOURCE;
	box.plan.settled.ns_new = NS_BIT(NS_USER);
	assert_int_equal(feature_ulimit.resolve(&box.plan, NULL), 0);
	assert_int_equal(plan_seal(&box.plan), 0);
	run.pid = pid;
	assert_int_equal(box.plan.steps[0].kind->run(&run, &box.plan.steps[0], NULL), 0);
	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &limit), 0);
	assert_int_equal(limit.rlim_cur, own.rlim_cur);
	assert_int_equal(limit.rlim_max, own.rlim_max);
	child_end(pid);
	box_deinit(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_in_the_child),
		cmocka_unit_test(raising_without_the_capability_is_explained),
		cmocka_unit_test(raised_by_the_parent),
		cmocka_unit_test(the_parents_step_works_on_the_child),
	};

	return cmocka_run_group_tests_name("limits/rlimit", tests, NULL, NULL);
}
