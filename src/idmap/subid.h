/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDMAP_SUBID_H
#define IDMAP_SUBID_H

/*
 * Subordinate ids: which ids besides its own a user may hand out in user namespaces, as /etc/subuid
 * and /etc/subgid say, and the programs newuidmap and newgidmap that do it for an ordinary user.
 *
 * The files are read as they are. The user's name, by which most lines go, comes from /etc/passwd
 * and not from the name service, which a static program does not have; a line may also bear the
 * number. Lists that only a name service plugin knows are not seen.
 */

#include <stdint.h>
#include <stdio.h>

#include "plan/facts.h"

struct inro_error;

/*
 * Add the lines of STREAM (name or number : first : count) that belong to the user to *list, which
 * is the arena's; NAME may be NULL; with both NULL and UINT32_MAX every line counts. Lines that are
 * not of the form are passed over, as shadow does. Sorted and merged. 0 or -ENOMEM.
 */
int subid_read(FILE *stream, const char *name, uint32_t uid, struct arena *arena, struct id_range **list,
	       size_t *n);

/* The name of UID in a passwd file, or NULL; -ENOMEM. */
int subid_user_name(FILE *stream, uint32_t uid, struct arena *arena, const char **ret);

/*
 * 65536 ids that no line of the lists has, for root where it has no lines of its own: the highest
 * such block of the range that systemd sets aside for containers. 0 where all are taken.
 */
uint32_t subid_free_block(const struct id_range *uids, size_t n_uids, const struct id_range *gids,
			  size_t n_gids);

/*
 * The absolute path of a helper that can do its work: a regular file, executable, setuid root or
 * with file capabilities. A constant, or NULL.
 */
const char *subid_find_helper(const char *name);

/* Fill facts->subids from the files below ETC_FD. 0 or -ENOMEM; a missing file has no lines. */
int subid_gather(int etc_fd, struct facts *facts);

#endif
