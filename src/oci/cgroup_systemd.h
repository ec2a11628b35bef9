/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CGROUP_SYSTEMD_H
#define OCI_CGROUP_SYSTEMD_H

/*
 * A container as a scope of systemd's: what is asked of it is written in lines, which a program of its
 * own, inro-oci-systemd, says on the bus (systemd/main.c has the language).
 */

#include <stdbool.h>

#include "base/buf.h"
#include "oci/config.h"
#include "oci/cgroup_steps.h"

struct arena;
struct inro_error;
struct oci_cgroup_place;
struct plan;

/*
 * linux.cgroupsPath as systemd's users write it, SLICE:PREFIX:NAME: the slice and the unit. An empty slice
 * is the manager's own; without a path at all the unit is inro-ID.scope.
 */
int oci_systemd_unit(const char *path, const char *id, bool user, struct arena *arena,
		     const char **ret_slice, const char **ret_unit, struct inro_error *error);

/* Lines for what of the resources systemd has properties for: it writes them again when it reloads. */
int oci_systemd_resources(const struct oci_resources *resources, struct buf *lines,
			  struct inro_error *error);

/* Lines for the annotations org.systemd.property.NAME, whose values are written as GVariant texts. */
int oci_systemd_annotations(const struct oci_annotation *list, size_t n, struct buf *lines,
			    struct inro_error *error);

/* "0-2,8" as the mask that systemd takes, in hexadecimal bytes. -EINVAL. */
int oci_systemd_mask(const char *list, struct buf *ret);

/* Is it the user's own manager? It is unless the caller is the host's root. */
bool oci_systemd_is_user(void);

/* Is there the program that says it? It is built where libsystemd is found. */
bool oci_systemd_installed(void);

/* Say it. LINES begin with the verb and the unit. */
int oci_systemd_call(bool user, const struct buf *lines, struct inro_error *error);

/* End the scope and forget it; 0 where there is none. */
int oci_systemd_stop(const char *unit, struct inro_error *error);

/* Steps that place the container in a scope once there is its first process. */
int oci_systemd_add(struct plan *plan, struct oci_cgroup_place *place, struct oci_cgroup_made *made,
		    struct inro_error *error);

#endif
