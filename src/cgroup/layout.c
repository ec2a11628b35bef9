/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where a container's groups are made.
 *
 * v1: below the caller's own group of each hierarchy, so that the caller's own limits still hold.
 *
 * v2 has a rule that stands in the way of that: a group which gives controllers to groups below it
 * may hold no process itself (the very top excepted), and the caller is a process of its own group.
 * So, in this order:
 *   - inro is in a leaf that it made for itself before: the group above is free of processes, and
 *     the new group is made there, beside the leaf.
 *   - The own group has been handed over to the caller (systemd marks it; or an ordinary user may
 *     write there; or it is the top that a container sees) and inro is alone in it: inro moves
 *     itself to a leaf. Other programs are never moved: whoever started them may count on where
 *     they are.
 *   - root, on a host: a group /inro of inro's own at the top, since the groups in which root's
 *     sessions live are systemd's, which takes controllers away that it doesn't know to be used. The
 *     limits of the caller's own group do not hold there, as with podman or docker run by root.
 * What needs no controller (counting CPU time, killing all) is simply made below the own group.
 *
 * On a hybrid host the controllers are v1's, but a v2 group beside them still knows the container's
 * CPU time, kills it as a whole and tells when it is empty: it is made wherever it can be.
 */

#include "cgroup/layout.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/macros.h"

#define DELEGATED_SCOPE "systemd-run --user --scope -p Delegate=yes"

static bool in_our_leaf(const struct cgroup_facts *facts)
{
	const char *slash = strrchr(facts->own_path, '/');

	return slash && strcmp(slash + 1, CGROUP_LEAF_NAME) == 0;
}

/* Was the own group given to the caller, to do with it what it likes? */
static bool own_is_ours(const struct cgroup_facts *facts)
{
	bool at_top = strcmp(facts->own_path, "/") == 0;

	if (!facts->own_writable || (at_top && facts->real_root))
		return false;
	return facts->delegated || !facts->top_writable || !facts->real_root;
}

/* Where a v2 group with controllers can be; *ret_has are those to be had there. */
static enum cgroup_place place_with_controllers(const struct cgroup_facts *facts, unsigned *ret_has)
{
	if (facts->own_path && in_our_leaf(facts) && facts->above_writable) {
		*ret_has = facts->above;
		return CGROUP_PLACE_ABOVE;
	}
	if (facts->own_path && own_is_ours(facts) && facts->n_others == 0) {
		*ret_has = facts->own;
		return CGROUP_PLACE_LEAF;
	}
	if (facts->real_root && facts->top_writable) {
		*ret_has = facts->top;
		return CGROUP_PLACE_TOP;
	}
	*ret_has = 0;
	return CGROUP_PLACE_NONE;
}

static enum cgroup_place place_without(const struct cgroup_facts *facts)
{
	unsigned has;

	/* Where the group below would be given controllers nobody asked for, that is a limit, too. */
	if (facts->own_path && facts->own_writable && (!facts->own_divided || facts->layout == CGROUP_HYBRID))
		return CGROUP_PLACE_BELOW;
	return place_with_controllers(facts, &has);
}

static const struct cgroup_v1 *find_v1(const struct cgroup_facts *facts, enum cgroup_controller controller)
{
	for (size_t i = 0; i < facts->n_v1; i++)
		if (cgroup_controllers_parse(facts->v1[i].controllers) & CGROUP_BIT(controller))
			return &facts->v1[i];
	return NULL;
}

static void use_v1(struct cgroup_layout_plan *plan, enum cgroup_controller controller,
		   const struct cgroup_v1 *v1)
{
	plan->v1[controller] = v1;
	for (size_t i = 0; i < plan->n_made; i++)
		if (plan->made[i] == v1)
			return;
	plan->made[plan->n_made++] = v1;
}

static int fail_v2(const struct cgroup_facts *facts, const char *option, const char *name,
		   struct inro_error *error)
{
	const char *own = facts->own_path ? facts->own_path : "outside of what is mounted";

	if (facts->own_path && own_is_ours(facts) && facts->n_others > 0) {
		fail_host(error, INRO_ERROR_HOST, -EBUSY, option,
			  "%u other processes live in this cgroup (%s), and a cgroup with processes cannot "
			  "give the controller %s to those below it",
			  facts->n_others, own, name);
		if (facts->real_root)
			error_hint(error, "give inro a cgroup of its own: " DELEGATED_SCOPE " inro run ...");
		else
			error_hint(error, "in a container without systemd, move them out of the way first: mkdir "
					  "%s/others, and write each PID to %s/others/cgroup.procs",
				   facts->mount, facts->mount);
		return -EBUSY;
	}
	fail_host(error, INRO_ERROR_DENIED, -EACCES, option,
		  "this user may not make cgroups with the controller %s; its own (%s) has not been "
		  "delegated to it",
		  name, own);
	if (facts->real_root)
		error_hint(error, "run it in a delegated cgroup: " DELEGATED_SCOPE
				  " inro run ..., or run it as root");
	else
		error_hint(error, "the container in which inro runs must be given its cgroup writable");
	return -EACCES;
}

