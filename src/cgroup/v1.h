/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CGROUP_V1_H
#define CGROUP_V1_H

/*
 * What a v1 group needs instead of what v2 has files for. DIR_FD is its directory in one
 * hierarchy. 0 or a negative errno.
 */

#include <stdbool.h>
#include <sys/types.h>

/* Place a process in the group. */
int cgroup1_add(int dir_fd, pid_t pid);

/* Stop or resume everything in it and below; a group of the freezer hierarchy. -ETIME. */
int cgroup1_freeze(int dir_fd, bool frozen, int timeout_ms);

/*
 * Resume it and every group below, each of which may have been stopped by itself: by a container that
 * may write to its own groups. As far as it can be done; what has gone meanwhile is resumed.
 */
void cgroup1_thaw_all(int dir_fd);

/*
 * Kill what is left in it and below, and wait for it. In a group of the freezer hierarchy nothing
 * escapes by forking; elsewhere it is asked again until nothing is left. -ETIME after TIMEOUT_MS.
 */
int cgroup1_end(int dir_fd, int timeout_ms);

#endif
