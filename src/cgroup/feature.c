/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Limits and accounting by cgroup: memory, swap, CPUs, CPU weight, processes, CPU time.
 *
 * A cgroup is made only where one of them is asked for. What the values mean is the same on v1 and
 * v2; the files differ, and a table here says how. `--memory` counts swap in: without
 * --memory-swap the container gets no swap beyond it, since a limit that swapping evades is none.
 */

#include <errno.h>
#include <linux/sched.h>
#include <string.h>

#include "base/error.h"
#include "cgroup/detect.h"
#include "cgroup/dir.h"
#include "cgroup/layout.h"
#include "cgroup/options.h"
#include "cgroup/steps.h"
#include "kernel/constants.h"
#include "plan/feature.h"

enum { SHARES_DEFAULT = 1024 }; /* v1's measure of weight; v2's is 100 */

/* The option that needs a cgroup, for errors; NULL where none does. */
static const char *asking_option(const struct cgroup_spec *part)
{
	if (part->memory)
		return "--memory";
	if (part->swap)
		return "--memory-swap";
	if (part->quota_us)
		return "--cpus";
	if (part->weight)
		return "--cpu-weight";
	if (part->pids)
		return "--pids-limit";
	if (part->cpu_time_ns)
		return "--cpu-time";
	return part->accounting ? "--accounting" : NULL;
}

/* Containers inside must find a cgroup that they may divide, where there can be one. */
static bool shows_cgroups(const struct spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n_list; i++)
		if (spec->mounts.list[i].type == MOUNT_CGROUP)
			return true;
	return false;
}

static bool wants_cgroup(const struct spec *spec, const struct cgroup_spec *part)
{
	return asking_option(part) || spec->nestable || shows_cgroups(spec);
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	const struct cgroup_spec *part = spec_part(spec, &feature_cgroup);
	int r;

	if (!wants_cgroup(spec, part))
		return 0;
	r = cgroup_facts_gather(&facts->cgroup, &facts->arena, spec->name);
	return r < 0 ? fail_call(error, r, "look at the cgroups of", "read", "/proc/self") : 0;
}

/* Each limit by itself, so that the error names the option whose controller is missing. */
static int choose(const struct plan *plan, struct cgroup_layout_plan *ret, struct inro_error *error)
{
	const struct cgroup_spec *part = spec_part(plan->spec, &feature_cgroup);
	const struct {
		const char *option;
		bool asked;
		unsigned controllers;
	} needs[] = {
		{ "--memory", part->memory != 0, CGROUP_BIT(CGROUP_MEMORY) },
		{ "--memory-swap", part->swap != 0, CGROUP_BIT(CGROUP_MEMORY) },
		{ "--cpus", part->quota_us != 0, CGROUP_BIT(CGROUP_CPU) },
		{ "--cpu-weight", part->weight != 0, CGROUP_BIT(CGROUP_CPU) },
		{ "--pids-limit", part->pids != 0, CGROUP_BIT(CGROUP_PIDS) },
	};
	struct cgroup_wish wish = {
		/* --report tells of all that is counted, once there is a cgroup anyway. */
		.wished = part->accounting ? CGROUP_BIT(CGROUP_MEMORY) : 0,
		.cpu_time = part->cpu_time_ns != 0 || part->accounting,
	};

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		struct cgroup_wish one = { .needed = needs[i].controllers };
		struct cgroup_layout_plan unused_plan;
		int r;

		if (!needs[i].asked)
			continue;
		r = cgroup_layout_choose(&plan->facts->cgroup, &one, needs[i].option, &unused_plan, error);
		if (r < 0)
			return r;
		wish.needed |= needs[i].controllers;
	}
	if (plan->spec->nestable && plan->facts->cgroup.layout == CGROUP_V2)
		wish.wished |= CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_PIDS);
	return cgroup_layout_choose(&plan->facts->cgroup, &wish, part->cpu_time_ns ? "--cpu-time" : "--accounting",
				    ret, error);
}

/* Is there a group to be made? Without a limit only a v2 group would be of use. */
static bool makes_group(const struct plan *plan, const struct cgroup_layout_plan *layout)
{
	const struct cgroup_spec *part = spec_part(plan->spec, &feature_cgroup);

	return asking_option(part) || layout->place != CGROUP_PLACE_NONE;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct cgroup_spec *part = spec_part(plan->spec, &feature_cgroup);
	struct cgroup_layout_plan layout;
	int r;

	if (!wants_cgroup(plan->spec, part))
		return 0;
	if (part->swap && !part->memory)
		return fail_usage(error, "--memory-swap", "is memory and swap together, and needs --memory");
	if (part->swap && part->swap < part->memory)
		return fail_usage(error, "--memory-swap", "is memory and swap together, and less than --memory");
	r = choose(plan, &layout, error);
	if (r < 0)
		return r;
	plan->settled.wants_cgroup = makes_group(plan, &layout);
	plan->settled.own_cgroup2 = plan->settled.wants_cgroup && layout.place != CGROUP_PLACE_NONE &&
				    plan->settled.ns_new & NS_BIT(NS_CGROUP);
	return 0;
}

