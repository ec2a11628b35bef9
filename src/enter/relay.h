/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENTER_RELAY_H
#define ENTER_RELAY_H

/* A fresh terminal between the caller's and a command in other namespaces. */

#include "enter/child.h"

struct relay {
	int master_fd, slave_fd;
	bool error_too; /* standard error goes there as well */
};

#define RELAY_NULL { .master_fd = -EBADF, .slave_fd = -EBADF }

/*
 * A pty of what is mounted at /dev here and now; where there is none, of SPARE_FD, a master of the
 * host's, which is taken. PROC_FD is a procfs in which the caller is. 0 or a negative errno.
 */
int relay_open(struct relay *relay, int proc_fd, int spare_fd);
void relay_close(struct relay *relay);

/* In the child: a session of its own on it, as 0, 1 and 2. OWNER: whom the slave shall belong to. */
int relay_enter(const struct relay *relay, uid_t owner, struct inro_error *error);

/* In the parent: child_wait() with bytes going both ways. PROC_FD as above, or negative. */
int relay_wait(struct relay *relay, int proc_fd, struct child *child, int *ret_status,
	       struct inro_error *error);

#endif
