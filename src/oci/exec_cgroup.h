/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_EXEC_CGROUP_H
#define OCI_EXEC_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where a process is below a directory of its container's cgroup. DIR is that directory ("/sys/fs/
 * cgroup/memory/a/b"), GROUPS what /proc/PID/cgroup says, V2 which kind of hierarchy DIR is of. Writes
 * "c/d" to BELOW, "" where it is in DIR itself. False where it is not below DIR, as far as can be seen.
 */
bool oci_exec_cgroup_below(const char *dir, const char *groups, bool v2, char *below, size_t size);

#endif
