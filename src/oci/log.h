/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LOG_H
#define OCI_LOG_H

/* One line of an engine's log: JSON {"level","msg","time"} with RFC 3339, or logfmt text. */

#include "base/buf.h"
#include "oci/verb.h"

void oci_log_line(enum oci_log_format format, const char *level, const char *message, struct buf *ret);

#endif
