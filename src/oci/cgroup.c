/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The cgroups of a container of config.json, as a feature: where they are, and what is limited.
 *
 * On v2 the child is born in its group. Everything is written before that, so that it never runs
 * without its limits; but a limit of no process at all would let no child be born, and is written after
 * it. v1 groups are entered by the child itself; a cgroup namespace then has to be made after that,
 * since its roots are the groups in which its maker stands (see src/cgroup/steps.c).
 *
 * Who may make no groups (an ordinary user to whom none was handed over) does without, and is told what
 * is lost; unless a limit was asked for.
 */

#include "oci/cgroup.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>

#include "base/error.h"
#include "cgroup/steps.h"
#include "kernel/constants.h"
#include "oci/cgroup_devices.h"
#include "oci/cgroup_settings.h"
#include "oci/cgroup_steps.h"
#include "oci/cgroup_systemd.h"
#include "oci/start.h"
#include "plan/feature.h"

extern const struct feature feature_oci_cgroup;

static bool is_disabled(const struct spec *spec)
{
	return spec->oci->start->call->cgroup_disabled;
}

static bool by_systemd(const struct spec *spec)
{
	return spec->oci->start->call->systemd_cgroup;
}

/* Is it the host's own root? It may make groups anywhere, or there is something to be told. */
static bool is_host_root(const struct facts *facts)
{
	return facts->uid == 0 && facts->initial_userns;
}

/* Which hierarchies a user may use. */
static void look_at_rights(struct facts *facts, const char *path, const char *id)
{
	struct cgroup_facts *cgroup = &facts->cgroup;
	bool root = is_host_root(facts);

	for (size_t i = 0; i < cgroup->n_v1; i++) {
		struct cgroup_v1 *v1 = &cgroup->v1[i];
		const char *inner = oci_cgroup_inner(path, id, v1->own_path, false, &facts->arena);

		v1->writable = root || (inner && oci_cgroup_may_make(v1->mount, false, inner));
	}
	if (cgroup->mount) {
		const char *inner =
			oci_cgroup_inner(path, id, cgroup->own_path, true, &facts->arena);

		cgroup->own_writable =
			root || (inner && oci_cgroup_may_make(cgroup->mount, true, inner));
	}
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	const char *path = by_systemd(spec) ? "/" : spec->oci->linux_.cgroups_path;
	int r;

	if (is_disabled(spec))
		return 0;
	r = oci_cgroup_look(path, &facts->cgroup, &facts->arena);
	if (r < 0)
		return fail_call(error, r, "look at the cgroups", "read", "/proc/self");
	if (!by_systemd(spec))
		look_at_rights(facts, path, spec->oci->start->id);
	return 0;
}

static bool has_v2(const struct facts *facts)
{
	return facts->cgroup.mount && facts->cgroup.own_writable;
}

static size_t count_v1(const struct facts *facts)
{
	size_t n = 0;

	for (size_t i = 0; i < facts->cgroup.n_v1 && n < OCI_HIERARCHIES; i++)
		n += facts->cgroup.v1[i].writable;
	return n;
}

static int settle_systemd(struct plan *plan, struct inro_error *error)
{
	if (plan->facts->cgroup.layout != CGROUP_V2)
		return fail_host(
			error, INRO_ERROR_HOST, -EOPNOTSUPP, "--systemd-cgroup",
			"needs a host with cgroup v2 alone; use --cgroup-manager=cgroupfs here");
	plan->settled.wants_cgroup = true;
	plan->settled.own_cgroup2 = plan->settled.ns_new & NS_BIT(NS_CGROUP);
	plan->settled.wait_release = true;
	return 0;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct oci_i64 *pids = &plan->spec->oci->linux_.resources.pids_limit;

	if (is_disabled(plan->spec))
		return 0;
	if (by_systemd(plan->spec))
		return settle_systemd(plan, error);
	plan->settled.wants_cgroup = has_v2(plan->facts) || count_v1(plan->facts) > 0;
	plan->settled.own_cgroup2 = has_v2(plan->facts) && plan->settled.ns_new & NS_BIT(NS_CGROUP);
	/* The limit is written between the birth of the child and its release. */
	if (has_v2(plan->facts) && pids->set && pids->value == 0)
		plan->settled.wait_release = true;
	return 0;
}