static const char *join_path(struct plan *plan, const char *mount, const char *parent, const char *name)
{
	return arena_printf(&plan->arena, "%s%s%s%s", mount, strcmp(parent, "/") == 0 ? "" : parent,
			    *name ? "/" : "", name);
}

/* Adds the step; returns the slot of the directory, or -ENOMEM. */
static int add_make(struct plan *plan, struct cgroup_make_args filled, const char *why)
{
	struct cgroup_make_args *args = arena_alloc(&plan->arena, sizeof(*args));
	const char *parent, *path;

	if (!args || !filled.parent)
		return -ENOMEM;
	*args = filled;
	args->name = plan->facts->cgroup.name;
	args->slot = args->v2 ? SLOT_CGROUP : plan_slot(plan);
	args->tasks_slot = args->v2 ? SLOT_NONE : plan_slot(plan);
	path = join_path(plan, args->mount, args->parent, args->name);
	parent = join_path(plan, args->mount, args->parent, "");
	if (!path || !parent)
		return -ENOMEM;
	plan_add(plan, STAGE_CGROUP, &kind_cgroup_make, path, why, args);
	if (!args->v2)
		plan_add(plan, STAGE_GUARD, &kind_cgroup_enter, path, "a child can be born in a v2 cgroup only", args);
	plan_add(plan, STAGE_STARTED, &kind_cgroup_sweep, parent, "an inro that was killed leaves them behind",
		 args)->optional = true;
	return args->slot;
}

static int add_v1(struct plan *plan, const struct cgroup_layout_plan *layout, int slots[CGROUP_CONTROLLERS])
{
	for (size_t i = 0; i < layout->n_made; i++) {
		const struct cgroup_v1 *v1 = layout->made[i];
		unsigned has = cgroup_controllers_parse(v1->controllers);
		int slot = add_make(plan,
				    (struct cgroup_make_args){
					    .mount = v1->mount, .parent = v1->own_path, .controllers = has },
				    "this host has these controllers on cgroup v1");

		if (slot < 0)
			return slot;
		for (enum cgroup_controller c = 0; c < CGROUP_CONTROLLERS; c++)
			if (has & CGROUP_BIT(c))
				slots[c] = slot;
	}
	return 0;
}

static int add_leaf(struct plan *plan, const struct cgroup_layout_plan *layout)
{
	const struct cgroup_facts *facts = &plan->facts->cgroup;
	struct cgroup_leaf_args *args = arena_alloc(&plan->arena, sizeof(*args));
	const char *path = join_path(plan, facts->mount, facts->own_path, CGROUP_LEAF_NAME);

	if (!args || !path)
		return -ENOMEM;
	*args = (struct cgroup_leaf_args){
		.mount = facts->mount,
		.own_path = facts->own_path,
		.controllers = layout->on_v2,
	};
	plan_add(plan, STAGE_CGROUP, &kind_cgroup_leaf, path,
		 "a cgroup with processes of its own cannot give controllers to those below", args);
	return 0;
}

static int add_v2(struct plan *plan, const struct cgroup_layout_plan *layout, int slots[CGROUP_CONTROLLERS])
{
	const struct cgroup_facts *facts = &plan->facts->cgroup;
	const char *why = layout->on_v2 ? "the limits need a cgroup of their own" :
					  "it counts CPU time, and can be killed as a whole";
	int slot;

	if (layout->place == CGROUP_PLACE_NONE)
		return 0;
	if (layout->place == CGROUP_PLACE_LEAF && add_leaf(plan, layout) < 0)
		return -ENOMEM;
	slot = add_make(plan,
			(struct cgroup_make_args){
				.mount = facts->mount,
				.parent = cgroup_place_parent(facts, layout->place, &plan->arena),
				.v2 = true,
				.top = layout->place == CGROUP_PLACE_TOP,
				.controllers = layout->on_v2,
			},
			why);
	for (enum cgroup_controller c = 0; c < CGROUP_CONTROLLERS && slot >= 0; c++)
		if (layout->on_v2 & CGROUP_BIT(c))
			slots[c] = slot;
	return slot < 0 ? slot : 0;
}

