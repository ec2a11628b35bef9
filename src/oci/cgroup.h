/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CGROUP_H
#define OCI_CGROUP_H

/*
 * The cgroups of a container: where they are (struct oci_cgroup_place, kept in its state), their
 * directories, and what is done with them. On pure v2 there is one; on v1 one in every hierarchy; a
 * hybrid host has both, and then v1 has the controllers, and v2 is what all is killed, stopped and
 * counted by. Functions return 0 or a negative errno; -ENOENT where there is no cgroup.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup/group.h"
#include "oci/state.h"
#include "plan/facts.h"

struct inro_error;

enum oci_controller {
	OCI_CPU,
	OCI_CPUACCT,
	OCI_CPUSET,
	OCI_MEMORY,
	OCI_DEVICES,
	OCI_FREEZER,
	OCI_IO,
	OCI_PIDS,
	OCI_HUGETLB,
	OCI_RDMA,
	OCI_NET_CLS,
	OCI_NET_PRIO,
	OCI_CONTROLLERS,
};

/* The name on v2 or v1; NULL where that version has none. */
const char *oci_controller_name(enum oci_controller controller, bool v2);

/* Those of a list ("cpu,cpuacct"), as a mask of 1 << controller. */
unsigned oci_controllers_parse(const char *list, bool v2);

/* The hierarchies of this host, and where the caller stands in them if that matters for PATH. */
int oci_cgroup_look(const char *path, struct cgroup_facts *facts, struct arena *arena);

/*
 * Where PATH (linux.cgroupsPath; NULL = none was said) leads on that host, below each mount: "/a/b".
 * The caller's own group comes in where PATH is not absolute, as with runc: on v1 below it, on v2 beside
 * it, since it has processes. OWN is facts' own_path of that hierarchy. In the arena; NULL = -ENOMEM.
 */
const char *oci_cgroup_inner(const char *path, const char *id, const char *own, bool v2,
			     struct arena *arena);

/* MOUNT and INNER as one path. */
const char *oci_cgroup_join(const char *mount, const char *inner, struct arena *arena);

/*
 * The deepest directory below MOUNT on the way to INNER that is there: may the caller make groups in it
 * (or, where it is INNER itself, place processes there)?
 */
bool oci_cgroup_may_make(const char *mount, bool v2, const char *inner);

enum { OCI_HIERARCHIES = 16 };

/* The open directories of a place. */
struct oci_cgroup_dirs {
	int v2; /* -EBADF where there is none */
	size_t n_v1;
	struct {
		unsigned controllers;
		int fd;
	} v1[OCI_HIERARCHIES];
};

/* Open what is there of a place; what is gone is left out. Close with oci_cgroup_close(). */
int oci_cgroup_open(const struct oci_cgroup_place *place, struct oci_cgroup_dirs *ret);
void oci_cgroup_close(struct oci_cgroup_dirs *dirs);
#define cleanup_cgroup_dirs cleanup(oci_cgroup_close)

/* The directory that has the controller: v1's where one has it, or v2's. -EBADF. */
int oci_cgroup_dir(const struct oci_cgroup_dirs *dirs, enum oci_controller controller);

/* What stands for all of it: v2, the freezer, any. -EBADF. */
int oci_cgroup_any(const struct oci_cgroup_dirs *dirs);

/* The same as src/cgroup sees it; the descriptors stay with DIRS. */
void oci_cgroup_group(const struct oci_cgroup_dirs *dirs, struct cgroup_group *ret);

/* Send a signal to every process in it and below. */
int oci_cgroup_kill(const struct oci_cgroup_place *place, int number);

/* Stop or resume all that is in it; -ENOTSUP where nothing can. */
int oci_cgroup_freeze(const struct oci_cgroup_place *place, bool frozen);
bool oci_cgroup_frozen(const struct oci_cgroup_place *place);

/* The processes in it and below, in rising order, on the heap. */
int oci_cgroup_pids(const struct oci_cgroup_place *place, pid_t **ret, size_t *ret_n);

/* Kill what is left, wait for it, remove the groups that this container made. 0 where none is there. */
int oci_cgroup_remove(const struct oci_cgroup_place *place);

/*
 * Remove what a start made that was killed before it had a process of whom anything is known. That died
 * with it, so nothing is killed: the place was written down before it was known whether it is free, and
 * whoever is in there now is not ours.
 */
int oci_cgroup_remove_left(const struct oci_cgroup_place *place);

/*
 * Did the kernel kill a process of it for want of memory? *ret_limit is how much it may have, also where
 * it did not; untouched where there is no limit.
 */
bool oci_cgroup_was_oom(const struct oci_cgroup_place *place, uint64_t *ret_limit);

#endif
