/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_ROOT_H
#define OCI_ROOT_H

/*
 * The root file system of a container of config.json, between the files that make it: root.c lays
 * it and changes to it; bind.c, new_fs.c, remount.c and cgroup_mount.c mount on it; devices.c and
 * masks.c do what the runtime itself adds.
 */

#include <stdbool.h>
#include <stdint.h>

#include "mount/steps.h"
#include "oci/cgroup_mount.h"
#include "oci/config.h"
#include "oci/mount_options.h"
#include "plan/plan.h"

struct inro_error;
struct run;

/* The feature's part of the spec. */
struct oci_root_spec {
	bool selinux;  /* gathered: SELinux is there, so a label can be given to mounts */
	bool unified;  /* gathered: /sys/fs/cgroup is cgroup v2 */
	size_t n_fds;  /* gathered: how many descriptors may be open, RLIMIT_NOFILE */
	struct oci_hierarchies
		hierarchies; /* gathered where a cgroup mount is asked for, and it is not */
};
extern const struct feature feature_oci_root;

/* What is shared while the steps are added. */
struct oci_root {
	struct plan *plan;
	const struct oci_config *config;
	const struct oci_root_spec *part;
	bool by_parent; /* who starts the container may clone mount trees itself */
	bool joined;    /* the mount namespace is: others are in it */
	uint64_t propagation; /* of what comes from the host, where nothing was said; 0 = as it is */
	/* The mounts on these places, for what is done below them; SLOT_NONE. */
	int proc_slot, sys_slot, dev_slot;
	size_t n_trees;     /* that are held open until they are mounted */
	bool dev_is_bind;   /* /dev comes from the host: nothing is made in it */
	bool dev_has_nodev; /* no device node works in it that is not a mount of its own */
	struct oci_seal {
		int slot;
		const char *path;
	} *seals; /* mounts that become read-only once everything is made in them */
	size_t n_seals;
};

/*
 * Where PATH is found: a mount of ours on /proc, /sys or /dev where one is there by now, since
 * that stays itself whatever becomes of the directory it stands on; else the root. *RET_PATH is
 * PATH from there, "" for the mount itself.
 */
int oci_root_base(const struct oci_root *root, const char *path, const char **ret_path);

/* Remember the mount on PATH, where it is one of those; returns its slot, or SLOT_NONE. */
int oci_root_keep_slot(struct oci_root *root, const char *path);

/*
 * What is told to the kernel about a mount or a tree of mounts, once it is made: attributes,
 * propagation, id map.
 */
struct oci_look {
	struct oci_attributes own, recursive;
	uint64_t propagation;
	bool propagation_recursive;
	bool tree;       /* there may be mounts below it */
	int userns_slot; /* the id map; SLOT_NONE */
	bool idmap_recursive;
};

/* Child-safe. FD is the mount or a detached tree. PATH is for the error. */
int oci_look_apply(struct run *run, int fd, const struct oci_look *look, const char *path,
		   struct inro_error *error);

/* Those attributes as one set, for a mount with nothing below it. */
struct oci_attributes oci_look_attributes(const struct oci_look *look);

/* "read-only, nosuid, slave, with all below", for --explain. */
void oci_look_tell(const struct oci_look *look, struct buf *text);

/* Each adds its steps: 0 or a negative errno with the error filled. */
int oci_mounts_add(struct oci_root *root, struct inro_error *error);
int oci_bind_add(struct oci_root *root, const struct oci_mount *mount,
		 struct oci_mount_options *options, struct inro_error *error);
int oci_remount_add(struct oci_root *root, const struct oci_mount *mount,
		    const struct oci_mount_options *options, struct inro_error *error);
int oci_new_fs_add(struct oci_root *root, const struct oci_mount *mount,
		   struct oci_mount_options *options, struct inro_error *error);
int oci_cgroup_mount_add(struct oci_root *root, const struct oci_mount *mount,
			 const struct oci_mount_options *options, struct inro_error *error);
int oci_devices_add(struct oci_root *root, struct inro_error *error);
int oci_masks_add(struct oci_root *root, struct inro_error *error);
int oci_workdir_add(struct oci_root *root, struct inro_error *error);

/* For what is executed in a container that is there: plan->settled.workdir below its own root. */
int oci_workdir_add_joined(struct plan *plan, struct inro_error *error);

/* The slot of a user namespace with the id map of MOUNT: its own, or the container's. */
int oci_idmap_slot(struct oci_root *root, const struct oci_mount *mount,
		   const struct oci_mount_options *options, int *ret_slot, struct inro_error *error);

/* Once everything is made: the mount of SLOT read-only. */
void oci_seal_later(struct oci_root *root, int slot, const char *path);

/* TARGET_NO_LINKS for what must stand at its very place. TYPE: "" for a bind mount. */
unsigned oci_target_flags(const char *type, const char *target);

/* For the advise() of all of these: what an errno means about a mount point. */
void oci_advise_target(struct inro_error *error);

#endif
