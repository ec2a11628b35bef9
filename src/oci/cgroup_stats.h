/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CGROUP_STATS_H
#define OCI_CGROUP_STATS_H

/* What a container has used, as `events` prints it: the JSON object that runc's callers read. */

#include "base/buf.h"
#include "oci/cgroup.h"

void oci_cgroup_stats(const struct oci_cgroup_dirs *dirs, struct buf *ret);

#endif
