/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/loop.h"
#include "inro/run.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_time_limit;

struct box {
	struct spec spec;
	struct spec_part part;
	struct facts facts;
	struct plan plan;
};

static int ended_reason, ended_number;
static uint64_t ended_grace_ns;
static int end_pipe[2];

/* The engine's, in its place: says so on a pipe, which ends the loop. */
int run_end(struct run *run, int reason, int number, uint64_t grace_ns)
{
	(void)run;
	ended_reason = reason;
	ended_number = number;
	ended_grace_ns = grace_ns;
	return write(end_pipe[1], "", 1) == 1 ? 0 : -EIO;
}

static void box_init(struct box *box)
{
	memset(box, 0, sizeof(*box));
	box->part.feature = &feature_time_limit;
	box->part.data = calloc(1, feature_time_limit.spec_size);
	feature_time_limit.init(box->part.data);
	box->spec.parts = &box->part;
	box->spec.n_parts = 1;
	box->plan.spec = &box->spec;
	box->plan.facts = &box->facts;
}

static void box_deinit(struct box *box)
{
	free(box->part.data);
	arena_deinit(&box->spec.arena);
	arena_deinit(&box->plan.arena);
}

static int set(struct box *box, const char *name, const char *value)
{
	for (size_t i = 0; i < feature_time_limit.n_options; i++)
		if (strcmp(feature_time_limit.options[i].name, name) == 0)
			return feature_time_limit.options[i].set(&box->spec, value, NULL);
	fail_msg("no option %s", name);
	return -1;
}

static int it_ended(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	(void)loop;
	(void)source;
	(void)events;
	(void)data;
	return 1;
}

static void run_to_the_end(struct box *box)
{
	struct run run = { .plan = &box->plan };

	assert_int_equal(feature_time_limit.resolve(&box->plan, NULL), 0);
	assert_int_equal(plan_seal(&box->plan), 0);
	assert_int_equal(box->plan.n_steps, 1);
	assert_int_equal(box->plan.steps[0].stage, STAGE_STARTED);
	assert_int_equal(pipe(end_pipe), 0);
	assert_int_equal(loop_new(&run.loop), 0);
	assert_int_equal(loop_add_fd(run.loop, end_pipe[0], EPOLLIN, it_ended, NULL, NULL), 0);
	assert_int_equal(box->plan.steps[0].kind->run(&run, &box->plan.steps[0], NULL), 0);
	assert_int_equal(loop_run(run.loop), 0);
	loop_free(run.loop);
	close(end_pipe[0]);
	close(end_pipe[1]);
	assert_int_equal(ended_reason, INRO_END_TIMED_OUT);
}

static void usual(void **state)
{
	struct box box;

	(void)state;
	box_init(&box);
	assert_int_equal(set(&box, "timeout", "10ms"), 0);
	run_to_the_end(&box);
	assert_int_equal(ended_number, SIGTERM);
	assert_true(ended_grace_ns == 10000000000ULL);
	assert_string_equal(box.plan.applied[0].value, "0.01s");
	box_deinit(&box);
}

static void as_asked(void **state)
{
	struct box box;

	(void)state;
	box_init(&box);
	assert_int_equal(set(&box, "timeout", "1h"), 0);
	assert_int_equal(set(&box, "timeout", "1us"), 0);
	assert_int_equal(set(&box, "kill-after", "0"), 0);
	assert_int_equal(set(&box, "timeout-signal", "INT"), 0);
	run_to_the_end(&box);
	assert_int_equal(ended_number, SIGINT);
	assert_int_equal(ended_grace_ns, 0);
	box_deinit(&box);
}

static void none(void **state)
{
	struct box box;

	(void)state;
	box_init(&box);
	assert_int_equal(set(&box, "timeout", "5s"), 0);
	assert_int_equal(set(&box, "timeout", "0"), 0);
	assert_int_equal(feature_time_limit.resolve(&box.plan, NULL), 0);
	assert_int_equal(box.plan.n_steps, 0);
	box_deinit(&box);
}

static void bad_values(void **state)
{
	struct box box;

	(void)state;
	box_init(&box);
	assert_int_equal(set(&box, "timeout", ""), -EINVAL);
	assert_int_equal(set(&box, "timeout", "-1"), -EINVAL);
	assert_int_equal(set(&box, "kill-after", "soon"), -EINVAL);
	assert_int_equal(set(&box, "timeout-signal", "SIGNONE"), -EINVAL);
	box_deinit(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual),
		cmocka_unit_test(as_asked),
		cmocka_unit_test(none),
		cmocka_unit_test(bad_values),
	};

	return cmocka_run_group_tests_name("limits/time", tests, NULL, NULL);
}
