/* SPDX-License-Identifier: Apache-2.0 */
#include "idmap/maps.h"

#include <errno.h>
#include <linux/capability.h>

#include "base/arena.h"
#include "base/error.h"
#include "idmap/range.h"
#include "ns/kind.h"
#include "plan/facts.h"
#include "plan/plan.h"
#include "plan/spec.h"

enum { ROOT_IDS = 65536 }; /* how many ids root's container has where nothing else is said */

/* One of the two maps while it is being made: users or groups. */
struct side {
	const char *what; /* "user", for messages */
	const char *file; /* "/etc/subuid" */
	uint32_t own;
	const struct id_range *sub; /* the caller's subordinate ids, as far as they can be used */
	size_t n_sub;
	const struct id_range *outer_map; /* the caller's own map; NULL where it has every id */
	size_t n_outer_map;
	struct id_range *list; /* the result */
	size_t n;
};

struct maker {
	const struct spec *spec;
	const struct facts *facts;
	struct arena *arena;
	struct inro_error *error;
	struct side users, groups;
	bool by_helper;
};

/* May the caller write maps of many ids itself? */
static bool is_privileged(const struct facts *facts)
{
	return facts_has_cap(facts, CAP_SETUID) && facts_has_cap(facts, CAP_SETGID);
}

static bool is_root(const struct facts *facts)
{
	return facts->uid == 0 && is_privileged(facts);
}

static int add(struct maker *maker, struct side *side, uint32_t inner, uint32_t outer, uint32_t count)
{
	struct id_range *range;

	/* What does not fit one map any more is left out; nobody has so many lines. */
	if (count == 0 || side->n >= RANGES_MAX)
		return 0;
	range = arena_grow(maker->arena, &side->list, &side->n, sizeof(*range));
	if (!range)
		return fail_memory(maker->error);
	*range = (struct id_range){ .inner = inner, .outer = outer, .count = count };
	return 0;
}

static int map_single(struct maker *maker, uint32_t inner_uid, uint32_t inner_gid)
{
	int r = add(maker, &maker->users, inner_uid, maker->users.own, 1);

	return r < 0 ? r : add(maker, &maker->groups, inner_gid, maker->groups.own, 1);
}

/* Every id of the caller's own below 65536, as itself. */
static int map_identity_side(struct maker *maker, struct side *side)
{
	if (!side->outer_map)
		return add(maker, side, 0, 0, ROOT_IDS);
	for (size_t i = 0; i < side->n_outer_map; i++) {
		uint32_t first = side->outer_map[i].inner, count = side->outer_map[i].count;
		int r;

		if (first >= ROOT_IDS)
			continue;
		if (count > ROOT_IDS - first)
			count = ROOT_IDS - first;
		r = add(maker, side, first, first, count);
		if (r < 0)
			return r;
	}
	return 0;
}

static int map_identity(struct maker *maker)
{
	int r = map_identity_side(maker, &maker->users);

	return r < 0 ? r : map_identity_side(maker, &maker->groups);
}

/* Is the caller's id 0 the host's root, as far as can be told from its own map? */
static bool zero_is_host_root(const struct facts *facts)
{
	uint32_t outer;

	if (facts->initial_userns)
		return true;
	return ranges_to_outer(facts->own_uids, facts->n_own_uids, 0, &outer) && outer == 0;
}

