/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/idmap_option.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/parse.h"
#include "idmap/range.h"

struct context {
	struct arena *arena;
	const char *where;
	const struct oci_id_maps *own; /* of the container, of the list that is being read */
	struct inro_error *error;
};

static int refuse(const struct context *context, const char *range, const char *why)
{
	return fail_usage(context->error, context->where, "idmap: '%.60s' %s", range, why);
}

static int add(const struct context *context, struct oci_id_maps *maps, uint32_t inner, uint32_t outer,
	       uint32_t count)
{
	struct id_range *range = arena_grow(context->arena, &maps->list, &maps->n, sizeof(*range));

	if (!range)
		return fail_memory(context->error);
	*range = (struct id_range){ .inner = inner, .outer = outer, .count = count };
	return 0;
}

/* Piece by piece, as the container's own map is made of them. */
static int add_relative(const struct context *context, struct oci_id_maps *maps, struct id_range range,
			const char *text)
{
	while (range.count > 0) {
		const struct id_range *own = NULL;
		uint32_t skipped, count;
		int r;

		for (size_t i = 0; i < context->own->n && !own; i++)
			if (range.outer >= context->own->list[i].inner &&
			    range.outer - context->own->list[i].inner < context->own->list[i].count)
				own = &context->own->list[i];
		if (!own)
			return refuse(context, text, "has an id that the container's user namespace has not");
		skipped = range.outer - own->inner;
		count = range.count < own->count - skipped ? range.count : own->count - skipped;
		r = add(context, maps, range.inner, own->outer + skipped, count);
		if (r < 0)
			return r;
		range.inner += count;
		range.outer += count;
		range.count -= count;
	}
	return 0;
}

static int read_range(const struct context *context, struct oci_id_maps *maps, char *text, bool relative)
{
	uint32_t numbers[3];
	char *save = NULL, *word = text;
	const char *whole = arena_strdup(context->arena, text);
	size_t n = 0;

	if (!whole)
		return fail_memory(context->error);
	relative |= text[0] == '@';
	for (word = strtok_r(text + (text[0] == '@'), "-", &save); word && n < 3; word = strtok_r(NULL, "-", &save))
		if (parse_u32(word, &numbers[n++]) < 0)
			return refuse(context, whole, "is not a range such as 0-1000-1");
	if (n != 3 || word || numbers[2] == 0 || UINT32_MAX - numbers[2] < numbers[0] ||
	    UINT32_MAX - numbers[2] < numbers[1])
		return refuse(context, whole, "is not a range such as 0-1000-1");
	if (relative)
		return add_relative(context, maps, (struct id_range){ numbers[0], numbers[1], numbers[2] }, whole);
	return add(context, maps, numbers[0], numbers[1], numbers[2]);
}

/* "[@]RANGE[#RANGE…]" */
static int read_list(const struct context *context, char *text, struct oci_id_maps *ret)
{
	struct oci_id_maps maps = { 0 };
	bool relative = text[0] == '@';
	char *save = NULL;
	int r = 0;

	for (char *range = strtok_r(text + relative, "#", &save); range && r == 0; range = strtok_r(NULL, "#", &save))
		r = read_range(context, &maps, range, relative);
	if (r == 0 && maps.n == 0)
		r = refuse(context, text, "holds no range");
	if (r == 0 && maps.n > RANGES_MAX)
		r = refuse(context, text, "has more ranges than the kernel takes");
	if (r == 0)
		*ret = maps;
	return r;
}

int oci_idmap_option(struct arena *arena, const char *where, const char *text, const struct oci_id_maps *own_uids,
		     const struct oci_id_maps *own_gids, struct oci_id_maps *ret_uids,
		     struct oci_id_maps *ret_gids, struct inro_error *error)
{
	struct context context = { .arena = arena, .where = where, .error = error };
	struct oci_id_maps uids = *own_uids, gids = *own_gids;
	char *copy = arena_strdup(arena, text), *save = NULL;
	int r = copy ? 0 : fail_memory(error);

	if (r < 0)
		return r;
	for (char *list = strtok_r(copy, ";", &save); list && r == 0; list = strtok_r(NULL, ";", &save)) {
		const bool users = strncmp(list, "uids=", 5) == 0;

		if (!users && strncmp(list, "gids=", 5) != 0)
			return refuse(&context, list, "begins with neither uids= nor gids=");
		context.own = users ? own_uids : own_gids;
		r = read_list(&context, list + 5, users ? &uids : &gids);
	}
	if (r == 0 && (!uids.n || !gids.n))
		return refuse(&context, text, "names no ids of one kind, and the container has no map of its own");
	if (r == 0) {
		*ret_uids = uids;
		*ret_gids = gids;
	}
	return r;
}
