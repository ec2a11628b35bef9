/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_MOUNT_OPTIONS_H
#define OCI_MOUNT_OPTIONS_H

/*
 * The options of one mount of config.json, from words to what the kernel is to be told: attributes
 * of the mount (to set and to clear, alone or with all that is mounted below it), its propagation,
 * what the runtime does itself, and the rest, which is the file system's.
 */

#include <stdbool.h>
#include <stdint.h>

#include "oci/config.h"

struct arena;
struct inro_error;

/* MOUNT_ATTR_* to set and to clear. */
struct oci_attributes {
	uint64_t set, clear;
};

struct oci_mount_options {
	struct oci_attributes own;       /* of this mount */
	struct oci_attributes recursive; /* of it and of all below it: rro and the like */
	uint64_t propagation;            /* MS_SHARED and its like; 0 = nothing was said */
	bool propagation_recursive;

	bool bind; /* bind or rbind: the type is of no meaning then */
	bool rbind;
	bool remount;
	bool copy_up; /* tmpcopyup */
	bool idmap, ridmap;
	const char *idmap_text; /* what stands behind "idmap=" (oci/idmap_option.h); NULL */
	bool source_nofollow, target_nofollow, copy_symlink;

	const char **config; /* key, value, key, value, …, NULL; a flag has the value NULL */
	size_t n_config;     /* how many pairs */
};

/* Fills *RET, in ARENA. 0 or -ENOMEM; no word is unknown, since a file system may know it. */
int oci_mount_options(struct arena *arena, const struct oci_strings *words,
		      struct oci_mount_options *ret);

/* Every word that is known, in order, for `features`. 0 or -ENOMEM. */
int oci_mount_option_words(struct arena *arena, struct oci_strings *ret);

/* "rslave" and its like: MS_* and whether with all below. False for a word that is none. */
bool oci_propagation(const char *word, uint64_t *ret, bool *ret_recursive);

/* The value of a pair, "" of a flag, NULL where there is none. The last one counts. */
const char *oci_mount_config(const struct oci_mount_options *options, const char *key);

/* Add a pair; leave away those of a key. -ENOMEM. */
int oci_mount_config_add(struct arena *arena, struct oci_mount_options *options, const char *key,
			 const char *value);
void oci_mount_config_drop(struct oci_mount_options *options, const char *key);

/* Leave away what any file system takes (sync and the like). */
void oci_mount_config_drop_common(struct oci_mount_options *options);

#endif
