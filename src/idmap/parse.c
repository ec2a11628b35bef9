/* SPDX-License-Identifier: Apache-2.0 */
#include "idmap/parse.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/parse.h"
#include "idmap/range.h"

static bool overlap(uint32_t a, uint32_t b, uint32_t a_count, uint32_t b_count)
{
	return a < (uint64_t)b + b_count && b < (uint64_t)a + a_count;
}

/* The same questions that the kernel asks, which has but EINVAL for an answer. */
static int check_range(const struct id_range *list, size_t n, const struct id_range *range,
		       const char *option, const char *text, struct inro_error *error)
{
	if (range->count == 0)
		return fail_usage(error, option, "'%s' maps no id: the third number must be at least 1",
				  text);
	if ((uint64_t)range->inner + range->count > UINT32_MAX ||
	    (uint64_t)range->outer + range->count > UINT32_MAX)
		return fail_usage(error, option, "'%s' goes beyond the last id, 4294967294", text);
	if (n >= RANGES_MAX)
		return fail_usage(error, option, "more than the %d ranges that the kernel takes",
				  RANGES_MAX);
	for (size_t i = 0; i < n; i++) {
		if (overlap(list[i].inner, range->inner, list[i].count, range->count))
			return fail_usage(error, option,
					  "'%s' gives an id inside a second meaning: "
					  "%u:%u:%u has it already",
					  text, list[i].inner, list[i].outer, list[i].count);
		if (overlap(list[i].outer, range->outer, list[i].count, range->count))
			return fail_usage(error, option,
					  "'%s' maps an id of the outside a second time: "
					  "%u:%u:%u has it already",
					  text, list[i].inner, list[i].outer, list[i].count);
	}
	return 0;
}

static int parse_range(struct arena *arena, const char *option, const char *text, struct id_range *ret,
		       struct inro_error *error)
{
	struct id_range range = { .count = 1 };
	char **field;
	size_t n;
	int r = parse_list(arena, text, ':', &field, &n);

	if (r < 0)
		return fail_memory(error);
	if (n < 2 || n > 3 || parse_id(field[0], &range.inner) < 0 ||
	    parse_id(field[1], &range.outer) < 0 || (n == 3 && parse_u32(field[2], &range.count) < 0))
		return fail_usage(error, option,
				  "'%s' is not INNER:OUTER:N, three numbers: the first id "
				  "inside, the first id outside, how many",
				  text);
	*ret = range;
	return 0;
}

static int add_range(struct spec *spec, const char *option, enum map_side side, const char *text,
		     struct inro_error *error)
{
	struct spec_ids *ids = &spec->ids;
	struct id_range range, *slot;
	int r = parse_range(&spec->arena, option, text, &range, error);

	if (r < 0)
		return r;
	if (ids->mode != MAP_RANGES) {
		ids->mode = MAP_RANGES;
		ids->n_uids = ids->n_gids = 0;
		ids->uids = ids->gids = NULL;
	}
	r = side == MAP_USERS ? check_range(ids->uids, ids->n_uids, &range, option, text, error) :
				check_range(ids->gids, ids->n_gids, &range, option, text, error);
	if (r < 0)
		return r;
	slot = side == MAP_USERS ? arena_grow(&spec->arena, &ids->uids, &ids->n_uids, sizeof(*slot)) :
				   arena_grow(&spec->arena, &ids->gids, &ids->n_gids, sizeof(*slot));
	if (!slot)
		return fail_memory(error);
	*slot = range;
	return 0;
}

int parse_map_side(struct spec *spec, const char *option, enum map_side side, const char *value,
		   struct inro_error *error)
{
	char **part;
	size_t n;

	if (parse_list(&spec->arena, value, ',', &part, &n) < 0)
		return fail_memory(error);
	if (n == 0)
		return fail_usage(error, option, "is empty");
	for (size_t i = 0; i < n; i++) {
		int r = add_range(spec, option, side, part[i], error);

		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_map_part(struct spec *spec, const char *option, const char *text, struct inro_error *error)
{
	static const struct {
		const char *word;
		enum map_mode mode;
	} words[] = { { "auto", MAP_AUTO }, { "root", MAP_ROOT }, { "own", MAP_OWN } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(text, words[i].word) == 0) {
			spec->ids.mode = words[i].mode;
			spec->ids.n_uids = spec->ids.n_gids = 0;
			spec->ids.uids = spec->ids.gids = NULL;
			return 0;
		}
	}
	if (strncmp(text, "uid:", 4) == 0)
		return add_range(spec, option, MAP_USERS, text + 4, error);
	if (strncmp(text, "gid:", 4) == 0)
		return add_range(spec, option, MAP_GROUPS, text + 4, error);
	if (!strchr(text, ':'))
		return fail_usage(error, option, "'%s' is none of auto, root, own, INNER:OUTER:N", text);
	return add_range(spec, option, MAP_USERS, text, error);
}

int parse_map(struct spec *spec, const char *option, const char *value, struct inro_error *error)
{
	char **part;
	size_t n;

	if (parse_list(&spec->arena, value, ',', &part, &n) < 0)
		return fail_memory(error);
	if (n == 0)
		return fail_usage(error, option, "is empty: auto, root, own, or INNER:OUTER:N");
	for (size_t i = 0; i < n; i++) {
		int r = parse_map_part(spec, option, part[i], error);

		if (r < 0)
			return r;
	}
	return 0;
}

/* One id; a name is refused by saying why, since -u NAME is what people try first. */
static int parse_one_id(const char *option, const char *what, const char *text, uint32_t *ret,
			struct inro_error *error)
{
	int r = parse_id(text, ret);

	if (r == -ERANGE)
		return fail_usage(error, option, "'%s' is beyond the last %s, 4294967294", text, what);
	if (r < 0) {
		fail_usage(error, option,
			   "'%s' is no number: only the container's own files could say which "
			   "%s a name means, and they are not to be trusted",
			   text, what);
		error_hint(error, "look the number up, for example by `id %s NAME`",
			   strcmp(what, "user id") == 0 ? "-u" : "-g");
	}
	return r;
}

int parse_user(struct spec *spec, const char *option, const char *value, struct inro_error *error)
{
	struct spec_ids *ids = &spec->ids;
	uint32_t uid, gid = 0;
	char **field;
	size_t n;

	if (parse_list(&spec->arena, value, ':', &field, &n) < 0)
		return fail_memory(error);
	if (n < 1 || n > 2)
		return fail_usage(error, option, "'%s' is not UID or UID:GID", value);
	if (parse_one_id(option, "user id", field[0], &uid, error) < 0 ||
	    (n == 2 && parse_one_id(option, "group id", field[1], &gid, error) < 0))
		return -EINVAL;
	ids->user_set = true;
	ids->group_set = n == 2;
	ids->uid = uid;
	ids->gid = gid;
	return 0;
}

int parse_groups(struct spec *spec, const char *option, const char *value, struct inro_error *error)
{
	struct spec_ids *ids = &spec->ids;
	char **part;
	size_t n;

	if (parse_list(&spec->arena, value, ',', &part, &n) < 0)
		return fail_memory(error);
	for (size_t i = 0; i < n; i++) {
		uint32_t gid, *slot;

		if (parse_one_id(option, "group id", part[i], &gid, error) < 0)
			return -EINVAL;
		slot = arena_grow(&spec->arena, &ids->groups, &ids->n_groups, sizeof(*slot));
		if (!slot)
			return fail_memory(error);
		*slot = gid;
	}
	ids->groups_set = true;
	return 0;
}
