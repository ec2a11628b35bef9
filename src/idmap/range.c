/* SPDX-License-Identifier: Apache-2.0 */
#include "idmap/range.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"

static bool within(uint32_t id, uint32_t first, uint32_t count)
{
	return id >= first && id - first < count;
}

bool ranges_to_outer(const struct id_range *list, size_t n, uint32_t inner, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (within(inner, list[i].inner, list[i].count)) {
			*ret = list[i].outer + (inner - list[i].inner);
			return true;
		}
	}
	return false;
}

bool ranges_to_inner(const struct id_range *list, size_t n, uint32_t outer, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (within(outer, list[i].outer, list[i].count)) {
			*ret = list[i].inner + (outer - list[i].outer);
			return true;
		}
	}
	return false;
}

/* Go from range to range; none has to be sorted, and there are at most 340. */
static bool cover(const struct id_range *list, size_t n, bool outer, uint32_t first, uint32_t count,
		  uint32_t *ret_missing)
{
	uint64_t at = first, end = (uint64_t)first + count;

	while (at < end) {
		uint64_t before = at;

		for (size_t i = 0; i < n; i++) {
			uint64_t start = outer ? list[i].outer : list[i].inner;

			if (at >= start && at < start + list[i].count)
				at = start + list[i].count;
		}
		if (at == before) {
			*ret_missing = (uint32_t)at;
			return false;
		}
	}
	return true;
}

bool ranges_cover_outer(const struct id_range *list, size_t n, uint32_t first, uint32_t count,
			uint32_t *ret_missing)
{
	return cover(list, n, true, first, count, ret_missing);
}

bool ranges_cover_inner(const struct id_range *list, size_t n, uint32_t first, uint32_t count,
			uint32_t *ret_missing)
{
	return cover(list, n, false, first, count, ret_missing);
}

static int by_outer(const void *a, const void *b)
{
	uint32_t x = ((const struct id_range *)a)->outer, y = ((const struct id_range *)b)->outer;

	return (x > y) - (x < y);
}

void ranges_merge_outer(struct id_range *list, size_t *n)
{
	size_t used = 0;

	if (*n == 0)
		return;
	qsort(list, *n, sizeof(*list), by_outer);
	for (size_t i = 1; i < *n; i++) {
		uint64_t end = (uint64_t)list[used].outer + list[used].count;
		uint64_t next_end = (uint64_t)list[i].outer + list[i].count;

		if (list[i].outer > end)
			list[++used] = list[i];
		else if (next_end > end)
			list[used].count = (uint32_t)(next_end - list[used].outer);
	}
	*n = used + 1;
}

enum format { FORMAT_PEOPLE, FORMAT_OUTER, FORMAT_KERNEL };

static void add_range(struct buf *text, const struct id_range *range, enum format format)
{
	switch (format) {
	case FORMAT_PEOPLE:
		buf_printf(text, "%u:%u:%u", range->inner, range->outer, range->count);
		break;
	case FORMAT_OUTER:
		buf_printf(text, "%u", range->outer);
		if (range->count > 1)
			buf_printf(text, "-%u", range->outer + (range->count - 1));
		break;
	case FORMAT_KERNEL:
		buf_printf(text, "%u %u %u\n", range->inner, range->outer, range->count);
		break;
	}
}

static const char *format_list(struct arena *arena, const struct id_range *list, size_t n,
			       enum format format)
{
	cleanup_buf struct buf text = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && format != FORMAT_KERNEL)
			buf_puts(&text, ", ");
		add_range(&text, &list[i], format);
	}
	return text.failed ? NULL : arena_strdup(arena, buf_text(&text));
}

const char *ranges_format(struct arena *arena, const struct id_range *list, size_t n)
{
	return format_list(arena, list, n, FORMAT_PEOPLE);
}

const char *ranges_format_outer(struct arena *arena, const struct id_range *list, size_t n)
{
	return format_list(arena, list, n, FORMAT_OUTER);
}

const char *ranges_format_map(struct arena *arena, const struct id_range *list, size_t n)
{
	return format_list(arena, list, n, FORMAT_KERNEL);
}
