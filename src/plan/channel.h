/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_CHANNEL_H
#define PLAN_CHANNEL_H

/*
 * What parent and child say to each other over the close-on-exec SOCK_SEQPACKET pair. Each packet
 * is one struct channel_message, or its first bytes up to what its type needs.
 *
 * Parent to child: CHANNEL_RELEASE, once, and as the answer to CHANNEL_CALL, by which the child
 * asks for the steps of STAGE_CALLED (step 0) or STAGE_HANDED (step 1), and to CHANNEL_READY, by
 * which a child that is going to outlive its parent asks whether that has written down all it must.
 * Child to parent: CHANNEL_HAND_BACK with one descriptor (SCM_RIGHTS) for a slot; CHANNEL_ERROR,
 * after which it exits. Without --init the end of file means that exec succeeded. inro's own init
 * keeps the channel open (its life line: end of file there means that inro is gone), so it says
 * CHANNEL_STARTED when the command runs, and CHANNEL_ENDED with its wait status when it has ended:
 * as PID 1 it cannot end by a signal itself. It runs with the command's ids, so that the command
 * could speak in its place: believe only these three of it.
 *
 * No pointers, fixed widths: inro-init is compiled with another libc. Included by both.
 */

#include <stdint.h>

#include <inro/error.h>

enum channel_type {
	CHANNEL_RELEASE = 1,
	CHANNEL_HAND_BACK,
	CHANNEL_STARTED,
	CHANNEL_ERROR,
	CHANNEL_ENDED,
	CHANNEL_CALL,
	CHANNEL_READY,
};

struct channel_message {
	uint32_t type;
	int32_t slot;  /* CHANNEL_HAND_BACK: which */
	int32_t step;  /* CHANNEL_ERROR: index of the step that failed, -1 = inro-init; CHANNEL_CALL: which */
	int32_t status; /* CHANNEL_ENDED: of the command, as waitpid(2) gives it */
	struct inro_error error;
};

/* The size of a packet without an error. */
#define CHANNEL_SHORT 16

#endif
