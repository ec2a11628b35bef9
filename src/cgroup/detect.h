/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CGROUP_DETECT_H
#define CGROUP_DETECT_H

/*
 * What the host offers: the parsers are pure functions of text, so that recorded hosts can be
 * tested; the probes look at the mounts that the parsers found.
 */

#include "plan/facts.h"

/*
 * From the text of /proc/self/mountinfo and /proc/self/cgroup: layout, mounts, own groups.
 * Strings go to ARENA. -ENOMEM.
 */
int cgroup_facts_parse(struct cgroup_facts *facts, struct arena *arena, const char *mountinfo,
		       const char *groups);

/* The same of this process: 0, -ENOMEM, or what reading /proc answered. */
int cgroup_facts_read(struct cgroup_facts *facts, struct arena *arena);

/* What may be made where, and by whom it is used; needs the mounts. */
void cgroup_facts_probe(struct cgroup_facts *facts);

/*
 * Both, and a name for the container's groups (CONTAINER: its name, may be NULL). Does nothing when
 * it was done before. 0, -ENOMEM, or what reading /proc answered.
 */
int cgroup_facts_gather(struct cgroup_facts *facts, struct arena *arena, const char *container);

#endif
