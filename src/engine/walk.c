/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine/engine.h"

static int walk_one(struct run *run, const struct step *step, struct inro_error *error)
{
	size_t index = (size_t)step->number - 1;
	int r;

	if (run->trace)
		run->trace[index].begin = clock_ns(CLOCK_MONOTONIC);
	r = step->kind->run ? step->kind->run(run, step, error) : 0;
	if (run->trace)
		run->trace[index].end = clock_ns(CLOCK_MONOTONIC);
	if (r < 0 && step->optional) {
		memset(error, 0, sizeof(*error));
		run->state[index] = STEP_SKIPPED;
		return 0;
	}
	if (r < 0) {
		error_raw(error, r, NULL, NULL);
		error->step = step->number;
		return r;
	}
	if (run->state[index] == STEP_PENDING)
		run->state[index] = STEP_DONE;
	return 0;
}

int engine_walk(struct run *run, enum stage first, enum stage last, struct inro_error *error)
{
	for (size_t i = 0; i < run->plan->n_steps; i++) {
		const struct step *step = &run->plan->steps[i];
		int r;

		if (step->stage < first || step->stage > last)
			continue;
		r = walk_one(run, step, error);
		if (r < 0)
			return r;
	}
	return 0;
}

void engine_complete_error(const struct run *run, const struct step *step, struct inro_error *error)
{
	error->step = step->number;
	error->n_steps = (int)run->plan->n_steps;
	if (!error->what[0])
		snprintf(error->what, sizeof(error->what), "%s", step->kind->what);
	if (!error->object[0] && step->object)
		snprintf(error->object, sizeof(error->object), "%s", step->object);
	if (step->kind->advise)
		step->kind->advise(step, run->plan, error);
}

void engine_undo(struct run *run)
{
	for (size_t i = run->plan->n_steps; i-- > 0;) {
		const struct step *step = &run->plan->steps[i];

		if (stage_info[step->stage].lane == LANE_CHILD || run->state[i] == STEP_PENDING)
			continue;
		if (step->kind->undo)
			step->kind->undo(run, step);
		run->state[i] = STEP_PENDING;
	}
}
