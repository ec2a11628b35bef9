/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDMAP_MAPS_H
#define IDMAP_MAPS_H

/*
 * From what is asked for and what the caller may do to the maps of the new user namespace. Pure:
 * spec and facts go in, settled comes out, so that it is tested without privilege and for hosts
 * that are not at hand.
 *
 * Who may map what, as the kernel has it:
 *   - anybody may map one id, its own, to any id inside; for the group it must first give up
 *     setgroups(2) in the namespace, lest it leave a group that is there to deny something;
 *   - with CAP_SETUID and CAP_SETGID in its own user namespace a process may map every id that is
 *     mapped there; id 0 only with CAP_SETFCAP;
 *   - newuidmap and newgidmap, which have these, map a user's subordinate ids for it.
 */

#include <stdbool.h>

struct arena;
struct facts;
struct inro_error;
struct settled;
struct spec;

/* Must the subordinate ids be known? They cost reading three files, so only where they matter. */
bool maps_need_subids(const struct spec *spec, const struct facts *facts);

/*
 * Settle uids, gids, maps_by_helper, deny_setgroups and host_root for a new user namespace (where
 * settled->ns_new has one), or host_root alone. What the caller may not do is refused with the
 * reason and the way out.
 */
int maps_settle(const struct spec *spec, const struct facts *facts, struct arena *arena,
		struct settled *settled, struct inro_error *error);

/* Can the child write its own maps? Only the caller's one own user and group id. */
bool maps_written_by_child(const struct settled *settled, const struct facts *facts);

#endif
