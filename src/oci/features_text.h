/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_FEATURES_TEXT_H
#define OCI_FEATURES_TEXT_H

/* The features document of the spec: what this runtime knows, whatever the host has of it. */

#include "base/arena.h"
#include "base/buf.h"

/* 0 or -ENOMEM. */
int oci_features_text(struct arena *arena, struct buf *text);

#endif
