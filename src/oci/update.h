/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_UPDATE_H
#define OCI_UPDATE_H

/* Changing the limits of a container: resources as JSON, new ones over old ones. */

#include <json-c/json.h>

struct inro_error;
struct oci_state;

/*
 * Lay NEWER over OLDER (takes both; either may be NULL): objects member by member, all else as a whole.
 * Returns the result.
 */
struct json_object *oci_update_merge(struct json_object *older, struct json_object *newer);

/*
 * Write to the container's cgroups what its resources come to with CHANGES (borrowed) laid over them, and
 * keep that in STATE, as text of *ret (the caller's to free). Where one is refused, the old ones are
 * written again. Devices are left alone unless CHANGES speak of them.
 */
int oci_update_apply(const struct oci_state *state, struct json_object *changes, char **ret,
		     struct inro_error *error);

#endif
