/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

/*
 * The engine walks a plan. The parent walks its lane up to clone3(2), maps and releases the child;
 * the child walks its own and executes the command; the parent reads the channel until it ends,
 * which says that the command runs, and walks the last lane. When a step fails, every step that
 * was done is undone in reverse order, and nothing is left.
 */

#include "plan/run.h"

/* Prepare RUN for PLAN: slots, states, trace. run_deinit() frees it. 0 or -ENOMEM. */
int run_init(struct run *run, const struct plan *plan);

/* Close every slot and free what run_init() made. The container must have ended. */
void run_deinit(struct run *run);

/* Start: on success the command runs. On failure all is undone. */
int engine_start(struct run *run, struct inro_error *error);

/* Kill and reap the child, if there is one. */
void engine_kill(struct run *run);

/* Undo the parent's steps, in reverse order. The container must have ended. */
void engine_undo(struct run *run);

/* Walk the steps of one lane; stops at the first that fails. Child-safe for LANE_CHILD. */
int engine_walk(struct run *run, enum stage first, enum stage last, struct inro_error *error);

/* The child's whole life after clone3(2). */
_Noreturn void child_main(struct run *run);

/* Complete an error that a step reported raw: its number, its words, its advice. */
void engine_complete_error(const struct run *run, const struct step *step, struct inro_error *error);

#endif
