/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_FREEZE_H
#define OCI_FREEZE_H

/* What pause and resume share. */

#include <stdbool.h>

#include "oci/verb.h"

/* Freeze or thaw a container by its id, and wait until it is so. */
int oci_freeze(struct oci_call *call, const char *id, bool frozen, struct inro_error *error);
int oci_freeze_verb(struct oci_call *call, bool frozen, int argc, char **argv);

#endif
