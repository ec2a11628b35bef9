/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The words come from fstab(5), with an r before those that mean all mounts below too. A word that
 * takes something away (rw, exec) is told to the kernel only where it was written: what a mount of
 * the host's has set stays otherwise, which is the safe side, and all that a user namespace
 * allows.
 *
 * The times of access are one choice out of three and not flags, so each of them replaces the
 * others.
 */

#include "oci/mount_options.h"

#include <errno.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/macros.h"
#include "kernel/constants.h"
#include "mount/steps.h"

static const struct {
	const char *name;
	uint64_t set, clear;
} attributes[] = {
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	/* The kernel's default, and so what the contrary of the others comes to. */
	{ "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "norelatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
};

static const struct {
	const char *name;
	size_t offset;
} wishes[] = {
#define WISH(word, field)                                       \
	{                                                       \
		word, offsetof(struct oci_mount_options, field) \
	}
	WISH("bind", bind),
	WISH("rbind", bind),
	WISH("rbind", rbind),
	WISH("remount", remount),
	WISH("tmpcopyup", copy_up),
	WISH("idmap", idmap),
	WISH("ridmap", ridmap),
	WISH("src-nofollow", source_nofollow),
	WISH("dest-nofollow", target_nofollow),
	WISH("copy-symlink", copy_symlink),
#undef WISH
};

/* They are what is there without a word, or of no meaning to Linux any more. */
static const char *const idle[] = {
	"defaults", "async", "nomand", "nolazytime", "loud", "silent", "iversion", "noiversion",
};

/* Every file system takes them: they are passed on, and of no meaning to a bind mount. */
static const char *const common[] = { "sync", "dirsync", "lazytime", "mand" };

static const struct {
	const char *name;
	uint64_t type;
} types[] = {
	{ "shared", PROPAGATION_SHARED },
	{ "slave", PROPAGATION_SLAVE },
	{ "private", PROPAGATION_PRIVATE },
	{ "unbindable", PROPAGATION_UNBINDABLE },
};

static bool apply_attribute(struct oci_attributes *to, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		if (strcmp(attributes[i].name, word) != 0)
			continue;
		if (attributes[i].clear & MOUNT_ATTR__ATIME)
			to->set &= ~(uint64_t)MOUNT_ATTR__ATIME;
		to->set = (to->set & ~attributes[i].clear) | attributes[i].set;
		to->clear = (to->clear & ~attributes[i].set) | attributes[i].clear;
		/* The kernel wants the whole of it cleared, also where one of them is set. */
		if (attributes[i].clear & MOUNT_ATTR__ATIME)
			to->clear |= MOUNT_ATTR__ATIME;
		return true;
	}
	return false;
}

bool oci_propagation(const char *word, uint64_t *ret, bool *ret_recursive)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		bool recursive = word[0] == 'r';

		if (strcmp(types[i].name, word + recursive) != 0)
			continue;
		*ret = types[i].type;
		*ret_recursive = recursive;
		return true;
	}
	return false;
}

static bool apply_wish(struct oci_mount_options *options, const char *word)
{
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
		if (strcmp(wishes[i].name, word) != 0)
			continue;
		*(bool *)((char *)options + wishes[i].offset) = true;
		known = true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(idle) && !known; i++)
		known = strcmp(idle[i], word) == 0;
	return known;
}

/* "idmap=uids=…" and the same with an r; 1 where it is that. */
static int apply_idmap(struct arena *arena, struct oci_mount_options *options, const char *word)
{
	static const char name[] = "idmap=";
	const bool recursive = word[0] == 'r';

	if (strncmp(word + recursive, name, strlen(name)) != 0)
		return 0;
	*(recursive ? &options->ridmap : &options->idmap) = true;
	options->idmap_text = arena_strdup(arena, word + recursive + strlen(name));
	return options->idmap_text ? 1 : -ENOMEM;
}

static int apply_word(struct arena *arena, struct oci_mount_options *options, const char *word)
{
	const char *equals = strchr(word, '=');
	const char *key;
	int r = apply_idmap(arena, options, word);

	if (r != 0)
		return r < 0 ? r : 0;
	if (apply_attribute(&options->own, word) || apply_wish(options, word) ||
	    (word[0] == 'r' && apply_attribute(&options->recursive, word + 1)) ||
	    oci_propagation(word, &options->propagation, &options->propagation_recursive))
		return 0;
	key = equals ? arena_strndup(arena, word, (size_t)(equals - word)) : word;
	return key ? oci_mount_config_add(arena, options, key, equals ? equals + 1 : NULL)
		   : -ENOMEM;
}

int oci_mount_config_add(struct arena *arena, struct oci_mount_options *options, const char *key,
			 const char *value)
{
	size_t n = 2 * options->n_config;
	const char **pairs = arena_array(arena, n + 3, sizeof(*pairs));

	if (!pairs)
		return -ENOMEM;
	if (n > 0)
		memcpy(pairs, options->config, n * sizeof(*pairs));
	pairs[n] = key;
	pairs[n + 1] = value;
	options->config = pairs;
	options->n_config++;
	return 0;
}

void oci_mount_config_drop(struct oci_mount_options *options, const char *key)
{
	size_t kept = 0;

	for (size_t i = 0; i < options->n_config; i++) {
		if (strcmp(options->config[2 * i], key) == 0)
			continue;
		options->config[2 * kept] = options->config[2 * i];
		options->config[2 * kept + 1] = options->config[2 * i + 1];
		kept++;
	}
	options->n_config = kept;
	if (options->config)
		options->config[2 * kept] = NULL;
}

void oci_mount_config_drop_common(struct oci_mount_options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		oci_mount_config_drop(options, common[i]);
}

const char *oci_mount_config(const struct oci_mount_options *options, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < options->n_config; i++)
		if (strcmp(options->config[2 * i], key) == 0)
			value = options->config[2 * i + 1] ? options->config[2 * i + 1] : "";
	return value;
}

int oci_mount_options(struct arena *arena, const struct oci_strings *words,
		      struct oci_mount_options *ret)
{
	*ret = (struct oci_mount_options){ 0 };
	for (size_t i = 0; i < words->n; i++) {
		int r = words->list[i][0] ? apply_word(arena, ret, words->list[i]) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* NAME, and with an r before it. */
static size_t add_both(struct arena *arena, const char **list, const char *name)
{
	list[0] = name;
	list[1] = arena_printf(arena, "r%s", name);
	return 2;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int oci_mount_option_words(struct arena *arena, struct oci_strings *ret)
{
	const size_t most = 2 * (ARRAY_SIZE(attributes) + ARRAY_SIZE(types)) + ARRAY_SIZE(wishes) + ARRAY_SIZE(idle) +
			    ARRAY_SIZE(common);
	const char **list = arena_array(arena, most + 1, sizeof(*list));
	size_t n = 0, distinct = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		n += add_both(arena, list + n, attributes[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		n += add_both(arena, list + n, types[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++)
		list[n++] = wishes[i].name;
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		list[n++] = idle[i];
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		list[n++] = common[i];
	for (size_t i = 0; i < n; i++)
		if (!list[i])
			return -ENOMEM;
	qsort(list, n, sizeof(*list), by_name);
	for (size_t i = 0; i < n; i++)
		if (distinct == 0 || strcmp(list[distinct - 1], list[i]) != 0)
			list[distinct++] = list[i];
	list[distinct] = NULL;
	*ret = (struct oci_strings){ list, distinct };
	return 0;
}
