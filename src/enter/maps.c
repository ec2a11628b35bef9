/* SPDX-License-Identifier: Apache-2.0 */
#include "enter/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "idmap/range.h"
#include "idmap/subid.h"
#include "kernel/syscalls.h"
#include "plan/facts.h"

struct maker {
	struct unshare *want;
	struct facts *facts; /* its subids alone */
	struct inro_error *error;
};

/* One side while it is made. */
struct side {
	const struct unshare_side *wish;
	const char *option, *file, *own_file;
	uint32_t own; /* the caller's, outside */
	struct id_range *list;
	size_t n;
};

static int add(struct maker *maker, struct side *side, struct id_range range)
{
	struct id_range *slot;

	if (range.count == 0)
		return 0;
	slot = arena_grow(&maker->want->arena, &side->list, &side->n, sizeof(*slot));
	if (!slot)
		return fail_memory(maker->error);
	*slot = range;
	return 0;
}

static int load_subids(struct maker *maker)
{
	cleanup_close int etc_fd = -EBADF;

	if (maker->facts->subids.looked_up)
		return 0;
	maker->facts->uid = geteuid();
	etc_fd = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (etc_fd >= 0 && subid_gather(etc_fd, maker->facts) < 0)
		return fail_memory(maker->error);
	return 0;
}

static int add_subids(struct maker *maker, struct side *side, const struct id_range *list, size_t n)
{
	if (n == 0) {
		fail_usage(maker->error, side->option, "user %u has no subordinate ids in %s", geteuid(),
			   side->file);
		error_hint(maker->error, "usermod --add-subuids FIRST-LAST --add-subgids FIRST-LAST USER gives "
					 "some (as root)");
		return -EINVAL;
	}
	if (side->wish->auto_set)
		return add(maker, side, (struct id_range){ 0, list[0].outer, list[0].count });
	return add(maker, side, (struct id_range){ list[0].outer, list[0].outer, list[0].count });
}

/* Every id that there is here, as itself. */
static int add_all(struct maker *maker, struct side *side)
{
	cleanup_free char *text = NULL;
	cleanup_close int fd = open(side->own_file, O_RDONLY | O_CLOEXEC);
	unsigned inner, outer, count;
	int r = fd < 0 ? -errno : fd_read_to_heap(fd, 65536, &text, NULL), used;

	if (r < 0)
		return fail_call(maker->error, r, "read the own map", "read", side->own_file);
	for (const char *at = text; sscanf(at, "%u %u %u%n", &inner, &outer, &count, &used) == 3; at += used) {
		r = add(maker, side, (struct id_range){ inner, inner, count });
		if (r < 0)
			return r;
	}
	return 0;
}

/* Take COUNT ids at AT out of a range (of its inner or outer ids), of which up to two parts remain. */
static size_t cut(struct id_range range, uint32_t at, bool move_up, struct id_range parts[2])
{
	size_t n = 0;

	if (at > 0)
		parts[n++] = (struct id_range){ range.inner, range.outer, at };
	if (at + 1 < range.count)
		parts[n++] = (struct id_range){ range.inner + at + 1, range.outer + at + !move_up,
						range.count - at - 1 };
	return n;
}

static size_t punch(struct id_range *list, size_t n, uint32_t id, bool inner)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t first = inner ? list[i].inner : list[i].outer;
		struct id_range parts[2];
		size_t n_parts;

		if (id < first || id - first >= list[i].count)
			continue;
		n_parts = cut(list[i], id - first, inner, parts);
		memmove(list + i + n_parts, list + i + 1, (n - i - 1) * sizeof(*list));
		memcpy(list + i, parts, n_parts * sizeof(*list));
		return n - 1 + n_parts;
	}
	return n;
}

size_t unshare_punch(struct id_range *list, size_t n, uint32_t inner, uint32_t own)
{
	n = punch(list, n, inner, true);
	return punch(list, n, own, false);
}

static int make_list(struct maker *maker, struct side *side, const struct id_range *sub, size_t n_sub)
{
	const struct unshare_side *wish = side->wish;
	struct id_range *room;
	int r = 0;

	for (size_t i = 0; i < wish->n_ranges && r == 0; i++)
		r = add(maker, side, wish->ranges[i]);
	if (r == 0 && (wish->auto_set || wish->subids))
		r = add_subids(maker, side, sub, n_sub);
	if (r == 0 && wish->all)
		r = add_all(maker, side);
	if (r < 0 || !wish->own_set)
		return r;
	room = arena_array(&maker->want->arena, side->n + 3, sizeof(*room));
	if (!room)
		return fail_memory(maker->error);
	if (side->n)
		memcpy(room + 1, side->list, side->n * sizeof(*room));
	side->n = 1 + unshare_punch(room + 1, side->n, wish->own, side->own);
	room[0] = (struct id_range){ wish->own, side->own, 1 };
	side->list = room;
	return 0;
}

static bool has_caps(void)
{
	struct kernel_caps caps;

	return sys_capget(&caps) == 0 && caps.effective >> CAP_SETUID & 1 && caps.effective >> CAP_SETGID & 1;
}

