/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Id maps of a new user namespace: options, facts, and the step that writes them. maps.c decides
 * which ids are mapped, write.c does it.
 *
 * Stands in the table above what adds steps to STAGE_GUARD that make the child undumpable: its own
 * step of that stage must run before them.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/parse.h"
#include "idmap/maps.h"
#include "idmap/parse.h"
#include "idmap/range.h"
#include "idmap/subid.h"
#include "idmap/write.h"
#include "ns/kind.h"
#include "plan/feature.h"

extern const struct feature feature_idmap;

static int set_map(void *object, const char *value, struct inro_error *error)
{
	return parse_map(object, "--map", value, error);
}

static int set_map_users(void *object, const char *value, struct inro_error *error)
{
	return parse_map_side(object, "--map-users", MAP_USERS, value, error);
}

static int set_map_groups(void *object, const char *value, struct inro_error *error)
{
	return parse_map_side(object, "--map-groups", MAP_GROUPS, value, error);
}

static int set_map_root(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	bool on = strcmp(value, "true") == 0;

	if (on)
		return parse_map(spec, "--map-root", "root", error);
	if (spec->ids.mode == MAP_ROOT)
		spec->ids.mode = MAP_DEFAULT;
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "map",
		.form = OPTION_VALUE,
		.argument = "MAP",
		.help = "ids inside: auto, root, own, or INNER:OUTER:N",
		.section = "Namespaces",
		.set = set_map,
		.aliases = "userns-map",
		.choices = "auto|root|own",
		.detail =
			"What the ids of the new user namespace are outside. own: the caller's own id alone, "
			"as itself, an ordinary user's default. root: the caller's own id alone, as 0. auto: "
			"many ids; for an ordinary user 0 is itself and 1 and above are its subordinate ids "
			"(subuid(5)), for root all of them are subordinate ids, so that nothing inside is the "
			"host's root. INNER:OUTER:N maps N ids from INNER on to those from OUTER on; several "
			"are separated by commas or given one by one, for users alone with uid: before them, "
			"for groups alone with gid:. Ranges for users count for groups too where there are "
			"none for groups.",
		.repeats = true,
	},
	{
		.name = "map-root",
		.letter = 'r',
		.form = OPTION_FLAG,
		.help = "be root inside: the own id appears as 0",
		.section = "Namespaces",
		.set = set_map_root,
		.aliases = "map-root-user|fake-root",
	},
	{
		.name = "map-users",
		.form = OPTION_VALUE,
		.argument = "INNER:OUTER:N",
		.help = "as --map, for user ids alone",
		.section = "Namespaces",
		.set = set_map_users,
		.aliases = "uidmap|uid-map|uid-mapping",
		.repeats = true,
		.rare = true,
	},
	{
		.name = "map-groups",
		.form = OPTION_VALUE,
		.argument = "INNER:OUTER:N",
		.help = "as --map, for group ids alone",
		.section = "Namespaces",
		.set = set_map_groups,
		.aliases = "gidmap|gid-map|gid-mapping",
		.repeats = true,
		.rare = true,
	},
};

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	cleanup_close int etc_fd = -EBADF;

	if (facts->subids.looked_up || !maps_need_subids(spec, facts))
		return 0;
	etc_fd = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (etc_fd < 0)
		return fail_call(error, -errno, "look up subordinate ids", "open", "/etc");
	return subid_gather(etc_fd, facts) < 0 ? fail_memory(error) : 0;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	struct settled *settled = &plan->settled;
	int r = maps_settle(plan->spec, plan->facts, &plan->arena, settled, error);

	if (r == 0 && settled->n_uids > 0 && !maps_written_by_child(settled, plan->facts))
		settled->wait_release = true;
	return r;
}

/* The words of a helper's command line: name, PID, then three numbers for each range. */
static char **helper_argv(struct arena *arena, const char *name, const struct id_range *list, size_t n)
{
	char **argv = arena_array(arena, 2 + 3 * n + 1, sizeof(*argv));

	if (!argv)
		return NULL;
	argv[0] = arena_strdup(arena, name);
	argv[1] = arena_alloc(arena, 16);
	if (!argv[0] || !argv[1])
		return NULL;
	for (size_t i = 0; i < n; i++) {
		argv[2 + 3 * i] = arena_printf(arena, "%u", list[i].inner);
		argv[3 + 3 * i] = arena_printf(arena, "%u", list[i].outer);
		argv[4 + 3 * i] = arena_printf(arena, "%u", list[i].count);
		if (!argv[2 + 3 * i] || !argv[3 + 3 * i] || !argv[4 + 3 * i])
			return NULL;
	}
	return argv;
}

static struct map_args *make_args(struct plan *plan)
{
	const struct settled *settled = &plan->settled;
	struct map_args *args = arena_alloc(&plan->arena, sizeof(*args));
	const char *users = ranges_format(&plan->arena, settled->uids, settled->n_uids);
	const char *groups = ranges_format(&plan->arena, settled->gids, settled->n_gids);

	if (!args || !users || !groups)
		return NULL;
	args->uids = ranges_format_map(&plan->arena, settled->uids, settled->n_uids);
	args->gids = ranges_format_map(&plan->arena, settled->gids, settled->n_gids);
	args->tell = strcmp(users, groups) == 0 ?
			     arena_printf(&plan->arena, "users and groups %s", users) :
			     arena_printf(&plan->arena, "users %s; groups %s", users, groups);
	if (!args->uids || !args->gids || !args->tell)
		return NULL;
	args->uids_size = strlen(args->uids);
	args->gids_size = strlen(args->gids);
	args->deny_setgroups = settled->deny_setgroups;
	if (!settled->maps_by_helper)
		return args;
	args->newuidmap = plan->facts->subids.newuidmap;
	args->newgidmap = plan->facts->subids.newgidmap;
	args->uid_argv = helper_argv(&plan->arena, "newuidmap", settled->uids, settled->n_uids);
	args->gid_argv = helper_argv(&plan->arena, "newgidmap", settled->gids, settled->n_gids);
	return args->uid_argv && args->gid_argv ? args : NULL;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct settled *settled = &plan->settled;
	struct map_args *args;

	if (!(settled->ns_new & NS_BIT(NS_USER)))
		return 0;
	args = make_args(plan);
	if (!args)
		return fail_memory(error);
	if (settled->maps_by_helper)
		plan_add(plan, STAGE_MAP, &kind_helper_maps, NULL,
			 "subordinate ids may only be mapped by these setuid programs", args);
	else if (maps_written_by_child(settled, plan->facts))
		plan_add(plan, STAGE_GUARD, &kind_own_maps, NULL,
			 "the child may map its one own id itself, so nobody has to wait", args);
	else
		plan_add(plan, STAGE_MAP, &kind_write_maps, NULL,
			 "only the parent has the capabilities that so many ids take", args);
	plan_applied(plan, "id-map", "%s", args->tell);
	return 0;
}

const struct feature feature_idmap = {
	.name = "idmap",
	FEATURE_OPTIONS(options),
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};
