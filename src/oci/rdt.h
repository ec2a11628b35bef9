/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_RDT_H
#define OCI_RDT_H

/* linux.intelRdt: a share of the processor's caches and memory bandwidth, by the resctrl file system. */

#include <stdbool.h>
#include <sys/types.h>

#include "oci/config.h"

struct inro_error;

/* What was made for a container, below the directory of resctrl. */
struct oci_rdt_made {
	const char *class_dir; /* the class that the container is in */
	const char *remove;    /* the one directory to be removed with the container; NULL: none was made */
};

/* The mount point of resctrl, from /proc/self/mountinfo; an error where none is mounted. In ARENA. */
int oci_rdt_find(struct arena *arena, const char **ret, struct inro_error *error);

/*
 * Put a process into its class (and its monitoring group), which is made where it may be; ID is the
 * container's. DIR is resctrl's directory. On failure nothing that was made is left.
 */
int oci_rdt_apply(const char *dir, const struct oci_intel_rdt *rdt, const char *id, pid_t pid, struct arena *arena,
		  struct oci_rdt_made *ret, struct inro_error *error);

/*
 * Change a class (its directory) while its processes run: lines of its schemata, NULL where one stays as it
 * is. All that share the class get it.
 */
int oci_rdt_update(const char *class_dir, const char *l3_schema, const char *mem_bw_schema, struct inro_error *error);

#endif
