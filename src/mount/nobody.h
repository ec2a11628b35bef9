/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOUNT_NOBODY_H
#define MOUNT_NOBODY_H

#include "plan/plan.h"

/* Make the user namespace for the id-mapped mounts of system directories, in SLOT_USERNS. */
void nobody_add(struct plan *plan);

#endif
