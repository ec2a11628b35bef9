/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_SUPERVISE_H
#define ENGINE_SUPERVISE_H

/*
 * inro's life while a container runs: one loop over the pidfd, the signals, the terminal, and
 * whatever the steps of STAGE_STARTED added to run->loop (limits of time, logs).
 *
 * The engine makes run->loop and sets run->result before STAGE_STARTED, calls supervise(), undoes
 * the steps, and frees the loop last.
 */

#include <stdbool.h>
#include <stdint.h>

#include "inro/run.h"
#include "plan/run.h"

struct loop_source;

struct supervisor {
	struct run *run;
	int proc_fd;        /* with the caller's numbers; negative where there is none */
	int signal_fd;
	struct loop_source *exit_source, *signal_source, *kill_timer, *look_timer;
	char look_name[64]; /* what PID 1 was when it was sent look_number */
	int look_number;
	bool is_init;       /* the container's first process is PID 1 of its PID namespace */
	bool reaps_others;  /* this process is PID 1 or a subreaper */
	bool stopped;       /* the container stands still, since inro was stopped */
	bool ended;         /* and reaped */
	int typed;          /* the last signal that came from the terminal */
	uint64_t unsure;    /* signals sent without knowing whether they would be dropped: bit N-1 */
	uint64_t begin_ns;
	int r;              /* why waiting failed */
};

/*
 * Wait until the container has ended and all its output is relayed; *ret says how it ended. Leaves
 * signals and terminal as they were. On failure (a negative errno) the container may still live.
 */
int supervise(struct run *run, struct inro_result *ret, struct inro_error *error);

/* Send a signal to PID 1, or to its whole process group where it leads one. */
int supervise_send(struct supervisor *supervisor, int number, bool group);

/*
 * The PID 1 rule for a signal that is about to be sent: ends the container where PID 1 would drop
 * it. 1 = it was ended.
 */
int supervise_default_action(struct supervisor *supervisor, int number);

/* Let every process of the container stand still, or go on. */
void supervise_stop(struct supervisor *supervisor);
void supervise_continue(struct supervisor *supervisor);

/* Reap what became this process's child and keeps the container from ending. */
void supervise_reap_others(struct supervisor *supervisor);

#endif
