/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOUNT_STEPS_H
#define MOUNT_STEPS_H

/*
 * What mounting adds to a plan: one function per kind of thing, each in the file that also runs it.
 * All return 0 or -ENOMEM (through plan_seal()), but for those that say what they refuse.
 */

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

struct inro_error;

/* TARGET_NEW where the root is a tmpfs of ours, in which mount points are not there yet. */
unsigned root_target_flags(const struct plan *plan);

/* The types of mount(2), here because <sys/mount.h> clashes with <linux/mount.h>. */
enum {
	PROPAGATION_UNBINDABLE = 1 << 17, /* MS_UNBINDABLE and so on */
	PROPAGATION_PRIVATE = 1 << 18,
	PROPAGATION_SLAVE = 1 << 19,
	PROPAGATION_SHARED = 1 << 20,
};

/* How a path is shown: read-only and the like, as MOUNT_ATTR_* to set and to clear. */
struct mount_flags {
	uint64_t set, clear;
	uint64_t propagation; /* MS_PRIVATE and its like */
	bool recursive;
};

/*
 * Take a host path (opened now, cloned as a tree in the mount namespace where that is allowed).
 * Returns the slot in which the detached tree will be. With OPTIONAL a missing source leaves the
 * slot empty. IDMAP: with the ids of SLOT_USERNS.
 */
struct mount_source {
	const char *path;
	struct mount_flags flags;
	bool optional;
	bool idmap;
	bool *no_idmap; /* set instead of failing, where it cannot be id-mapped; NULL */
};
int mount_take(struct plan *plan, const struct mount_source *source, const char *why);

/*
 * Child: move the tree of a slot to its place. Where one of its mounts holds a mount namespace (`inro
 * keep`) that is younger than ours, the kernel sees a loop (-ELOOP); the copy of the same mounts that
 * our own mount namespace got has no such mount, so the tree is taken from there, and checked to be the
 * same. mount_retake() does that alone: 0, or a negative errno.
 */
int mount_move(struct run *run, int slot, int target_fd, const char *target, unsigned flags);
int mount_retake(struct run *run, int slot, struct inro_error *error);

/* "read-only, nosuid": MOUNT_ATTR_* in words, for --explain. */
void mount_tell_attributes(uint64_t attributes, struct buf *text);

/* Make a missing source directory on the host first (`:create`). */
void mount_create_source(struct plan *plan, const char *source);

/* Place a taken tree on TARGET; makes a directory or a file there to match. */
void mount_place(struct plan *plan, int slot, const char *target, unsigned target_flags,
		 const char *why);

/*
 * Mount a new file system of TYPE on TARGET: CONFIG is key, value, key, value, …, NULL (a flag has
 * the value NULL behind its key, so pairs are always complete). ATTRIBUTES are MOUNT_ATTR_*.
 * SLOT: where to keep the mount's descriptor, or SLOT_NONE.
 */
struct mount_fs {
	const char *type;
	const char *target;
	const char *const *config;
	unsigned attributes;
	unsigned target_flags;
	mode_t mode;  /* of a mount point that must be made */
	int slot;
	const char *fallback_source; /* a path whose tree is bound there when the kernel refuses */
};
struct step *mount_new_fs(struct plan *plan, enum stage stage, const struct mount_fs *fs,
			  const char *why);

/*
 * Child-safe: make that mount, to be seen by nobody yet. MORE: further pairs, NULL. Its descriptor,
 * or a negative errno and in *ret_call which call answered so.
 */
int mount_make_fs(const struct mount_fs *fs, const char *const *more, const char **ret_call);

/*
 * Child-safe: the tree at a path, read-only, nosuid, nodev and noexec, to be mounted where a new file
 * system of that kind is refused. Its descriptor or a negative errno.
 */
int mount_take_read_only(const char *path);

/* Take the procfs of the PID namespace that is joined; its slot, for mount_place(). */
int mount_joined_proc(struct plan *plan);

/* The options of a tmpfs, as pairs for mount_fs.config. */
const char *const *mount_tmpfs_config(struct plan *plan, const struct spec_mount *mount);

/* Make a directory, a link, a file with a content, in the new root. */
void mount_make_dir(struct plan *plan, const char *target, mode_t mode, const char *why);
void mount_make_symlink(struct plan *plan, const char *target, const char *link, const char *why);
void mount_make_file(struct plan *plan, const char *target, const char *text, int fd, mode_t mode,
		     bool read_only, const char *why);
void mount_touch(struct plan *plan, const char *target, const char *why);

/* The frame: own mount namespace, new root, the change to it. */
void root_begin(struct plan *plan);
void root_new_tmpfs(struct plan *plan);
void root_from_tree(struct plan *plan, int slot, const char *dir);
void root_finish(struct plan *plan, bool read_only);
void root_keep(struct plan *plan);
void root_need_scratch(struct plan *plan);

/* What the scratch tmpfs always holds. */
#define SCRATCH_EMPTY_DIR "empty"
#define SCRATCH_EMPTY_FILE "nothing"

/* Put a writable layer over a taken tree, on TARGET ("/" = as the new root itself). It is kept in
 * the taken tree of DIR_SLOT, thrown away with SLOT_NONE. */
void overlay_add(struct plan *plan, int lower_slot, const char *target, int dir_slot,
		 const char *why);

/* Hide TARGET behind something empty; make read-only, or a mount
 * point of its own (which cannot be renamed or removed), what must not be seen, written, exchanged. */
void mask_hide(struct plan *plan, enum stage stage, const char *target, bool optional,
	       const char *why);
int mask_cover(struct run *run, const char *path, struct inro_error *error); /* child-safe */
/* REQUIRED: what is not there is a failure. */
void mask_read_only(struct plan *plan, const char *target, bool required, const char *why);
void mask_pin(struct plan *plan, const char *target, const char *why);
/* For the host's root: a procfs or sysfs that is mounted on TARGET, its descriptor in SLOT. */
void mask_proc_defaults(struct plan *plan, const char *target, int slot);
void mask_sys_defaults(struct plan *plan, const char *target, int slot);

#endif
