/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAPS_NAMES_H
#define CAPS_NAMES_H

/*
 * Capabilities by name, and sets of them as bit masks: bit N is capability N. A capability that is
 * newer than this table is written by its number.
 */

#include <stddef.h>
#include <stdint.h>

struct buf;

#define CAPS_BIT(number) (1ULL << (number))

/* Every capability that a 64-bit set can hold, whether a kernel knows it or not. */
#define CAPS_EVERY UINT64_MAX

/* The name, "CAP_CHOWN"; NULL where the table has none. */
const char *caps_name(unsigned number);

/*
 * The number of a capability by its name in any case, with or without CAP_, or by its number (0 to
 * 63): the first LENGTH bytes of TEXT. -ENOENT where there is none.
 */
int caps_find(const char *text, size_t length);

/* The known name that is nearest to a misspelt one; NULL where none is near. */
const char *caps_nearest(const char *text);

/* "CAP_CHOWN, CAP_KILL, 45"; "none"; "all" for every one up to LAST. */
void caps_tell(uint64_t set, unsigned last, struct buf *text);

#endif
