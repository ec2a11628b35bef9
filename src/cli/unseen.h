/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_UNSEEN_H
#define CLI_UNSEEN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Say on standard error what a listing could not see: processes that may not be looked at, and that
 * /proc is mounted for another PID namespace.
 */
void unseen_note(const char *verb, size_t n_denied, bool foreign);

#endif
