/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CGROUP_MOUNT_H
#define OCI_CGROUP_MOUNT_H

/* Which cgroup hierarchies the host shows below /sys/fs/cgroup, for a container to see. */

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct oci_hierarchy {
	const char *name;        /* of its directory: "memory", "unified"; "" = the top itself */
	const char *controllers; /* as in /proc/PID/cgroup: "name=systemd"; "" for v2 */
	const char *mount;       /* where it is on the host */
	const char *root;        /* the group that is shown there as the top */
	bool v2;
};

struct oci_hierarchies {
	struct oci_hierarchy *list;
	size_t n;
};

/* From the text of /proc/self/mountinfo (which is cut up) and /proc/self/cgroup. 0 or -ENOMEM. */
int oci_hierarchies_parse(struct arena *arena, char *mountinfo, const char *groups,
			  struct oci_hierarchies *ret);

#endif
