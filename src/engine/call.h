/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_CALL_H
#define ENGINE_CALL_H

/*
 * Two places where a child waits that a container of an engine has, and `inro run` has not: before it
 * changes its root, for what its parent does by then, and before it executes the command, for whoever
 * starts it.
 */

#include "plan/plan.h"

struct run;

/* Let the child wait in STAGE_CALL until the parent has walked STAGE_CALLED. May be called again. */
void plan_call_parent(struct plan *plan);

/*
 * The child: give the parent descriptor FD for plan->handed_slot, and wait until it has walked
 * STAGE_HANDED. 0, a negative errno, or -EPIPE where the parent has failed and tells why itself.
 */
int call_hand_over(struct run *run, int fd);

/*
 * Let the child say that all is made, and wait until a byte comes from EXEC_SLOT (a FIFO that it has
 * open for reading and writing). From then on its parent may be gone. What fails later is written to
 * WORD_SLOT as a struct inro_error; both are closed by exec. All else that came from the parent it has closed
 * by then (process/fds.c), and so lets go of locks which that has.
 */
void plan_await_start(struct plan *plan, int exec_slot, int word_slot);

/*
 * Look the command up in the container, so that one that is not there fails before it is started.
 * Call it once the exec step stands in the plan.
 */
void plan_find_command(struct plan *plan);

#endif