/* NAME, room for the PID, the numbers, NULL. */
static char **helper_argv(struct arena *arena, const char *name, const struct side *side)
{
	char **argv = arena_array(arena, 3 + 3 * side->n, sizeof(*argv));
	size_t at = 2;

	if (!argv)
		return NULL;
	argv[0] = arena_strdup(arena, name);
	argv[1] = arena_alloc(arena, 16);
	for (size_t i = 0; i < side->n; i++) {
		argv[at++] = arena_printf(arena, "%u", side->list[i].inner);
		argv[at++] = arena_printf(arena, "%u", side->list[i].outer);
		argv[at++] = arena_printf(arena, "%u", side->list[i].count);
	}
	for (size_t i = 0; i < at; i++)
		if (!argv[i])
			return NULL;
	return argv;
}

static int use_helpers(struct maker *maker, const struct side *users, const struct side *groups,
		       struct map_args *ret)
{
	struct arena *arena = &maker->want->arena;

	if (load_subids(maker) < 0)
		return -ENOMEM;
	if ((users->n && !maker->facts->subids.newuidmap) || (groups->n && !maker->facts->subids.newgidmap)) {
		fail_host(maker->error, INRO_ERROR_DENIED, -EPERM, users->n ? users->option : groups->option,
			  "an ordinary user may map more than its own id only by newuidmap and newgidmap, which "
			  "are not installed (setuid root)");
		error_hint(maker->error, "install the package uidmap (shadow-utils)");
		return -EPERM;
	}
	if (users->n) {
		ret->newuidmap = maker->facts->subids.newuidmap;
		ret->uid_argv = helper_argv(arena, "newuidmap", users);
	}
	if (groups->n) {
		ret->newgidmap = maker->facts->subids.newgidmap;
		ret->gid_argv = helper_argv(arena, "newgidmap", groups);
	}
	if ((users->n && !ret->uid_argv) || (groups->n && !ret->gid_argv))
		return fail_memory(maker->error);
	return 0;
}

static int format(struct arena *arena, const struct side *side, const char **ret, size_t *ret_size)
{
	if (side->n == 0)
		return 0;
	*ret = ranges_format_map(arena, side->list, side->n);
	if (!*ret)
		return -ENOMEM;
	*ret_size = strlen(*ret);
	return 0;
}

static bool only_own(const struct side *side)
{
	return side->n == 0 || ranges_are_single(side->list, side->n, side->own);
}

static int choose_writer(struct maker *maker, const struct side *users, const struct side *groups,
			 struct map_args *ret, enum map_writer *ret_writer)
{
	const struct unshare *want = maker->want;

	ret->deny_setgroups = want->setgroups == SETGROUPS_DENY ||
			      (want->setgroups == SETGROUPS_UNSAID && want->groups.own_set &&
			       groups->n == 1);
	if (users->n == 0 && groups->n == 0 && !ret->deny_setgroups) {
		*ret_writer = MAP_BY_NOBODY;
		return 0;
	}
	/* Its own group only once setgroups is denied. */
	if (!want->owner_set && only_own(users) && only_own(groups) &&
	    (groups->n == 0 || ret->deny_setgroups)) {
		*ret_writer = MAP_BY_ITSELF;
		return 0;
	}
	*ret_writer = want->owner_set || has_caps() ? MAP_BY_OUTSIDE : MAP_BY_HELPER;
	return *ret_writer == MAP_BY_HELPER ? use_helpers(maker, users, groups, ret) : 0;
}

int unshare_maps(struct unshare *want, struct map_args *ret, enum map_writer *ret_writer,
		 struct inro_error *error)
{
	struct facts facts = { 0 };
	struct maker maker = { .want = want, .facts = &facts, .error = error };
	struct side users = { .wish = &want->users, .option = "--map-users", .file = "/etc/subuid",
			      .own_file = "/proc/self/uid_map", .own = geteuid() };
	struct side groups = { .wish = &want->groups, .option = "--map-groups", .file = "/etc/subgid",
			       .own_file = "/proc/self/gid_map", .own = getegid() };
	const struct subid_facts *subids = &facts.subids;
	struct map_args maps = { 0 };
	int r = 0;

	if (users.wish->auto_set || users.wish->subids || groups.wish->auto_set || groups.wish->subids)
		r = load_subids(&maker);
	if (r == 0)
		r = make_list(&maker, &users, subids->uids, subids->n_uids);
	if (r == 0)
		r = make_list(&maker, &groups, subids->gids, subids->n_gids);
	if (r == 0)
		r = choose_writer(&maker, &users, &groups, &maps, ret_writer);
	if (r == 0 && (format(&want->arena, &users, &maps.uids, &maps.uids_size) < 0 ||
		       format(&want->arena, &groups, &maps.gids, &maps.gids_size) < 0))
		r = fail_memory(error);
	arena_deinit(&facts.arena);
	if (r == 0)
		*ret = maps;
	return r;
}
