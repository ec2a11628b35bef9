/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <errno.h>

void hash_deinit(struct hash *hash)
{
	free(hash->keys);
	free(hash->values);
	*hash = (struct hash){ 0 };
}

/* Where KEY is, or the free slot where it would go. The multiplier spreads inode numbers in a row. */
static size_t find_slot(const struct hash *hash, uint64_t key)
{
	size_t mask = hash->size - 1;
	size_t slot = (size_t)((key * 0x9e3779b97f4a7c15ULL) >> 32) & mask;

	while (hash->values[slot] && hash->keys[slot] != key)
		slot = (slot + 1) & mask;
	return slot;
}

void *hash_get(const struct hash *hash, uint64_t key)
{
	return hash->size ? hash->values[find_slot(hash, key)] : NULL;
}

static int grow(struct hash *hash)
{
	struct hash bigger = { .n = hash->n, .size = hash->size ? hash->size * 2 : 64 };

	bigger.keys = calloc(bigger.size, sizeof(*bigger.keys));
	bigger.values = calloc(bigger.size, sizeof(*bigger.values));
	if (!bigger.keys || !bigger.values) {
		hash_deinit(&bigger);
		return -ENOMEM;
	}
	for (size_t i = 0; i < hash->size; i++) {
		if (hash->values[i]) {
			size_t slot = find_slot(&bigger, hash->keys[i]);

			bigger.keys[slot] = hash->keys[i];
			bigger.values[slot] = hash->values[i];
		}
	}
	hash_deinit(hash);
	*hash = bigger;
	return 0;
}

int hash_put(struct hash *hash, uint64_t key, void *value)
{
	size_t slot;

	/* At most half full, so that a probe stays short. */
	if (hash->n * 2 >= hash->size) {
		int r = grow(hash);

		if (r < 0)
			return r;
	}
	slot = find_slot(hash, key);
	hash->n += !hash->values[slot];
	hash->keys[slot] = key;
	hash->values[slot] = value;
	return 0;
}
