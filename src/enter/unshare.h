/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENTER_UNSHARE_H
#define ENTER_UNSHARE_H

/* A command in new namespaces, and nothing else. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "enter/become.h"
#include "ns/kind.h"
#include "plan/spec.h"

/* Ranges for one of the two maps, besides the caller's own id. */
struct unshare_side {
	bool own_set;   /* the caller's own id becomes OWN */
	uint32_t own;
	bool auto_set;  /* the subordinate ids, from 0 upwards */
	bool subids;    /* the subordinate ids as themselves */
	bool all;       /* every id that the caller has, as itself */
	struct id_range *ranges;
	size_t n_ranges;
};

enum unshare_setgroups { SETGROUPS_UNSAID, SETGROUPS_ALLOW, SETGROUPS_DENY };

struct unshare {
	struct arena arena;
	unsigned kinds;
	const char *files[NS_KINDS]; /* where they are to be held, too; NULL */
	bool fork;
	int kill_signal; /* for the child when this process ends; 0: none */
	bool forward;    /* INT and TERM to the child */
	struct unshare_side users, groups;
	enum unshare_setgroups setgroups;
	bool owner_set;  /* the user namespace shall belong to these */
	uid_t owner_uid;
	gid_t owner_gid;
	const char *clocks; /* for timens_offsets; NULL */
	struct become become;
};

/*
 * Do it. Where no fork is asked for this process becomes the command, and this returns only on
 * failure. Otherwise *ret_status is how the command ended, as waitpid(2) tells it.
 */
int unshare_run(struct unshare *want, int *ret_status, struct inro_error *error);

#endif
