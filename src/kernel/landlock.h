/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNEL_LANDLOCK_H
#define KERNEL_LANDLOCK_H

/*
 * Landlock beyond the header of Linux 6.1 (ABI 2), each with the ABI and the version that brought
 * it; and its structures, whose later fields an older kernel accepts as long as they are zero.
 */

#include <linux/landlock.h>
#include <stdint.h>

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* ABI 3, 6.2 */
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15) /* ABI 5, 6.10 */
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0)    /* ABI 4, 6.7 */
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1) /* ABI 4, 6.7 */
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0) /* ABI 6, 6.12 */
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)		/* ABI 6, 6.12 */
#endif

#define KERNEL_LANDLOCK_RULE_PATH_BENEATH 1
#define KERNEL_LANDLOCK_RULE_NET_PORT 2 /* ABI 4, 6.7 */

struct kernel_landlock_ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* ABI 4 */
	uint64_t scoped;             /* ABI 6 */
};
_Static_assert(sizeof(struct kernel_landlock_ruleset) == 24, "the kernel tells versions by size");

struct kernel_landlock_path_beneath {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));
_Static_assert(sizeof(struct kernel_landlock_path_beneath) == 12, "packed in the kernel, too");

struct kernel_landlock_net_port {
	uint64_t allowed_access;
	uint64_t port;
};

#endif