/* The subordinate ids one after the other, from inner id NEXT on; the own id is mapped already. */
static int add_subids(struct maker *maker, struct side *side, uint32_t next, bool own_is_mapped)
{
	for (size_t i = 0; i < side->n_sub; i++) {
		uint32_t first = side->sub[i].outer, count = side->sub[i].count, before = count;
		int r;

		if (own_is_mapped && side->own >= first && side->own - first < count)
			before = side->own - first;
		r = add(maker, side, next, first, before);
		next += before;
		if (r == 0 && before < count) {
			r = add(maker, side, next, side->own + 1, count - before - 1);
			next += count - before - 1;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int refuse_no_subids(struct maker *maker, const struct side *side)
{
	const char *user = maker->facts->user ? maker->facts->user : "USER";
	int r = fail_host(maker->error, INRO_ERROR_DENIED, -EPERM, "--map auto",
			  "%s has no line for the caller, %s %u, so there are no subordinate %s ids to map",
			  side->file, side->what, side->own, side->what);

	error_hint(maker->error,
		   "as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
		   "%s; or --map-root, which needs none",
		   user);
	return r;
}

static int refuse_no_helper(struct maker *maker)
{
	const char *missing = maker->facts->subids.newuidmap ? "newgidmap" : "newuidmap";
	int r = fail_host(
		maker->error, INRO_ERROR_HOST, -ENOENT, "--map",
		"%s, which maps subordinate ids for an ordinary user, is not installed, or neither "
		"setuid root nor with file capabilities",
		missing);

	error_hint(maker->error, "install it (package uidmap, shadow-utils or shadow), or use --map-root");
	return r;
}

static bool have_helpers(const struct facts *facts)
{
	return facts->subids.newuidmap && facts->subids.newgidmap;
}

/* Root: 0 is somebody else outside, so that nothing inside is the host's root. */
static int map_auto_root(struct maker *maker)
{
	int r;

	if (maker->users.n_sub == 0 || maker->groups.n_sub == 0) {
		r = fail_host(maker->error, INRO_ERROR_HOST, -ENOENT, "--map auto",
			      "this user namespace has no ids to spare: none are root's in %s",
			      maker->users.n_sub ? maker->groups.file : maker->users.file);
		error_hint(maker->error, "start the outer container with --nestable or a larger --map, or "
					 "leave --map away");
		return r;
	}
	r = add_subids(maker, &maker->users, 0, false);
	return r < 0 ? r : add_subids(maker, &maker->groups, 0, false);
}

/* An ordinary user: 0 is itself, 1 and above are its subordinate ids. */
static int map_auto_user(struct maker *maker)
{
	int r;

	if (maker->users.n_sub == 0)
		return refuse_no_subids(maker, &maker->users);
	if (maker->groups.n_sub == 0)
		return refuse_no_subids(maker, &maker->groups);
	if (!is_privileged(maker->facts) && !have_helpers(maker->facts))
		return refuse_no_helper(maker);
	r = map_single(maker, 0, 0);
	if (r == 0)
		r = add_subids(maker, &maker->users, 1, true);
	if (r == 0)
		r = add_subids(maker, &maker->groups, 1, true);
	maker->by_helper = !is_privileged(maker->facts);
	return r;
}

/* Who says ranges: an option, or a document. */
static const char *option_of(const struct maker *maker, const struct side *side)
{
	if (!maker->spec->bare)
		return "--map";
	return side == &maker->users ? "linux.uidMappings" : "linux.gidMappings";
}

/* With the capabilities: every id that exists where the caller is. */
static int check_exists(struct maker *maker, const struct side *side, const struct id_range *range)
{
	uint32_t missing;

	if (!side->outer_map ||
	    ranges_cover_inner(side->outer_map, side->n_outer_map, range->outer, range->count, &missing))
		return 0;
	return fail_host(maker->error, INRO_ERROR_DENIED, -EPERM, option_of(maker, side),
			 "%u:%u:%u: %s id %u does not exist in the user namespace that inro itself is in",
			 range->inner, range->outer, range->count, side->what, missing);
}

/* Without: the own id by itself, or subordinate ids by themselves, as newuidmap has it. */
static int check_owned(struct maker *maker, const struct side *side, const struct id_range *range)
{
	const char *user = maker->facts->user ? maker->facts->user : "USER";
	const char *owned;
	uint32_t missing;

	if (range->count == 1 && range->outer == side->own)
		return 0;
	if (ranges_cover_outer(side->sub, side->n_sub, range->outer, range->count, &missing))
		return 0;
	owned = ranges_format_outer(maker->arena, side->sub, side->n_sub);
	if (!owned)
		return fail_memory(maker->error);
	if (missing == side->own) {
		fail_host(maker->error, INRO_ERROR_DENIED, -EPERM, option_of(maker, side),
			  "%u:%u:%u mixes the caller's own %s id %u with others", range->inner,
			  range->outer, range->count, side->what, missing);
		error_hint(maker->error, "give the own id a range of its own, INNER:%u:1", missing);
		return -EPERM;
	}
	fail_host(maker->error, INRO_ERROR_DENIED, -EPERM, option_of(maker, side),
		  "%u:%u:%u: %s id %u is neither the caller's own, %u, nor one of its subordinate ids (%s)",
		  range->inner, range->outer, range->count, side->what, missing, side->own,
		  *owned ? owned : "it has none");
	/* Ids of the host's own users are not to be handed out: nobody should be told to. */
	if (missing < ROOT_IDS)
		error_hint(maker->error, maker->spec->bare ? "map ids that it owns" :
							     "map ids that it owns, or use --map auto or --map-root");
	else
		error_hint(maker->error, "as root: usermod --add-sub%ss %u-%u %s",
			   side == &maker->users ? "uid" : "gid", missing,
			   range->outer + (range->count - 1), user);
	return -EPERM;
}

static int check_side(struct maker *maker, const struct side *side)
{
	for (size_t i = 0; i < side->n; i++) {
		int r = is_privileged(maker->facts) ? check_exists(maker, side, &side->list[i]) :
						      check_owned(maker, side, &side->list[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* How many of the ids from OUTER on are one line of the caller's own map. */
static uint32_t count_in_line(const struct side *side, uint32_t outer, uint32_t count)
{
	for (size_t i = 0; i < side->n_outer_map; i++) {
		const struct id_range *line = &side->outer_map[i];

		if (outer >= line->inner && outer - line->inner < line->count) {
			uint32_t rest = line->count - (outer - line->inner);

			return rest < count ? rest : count;
		}
	}
	return count;
}

/* The kernel refuses a line whose outer ids are several lines of the map above: it becomes several, too. */
static int split_at_lines(struct maker *maker, struct side *side)
{
	const struct id_range *asked = side->list;
	size_t n = side->n;
	int r = 0;

	side->list = NULL;
	side->n = 0;
	for (size_t i = 0; i < n; i++) {
		for (struct id_range left = asked[i]; r == 0 && left.count > 0;) {
			uint32_t part = count_in_line(side, left.outer, left.count);

			r = add(maker, side, left.inner, left.outer, part);
			left.inner += part;
			left.outer += part;
			left.count -= part;
		}
	}
	return r;
}

/* Group ids that nobody named are those of the users; a user whose two differ hears of it. */
static void hint_groups(struct maker *maker)
{
	if (maker->spec->ids.n_gids == 0 && maker->users.own != maker->groups.own)
		error_hint(maker->error,
			   "without gid: ranges the numbers count for groups too; add for example "
			   "--map gid:0:%u:1",
			   maker->groups.own);
}

static int map_ranges(struct maker *maker)
{
	const struct spec_ids *ids = &maker->spec->ids;
	int r;

	if (ids->n_uids == 0)
		return fail_usage(maker->error, "--map",
				  "there are ranges for groups, but none for users: add "
				  "uid:INNER:OUTER:N");
	maker->users.list = ids->uids;
	maker->users.n = ids->n_uids;
	maker->groups.list = ids->n_gids ? ids->gids : ids->uids;
	maker->groups.n = ids->n_gids ? ids->n_gids : ids->n_uids;
	r = check_side(maker, &maker->users);
	if (r < 0)
		return r;
	r = check_side(maker, &maker->groups);
	if (r < 0) {
		hint_groups(maker);
		return r;
	}
	if (is_privileged(maker->facts)) {
		r = split_at_lines(maker, &maker->users);
		if (r == 0)
			r = split_at_lines(maker, &maker->groups);
		return r;
	}
	maker->by_helper = !ranges_are_single(maker->users.list, maker->users.n, maker->users.own) ||
			   !ranges_are_single(maker->groups.list, maker->groups.n, maker->groups.own);
	return maker->by_helper && !have_helpers(maker->facts) ? refuse_no_helper(maker) : 0;
}

/*
 * Where nothing is said. An ordinary user that asks for another id by -u appears as that one: the
 * map is what decides under which number its own id is seen.
 */
static int map_default(struct maker *maker)
{
	const struct spec_ids *ids = &maker->spec->ids;

	if (!is_root(maker->facts))
		return map_single(maker, ids->user_set ? ids->uid : maker->users.own,
				  ids->group_set ? ids->gid : maker->groups.own);
	if (maker->spec->nestable && zero_is_host_root(maker->facts))
		return map_auto_root(maker);
	return map_identity(maker);
}

static int make(struct maker *maker)
{
	switch (maker->spec->ids.mode) {
	case MAP_OWN:
		return map_single(maker, maker->users.own, maker->groups.own);
	case MAP_ROOT:
		return map_single(maker, 0, 0);
	case MAP_AUTO:
		return is_root(maker->facts) ? map_auto_root(maker) : map_auto_user(maker);
	case MAP_RANGES:
		return map_ranges(maker);
	case MAP_DEFAULT:
		break;
	}
	return map_default(maker);
}

/* Inside a user namespace only those subordinate ids can be used that exist in it. */
static int usable_subids(struct arena *arena, const struct id_range *sub, size_t n_sub, struct side *side)
{
	struct id_range *list = NULL;
	size_t n = 0;

	for (size_t i = 0; i < n_sub; i++) {
		for (size_t k = 0; k < side->n_outer_map; k++) {
			const struct id_range *own = &side->outer_map[k];
			uint64_t first = sub[i].outer, end = first + sub[i].count, own_end;
			struct id_range *range;

			own_end = (uint64_t)own->inner + own->count;
			first = first < own->inner ? own->inner : first;
			end = end > own_end ? own_end : end;
			if (first >= end)
				continue;
			range = arena_grow(arena, &list, &n, sizeof(*range));
			if (!range)
				return -ENOMEM;
			range->outer = (uint32_t)first;
			range->count = (uint32_t)(end - first);
		}
	}
	side->sub = list;
	side->n_sub = n;
	return 0;
}

static int prepare_side(struct maker *maker, struct side *side, const struct id_range *sub, size_t n_sub,
			const struct id_range *own, size_t n_own)
{
	if (maker->facts->initial_userns) {
		side->sub = sub;
		side->n_sub = n_sub;
		return 0;
	}
	side->outer_map = own;
	side->n_outer_map = n_own;
	return usable_subids(maker->arena, sub, n_sub, side) < 0 ? fail_memory(maker->error) : 0;
}

/* The one thing about id 0 that the kernel does not leave to the others' rules. */
static int check_zero(struct maker *maker)
{
	if (facts_has_cap(maker->facts, CAP_SETFCAP) ||
	    !ranges_have_outer(maker->users.list, maker->users.n, 0))
		return 0;
	fail_host(maker->error, INRO_ERROR_DENIED, -EPERM, "--map",
		  "id 0 may only be mapped with CAP_SETFCAP, which inro does not have here");
	if (maker->facts->initial_userns)
		error_hint(maker->error, "run inro with that capability, or leave id 0 out of --map");
	else
		error_hint(maker->error,
			   "start the outer container with --nestable or --cap-add setfcap, or its "
			   "command not as root (-u)");
	return -EPERM;
}

/*
 * Must setgroups(2) be denied, or may it be? Denied, a single id can be mapped by the child itself,
 * which then waits for nobody. Root may set groups, but with none to take away it need not.
 */
static bool can_do_without_setgroups(const struct maker *maker, const struct settled *settled)
{
	const struct facts *facts = maker->facts;

	if (!ranges_are_single(settled->gids, settled->n_gids, facts->gid))
		return false;
	if (!facts_has_cap(facts, CAP_SETGID))
		return true;
	return !maker->spec->ids.groups_set && !maker->spec->ids.group_set &&
	       ranges_are_single(settled->uids, settled->n_uids, facts->uid) &&
	       (facts->n_groups == 0 || (facts->n_groups == 1 && facts->groups[0] == facts->gid));
}

static int settle_new(struct maker *maker, struct settled *settled)
{
	const struct facts *facts = maker->facts;
	const struct subid_facts *subids = &facts->subids;
	int r = prepare_side(maker, &maker->users, subids->uids, subids->n_uids, facts->own_uids,
			     facts->n_own_uids);

	if (r == 0)
		r = prepare_side(maker, &maker->groups, subids->gids, subids->n_gids, facts->own_gids,
				 facts->n_own_gids);
	if (r == 0)
		r = make(maker);
	if (r == 0)
		r = check_zero(maker);
	if (r < 0)
		return r;
	settled->uids = maker->users.list;
	settled->n_uids = maker->users.n;
	settled->gids = maker->groups.list;
	settled->n_gids = maker->groups.n;
	settled->maps_by_helper = maker->by_helper;
	settled->deny_setgroups = facts->setgroups_denied || can_do_without_setgroups(maker, settled);
	settled->host_root = zero_is_host_root(facts) &&
			     ranges_have_outer(settled->uids, settled->n_uids, 0);
	return 0;
}

bool maps_need_subids(const struct spec *spec, const struct facts *facts)
{
	const struct spec_ids *ids = &spec->ids;

	switch (ids->mode) {
	case MAP_AUTO:
		return true;
	case MAP_RANGES:
		return !is_privileged(facts) &&
		       (!ranges_are_single(ids->uids, ids->n_uids, facts->uid) ||
			!ranges_are_single(ids->n_gids ? ids->gids : ids->uids,
					   ids->n_gids ? ids->n_gids : ids->n_uids, facts->gid));
	case MAP_DEFAULT:
		return spec->nestable && is_root(facts) && zero_is_host_root(facts);
	default:
		return false;
	}
}

int maps_settle(const struct spec *spec, const struct facts *facts, struct arena *arena,
		struct settled *settled, struct inro_error *error)
{
	struct maker maker = {
		.spec = spec,
		.facts = facts,
		.arena = arena,
		.error = error,
		.users = { .what = "user", .file = "/etc/subuid", .own = facts->uid },
		.groups = { .what = "group", .file = "/etc/subgid", .own = facts->gid },
	};

	if (settled->ns_new & NS_BIT(NS_USER))
		return settle_new(&maker, settled);
	if (spec->ids.mode != MAP_DEFAULT)
		return fail_usage(error, "--map", "needs a new user namespace (--ns with user)");
	/* A joined user namespace cannot be looked into here: what may be the host's root, is. */
	settled->host_root = zero_is_host_root(facts) &&
			     (!(settled->ns_join & NS_BIT(NS_USER)) || facts->uid == 0);
	return 0;
}

bool maps_written_by_child(const struct settled *settled, const struct facts *facts)
{
	return settled->deny_setgroups && !settled->maps_by_helper &&
	       ranges_are_single(settled->uids, settled->n_uids, facts->uid) &&
	       ranges_are_single(settled->gids, settled->n_gids, facts->gid);
}
