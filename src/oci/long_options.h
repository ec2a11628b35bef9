/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LONG_OPTIONS_H
#define OCI_LONG_OPTIONS_H

/*
 * Options of a new file system that fsconfig(2) cannot be told: it takes values of 255 bytes at
 * most, and the lowerdir of an overlay with many layers is longer.
 *
 * Where it is that alone, its layers are given one at a time, as lowerdir+ and datadir+, which
 * kernels since 6.7 have. Otherwise, and before, there is mount(2), which takes a page of all options
 * together. That mounts in a place and not by a descriptor; so it is done in the scratch tmpfs, which
 * nobody else sees, with that as the working directory and no path at all, and what was mounted is
 * taken away from there.
 */

#include "oci/mount_options.h"

struct long_options {
	const char *const *config; /* pairs for fsconfig(2), all short; NULL where it cannot be */
	const char *source, *page; /* for mount(2); page is NULL where it would not hold all */
	unsigned long flags;       /* MS_* */
};

/* Is one of the values too long? */
bool oci_options_are_long(const struct oci_mount_options *options);

/* Fills *RET, in ARENA: 0 or -ENOMEM. Neither way may be there: then nothing can be done. */
int oci_long_options(struct arena *arena, const char *type, const struct oci_mount_options *options,
		     struct long_options *ret);

/*
 * Child-safe: by mount(2), in the directory SCRATCH_EMPTY_DIR of the scratch tmpfs. The mount, to be
 * seen by nobody; or a negative errno and in *ret_call which call answered so. The working directory
 * is another then.
 */
int oci_mount_page(int scratch_fd, const char *type, const struct long_options *options, unsigned attributes,
		   const char **ret_call);

#endif
