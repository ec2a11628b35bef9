/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/*
 * An arena: memory that is taken piece by piece and freed all at once. A spec and a plan each own
 * one, so that nothing in them needs to be freed by itself, and a cloned child can read it all.
 */

#include <stdarg.h>
#include <stddef.h>

#include "base/macros.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
};

#define cleanup_arena cleanup(arena_deinit)

void arena_deinit(struct arena *arena);

/* SIZE zeroed bytes, aligned for any type, or NULL. Valid until arena_deinit(). */
void *arena_alloc(struct arena *arena, size_t size);

/* An array of COUNT zeroed elements; NULL where the size would overflow, too. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A copy of a string (NULL stays NULL), of its first N bytes, or of a formatted text. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t n);
char *arena_printf(struct arena *arena, const char *format, ...) printf_like(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list args) printf_like(2, 0);

/* A copy of SIZE bytes. */
void *arena_copy(struct arena *arena, const void *data, size_t size);

/*
 * Make room for one more element in an array that the arena owns: *array holds *count elements.
 * Returns the new, zeroed element (and raises *count), or NULL. The array doubles as it grows.
 */
void *arena_grow(struct arena *arena, void *array, size_t *count, size_t size);

#endif