/* 0 where v2 has the controller, but not for this caller. */
static int fail_controller(const struct cgroup_facts *facts, const char *option,
			   enum cgroup_controller controller, struct inro_error *error)
{
	const struct cgroup_v1 *v1 = find_v1(facts, controller);
	const char *name = cgroup_controller_name(controller);

	if (facts->layout == CGROUP_NONE) {
		fail_host(error, INRO_ERROR_HOST, -EOPNOTSUPP, option, "no cgroup file system is mounted");
		error_hint(error, "mount one: mount -t cgroup2 none /sys/fs/cgroup");
		return -EOPNOTSUPP;
	}
	if (v1) {
		fail_host(error, INRO_ERROR_DENIED, -EACCES, option,
			  "the controller %s is on cgroup v1 here (%s), where this user may not make groups",
			  name, v1->mount);
		error_hint(error, "run it as root; or boot the host with cgroup v2 "
				  "(systemd.unified_cgroup_hierarchy=1) and use " DELEGATED_SCOPE " inro run ...");
		return -EACCES;
	}
	/* CPU time is counted by every v2 group: what lacks is the right to make one. */
	if (controller == CGROUP_CPUACCT && facts->layout != CGROUP_V1)
		return 0;
	if ((facts->top | facts->own | facts->above) & CGROUP_BIT(controller))
		return 0;
	fail_host(error, INRO_ERROR_HOST, -EOPNOTSUPP, option,
		  "the controller %s is not to be had here, neither of cgroup v2 nor mounted as cgroup v1", name);
	error_hint(error, "see /proc/cgroups; where the kernel leaves it out, boot with cgroup_enable=%s; in a "
			  "container, its host must hand it on (cgroup.subtree_control)", name);
	return -EOPNOTSUPP;
}

/* Why the controller cannot be had, and what to do. */
static int refuse(const struct cgroup_facts *facts, const char *option, enum cgroup_controller controller,
		  struct inro_error *error)
{
	int r = fail_controller(facts, option, controller, error);

	return r < 0 ? r : fail_v2(facts, option, cgroup_controller_name(controller), error);
}

static int take_controllers(const struct cgroup_facts *facts, unsigned mask, unsigned v2_has,
			    struct cgroup_layout_plan *plan, enum cgroup_controller *ret_missing)
{
	for (enum cgroup_controller i = 0; i < CGROUP_CONTROLLERS; i++) {
		const struct cgroup_v1 *v1 = find_v1(facts, i);

		if (!(mask & CGROUP_BIT(i)))
			continue;
		if (v2_has & CGROUP_BIT(i)) {
			plan->on_v2 |= CGROUP_BIT(i);
		} else if (v1 && v1->writable) {
			use_v1(plan, i, v1);
		} else {
			*ret_missing = i;
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

int cgroup_layout_choose(const struct cgroup_facts *facts, const struct cgroup_wish *wish, const char *option,
			 struct cgroup_layout_plan *ret, struct inro_error *error)
{
	struct cgroup_layout_plan plan = { 0 };
	enum cgroup_controller missing;
	unsigned has;
	enum cgroup_place full = place_with_controllers(facts, &has);

	if (take_controllers(facts, wish->needed, has, &plan, &missing) < 0)
		return refuse(facts, option, missing, error);
	for (enum cgroup_controller i = 0; i < CGROUP_CONTROLLERS; i++)
		if (wish->wished & CGROUP_BIT(i))
			take_controllers(facts, CGROUP_BIT(i), has, &plan, &missing);
	plan.place = plan.on_v2 ? full : place_without(facts);
	/* Without a v2 group others must count and kill; and to count is what may have been asked. */
	if (plan.place == CGROUP_PLACE_NONE) {
		if (take_controllers(facts, CGROUP_BIT(CGROUP_CPUACCT), 0, &plan, &missing) < 0 && wish->cpu_time)
			return refuse(facts, option, CGROUP_CPUACCT, error);
		take_controllers(facts, CGROUP_BIT(CGROUP_FREEZER), 0, &plan, &missing);
	}
	*ret = plan;
	return 0;
}

const char *cgroup_place_parent(const struct cgroup_facts *facts, enum cgroup_place place,
				struct arena *arena)
{
	const char *slash;

	switch (place) {
	case CGROUP_PLACE_TOP:
		return "/" CGROUP_TOP_NAME;
	case CGROUP_PLACE_ABOVE:
		slash = strrchr(facts->own_path, '/');
		return slash == facts->own_path ?
			       "/" :
			       arena_strndup(arena, facts->own_path, (size_t)(slash - facts->own_path));
	default:
		return facts->own_path;
	}
}
