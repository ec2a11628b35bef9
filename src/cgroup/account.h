/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CGROUP_ACCOUNT_H
#define CGROUP_ACCOUNT_H

/*
 * For the engine: what the container has used, as its cgroup counted it.
 */

#include "inro/run.h"
#include "plan/run.h"

/*
 * Once PID 1 has ended, before anything is undone: times, peak memory and whether the kernel killed
 * it for want of memory, into the result, whose end and signal are already there. Changes nothing
 * where there is no cgroup; sets `whole` where times and memory are both the cgroup's.
 */
void cgroup_fill_result(const struct run *run, struct inro_result *result);

/* Freeze or thaw, and kill all of a running container. -ENOENT where it has no cgroup for that. */
int cgroup_freeze(const struct run *run, bool frozen);
int cgroup_kill(const struct run *run);

#endif
