/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_MOUNTS_H
#define NS_MOUNTS_H

/*
 * The namespaces that are held by bind mounts, as a mountinfo file tells them.
 */

#include <sys/types.h>

#include "ns/kind.h"

struct ns_mount {
	enum ns_kind kind;
	ino_t ino;
	const char *path; /* below the root of the process that was asked; valid during the call */
};

/*
 * Call EACH for every mount of a namespace that the process of the open directory /proc/PID sees;
 * a result other than 0 ends the walk and is returned. 0 at the end, or a negative errno.
 */
int ns_mounts_walk(int pid_dir_fd, int (*each)(void *data, const struct ns_mount *mount), void *data);

/*
 * Read "net:[4026531840]", the name that a namespace has as the target of a link and as the root
 * of a mount. *ret_length (may be NULL) is how much of TEXT it took. -EINVAL.
 */
int ns_parse_link(const char *text, enum ns_kind *ret_kind, ino_t *ret_ino, size_t *ret_length);

#endif
