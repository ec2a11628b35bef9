/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CGROUP_STEPS_H
#define OCI_CGROUP_STEPS_H

/* The kinds of steps that make and fill the cgroups of a container of config.json. */

#include "oci/cgroup.h"
#include "oci/cgroup_settings.h"
#include "plan/plan.h"
#include "plan/run.h"

struct bpf_insn;

/* What a make step has made so far, for its undoing. */
struct oci_cgroup_track {
	size_t n_made; /* directories, the last ones of the path */
};

/* Make the group of one hierarchy, and those above it. */
struct oci_cgroup_make {
	const char *mount, *own;
	bool v2;
	unsigned controllers;
	const char *inner;
	int slot;       /* for its directory */
	int tasks_slot; /* v1: for its file `tasks`, through which the child enters */
	struct oci_cgroup_place *place; /* of all of them, in the container's state */
	struct oci_cgroup_track *track;
};
extern const struct step_kind kind_oci_cgroup_make;

/* Where the directories of all are once they are made. */
struct oci_cgroup_made {
	int v2_slot; /* SLOT_NONE */
	size_t n_v1;
	struct {
		unsigned controllers;
		int slot;
	} v1[OCI_HIERARCHIES];
};

/* The slot of the directory that has the controller: v1's, or v2's. */
int oci_cgroup_made_slot(const struct oci_cgroup_made *made, enum oci_controller controller);

struct oci_cgroup_set {
	const struct oci_cgroup_made *made;
	const struct oci_setting *setting;
};
extern const struct step_kind kind_oci_cgroup_set;

struct oci_cgroup_devices {
	int slot;
	bool v1;
	const struct oci_device_rule *rules;
	size_t n_rules;
	const struct bpf_insn *program;
	size_t n_program;
};
extern const struct step_kind kind_oci_cgroup_devices;

/*
 * Shall the container's user own its cgroup, and who is that on the host? Only what the configuration
 * says counts; that the host is one of v2 alone is the caller's to know.
 */
bool oci_cgroup_owner(const struct oci_config *config, uint32_t *ret);

/* The step that gives it to that user, if it shall. 0 or -ENOMEM. */
int oci_cgroup_owner_add(struct plan *plan, enum stage stage, int slot);

#endif
