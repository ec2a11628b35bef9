/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENTER_CHILD_H
#define ENTER_CHILD_H

/*
 * The parent's side of a command that runs in a child: waiting for it, stopping when it stops,
 * passing signals on, and ending as it did.
 */

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "inro/error.h"

/* What becomes of a signal that the parent gets. */
enum child_signals {
	CHILD_IGNORE_BREAK, /* INT and TERM do nothing here, as with unshare(1); the rest as usual */
	CHILD_FORWARD_BREAK, /* INT and TERM are passed on, the rest as usual */
	CHILD_FORWARD_ALL,
};

/* Shared with the child: where it says why it did not become the command. */
struct child_shared {
	struct inro_error error;
	int status; /* of the innermost of several levels, as waitpid(2) tells it */
	bool ended; /* that is set */
};

struct child {
	pid_t pid;
	int pidfd;                  /* or -EBADF */
	enum child_signals signals;
	bool is_init;               /* the command is PID 1 of a namespace: what it would drop kills it */
	pid_t watched;              /* with is_init: the command itself, where it is not PID */
	struct child_shared *shared;
	sigset_t old_mask, mask;    /* as the caller had it, and what is waited for */
	struct sigaction old_chld;
	int number;                 /* the last signal that ended it by that rule */
};

/* Before the clone: the shared page, and signals held back so that none is lost. */
int child_init(struct child *child, enum child_signals signals, struct inro_error *error);

/* Signals as they were. Frees; does not end the child. */
void child_deinit(struct child *child);

/*
 * Wait for the end. *ret_status is as from waitpid(2). Where the child failed before it became the
 * command, its errno, with the error filled.
 */
int child_wait(struct child *child, int *ret_status, struct inro_error *error);

/* One signal that the parent got; and look how the child is: 1 = ended, *ret_status set. */
int child_signal(struct child *child, const siginfo_t *info);
int child_look(struct child *child, int *ret_status);

/* What the child left when it ended: as child_wait(). */
int child_result(struct child *child, int *ret_status, struct inro_error *error);

/*
 * A signal by which STATUS (as from waitpid(2)) says that it ended, for the caller to end by, too; or
 * 0, and *ret_code is the exit status.
 */
int child_end_signal(int status, int *ret_code);

#endif
