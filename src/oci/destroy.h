/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_DESTROY_H
#define OCI_DESTROY_H

/* The end of a container: what `delete` does, and what is done when its start has failed. */

#include "oci/state.h"
#include "oci/verb.h"

/*
 * Kill what runs in it, wait for its end, remove cgroups, remove its state, run poststop hooks. STATE
 * may be of a container that has no state.json (all zero, but for what place.json says). STATE_FD is
 * locked. Where it cannot be killed, or a cgroup not be removed, its state stays for another try.
 */
int oci_destroy(struct oci_call *call, int root_fd, int state_fd, const char *id, const struct oci_state *state,
		struct inro_error *error);

/* SIGKILL to its init, and wait until it has ended; 0 where there is none. */
int oci_kill_init(const struct oci_state *state, struct inro_error *error);

#endif
