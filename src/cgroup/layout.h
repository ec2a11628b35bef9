/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CGROUP_LAYOUT_H
#define CGROUP_LAYOUT_H

/*
 * Where a container's groups are made, decided from the facts alone.
 */

#include "cgroup/controller.h"
#include "inro/error.h"
#include "plan/facts.h"

/* The group that keeps the containers' groups of all of inro at the top of a host's v2 hierarchy. */
#define CGROUP_TOP_NAME "inro"

/* The leaf into which inro moves itself, where it must make room in its own group. */
#define CGROUP_LEAF_NAME "inro-supervisor"

/* Where the v2 group is made. */
enum cgroup_place {
	CGROUP_PLACE_NONE,  /* there is none */
	CGROUP_PLACE_BELOW, /* below the own group, which gives no controllers away */
	CGROUP_PLACE_LEAF,  /* below the own group, once inro has moved to a leaf of it */
	CGROUP_PLACE_ABOVE, /* beside the own group, since that is such a leaf */
	CGROUP_PLACE_TOP,   /* below /inro */
};

/* What is wanted of the groups. */
struct cgroup_wish {
	unsigned needed;  /* controllers without which the start must fail */
	unsigned wished;  /* controllers that are taken where they are to be had */
	bool cpu_time;    /* the CPU time of the container must be known */
};

struct cgroup_layout_plan {
	enum cgroup_place place;
	unsigned on_v2; /* controllers that the v2 group gets */
	const struct cgroup_v1 *v1[CGROUP_CONTROLLERS]; /* the hierarchy that serves it instead; NULL */
	const struct cgroup_v1 *made[CGROUP_CONTROLLERS]; /* the hierarchies, each once */
	size_t n_made;
};

/*
 * Decide. OPTION is what the user wrote, for the error: INRO_ERROR_HOST or INRO_ERROR_DENIED with
 * the reason and the way out. -EOPNOTSUPP, -EACCES, -EBUSY.
 */
int cgroup_layout_choose(const struct cgroup_facts *facts, const struct cgroup_wish *wish, const char *option,
			 struct cgroup_layout_plan *ret, struct inro_error *error);

/* The group below which the place is, from the mount ("/inro"); copied to the arena; NULL = -ENOMEM. */
const char *cgroup_place_parent(const struct cgroup_facts *facts, enum cgroup_place place,
				struct arena *arena);

#endif
