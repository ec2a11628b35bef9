/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_SIGNALS_H
#define ENGINE_SIGNALS_H

/*
 * The signals of inro while a container runs: which it takes, and what becomes of each.
 */

#include <signal.h>
#include <stdbool.h>

struct run;
struct supervisor;
struct signalfd_siginfo;

/* What is put back at the end. */
struct signals_saved {
	sigset_t mask;
	struct sigaction child;
	bool pipe_was_pending;
};

/*
 * Before the child is cloned: block what is forwarded, so that none is lost and none ends inro on
 * its own; let the kernel keep the status of children (SIGCHLD may have been ignored).
 */
void signals_block(struct signals_saved *ret);
void signals_restore(const struct signals_saved *saved);

/* A signalfd of what is forwarded, and of SIGCHLD for one that must reap others' children. */
int signals_open(bool with_children);

/* Handle one of them. 0 to go on, 1 to end the loop, or a negative errno. */
int signals_handle(struct supervisor *supervisor, const struct signalfd_siginfo *info);

#endif
