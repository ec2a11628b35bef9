/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CGROUP_V2_H
#define CGROUP_V2_H

/*
 * What only a v2 group can do. DIR_FD is its directory. 0 or a negative errno.
 */

#include <stdbool.h>
#include <stdint.h>

/*
 * Let groups below have controllers (a bit mask of enum cgroup_controller) that this group has.
 * -EBUSY: it holds processes itself; -ENOENT: it does not have one of them.
 */
int cgroup2_enable(int dir_fd, unsigned controllers);

/* The reverse; -EBUSY while a group below has handed one on. */
int cgroup2_disable(int dir_fd, unsigned controllers);

/* SIGKILL to every process in it and below, forks under way included. cgroup.kill, since 5.14. */
int cgroup2_kill(int dir_fd);

/* Stop or resume everything in it and below, and wait until it is so. -ETIME after TIMEOUT_MS. */
int cgroup2_freeze(int dir_fd, bool frozen, int timeout_ms);

/* Wait until no process is left in it and below. -ETIME after TIMEOUT_MS. */
int cgroup2_wait_empty(int dir_fd, int timeout_ms);

/* Kill what is left and wait for it. */
int cgroup2_end(int dir_fd, int timeout_ms);

#endif
