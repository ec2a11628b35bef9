/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_START_H
#define OCI_START_H

/*
 * Making a container of a bundle, and starting it: what `create`, `start` and `run` do. `create` walks
 * the plan until init waits at exec.fifo; `start` lets it go. `run` in the foreground is one walk, in
 * which init never waits; `run --detach` is create and start.
 */

#include <stdbool.h>

#include "oci/config.h"
#include "oci/state.h"
#include "oci/verb.h"

/* What the verb said, and what its features share; config->start points here. */
struct oci_start {
	struct oci_call *call;
	const char *id;
	const char *bundle;         /* as given; NULL = the current directory */
	bool waits;                 /* init waits at exec.fifo: create, and run --detach */
	const char *pid_file, *console_socket, *pidfd_socket;
	unsigned preserve_fds;
	bool no_pivot, no_new_keyring;
	bool executes;              /* `exec`: another process in a container that is there */
	const struct oci_filter *filter; /* exec: the one that the container has; NULL */
	const char *sub_cgroup;     /* exec: below the cgroup of the container's init; NULL */
	bool keep;                  /* run: its state stays when it has ended */

	/* Filled while it is made. */
	int root_fd, state_fd;      /* the directory of states, and this container's */
	struct oci_state *state;    /* what is going to be written: features add what they know */
};

/*
 * Make the container; on success init waits (start->waits) or has run, and *ret_status is how it ended.
 * On failure nothing is left. The state directory is made here.
 */
int oci_start_make(struct oci_start *start, int *ret_status, struct inro_error *error);

/*
 * Let a created container's init go on, and wait until it has executed its command. Poststart hooks
 * run after that. STATE_FD is locked by the caller.
 */
int oci_start_go(struct oci_call *call, int state_fd, const struct oci_state *state, struct inro_error *error);

/*
 * The rest of the way from a spec, of create, run and exec: gather facts, resolve, walk; and where it
 * does not wait (start->waits), stay with it until it has ended, *ret_status as a shell would say it.
 */
struct spec;
int oci_start_walk(const struct oci_start *start, struct spec *spec, int *ret_status, struct inro_error *error);

/* Fill the parts of the spec that features shared with `inro run` read. */
int oci_fill(struct spec *spec, const struct oci_config *config, struct inro_error *error);

/* The part of that which `exec` has, too: the command, its limits and what else is one process's. */
int oci_fill_process(struct spec *spec, const struct oci_config *config, struct inro_error *error);

/* Set an option of a feature that is in the spec: as `--NAME VALUE` of inro run. */
int oci_fill_option(struct spec *spec, const char *name, const char *value, struct inro_error *error);

#endif
