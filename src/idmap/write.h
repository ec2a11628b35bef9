/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDMAP_WRITE_H
#define IDMAP_WRITE_H

/*
 * The steps that write a new user namespace's maps: one of three, by who may and who is faster.
 *
 *   kind_write_maps   the parent, into the child's /proc files; the child waits
 *   kind_helper_maps  newuidmap and newgidmap for the parent; the child waits
 *   kind_own_maps     the child itself; nobody waits
 */

#include <stddef.h>

#include "plan/plan.h"

struct map_args {
	const char *uids, *gids; /* the texts for uid_map and gid_map; NULL: that one is not written */
	size_t uids_size, gids_size;
	const char *tell;        /* the same for people */
	bool deny_setgroups;
	/* Helper: program (NULL: not needed), its name, room for the PID, the numbers, NULL. */
	const char *newuidmap, *newgidmap;
	char **uid_argv, **gid_argv;
};

extern const struct step_kind kind_write_maps, kind_helper_maps, kind_own_maps;

/* Write the maps of process PID by its directory below a procfs. For tests, too. */
int maps_write_at(int pid_dir_fd, const struct map_args *args, struct inro_error *error);

/*
 * Run newuidmap and newgidmap, both at once, on the process that procfs shows as PID. Their words
 * go to the error.
 */
int maps_run_helpers(const struct map_args *args, pid_t pid, struct inro_error *error);

/* Why did the kernel refuse a user namespace or its maps? Cause and remedy for the error. */
void maps_advise(const struct step *step, const struct plan *plan, struct inro_error *error);

#endif
