/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_NOTIFY_SOCKET_H
#define OCI_NOTIFY_SOCKET_H

/* A container that tells systemd when it is ready (sd_notify(3)). */

#include <sys/types.h>

#include "oci/start.h"

#define OCI_NOTIFY_DIR "notify" /* in the state directory */

/*
 * Where the runtime has a NOTIFY_SOCKET, and a container is made with start->state_fd: make the
 * directory of its socket, and add to CONFIG that it is mounted and named inside.
 */
int oci_notify_prepare(const struct oci_start *start, struct oci_config *config, struct arena *arena,
		       struct inro_error *error);

/*
 * Before the command runs: listen there. A descriptor; -ENOENT (no error is filled) where this
 * container, or this runtime, has none.
 */
int oci_notify_listen(int state_fd, struct inro_error *error);

/*
 * Wait until the container says that it is ready, or has ended (PIDFD), then tell it to whom the
 * runtime's NOTIFY_SOCKET belongs: ready, and which PID is the main one (0 = the runtime itself). Waits
 * until that has been seen. What cannot be told is a warning.
 */
void oci_notify_wait(int notify_fd, int pidfd, pid_t pid, struct oci_call *call);

#endif
