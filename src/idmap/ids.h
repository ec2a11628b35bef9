/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDMAP_IDS_H
#define IDMAP_IDS_H

/*
 * Which ids the command gets, from the maps that are settled. Pure, as maps.h.
 */

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

/* What the child must do about its ids. */
struct ids_plan {
	bool become;              /* before it mounts: its own ids do not exist inside */
	uint32_t become_uid, become_gid;
	bool set_uid, set_gid;    /* before exec */
	bool set_groups;
	bool tolerant;            /* a joined user namespace may not have them; then it keeps its own */
};

enum groups_wish {
	GROUPS_DEFAULT, /* none, where they can be dropped */
	GROUPS_LIST,
	GROUPS_KEEP,
};

/* Settle uid, gid and groups, and say what it takes. 0, or a negative errno with the error filled. */
int ids_settle(const struct spec *spec, const struct facts *facts, enum groups_wish wish,
	       struct settled *settled, struct ids_plan *ret, struct inro_error *error);

#endif