/* One file of one limit. VALUE is in the arena. */
static struct step *add_set(struct plan *plan, const struct step_kind *kind, int slot, const char *file,
			    const char *value, const char *why)
{
	struct cgroup_set_args *args = arena_alloc(&plan->arena, sizeof(*args));
	const char *object = arena_printf(&plan->arena, "%s=%s", file, value ? value : "");

	if (!args || !value || !object) {
		plan->failed = true;
		return plan_add(plan, STAGE_CGROUP, kind, NULL, why, NULL);
	}
	*args = (struct cgroup_set_args){ .slot = slot, .file = file, .text = value };
	return plan_add(plan, STAGE_CGROUP, kind, object, why, args);
}

static const char *number_text(struct plan *plan, uint64_t value)
{
	return arena_printf(&plan->arena, "%llu", (unsigned long long)value);
}

/* As the user would write it. */
static const char *size_text(struct plan *plan, uint64_t bytes)
{
	static const char units[] = "\0KMGT";
	int unit = 0;

	if (bytes == CGROUP_UNLIMITED)
		return "unlimited";
	while (unit < 4 && bytes % 1024 == 0 && bytes > 0) {
		bytes /= 1024;
		unit++;
	}
	return arena_printf(&plan->arena, "%llu%.1s", (unsigned long long)bytes, units + unit);
}

static const char *by(bool v2)
{
	return v2 ? "cgroup v2" : "cgroup v1";
}

static void add_memory(struct plan *plan, const struct cgroup_spec *part, int slot, bool v2)
{
	uint64_t total = part->swap ? part->swap : part->memory;
	struct step *step;
	const char *value;

	if (!part->memory)
		return;
	add_set(plan, &kind_cgroup_memory, slot, v2 ? "memory.max" : "memory.limit_in_bytes",
		number_text(plan, part->memory), "asked for");
	plan_applied(plan, "memory", "%s by %s", size_text(plan, part->memory), by(v2));
	/* v1 counts both together, v2 swap alone. */
	if (total == CGROUP_UNLIMITED)
		value = v2 ? "max" : "-1";
	else
		value = number_text(plan, v2 ? total - part->memory : total);
	step = add_set(plan, &kind_cgroup_swap, slot, v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes", value,
		       part->swap ? "asked for" : "a memory limit that swapping evades is none");
	/* A kernel that does not count swap lacks the file. */
	step->optional = !part->swap;
	if (part->swap)
		plan_applied(plan, "memory-swap", "%s by %s", size_text(plan, total), by(v2));
}

static void add_quota(struct plan *plan, const struct cgroup_spec *part, int slot, bool v2)
{
	const char *quota = number_text(plan, part->quota_us);

	if (!part->quota_us)
		return;
	if (v2) {
		add_set(plan, &kind_cgroup_cpus, slot, "cpu.max",
			arena_printf(&plan->arena, "%s %d", quota ? quota : "", CGROUP_CPU_PERIOD_US), "asked for");
	} else {
		add_set(plan, &kind_cgroup_cpus, slot, "cpu.cfs_period_us",
			number_text(plan, CGROUP_CPU_PERIOD_US), "the quota is of this period");
		add_set(plan, &kind_cgroup_cpus, slot, "cpu.cfs_quota_us", quota, "asked for");
	}
	plan_applied(plan, "cpus", "%g by %s", (double)part->quota_us / CGROUP_CPU_PERIOD_US, by(v2));
}

static void add_weight(struct plan *plan, const struct cgroup_spec *part, int slot, bool v2)
{
	uint64_t shares = part->weight * SHARES_DEFAULT / 100;

	if (!part->weight)
		return;
	add_set(plan, &kind_cgroup_weight, slot, v2 ? "cpu.weight" : "cpu.shares",
		number_text(plan, v2 ? part->weight : shares), "asked for");
	plan_applied(plan, "cpu-weight", "%llu by %s", (unsigned long long)part->weight, by(v2));
}

static void add_pids(struct plan *plan, const struct cgroup_spec *part, int slot, bool v2)
{
	if (!part->pids)
		return;
	add_set(plan, &kind_cgroup_pids, slot, "pids.max", number_text(plan, part->pids), "asked for");
	plan_applied(plan, "pids-limit", "%llu by %s", (unsigned long long)part->pids, by(v2));
}