/* Add the step that makes the group of one hierarchy; its path, or NULL = -ENOMEM. */
static const char *add_make(struct plan *plan, struct oci_cgroup_make *filled,
			    struct oci_cgroup_made *made)
{
	const struct oci_config *config = plan->spec->oci;
	struct oci_cgroup_make *args = arena_copy(&plan->arena, filled, sizeof(*filled));
	struct oci_cgroup_track *track = arena_alloc(&plan->arena, sizeof(*track));
	const char *path;

	if (!args || !track)
		return NULL;
	args->inner = oci_cgroup_inner(config->linux_.cgroups_path, config->start->id, filled->own,
				       filled->v2, &plan->arena);
	path = args->inner ? oci_cgroup_join(args->mount, args->inner, &plan->arena) : NULL;
	if (!path)
		return NULL;
	args->track = track;
	args->place = &config->start->state->cgroup;
	args->slot = args->v2 ? SLOT_CGROUP : plan_slot(plan);
	args->tasks_slot = args->v2 ? SLOT_NONE : plan_slot(plan);
	plan_transient(plan, args->slot);
	if (args->v2) {
		made->v2_slot = args->slot;
	} else {
		made->v1[made->n_v1].slot = plan_transient(plan, args->slot);
		made->v1[made->n_v1++].controllers = args->controllers;
		plan_transient(plan, args->tasks_slot);
	}
	plan_add(plan, STAGE_CGROUP, &kind_oci_cgroup_make, path, "linux.cgroupsPath", args);
	return path;
}

static int add_enter(struct plan *plan, const char *path, const struct oci_cgroup_made *made)
{
	struct cgroup_make_args *args = arena_alloc(&plan->arena, sizeof(*args));

	if (!args)
		return -ENOMEM;
	/* plan_slot() counts up: the one behind the directory's. */
	args->tasks_slot = made->v1[made->n_v1 - 1].slot + 1;
	plan_add(plan, STAGE_GUARD, &kind_cgroup_enter, path,
		 "a child can be born in a v2 cgroup only", args);
	return 0;
}

static int add_v1(struct plan *plan, struct oci_cgroup_place *place, struct oci_cgroup_made *made)
{
	const struct cgroup_facts *facts = &plan->facts->cgroup;
	size_t n = count_v1(plan->facts);
	const char **paths = arena_array(&plan->arena, n + 1, sizeof(*paths));
	const char **controllers = arena_array(&plan->arena, n + 1, sizeof(*controllers));
	size_t used = 0;

	if (!paths || !controllers)
		return -ENOMEM;
	for (size_t i = 0; i < facts->n_v1 && used < n; i++) {
		const struct cgroup_v1 *v1 = &facts->v1[i];
		struct oci_cgroup_make args = {
			.mount = v1->mount,
			.own = v1->own_path,
			.controllers = oci_controllers_parse(v1->controllers, false),
		};

		if (!v1->writable)
			continue;
		controllers[used] = v1->controllers;
		paths[used] = add_make(plan, &args, made);
		if (!paths[used] || add_enter(plan, paths[used], made) < 0)
			return -ENOMEM;
		used++;
	}
	place->v1 = (struct oci_strings){ paths, used };
	place->v1_controllers = (struct oci_strings){ controllers, used };
	place->v1_made = used > 0;
	return 0;
}

/* v2 last, and so undone first: it empties the others. */
static int add_groups(struct plan *plan, struct oci_cgroup_place *place,
		      struct oci_cgroup_made *made)
{
	int r = add_v1(plan, place, made);

	if (r == 0 && has_v2(plan->facts)) {
		struct oci_cgroup_make args = {
			.mount = plan->facts->cgroup.mount,
			.own = plan->facts->cgroup.own_path,
			.v2 = true,
		};

		place->v2 = add_make(plan, &args, made);
		place->v2_made = true;
		r = place->v2 ? 0 : -ENOMEM;
	}
	if (r == 0 && made->n_v1 > 0 && plan->settled.ns_new & NS_BIT(NS_CGROUP)) {
		plan->clone_flags &= ~(uint64_t)CLONE_NEWCGROUP;
		plan_add(plan, STAGE_BECOME, &kind_cgroup_namespace, NULL,
			 "its roots are the cgroups in which it stands, so it must stand in them "
			 "first",
			 NULL);
	}
	return r;
}

