/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CONTAINERS_H
#define CLI_CONTAINERS_H

/* The caller's containers, for the verbs that name or list them. */

#include "base/arena.h"
#include "state/record.h"

struct containers {
	struct arena arena;
	int dir_fd;  /* of the records; -ENOENT where there is none yet */
	int proc_fd; /* a verified /proc */
};

int containers_open(struct containers *containers, struct inro_error *error);
void containers_close(struct containers *containers);

/* The record of that name; the error says so where there is none. */
int containers_find(struct containers *containers, const char *name, struct record *ret,
		    enum record_state *ret_state, struct inro_error *error);

/* A pidfd of who knows when it has ended: its monitor, or its PID 1. -ESRCH when it is gone. */
int containers_watch(const struct containers *containers, const struct record *record);

#endif
