/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOUNT_DEV_H
#define MOUNT_DEV_H

#include "plan/plan.h"

/* A /dev with the usual devices, terminals, shared memory and message queues, on TARGET. */
void dev_add(struct plan *plan, const char *target, const char *why);

#endif
