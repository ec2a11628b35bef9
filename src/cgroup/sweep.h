/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CGROUP_SWEEP_H
#define CGROUP_SWEEP_H

/*
 * Remove every stale group of inro's, with what still runs in it, wherever this caller's containers
 * have their groups: for whoever finds the record of a run that was killed. A start with limits does
 * the same for the places that it uses. Returns how many went, or a negative errno where the
 * hierarchies could not be found out.
 */
int cgroup_sweep_all(void);

#endif
