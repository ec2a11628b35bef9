/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENTER_NEST_H
#define ENTER_NEST_H

/* PID namespaces inside each other, each with a process that is its PID 1. */

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "enter/become.h"
#include "ns/pidmap.h"

enum { NEST_LEVELS = 32 }; /* the kernel allows no more below the first namespace */

/* Who there is once all levels are made, by level from 1 on. */
struct nest_view {
	unsigned n;
	pid_t own; /* inro itself */
	struct {
		pid_t pid;                /* here, of the level's PID 1 */
		struct pid_levels levels; /* its numbers, and the namespaces, from here downwards */
	} level[NEST_LEVELS + 1];
};

struct nest {
	struct arena arena;
	unsigned n;
	bool uts;             /* a host name for each: h1, h2, … */
	const char *proc_dir; /* a procfs of each, as DIR/1, DIR/2, …; NULL */
	bool command;         /* become.program is the bottom's PID 1; otherwise it ends at once */
	void (*ready)(void *data, const struct nest_view *view); /* all levels are there */
	void *data;
	struct become become;
};

/*
 * Make them, call ready(), run the command, and leave nothing behind. *ret_status is the command's,
 * as waitpid(2) tells it. Without the right to it, in a user namespace that is made for it.
 */
int nest_run(struct nest *nest, int *ret_status, struct inro_error *error);

#endif
