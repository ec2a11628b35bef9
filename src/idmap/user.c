/* SPDX-License-Identifier: Apache-2.0 */

/*
 * -u and --groups: the ids of the command, and those under which its container is set up. ids.c
 * decides; here are the options and the two steps.
 *
 * Taking possession (STAGE_BECOME) is needed only where the caller's own ids do not exist in the
 * new user namespace: files made by it could not even be given an owner. Otherwise the child keeps
 * them while it mounts, so that it can still reach what the caller can reach.
 *
 * All calls act on the one thread that the child is; glibc's would look for others.
 */

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "idmap/ids.h"
#include "idmap/parse.h"
#include "kernel/syscalls.h"
#include "ns/kind.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_user;

struct user_spec {
	enum groups_wish groups;
};

struct user_args {
	bool set_uid, set_gid, set_groups, tolerant;
	bool groups_denied_ok; /* a user namespace that denies setgroups leaves them as they are */
	uint32_t uid, gid;
	const gid_t *groups;
	size_t n_groups;
};

/* Is this an answer of a joined user namespace that does not have the id, or denies setgroups? */
static bool tolerated(const struct user_args *args, int code)
{
	return args->tolerant && (code == -EINVAL || code == -EPERM);
}

static int run_take_ids(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct user_args *args = step->args;
	int r = 0;

	/* Groups first: without id 0 or its capability nothing of this would be allowed any more. */
	if (args->set_groups)
		r = sys_setgroups(args->n_groups, args->groups);
	if (r < 0 && !tolerated(args, r) && !(r == -EPERM && args->groups_denied_ok))
		return error_raw(error, r, "setgroups", NULL);
	if (r < 0)
		run_second_way(run, step);
	r = args->set_gid ? sys_setresgid(args->gid) : 0;
	if (r < 0 && !tolerated(args, r))
		return error_raw(error, r, "setresgid", NULL);
	if (r < 0)
		run_second_way(run, step);
	r = args->set_uid ? sys_setresuid(args->uid) : 0;
	if (r < 0 && !tolerated(args, r))
		return error_raw(error, r, "setresuid", NULL);
	if (r < 0)
		run_second_way(run, step);
	return 0;
}

static void tell_ids(const struct step *step, struct buf *text)
{
	const struct user_args *args = step->args;

	if (!args->set_groups)
		return;
	buf_puts(text, args->n_groups ? "groups" : "no supplementary groups");
	for (size_t i = 0; i < args->n_groups; i++)
		buf_printf(text, "%s %u", i ? "," : "", args->groups[i]);
}

static void advise_ids(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	if (error->code == EINVAL)
		error_why(error, "the user namespace does not have that id");
	else if (error->code == EPERM && (plan->settled.ns_join & NS_BIT(NS_USER)))
		error_why(
			error,
			"the joined user namespace denies setgroups, or the id is not the caller's to take");
	else if (error->code == EPERM)
		error_why(error, "CAP_SETUID or CAP_SETGID is missing, or a security module forbids it");
	else if (error->code == EAGAIN)
		error_why(error, "that user has reached its limit of processes (ulimit -u)");
}

static const struct step_kind kind_become = {
	.name = "become-owner",
	.what = "become the user namespace's own user",
	.calls = "setresgid, setresuid",
	.run = run_take_ids,
	.tell = tell_ids,
	.advise = advise_ids,
};

static const struct step_kind kind_take_ids = {
	.name = "take-ids",
	.what = "become user",
	.calls = "setgroups, setresgid, setresuid",
	.run = run_take_ids,
	.tell = tell_ids,
	.advise = advise_ids,
};

static int set_user(void *object, const char *value, struct inro_error *error)
{
	return parse_user(object, "--user", value, error);
}

static int set_groups(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	struct user_spec *part = spec_part(spec, &feature_user);

	if (strcmp(value, "keep") == 0 || strcmp(value, "none") == 0 || strcmp(value, "") == 0) {
		part->groups = strcmp(value, "keep") == 0 ? GROUPS_KEEP : GROUPS_LIST;
		spec->ids.groups = NULL;
		spec->ids.n_groups = 0;
		spec->ids.groups_set = part->groups == GROUPS_LIST;
		return 0;
	}
	part->groups = GROUPS_LIST;
	return parse_groups(spec, "--groups", value, error);
}

