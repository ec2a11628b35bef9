/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_UNSEEN_H
#define CLI_UNSEEN_H

#include <stddef.h>

#include "base/procfs.h"

/*
 * Say on standard error what a listing could not see: processes that may not be looked at, those
 * that are hidden, and that /proc is mounted for another PID namespace.
 */
void unseen_note(const char *verb, size_t n_denied, struct procfs_sight sight);

#endif
