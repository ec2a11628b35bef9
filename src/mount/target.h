/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOUNT_TARGET_H
#define MOUNT_TARGET_H

/*
 * Finding and making mount points inside a root that may be hostile. Every path is resolved by the
 * kernel below the descriptor of the root (RESOLVE_IN_ROOT, no magic links); what is missing is
 * made one component at a time, each opened before the next is touched. Child-safe.
 */

#include <stdbool.h>
#include <sys/types.h>

enum target_type {
	TARGET_DIR,
	TARGET_FILE,
	TARGET_ANY, /* must exist; whatever it is */
};

/* No link may stand anywhere in the path: for what must not be redirected (/proc, /sys, /dev). */
#define TARGET_NO_LINKS 1U

/* It is probably not there yet: try to make it first. Saves a look where that is so. */
#define TARGET_NEW 2U

/*
 * Open TARGET (absolute or not, without "..") below ROOT_FD as O_PATH; made, with its parents of
 * mode 0755, where it is missing and TYPE says as what. Returns the descriptor or a negative errno:
 * -ENOENT, -EROFS where it cannot be made, -ELOOP for a forbidden link, -EEXIST/-ENOTDIR for
 * another type.
 */
int target_open(int root_fd, const char *target, enum target_type type, mode_t mode,
		unsigned flags);

/*
 * Open the directory in which TARGET lies (made where missing); *ret_name points at its last
 * component, inside of TARGET.
 */
int target_open_parent(int root_fd, const char *target, const char **ret_name);

#endif