static const struct option_row options[] = {
	{
		.name = "user",
		.letter = 'u',
		.form = OPTION_VALUE,
		.argument = "UID[:GID]",
		.help = "ids of the command, inside",
		.section = "Process",
		.set = set_user,
		.aliases = "uid",
		.detail =
			"Numbers only. Without GID the group has the same number where the container has "
			"that group. An ordinary user's own id appears as UID, unless --map says otherwise.",
	},
	{
		.name = "groups",
		.form = OPTION_VALUE,
		.argument = "GID,…",
		.help = "supplementary groups: ids, none or keep",
		.rare = true,
		.section = "Process",
		.set = set_groups,
		.aliases = "group-add",
		.choices = "none|keep",
		.detail =
			"Where the kernel allows it the caller's groups are dropped. An ordinary user without "
			"subordinate ids keeps them: it may not change the list.",
		.repeats = true,
	},
};

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct user_spec *part = spec_part(plan->spec, &feature_user);
	struct ids_plan ids;
	int r = ids_settle(plan->spec, plan->facts, part->groups, &plan->settled, &ids, error);

	if (r == 0 && plan->spec->oci && part->groups == GROUPS_LIST && !ids.set_groups)
		plan_note(plan, "process.user.additionalGids are left out: the user namespace does not let "
			  "this user change its groups");
	return r;
}

static int add_become(struct plan *plan, const struct ids_plan *ids, struct inro_error *error)
{
	struct user_args *args = arena_alloc(&plan->arena, sizeof(*args));
	const char *object = arena_printf(&plan->arena, "%u:%u", ids->become_uid, ids->become_gid);
	struct step *step;

	if (!args || !object)
		return fail_memory(error);
	*args = (struct user_args){
		.set_uid = true,
		.set_gid = true,
		.tolerant = ids->tolerant,
		.uid = ids->become_uid,
		.gid = ids->become_gid,
	};
	step = plan_add(plan, STAGE_BECOME, &kind_become, object,
			ids->tolerant ? "the caller's ids need not exist there" :
					"the caller's own ids do not exist in the new user namespace",
			args);
	if (ids->tolerant)
		step->fallback = "it keeps its ids where that user namespace has no id 0";
	return 0;
}

static int add_take_ids(struct plan *plan, const struct ids_plan *ids, struct inro_error *error)
{
	const struct settled *settled = &plan->settled;
	struct user_args *args = arena_alloc(&plan->arena, sizeof(*args));
	const char *object = arena_printf(&plan->arena, "%u:%u", settled->uid, settled->gid);
	bool asked = plan->spec->ids.user_set || plan->spec->ids.groups_set;
	struct step *step;

	if (!args || !object)
		return fail_memory(error);
	*args = (struct user_args){
		.set_uid = ids->set_uid,
		.set_gid = ids->set_gid,
		.set_groups = ids->set_groups,
		/* What was asked for must be had; dropping groups where nothing was said need not. */
		.tolerant = ids->tolerant && !asked,
		/* The authors of a config.json do not know who is going to run it. */
		.groups_denied_ok = ids->tolerant && plan->spec->oci,
		.uid = settled->uid,
		.gid = settled->gid,
		.groups = settled->groups,
		.n_groups = ids->set_groups ? settled->n_groups : 0,
	};
	step = plan_add(plan, STAGE_IDS, &kind_take_ids, object,
			asked ? "asked for" : "the caller's groups open nothing inside", args);
	if (args->tolerant || (args->groups_denied_ok && args->set_groups))
		step->fallback = "the groups are kept where that user namespace denies setgroups";
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct user_spec *part = spec_part(plan->spec, &feature_user);
	struct settled same = plan->settled;
	struct ids_plan ids;
	int r = ids_settle(plan->spec, plan->facts, part->groups, &same, &ids, error);

	if (r == 0 && ids.become)
		r = add_become(plan, &ids, error);
	if (r == 0 && (ids.set_uid || ids.set_gid || ids.set_groups))
		r = add_take_ids(plan, &ids, error);
	return r;
}

const struct feature feature_user = {
	.name = "user",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct user_spec),
	.settle = settle,
	.resolve = resolve,
};
