/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TTY_PTY_H
#define TTY_PTY_H

/* Steps around a fresh pty, the container's session and its standard descriptors. */

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

/* STAGE_OPEN: a pty of the host's, where the container has no devpts. No arguments. */
extern const struct step_kind kind_open_host_pty;

/* STAGE_TTY: a pty of the container's own devpts (SLOT_PTS), handed back to the parent. */
extern const struct step_kind kind_open_pty;

/* STAGE_TTY: a session of its own, without a terminal. No arguments. */
extern const struct step_kind kind_new_session;

/* STAGE_TTY: a session with the pty's slave as its terminal, in the caller's modes and size. */
struct control_args {
	uint32_t uid; /* whom the slave belongs to, inside */
};
extern const struct step_kind kind_control_terminal;

/* STAGE_TTY: the slave on /dev/console, where the mounts have made a place for it. No arguments. */
extern const struct step_kind kind_bind_console;

/* STAGE_OPEN: pipes between inro and the container. */
struct pipe_args {
	struct {
		int inner, outer; /* slots; SLOT_NONE = no pipe for this descriptor */
	} pipes[3];
};
extern const struct step_kind kind_open_pipes;

/* STAGE_TTY: what becomes 0, 1 and 2. */
struct stdio_args {
	int slots[3]; /* SLOT_NONE = the caller's own */
};
extern const struct step_kind kind_set_stdio;

#endif
