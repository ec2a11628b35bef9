/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TTY_TERMINAL_H
#define TTY_TERMINAL_H

/*
 * The caller's terminal while a container runs: its modes, its size, and the pumps between it and
 * the container. One per run, in run->terminal; where there is none, all of these do nothing.
 */

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "plan/run.h"

/* What is relayed; in the plan's arena. */
struct terminal_args {
	bool pty;          /* a fresh pty: standard input and output go through its master */
	bool log;          /* output is kept, not shown: the container is detached */
	int pipe_slots[3]; /* the parent's ends of pipes for 0, 1, 2; SLOT_NONE where there is no pipe */
};

/* What the child may read of it, while it sets up the pty. */
struct terminal_start {
	struct termios modes;
	struct winsize size;
	bool has_modes, has_size;
};
const struct terminal_start *terminal_start(const struct run *run);

/* Steps. STAGE_OPEN: note the modes and the size. STAGE_STARTED: make the pumps, in run->loop. */
extern const struct step_kind kind_prepare_terminal;
extern const struct step_kind kind_relay;

/*
 * Take the terminal if this process is in its foreground: raw mode with a fresh pty, the size
 * passed on, input read. Otherwise try again from time to time. Also after a stop (SIGCONT).
 */
int terminal_attach(struct run *run);

/* Give it back as it was: before inro stops, and at every end. May be called twice. */
void terminal_detach(struct run *run);

/* Pass the size on (SIGWINCH). True where there is a pty whose size it is. */
bool terminal_resize(struct run *run);

/* A fresh pty is relayed. */
bool terminal_is_new(const struct run *run);

/*
 * The container has ended: read no more input, relay what it has written. 1 = all of it is out;
 * 0 = not yet, the loop ends when it is; or a negative errno.
 */
int terminal_drain(struct run *run);

/* Detach, and drop the pumps (their sources in the loop, their descriptors). */
void terminal_stop(struct run *run);

#endif
