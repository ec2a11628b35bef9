/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDMAP_RANGE_H
#define IDMAP_RANGE_H

/*
 * Lists of id ranges: the questions that parsing, checking and settling ask of them. "Inner" are
 * the ids as a namespace shows them, "outer" those of the namespace around it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/spec.h"

/* The kernel takes so many lines in one map (4.15). */
enum { RANGES_MAX = 340 };

struct arena;

/* What INNER is outside; false where the list does not have it. */
bool ranges_to_outer(const struct id_range *list, size_t n, uint32_t inner, uint32_t *ret);

/* What OUTER is inside; false where the list does not have it. */
bool ranges_to_inner(const struct id_range *list, size_t n, uint32_t outer, uint32_t *ret);

static inline bool ranges_have_inner(const struct id_range *list, size_t n, uint32_t inner)
{
	uint32_t outer;

	return ranges_to_outer(list, n, inner, &outer);
}

static inline bool ranges_have_outer(const struct id_range *list, size_t n, uint32_t outer)
{
	uint32_t inner;

	return ranges_to_inner(list, n, outer, &inner);
}

/*
 * Are the ids FIRST to FIRST + COUNT - 1 all among the outer ones of the list, be it in several
 * ranges? Where not, *ret_missing is the first that is not.
 */
bool ranges_cover_outer(const struct id_range *list, size_t n, uint32_t first, uint32_t count,
			uint32_t *ret_missing);

/* The same for the inner ones. */
bool ranges_cover_inner(const struct id_range *list, size_t n, uint32_t first, uint32_t count,
			uint32_t *ret_missing);

/* Exactly one id is mapped, and outside it is OUTER. */
static inline bool ranges_are_single(const struct id_range *list, size_t n, uint32_t outer)
{
	return n == 1 && list[0].count == 1 && list[0].outer == outer;
}

/* Sort by outer id; ranges that overlap or follow each other become one. Inner ids lose meaning. */
void ranges_merge_outer(struct id_range *list, size_t *n);

/* "0:1000:1, 1:100000:65536"; NULL when out of memory. */
const char *ranges_format(struct arena *arena, const struct id_range *list, size_t n);

/* The outer ids alone: "100000-165535, 200000"; NULL when out of memory. */
const char *ranges_format_outer(struct arena *arena, const struct id_range *list, size_t n);

/* The text that /proc/PID/uid_map takes; NULL when out of memory. */
const char *ranges_format_map(struct arena *arena, const struct id_range *list, size_t n);

#endif
