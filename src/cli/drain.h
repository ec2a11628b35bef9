/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DRAIN_H
#define CLI_DRAIN_H

/* A signal to all processes of a PID namespace but its PID 1. */

#include <stdbool.h>

struct inro_error;

/* Is it the caller's own PID namespace, or one that the caller is in by its parents? */
bool drain_is_own(int pidns_fd);

/*
 * Send it from inside by one kill(-1). Those of namespaces below get it, too. 0 also where there is
 * nobody. NAME is for the error.
 */
int drain(int pidns_fd, const char *name, int number, struct inro_error *error);

#endif
