/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

/*
 * A map from 64-bit numbers to pointers: open addressing, linear probing, no removal. It exists
 * for scans over every process of a host, where the chains and the allocation per element of a
 * general hash table cost more than the lookups.
 *
 * A zeroed struct is an empty map. Values are borrowed, and never NULL.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct hash {
	uint64_t *keys;
	void **values;
	size_t n, size; /* size is a power of two, or 0 */
};

#define cleanup_hash cleanup(hash_deinit)

void hash_deinit(struct hash *hash);

/* The value of KEY, or NULL. */
void *hash_get(const struct hash *hash, uint64_t key);

/* Set KEY to VALUE, which may replace an earlier one. 0 or -ENOMEM. */
int hash_put(struct hash *hash, uint64_t key, void *value);

#endif
