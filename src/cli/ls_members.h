/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LS_MEMBERS_H
#define CLI_LS_MEMBERS_H

/* inro ls TARGET: the processes of one namespace. */

#include "cli/names.h"
#include "cli/table.h"

struct ls_members {
	unsigned kinds; /* at most one; 0: that of the target itself, or pid */
	bool json, quiet;
	unsigned style; /* of the table */
};

int ls_members(const struct ls_members *options, struct names *names, const char *target,
	       struct inro_error *error);

#endif
