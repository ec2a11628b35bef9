/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_SPEC_TEXT_H
#define OCI_SPEC_TEXT_H

/* The config.json that `spec` writes: a shell in a read-only root, to be changed by hand. */

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

/* ROOTLESS: for an ordinary user, with UID and GID as root inside. */
void oci_spec_text(bool rootless, uid_t uid, gid_t gid, struct buf *text);

#endif
