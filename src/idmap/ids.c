/* SPDX-License-Identifier: Apache-2.0 */
#include "idmap/ids.h"

#include <errno.h>
#include <string.h>
#include <linux/capability.h>

#include "base/error.h"
#include "idmap/range.h"
#include "ns/kind.h"

/* One of the two ids: how the maps and the options see it. */
struct id_side {
	const char *what;
	const struct id_range *map;
	size_t n_map;
	uint32_t own; /* the caller's, outside */
};

static uint32_t first_id(const struct id_side *side)
{
	uint32_t inner;

	if (ranges_to_inner(side->map, side->n_map, side->own, &inner))
		return inner;
	return ranges_have_inner(side->map, side->n_map, 0) ? 0 : side->map[0].inner;
}

static int refuse_unmapped(const struct id_side *side, const char *option, uint32_t id,
			   const struct spec *spec, struct inro_error *error)
{
	/* config.json names each of them by itself. */
	if (spec->oci)
		option = strcmp(option, "--groups") == 0 ? "process.user.additionalGids" :
			 side->what[0] == 'u'		 ? "process.user.uid" :
							   "process.user.gid";
	fail_usage(error, option,
		   "%s id %u does not exist in the container: its user namespace does not map it",
		   side->what, id);
	if (spec->oci)
		error_hint(error, "add a range that has it to linux.%cidMappings", side->what[0]);
	else if (spec->ids.mode == MAP_RANGES)
		error_hint(error, "add a --map range that has it");
	else if (spec->ids.mode == MAP_DEFAULT)
		error_hint(error, "map it, for example by --map auto or --map %u:OUTER:1", id);
	else
		error_hint(error, "leave --map away, or name ranges that have it");
	return -EINVAL;
}

/* In a new user namespace: the ids that the command starts out with, and those it shall have. */
static int settle_new(const struct spec *spec, const struct facts *facts, struct settled *settled,
		      struct ids_plan *plan, struct inro_error *error)
{
	const struct spec_ids *ids = &spec->ids;
	const struct id_side users = { "user", settled->uids, settled->n_uids, facts->uid };
	const struct id_side groups = { "group", settled->gids, settled->n_gids, facts->gid };
	uint32_t uid = first_id(&users), gid = first_id(&groups);
	bool have_uid = ranges_have_outer(users.map, users.n_map, users.own);
	bool have_gid = ranges_have_outer(groups.map, groups.n_map, groups.own);

	plan->become = !have_uid || !have_gid;
	plan->become_uid = uid;
	plan->become_gid = gid;
	settled->uid = ids->user_set ? ids->uid : uid;
	/* -u 1000 means 1000:1000 where that group exists: group 0 would be more than was asked for. */
	settled->gid = ids->group_set ? ids->gid : gid;
	if (ids->user_set && !ids->group_set && ranges_have_inner(groups.map, groups.n_map, ids->uid))
		settled->gid = ids->uid;
	if (!ranges_have_inner(users.map, users.n_map, settled->uid))
		return refuse_unmapped(&users, "--user", settled->uid, spec, error);
	if (!ranges_have_inner(groups.map, groups.n_map, settled->gid))
		return refuse_unmapped(&groups, "--user", settled->gid, spec, error);
	for (size_t i = 0; i < settled->n_groups; i++)
		if (!ranges_have_inner(groups.map, groups.n_map, settled->groups[i]))
			return refuse_unmapped(&groups, "--groups", settled->groups[i], spec, error);
	plan->set_uid = settled->uid != uid;
	plan->set_gid = settled->gid != gid;
	return 0;
}

/* In a joined one: its maps are not known here. Its root where it has one, unless something is asked for. */
static void settle_joined(const struct spec *spec, struct settled *settled, struct ids_plan *plan)
{
	const struct spec_ids *ids = &spec->ids;

	settled->uid = ids->user_set ? ids->uid : 0;
	settled->gid = ids->group_set ? ids->gid : ids->user_set ? ids->uid : 0;
	plan->become = true;
	plan->become_uid = plan->become_gid = 0;
	plan->tolerant = true;
	plan->set_uid = ids->user_set;
	plan->set_gid = ids->user_set;
}

static int settle_same(const struct spec *spec, const struct facts *facts, struct settled *settled,
		       struct ids_plan *plan, struct inro_error *error)
{
	const struct spec_ids *ids = &spec->ids;

	settled->uid = ids->user_set ? ids->uid : facts->uid;
	settled->gid = ids->group_set ? ids->gid : ids->user_set ? ids->uid : facts->gid;
	plan->set_uid = settled->uid != facts->uid;
	plan->set_gid = settled->gid != facts->gid;
	if ((!plan->set_uid || facts_has_cap(facts, CAP_SETUID)) &&
	    (!plan->set_gid || facts_has_cap(facts, CAP_SETGID)))
		return 0;
	fail_host(
		error, INRO_ERROR_DENIED, -EPERM, "--user",
		"without a new user namespace the ids are the host's, and only a process with CAP_SETUID and "
		"CAP_SETGID may take others");
	error_hint(error, "add user to --ns");
	return -EPERM;
}

static bool may_set_groups(const struct facts *facts, const struct settled *settled)
{
	if (settled->ns_new & NS_BIT(NS_USER))
		return !settled->deny_setgroups;
	if (settled->ns_join & NS_BIT(NS_USER))
		return true;
	return facts_has_cap(facts, CAP_SETGID) && !facts->setgroups_denied;
}

static int settle_groups(const struct spec *spec, const struct facts *facts, enum groups_wish wish,
			 struct settled *settled, struct ids_plan *plan, struct inro_error *error)
{
	bool may = may_set_groups(facts, settled);

	/* The authors of a config.json do not know who is going to run it: there it need not be had. */
	if (wish == GROUPS_LIST && !may && !spec->oci) {
		fail_host(
			error, INRO_ERROR_DENIED, -EPERM, "--groups",
			"who may map no group but its own may not change the list: a group can be there to "
			"forbid something");
		error_hint(error, "use --map auto (subordinate ids), or leave --groups away");
		return -EPERM;
	}
	if (wish == GROUPS_KEEP || !may) {
		/* Their numbers inside: those that are not mapped are seen as 65534 there. */
		settled->groups = facts->groups;
		settled->n_groups = facts->n_groups;
		plan->set_groups = false;
		return 0;
	}
	settled->groups = wish == GROUPS_LIST ? spec->ids.groups : NULL;
	settled->n_groups = wish == GROUPS_LIST ? spec->ids.n_groups : 0;
	plan->set_groups = settled->n_groups > 0 || facts->n_groups > 0;
	return 0;
}

int ids_settle(const struct spec *spec, const struct facts *facts, enum groups_wish wish,
	       struct settled *settled, struct ids_plan *ret, struct inro_error *error)
{
	struct ids_plan plan = { 0 };
	struct settled result = *settled;
	int r = settle_groups(spec, facts, wish, &result, &plan, error);

	if (r < 0)
		return r;
	if (result.ns_new & NS_BIT(NS_USER)) {
		/* Kept groups need not be mapped: only those that were asked for are checked. */
		struct settled checked = result;

		if (!plan.set_groups)
			checked.n_groups = 0;
		r = settle_new(spec, facts, &checked, &plan, error);
		result.uid = checked.uid;
		result.gid = checked.gid;
	} else if (result.ns_join & NS_BIT(NS_USER)) {
		settle_joined(spec, &result, &plan);
	} else {
		r = settle_same(spec, facts, &result, &plan, error);
	}
	if (r < 0)
		return r;
	*settled = result;
	*ret = plan;
	return 0;
}
