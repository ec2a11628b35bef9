/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOUNT_PROJECT_H
#define MOUNT_PROJECT_H

/*
 * What in a project git, or somebody's shell, would later execute or believe, found on the host
 * before a container may write there. Data for the plan; nothing is changed here.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct inro_error;

enum guard_action {
	GUARD_PIN,       /* a mount point of its own: cannot be renamed or removed */
	GUARD_READ_ONLY, /* the same, read-only with all below */
	GUARD_HIDE,      /* something empty over it */
};

struct guard {
	enum guard_action action;
	const char *path;      /* absolute */
	const char *reason;
	bool make_dir;         /* absent: made as an empty directory for the time of the run */
	const char *make_file; /* absent: made as a file with this content; NULL */
};

struct project {
	const char *root; /* what is shown writable: the top of the work tree, or the directory */
	const char *common_dir; /* of a linked work tree: the repository outside of ROOT; NULL */
	struct guard *guards;   /* parents before children */
	size_t n_guards;
};

/*
 * Look at the project that DIR (absolute, clean) lies in, not above CEILING (a home). Refuses what
 * cannot be guarded: a .git, hooks or config that is a symbolic link (-ELOOP).
 */
int project_find(struct arena *arena, const char *dir, const char *ceiling, struct project *ret,
		 struct inro_error *error);

#endif