static int add_cpu_time(struct plan *plan, const struct cgroup_spec *part)
{
	struct cgroup_watch_args *args;
	const char *text;

	if (!part->cpu_time_ns)
		return 0;
	args = arena_alloc(&plan->arena, sizeof(*args));
	text = arena_printf(&plan->arena, "%gs", (double)part->cpu_time_ns / 1e9);
	if (!args || !text)
		return -ENOMEM;
	args->limit_ns = part->cpu_time_ns;
	if (part->quota_us)
		args->cpus = (part->quota_us + CGROUP_CPU_PERIOD_US - 1) / CGROUP_CPU_PERIOD_US;
	args->watch = arena_alloc(&plan->arena, sizeof(*args->watch));
	if (!args->watch)
		return -ENOMEM;
	plan_add(plan, STAGE_STARTED, &kind_cgroup_cpu_time, text, "asked for", args);
	plan_applied(plan, "cpu-time", "%s", text);
	return 0;
}

static int add_groups(struct plan *plan, const struct cgroup_layout_plan *layout,
		      int slots[CGROUP_CONTROLLERS])
{
	int r = add_v1(plan, layout, slots);

	/* Last, and so undone first: it empties the others. */
	if (r == 0)
		r = add_v2(plan, layout, slots);
	if (r < 0)
		return r;
	if (layout->n_made == 0 || !(plan->settled.ns_new & NS_BIT(NS_CGROUP)))
		return 0;
	plan->clone_flags &= ~(uint64_t)CLONE_NEWCGROUP;
	plan_add(plan, STAGE_BECOME, &kind_cgroup_namespace, NULL,
		 "its roots are the cgroups in which it stands, so it must stand in them first", NULL);
	return 0;
}

/* An id inside as the caller counts it; false where the map has none. */
static bool outer_id(const struct id_range *ranges, size_t n, uint32_t inner, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (inner < ranges[i].inner || inner - ranges[i].inner >= ranges[i].count)
			continue;
		*ret = ranges[i].outer + (inner - ranges[i].inner);
		return true;
	}
	return false;
}

static int add_delegation(struct plan *plan, const struct cgroup_layout_plan *layout)
{
	const struct settled *settled = &plan->settled;
	struct cgroup_delegate_args *args;
	const char *leaf;

	if (!plan->spec->nestable || layout->place == CGROUP_PLACE_NONE ||
	    !(settled->ns_new & NS_BIT(NS_CGROUP)))
		return 0;
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args)
		return -ENOMEM;
	args->slot = SLOT_CGROUP;
	args->uid = settled->uid;
	args->gid = settled->gid;
	if (settled->ns_new & NS_BIT(NS_USER) &&
	    (!outer_id(settled->uids, settled->n_uids, settled->uid, &args->uid) ||
	     !outer_id(settled->gids, settled->n_gids, settled->gid, &args->gid)))
		return 0;
	args->chown = args->uid != plan->facts->uid;
	args->leaf_slot = layout->on_v2 ? plan_slot(plan) : SLOT_NONE;
	leaf = arena_printf(&plan->arena, "/%s", CGROUP_LEAF_NAME);
	plan_add(plan, STAGE_CGROUP, &kind_cgroup_delegate,
		 arena_printf(&plan->arena, "%u:%u", args->uid, args->gid),
		 "containers inside shall be able to have limits", args);
	if (layout->on_v2)
		plan_add(plan, STAGE_BECOME, &kind_cgroup_enter_leaf, leaf,
			 "a cgroup with processes of its own cannot give controllers to those below", args);
	return leaf ? 0 : -ENOMEM;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct cgroup_spec *part = spec_part(plan->spec, &feature_cgroup);
	int slots[CGROUP_CONTROLLERS] = { 0 };
	struct cgroup_layout_plan layout;
	int r;

	if (!wants_cgroup(plan->spec, part))
		return 0;
	r = choose(plan, &layout, error);
	if (r < 0 || !makes_group(plan, &layout))
		return r;
	if (add_groups(plan, &layout, slots) < 0 || add_delegation(plan, &layout) < 0)
		return fail_memory(error);
	add_memory(plan, part, slots[CGROUP_MEMORY], layout.on_v2 & CGROUP_BIT(CGROUP_MEMORY));
	add_quota(plan, part, slots[CGROUP_CPU], layout.on_v2 & CGROUP_BIT(CGROUP_CPU));
	add_weight(plan, part, slots[CGROUP_CPU], layout.on_v2 & CGROUP_BIT(CGROUP_CPU));
	add_pids(plan, part, slots[CGROUP_PIDS], layout.on_v2 & CGROUP_BIT(CGROUP_PIDS));
	if (part->accounting)
		plan_applied(plan, "accounting", "%s", layout.place != CGROUP_PLACE_NONE ? "cgroup v2" : "cgroup v1");
	return add_cpu_time(plan, part) < 0 ? fail_memory(error) : 0;
}

const struct feature feature_cgroup = {
	.name = "cgroup",
	.options = cgroup_options,
	.n_options = CGROUP_OPTIONS,
	.spec_size = sizeof(struct cgroup_spec),
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};
