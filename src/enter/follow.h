/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENTER_FOLLOW_H
#define ENTER_FOLLOW_H

/* What a process has that another can take on: read before anything is joined. */

#include "enter/enter.h"

enum { FOLLOW_CGROUPS = 16 };

struct follow {
	int root_fd, wd_fd; /* or -EBADF; owned */
	char **env;         /* NULL: not read */
	uid_t uid;          /* as its user namespace numbers them */
	gid_t gid;
	struct become_caps caps;
	bool no_new_privs;
	const char *label, *label_file;
	int cgroup_fds[FOLLOW_CGROUPS]; /* owned */
	size_t n_cgroup_fds;
};

#define FOLLOW_NULL { .root_fd = -EBADF, .wd_fd = -EBADF }

/*
 * Read WHAT (enum enter_follow) of the process PID below PROC_FD. INSIDE: ids are wanted as its own
 * user namespace has them.
 */
int follow_read(int proc_fd, pid_t pid, unsigned what, bool inside, struct arena *arena,
		struct follow *ret, struct inro_error *error);
void follow_deinit(struct follow *follow);

#endif
