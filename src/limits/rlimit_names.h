/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIMITS_RLIMIT_NAMES_H
#define LIMITS_RLIMIT_NAMES_H

/* The kernel's resource limits by name, and limits as text. */

#include <stddef.h>
#include <sys/resource.h>

enum { RLIMIT_COUNT = 16 };

/* "nofile"; NULL for a number that the kernel does not know. */
const char *rlimit_name(int resource);

/* "nofile", "NOFILE", "RLIMIT_NOFILE": the number; -EINVAL. NAME has N bytes. */
int rlimit_parse_name(const char *name, size_t n, int *ret);

/*
 * NAME=SOFT[:HARD], each a number, a size with a unit ("64M") or "unlimited"; the hard limit is the
 * soft one where it is not given. -EINVAL; -ERANGE where the soft limit is above the hard one.
 */
int rlimit_parse(const char *text, int *ret_resource, struct rlimit *ret);

#endif
