/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/trace.h"

#include <errno.h>

#include "resolve/explain.h"

static const char *state_text(uint8_t state)
{
	switch (state) {
	case STEP_SKIPPED:
		return " (skipped)";
	case STEP_SECOND:
		return " (by its second way)";
	default:
		return "";
	}
}

/* The earliest begin: from where the clock of the table counts. */
static uint64_t origin(const struct run *run)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < run->plan->n_steps; i++)
		if (run->trace[i].begin && run->trace[i].begin < first)
			first = run->trace[i].begin;
	return first;
}

int trace_text(const struct run *run, struct buf *out)
{
	uint64_t start = origin(run);

	buf_puts(out, "      at µs   took µs  step\n");
	for (size_t i = 0; i < run->plan->n_steps; i++) {
		const struct step *step = &run->plan->steps[i];
		const struct trace_entry *entry = &run->trace[i];

		if (!entry->begin)
			continue;
		buf_printf(out, "%11.1f ", (double)(entry->begin - start) / 1000);
		if (entry->end)
			buf_printf(out, "%9.1f", (double)(entry->end - entry->begin) / 1000);
		else
			buf_printf(out, "%9s", "-");
		buf_printf(out, "  %d %s ", step->number,
			   stage_info[step->stage].lane == LANE_CHILD ? "  " : "");
		explain_step(step, out);
		buf_printf(out, "%s\n", state_text(run->state[i]));
	}
	return out->failed ? -ENOMEM : 0;
}
