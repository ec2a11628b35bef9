/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CGROUP_STEPS_H
#define CGROUP_STEPS_H

/*
 * The kinds of steps that make, fill, watch and remove a container's groups, and what each takes.
 */

#include "cgroup/group.h"
#include "cgroup/layout.h"
#include "plan/plan.h"
#include "plan/run.h"

/* Move inro to a leaf of its own group. */
struct cgroup_leaf_args {
	const char *mount, *own_path;
	unsigned controllers; /* what is given to the groups beside it, to be taken back */
};
extern const struct step_kind kind_cgroup_leaf;

/* Make a group in one hierarchy. */
struct cgroup_make_args {
	const char *mount, *parent, *name;
	bool v2;
	bool top;             /* the parent is /inro: made where it is missing, removed when empty */
	unsigned controllers; /* v2: those to be given to it; v1: those of the hierarchy */
	int slot;             /* for its directory */
	int tasks_slot;       /* v1: for its file `tasks`, through which the child enters */
};
extern const struct step_kind kind_cgroup_make;

/* Write a setting. */
struct cgroup_set_args {
	int slot;
	const char *file, *text;
};
extern const struct step_kind kind_cgroup_memory, kind_cgroup_swap, kind_cgroup_cpus, kind_cgroup_weight,
	kind_cgroup_pids;

/* The child: enter a v1 group; its arguments are those of the make step. */
extern const struct step_kind kind_cgroup_enter;

/* Hand the v2 group over to a user of the container, so that containers inside can have limits. */
struct cgroup_delegate_args {
	int slot;       /* of the group's directory */
	bool chown;     /* it does not belong to that user yet */
	uint32_t uid, gid; /* outside */
	int leaf_slot;  /* for cgroup.procs of a leaf in it; SLOT_NONE: no leaf */
};
extern const struct step_kind kind_cgroup_delegate;

/* The child: enter that leaf, so that the group above is free to be divided. */
extern const struct step_kind kind_cgroup_enter_leaf;

/* The child: a cgroup namespace whose root is the group in which it stands. No arguments. */
extern const struct step_kind kind_cgroup_namespace;

/* End the container when its CPU time is used up. */
struct cgroup_watch {
	struct run *run;
	struct cgroup_group group;
	uint64_t limit_ns;
	uint64_t cpus; /* how many it can use at once */
};
struct cgroup_watch_args {
	uint64_t limit_ns;
	uint64_t cpus;              /* by its limit; 0 = those of the host */
	struct cgroup_watch *watch; /* filled when the step runs */
};
extern const struct step_kind kind_cgroup_cpu_time;

/* Remove what runs that were killed left behind; its arguments are those of the make step. */
extern const struct step_kind kind_cgroup_sweep;

/* The groups of a running container. */
void cgroup_run_group(const struct run *run, struct cgroup_group *ret);

#endif
