/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A limit of wall time. When it is over, PID 1 gets SIGTERM, and what has not ended --kill-after
 * later gets SIGKILL; the status is 124. A PID 1 without a handler would ignore SIGTERM and is
 * killed at once, which is what it would have come to outside. The time starts when the command runs,
 * and time asleep (suspend) counts.
 *
 * As with timeout(1), 0 means no limit; unlike there, --kill-after has a default: a limit that what
 * is limited can ignore is none.
 */

#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/parse.h"
#include "inro/run.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_time_limit;

#define KILL_AFTER_DEFAULT_NS 10000000000ULL

struct time_spec {
	uint64_t timeout_ns, kill_after_ns;
	int number; /* the signal */
};

struct time_watch {
	struct run *run;
	const struct time_spec *spec;
};

static int time_is_over(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	const struct time_watch *watch = data;

	(void)loop;
	(void)source;
	(void)events;
	run_end(watch->run, INRO_END_TIMED_OUT, watch->spec->number, watch->spec->kill_after_ns);
	return 0;
}

static int run_timeout(struct run *run, const struct step *step, struct inro_error *error)
{
	/* The plan's memory, prepared for this; a plan is run by one engine at a time. */
	struct time_watch *watch = *(struct time_watch *const *)step->args;
	int r;

	watch->run = run;
	r = loop_add_timer(run->loop, watch->spec->timeout_ns, time_is_over, watch, NULL);
	return r < 0 ? error_raw(error, r, "epoll_ctl", NULL) : 0;
}

static const struct step_kind kind_timeout = {
	.name = "watch-time",
	.what = "end the container after",
	.calls = "epoll_wait",
	.run = run_timeout,
};

static int set_time(const char *option, const char *value, uint64_t *ret, struct inro_error *error)
{
	if (parse_duration(value, ret) < 0)
		return fail_usage(error, option, "'%s' is not a time such as 10s or 1m30s", value);
	return 0;
}

static int set_timeout(void *object, const char *value, struct inro_error *error)
{
	struct time_spec *part = spec_part(object, &feature_time_limit);

	return set_time("--timeout", value, &part->timeout_ns, error);
}

static int set_kill_after(void *object, const char *value, struct inro_error *error)
{
	struct time_spec *part = spec_part(object, &feature_time_limit);

	return set_time("--kill-after", value, &part->kill_after_ns, error);
}

static int set_timeout_signal(void *object, const char *value, struct inro_error *error)
{
	struct time_spec *part = spec_part(object, &feature_time_limit);

	if (parse_signal(value, &part->number) < 0)
		return fail_usage(error, "--timeout-signal", "'%s' is not a signal such as TERM or 15", value);
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "timeout",
		.form = OPTION_VALUE,
		.argument = "TIME",
		.help = "end it after so long, with status 124",
		.section = "Limits",
		.set = set_timeout,
		.aliases = "time_limit",
		.detail = "SIGTERM first, SIGKILL --kill-after later. 0 means no limit.",
	},
	{
		.name = "kill-after",
		.form = OPTION_VALUE,
		.argument = "TIME",
		.help = "time from a limit's TERM to KILL (10s)",
		.rare = true,
		.section = "Limits",
		.set = set_kill_after,
		.detail = "0 kills at once.",
	},
	{
		.name = "timeout-signal",
		.form = OPTION_VALUE,
		.argument = "SIGNAL",
		.help = "what --timeout sends first (TERM)",
		.section = "Limits",
		.set = set_timeout_signal,
		.rare = true,
	},
};

static void init(void *data)
{
	struct time_spec *part = data;

	part->kill_after_ns = KILL_AFTER_DEFAULT_NS;
	part->number = SIGTERM;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct time_spec *part = spec_part(plan->spec, &feature_time_limit);
	struct time_watch *watch, **args;
	const char *text;

	if (part->timeout_ns == 0)
		return 0;
	watch = arena_alloc(&plan->arena, sizeof(*watch));
	args = arena_alloc(&plan->arena, sizeof(*args));
	text = arena_printf(&plan->arena, "%gs", (double)part->timeout_ns / 1e9);
	if (!watch || !args || !text)
		return fail_memory(error);
	watch->spec = part;
	*args = watch;
	plan_add(plan, STAGE_STARTED, &kind_timeout, text, "asked for", args);
	plan_applied(plan, "timeout", "%s", text);
	return 0;
}

const struct feature feature_time_limit = {
	.name = "time-limit",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct time_spec),
	.init = init,
	.resolve = resolve,
};
