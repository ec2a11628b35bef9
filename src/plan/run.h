/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_RUN_H
#define PLAN_RUN_H

/*
 * A plan while it runs: what the run functions of the steps see. The engine makes one; the child
 * has a copy of its own from clone on.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "inro/error.h"
#include "plan/plan.h"

struct inro_result;
struct loop;
struct terminal;
struct supervisor;
struct record;

/* When a step began and ended, CLOCK_MONOTONIC nanoseconds; in memory that both sides share. */
struct trace_entry {
	uint64_t begin, end;
};

/*
 * Memory that parent and child share: the child reports here, so that no filter it has installed on
 * itself can keep it from telling why it failed.
 */
struct run_shared {
	struct inro_error error;
	bool at_exec; /* the child came as far as execve(2) */
	bool created; /* it waits to be started */
	pid_t pid;    /* as the parent counts it, once it is known there: for the words of hooks inside */
	/* Followed by the trace and the states. */
};

struct run {
	const struct plan *plan;
	int *slots;              /* plan->n_slots descriptors; -EBADF where closed */
	pid_t pid;               /* the container's PID 1, as the caller sees it; 0 before clone */
	int pidfd;
	pid_t parent_pid;        /* inro itself, as it sees itself */
	struct run_shared *shared;
	struct trace_entry *trace; /* by step index; in shared memory; NULL without --trace */
	uint8_t *state;          /* by step index, in shared memory: enum step_state */
	bool child;              /* this copy is the child's */

	/* Parent only, from clone on. Steps of STAGE_STARTED add their sources to the loop. */
	struct loop *loop;
	struct inro_result *result; /* filled when it ends; a limit that ends it sets `end` first */
	bool ending;             /* somebody has begun to end the container; see run_end() */
	int end_number;          /* the signal run_end() was called with; 0 before */
	uint64_t started_ns;     /* CLOCK_MONOTONIC, when the child was cloned; 0 = not noted */
	struct terminal *terminal;     /* src/tty's, from STAGE_OPEN on; NULL where nothing is relayed */
	struct supervisor *supervisor; /* the engine's, while it waits */
	struct record *record;         /* src/state's, from STAGE_OPEN on; NULL where none is kept */
};

enum step_state {
	STEP_PENDING,
	STEP_DONE,
	STEP_SKIPPED, /* optional, and failed */
	STEP_SECOND,  /* done by its second way */
};

static inline int run_fd(const struct run *run, int slot)
{
	return run->slots[slot];
}

/* Store a descriptor (or a negative errno, which is returned) in a slot. Child-safe. */
static inline int run_store(struct run *run, int slot, int fd)
{
	if (fd < 0)
		return fd;
	run->slots[slot] = fd;
	return 0;
}

/* Say that the step took its second way; for the trace and the applied list. Child-safe. */
static inline void run_second_way(struct run *run, const struct step *step)
{
	run->state[step->number - 1] = STEP_SECOND;
}

/*
 * Child: hand descriptor FD to the parent, where it will fill the slot. Child-safe; the parent
 * receives it before it learns that exec succeeded. 0 or a negative errno.
 */
int run_hand_back(struct run *run, int slot, int fd);

/*
 * Parent: end the container for REASON (enum inro_end): NUMBER is sent to its PID 1 (SIGKILL where
 * it would ignore it), and SIGKILL after GRACE_NS (0 = at once). The first reason stays.
 */
int run_end(struct run *run, int reason, int number, uint64_t grace_ns);

/*
 * Parent: the user typed the interrupt or quit character (NUMBER: SIGINT, SIGQUIT) at a terminal
 * that inro relays; 0: something else. TO_INIT: PID 1's group is in the foreground, so PID 1 is about
 * to get the signal; where it would drop it, the container is ended instead.
 */
int run_interrupted(struct run *run, int number, bool to_init);

#endif
