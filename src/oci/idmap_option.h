/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IDMAP_OPTION_H
#define OCI_IDMAP_OPTION_H

/*
 * The id map of a mount that is written into its options, as crun and Podman have it:
 *
 *   idmap=uids=0-1000-1#1-2000-10;gids=0-1000-1
 *
 * Each range is FILE-OUTER-COUNT: the first id on the file system, the first on the host, how many.
 * With @ before it (or before the whole list) OUTER is an id of the container, whose own map tells
 * the one on the host; where the range goes over several of the container's, it is split. Of the two
 * lists one may be missing: then that of the container stands in.
 */

#include "oci/config.h"

struct arena;
struct inro_error;

/*
 * TEXT is what stands behind "idmap=", WHERE the mount for errors; OWN_UIDS and OWN_GIDS are the
 * container's. The results are in ARENA, or are the container's.
 */
int oci_idmap_option(struct arena *arena, const char *where, const char *text, const struct oci_id_maps *own_uids,
		     const struct oci_id_maps *own_gids, struct oci_id_maps *ret_uids,
		     struct oci_id_maps *ret_gids, struct inro_error *error);

#endif
