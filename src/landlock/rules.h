/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LANDLOCK_RULES_H
#define LANDLOCK_RULES_H

/*
 * Landlock rules as data, and their application by the process that is to be restricted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/landlock.h"

struct buf;

/* Accesses to files, by letters: what a reader, a writer, an executor needs. */
#define LANDLOCK_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define LANDLOCK_EXECUTE LANDLOCK_ACCESS_FS_EXECUTE
#define LANDLOCK_WRITE                                                                            \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                          \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                          \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                              \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                            \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER | \
	 LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_IOCTL_DEV)
/* Those of them that a file, which is no directory, can be given. */
#define LANDLOCK_OF_FILES                                             \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_TRUNCATE | \
	 LANDLOCK_ACCESS_FS_IOCTL_DEV)

enum {
	LANDLOCK_ABI_REFER = 2,
	LANDLOCK_ABI_TRUNCATE = 3,
	LANDLOCK_ABI_TCP = 4,
	LANDLOCK_ABI_IOCTL_DEV = 5,
	LANDLOCK_ABI_SCOPE = 6,
};

/* What may be done with a path and everything beneath it. */
struct landlock_path {
	const char *path; /* absolute, as the restricted process sees it */
	uint64_t access;
	bool follow;      /* LANDLOCK_WRITE only where the file system there is mounted writable */
	bool optional;    /* may be missing */
};

struct landlock_port {
	uint64_t access; /* LANDLOCK_ACCESS_NET_* */
	uint16_t port;
};

struct landlock_rules {
	struct kernel_landlock_ruleset handled;
	const struct landlock_path *paths;
	size_t n_paths;
	const struct landlock_port *ports;
	size_t n_ports;
};

/* The version of Landlock here, 0 where there is none; then *ret_errno (may be NULL) says why. */
int landlock_abi(int *ret_errno);

/* The accesses to files that an ABI knows. */
uint64_t landlock_known_fs(int abi);

/* Leave what the ABI does not know out of RULES. What is handled and not allowed is forbidden. */
void landlock_reduce(struct landlock_rules *rules, int abi);

/*
 * Restrict the calling thread, and what it will start, for good. Needs no_new_privs, or
 * CAP_SYS_ADMIN in its user namespace. Child-safe. 0 or a negative errno, with the call and the
 * path of the rule that failed (NULL where it was none) for the error.
 */
int landlock_restrict(const struct landlock_rules *rules, const char **ret_call,
		      const char **ret_path);

/* "rwx" and the like to accesses. -EINVAL. */
int landlock_parse_mode(const char *text, uint64_t *ret);

/* Accesses as letters, "rx"; "-" for none. */
const char *landlock_mode_text(uint64_t access);

#endif
