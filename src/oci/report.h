/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_REPORT_H
#define OCI_REPORT_H

/* A container as `state` and `list` tell of it. */

#include "base/buf.h"
#include "oci/state.h"

/* One that is still without a state.json is "creating". Adds one JSON object. */
int oci_report(int state_fd, const char *id, struct arena *arena, struct buf *ret, struct inro_error *error);

/* RFC 3339, with nanoseconds. */
void oci_report_time(uint64_t time_ns, char text[static 48]);

#endif
