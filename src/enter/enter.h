/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENTER_ENTER_H
#define ENTER_ENTER_H

/* A command in namespaces that there are. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "enter/become.h"
#include "ns/join.h"
#include "ns/target.h"

struct enter_source {
	const char *text;        /* in the grammar of targets */
	unsigned kinds;          /* for these alone; 0: for what is asked for */
	struct ns_target target; /* once opened */
};

/* What the command takes on of the target's process. */
enum enter_follow {
	FOLLOW_ROOT = 1 << 0,
	FOLLOW_WD = 1 << 1,
	FOLLOW_ENV = 1 << 2,
	FOLLOW_UID = 1 << 3,
	FOLLOW_GID = 1 << 4,
	FOLLOW_CAPS = 1 << 5,
	FOLLOW_CGROUP = 1 << 6,
	FOLLOW_LABEL = 1 << 7,
	FOLLOW_NNP = 1 << 8,
	FOLLOW_ALL = (1 << 9) - 1,
};

enum enter_tty { ENTER_TTY_AUTO, ENTER_TTY_NEW, ENTER_TTY_SHARE };

struct enter {
	struct arena arena;
	const struct target_names *names;
	struct enter_source *sources;
	size_t n_sources;
	bool all;                      /* every kind that the targets have */
	unsigned kinds;                /* and these */
	const char *files[NS_KINDS];   /* these come from targets of their own */
	int net_socket;                /* the network namespace of this descriptor of the target; -1 */
	bool user_parent;              /* the user namespace that owns what is entered */
	unsigned follow;
	const char *root, *wd;         /* opened before; NULL */
	bool wd_inside;                /* become.wd is set instead */
	bool no_fork, preserve;
	bool uid_set, gid_set;         /* -S, -G: in become */
	enum enter_tty tty;
	char *const *words, *const *env;
	struct become become;
};

/* As unshare_run(). */
int enter_run(struct enter *enter, int *ret_status, struct inro_error *error);

#endif
