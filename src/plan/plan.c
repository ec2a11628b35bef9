/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"

const struct stage_info stage_info[] = {
	[STAGE_OPEN] = { "open", LANE_PARENT, "open what comes from the host" },
	[STAGE_CGROUP] = { "cgroup", LANE_PARENT, "make the cgroup" },
	[STAGE_ENTER] = { "enter", LANE_PARENT, "enter what the child must be born in" },
	[STAGE_CLONE] = { "clone", LANE_PARENT, "create the namespaces" },
	[STAGE_MAP] = { "map", LANE_PARENT, "map ids, place the child" },
	[STAGE_RELEASE] = { "release", LANE_PARENT, "let the child go on" },
	[STAGE_MEANWHILE] = { "meanwhile", LANE_PARENT, "write down, while the child works" },
	[STAGE_CALLED] = { "called", LANE_PARENT, "when the child calls: with all mounts made" },
	[STAGE_HANDED] = { "handed", LANE_PARENT, "when the child calls: with its listener handed over" },
	[STAGE_GUARD] = { "guard", LANE_CHILD, "guard the child" },
	[STAGE_JOIN] = { "join", LANE_CHILD, "join namespaces" },
	[STAGE_BECOME] = { "become", LANE_CHILD, "take possession of the namespaces" },
	[STAGE_SOURCE] = { "source", LANE_CHILD, "take the host's directories" },
	[STAGE_ROOT] = { "root", LANE_CHILD, "lay the new root" },
	[STAGE_MOUNT] = { "mount", LANE_CHILD, "mount everything on it" },
	[STAGE_MASK] = { "mask", LANE_CHILD, "mask what must not be seen" },
	[STAGE_CALL] = { "call", LANE_CHILD, "call the parent, before the root changes" },
	[STAGE_PIVOT] = { "pivot", LANE_CHILD, "change to the new root" },
	[STAGE_SYSTEM] = { "system", LANE_CHILD, "set up host name and network" },
	[STAGE_TTY] = { "tty", LANE_CHILD, "set up the terminal" },
	[STAGE_PROCESS] = { "process", LANE_CHILD, "set up the process" },
	[STAGE_BOUND] = { "bound", LANE_CHILD, "bound the capabilities" },
	[STAGE_IDS] = { "ids", LANE_CHILD, "take the ids" },
	[STAGE_DEATH] = { "death", LANE_CHILD, "tie its life to inro's" },
	[STAGE_PRIVS] = { "privs", LANE_CHILD, "give up new privileges" },
	[STAGE_LANDLOCK] = { "landlock", LANE_CHILD, "restrict by Landlock" },
	[STAGE_FDS] = { "fds", LANE_CHILD, "close descriptors" },
	[STAGE_CAPS] = { "caps", LANE_CHILD, "drop capabilities" },
	[STAGE_WAIT] = { "wait", LANE_CHILD, "wait to be started" },
	[STAGE_SECCOMP] = { "seccomp", LANE_CHILD, "restrict system calls" },
	[STAGE_EXEC] = { "exec", LANE_CHILD, "run the command" },
	[STAGE_STARTED] = { "started", LANE_STARTED, "tell that it runs" },
};
static_assert(ARRAY_SIZE(stage_info) == N_STAGES, "a stage without its words");

struct step *plan_add(struct plan *plan, enum stage stage, const struct step_kind *kind, const char *object,
		      const char *why, const void *args)
{
	static struct step lost;
	struct step *step = arena_grow(&plan->arena, &plan->steps, &plan->n_steps, sizeof(*step));

	if (!step) {
		plan->failed = true;
		return &lost;
	}
	*step = (struct step){
		.kind = kind,
		.stage = stage,
		.object = object,
		.why = why,
		.args = args,
	};
	return step;
}

int plan_slot(struct plan *plan)
{
	if (plan->n_slots < SLOTS_FIXED)
		plan->n_slots = SLOTS_FIXED;
	return plan->n_slots++;
}

int plan_transient(struct plan *plan, int slot)
{
	int *row = arena_grow(&plan->arena, &plan->transient, &plan->n_transient, sizeof(*row));

	if (row)
		*row = slot;
	plan->failed |= !row;
	return slot;
}

/* For people: a path in it may hold anything, and a terminal must not obey it. */
printf_like(2, 0)
static printf_like(2, 0) const char *safe_text(struct plan *plan, const char *format, va_list args)
{
	cleanup_buf struct buf raw = { 0 }, safe = { 0 };

	buf_vprintf(&raw, format, args);
	buf_add_safe(&safe, buf_text(&raw));
	return raw.failed || safe.failed ? NULL : arena_strdup(&plan->arena, buf_text(&safe));
}

void plan_applied(struct plan *plan, const char *name, const char *format, ...)
{
	struct applied *row = arena_grow(&plan->arena, &plan->applied, &plan->n_applied, sizeof(*row));
	va_list args;

	va_start(args, format);
	if (row) {
		row->name = name;
		row->value = safe_text(plan, format, args);
	}
	va_end(args);
	plan->failed |= !row || !row->value;
}

void plan_note(struct plan *plan, const char *format, ...)
{
	const char **note = arena_grow(&plan->arena, &plan->notes, &plan->n_notes, sizeof(*note));
	va_list args;

	va_start(args, format);
	if (note)
		*note = safe_text(plan, format, args);
	va_end(args);
	plan->failed |= !note || !*note;
}

int plan_seal(struct plan *plan)
{
	struct step *sorted = arena_array(&plan->arena, plan->n_steps, sizeof(*sorted));
	size_t n = 0;

	if (plan->failed || !sorted)
		return -ENOMEM;
	for (enum stage stage = 0; stage < N_STAGES; stage++)
		for (size_t i = 0; i < plan->n_steps; i++)
			if (plan->steps[i].stage == stage)
				sorted[n++] = plan->steps[i];
	for (size_t i = 0; i < n; i++)
		sorted[i].number = (int)i + 1;
	plan->steps = sorted;
	if (plan->n_slots < SLOTS_FIXED)
		plan->n_slots = SLOTS_FIXED;
	return 0;
}