static int add_settings(struct plan *plan, const struct oci_cgroup_made *made,
			const struct oci_settings *settings)
{
	for (size_t i = 0; i < settings->n; i++) {
		struct oci_cgroup_set *args = arena_alloc(&plan->arena, sizeof(*args));
		const struct oci_setting *setting = &settings->list[i];
		const char *object =
			arena_printf(&plan->arena, "%s=%s", setting->file, setting->text);

		if (!args || !object)
			return -ENOMEM;
		*args = (struct oci_cgroup_set){ made, setting };
		plan_add(plan, setting->late || by_systemd(plan->spec) ? STAGE_MAP : STAGE_CGROUP,
			 &kind_oci_cgroup_set, object, setting->field, args);
	}
	return 0;
}

static int add_devices(struct plan *plan, const struct oci_cgroup_made *made)
{
	struct oci_cgroup_devices *args = arena_alloc(&plan->arena, sizeof(*args));
	bool v1 = oci_cgroup_made_slot(made, OCI_DEVICES) != made->v2_slot;

	if (!args)
		return -ENOMEM;
	/* mknod does not work in a user namespace, and what is there its owner can use outside. */
	if (v1 && !plan->facts->initial_userns)
		return 0;
	args->slot = oci_cgroup_made_slot(made, OCI_DEVICES);
	args->v1 = v1;
	if (args->slot == SLOT_NONE)
		return 0;
	args->rules =
		oci_device_rules(&plan->spec->oci->linux_.resources, &plan->arena, &args->n_rules);
	if (!args->rules)
		return -ENOMEM;
	args->program =
		oci_device_program(args->rules, args->n_rules, &plan->arena, &args->n_program);
	if (!args->program)
		return -ENOMEM;
	plan_add(plan, by_systemd(plan->spec) ? STAGE_MAP : STAGE_CGROUP, &kind_oci_cgroup_devices,
		 NULL, "linux.resources.devices", args)
		->optional = !is_host_root(plan->facts);
	return 0;
}

static int compute_settings(struct plan *plan, struct oci_settings *ret, struct inro_error *error)
{
	const struct oci_resources *resources = &plan->spec->oci->linux_.resources;

	if (plan->facts->cgroup.layout == CGROUP_V2)
		return oci_settings_v2(resources, &plan->arena, ret, error);
	return oci_settings_v1(resources, &plan->arena, ret, error);
}

/* There is no cgroup: is that a loss or a failure? */
static int do_without(struct plan *plan, const struct oci_settings *settings,
		      struct inro_error *error)
{
	bool none = !plan->facts->cgroup.mount && plan->facts->cgroup.n_v1 == 0;
	const struct oci_setting *lost = NULL;
	const char *why = is_disabled(plan->spec) ? "cgroups are disabled for it"
			  : none                  ? "no cgroup file system is mounted"
						  : "this user may make no cgroup there";

	/* "No limit" it has without a cgroup, too. */
	for (size_t i = 0; i < settings->n && !lost; i++)
		lost = settings->list[i].optional ? NULL : &settings->list[i];
	if (!lost) {
		if (!is_disabled(plan->spec))
			plan_note(plan,
				  "the container has no cgroup of its own, since %s: it cannot be "
				  "paused, and "
				  "its processes are not counted",
				  why);
		return 0;
	}
	fail_host(error, none ? INRO_ERROR_HOST : INRO_ERROR_DENIED, none ? -EOPNOTSUPP : -EACCES,
		  lost->field, "cannot set %s, since %s", lost->field, why);
	if (!is_disabled(plan->spec) && !none)
		error_hint(error, "use --systemd-cgroup, or run it in a delegated cgroup: "
				  "systemd-run --user --scope -p Delegate=yes ...");
	return none ? -EOPNOTSUPP : -EACCES;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	struct oci_cgroup_made *made = arena_alloc(&plan->arena, sizeof(*made));
	struct oci_cgroup_place *place = &plan->spec->oci->start->state->cgroup;
	struct oci_settings settings;
	int r = made ? compute_settings(plan, &settings, error) : fail_memory(error);

	if (r < 0)
		return r;
	if (!plan->settled.wants_cgroup)
		return do_without(plan, &settings, error);
	place->manager = OCI_CGROUP_FS;
	if (by_systemd(plan->spec))
		r = oci_systemd_add(plan, place, made, error);
	else if (add_groups(plan, place, made) < 0)
		r = fail_memory(error);
	if (r < 0)
		return r;
	if (add_settings(plan, made, &settings) < 0 || add_devices(plan, made) < 0 ||
	    oci_cgroup_owner_add(plan, by_systemd(plan->spec) ? STAGE_MAP : STAGE_CGROUP,
				 made->v2_slot) < 0)
		return fail_memory(error);
	return 0;
}

const struct feature feature_oci_cgroup = {
	.name = "oci-cgroup",
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};
