/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is told to the kernel about a mount that was just made. Two calls at most: one for the mount
 * with all below it, one for the mount alone. Where nothing is below it, one does for both.
 */

#include <fcntl.h>
#include <linux/mount.h>

#include "base/buf.h"
#include "base/error.h"
#include "kernel/syscalls.h"
#include "oci/root.h"
#include "plan/run.h"

static struct oci_attributes join(const struct oci_attributes *first,
				  const struct oci_attributes *later)
{
	bool atime = (first->clear | later->clear) & MOUNT_ATTR__ATIME;
	uint64_t kept = later->clear & MOUNT_ATTR__ATIME ? first->set & ~(uint64_t)MOUNT_ATTR__ATIME
							 : first->set;
	struct oci_attributes both = {
		.set = (kept & ~later->clear) | later->set,
		.clear = (first->clear & ~later->set) | later->clear,
	};

	/* The kernel takes the times of access as a whole. */
	if (atime)
		both.clear |= MOUNT_ATTR__ATIME;
	return both;
}

struct oci_attributes oci_look_attributes(const struct oci_look *look)
{
	return join(&look->recursive, &look->own);
}

static int set(int fd, struct mount_attr *attr, bool recursive, const char *path,
	       struct inro_error *error)
{
	int r;

	if (!attr->attr_set && !attr->attr_clr && !attr->propagation)
		return 0;
	r = sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attr,
			      sizeof(*attr));
	return r < 0 ? error_raw(error, r, "mount_setattr", path) : 0;
}

static void add_idmap(struct run *run, const struct oci_look *look, struct mount_attr *attr)
{
	if (look->userns_slot == SLOT_NONE)
		return;
	attr->attr_set |= MOUNT_ATTR_IDMAP;
	attr->userns_fd = (uint64_t)run_fd(run, look->userns_slot);
}

int oci_look_apply(struct run *run, int fd, const struct oci_look *look, const char *path,
		   struct inro_error *error)
{
	struct mount_attr all = {
		.attr_set = look->recursive.set,
		.attr_clr = look->recursive.clear,
		.propagation = look->propagation_recursive ? look->propagation : 0,
	};
	struct mount_attr own = {
		.attr_set = look->own.set,
		.attr_clr = look->own.clear,
		.propagation = look->propagation_recursive ? 0 : look->propagation,
	};
	int r;

	if (!look->tree) {
		const struct oci_attributes both = oci_look_attributes(look);

		own = (struct mount_attr){
			.attr_set = both.set,
			.attr_clr = both.clear,
			.propagation = look->propagation,
		};
		add_idmap(run, look, &own);
		return set(fd, &own, false, path, error);
	}
	add_idmap(run, look, look->idmap_recursive ? &all : &own);
	r = set(fd, &all, true, path, error);
	return r < 0 ? r : set(fd, &own, false, path, error);
}

static void tell_one(const struct oci_attributes *attributes, struct buf *text)
{
	static const struct {
		uint64_t flag;
		const char *set, *clear;
	} names[] = {
		{ MOUNT_ATTR_RDONLY, "read-only", "writable" },
		{ MOUNT_ATTR_NOSUID, "nosuid", "suid" },
		{ MOUNT_ATTR_NODEV, "nodev", "dev" },
		{ MOUNT_ATTR_NOEXEC, "noexec", "exec" },
		{ MOUNT_ATTR_NODIRATIME, "nodiratime", "diratime" },
		{ MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow", "symfollow" },
		{ MOUNT_ATTR_NOATIME, "noatime", NULL },
		{ MOUNT_ATTR_STRICTATIME, "strictatime", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = attributes->set & names[i].flag     ? names[i].set
				   : attributes->clear & names[i].flag ? names[i].clear
								       : NULL;

		if (name)
			buf_printf(text, "%s%s", text->used ? ", " : "", name);
	}
}

void oci_look_tell(const struct oci_look *look, struct buf *text)
{
	static const struct {
		uint64_t type;
		const char *name;
	} types[] = {
		{ PROPAGATION_SHARED, "shared" },
		{ PROPAGATION_SLAVE, "slave" },
		{ PROPAGATION_PRIVATE, "private" },
		{ PROPAGATION_UNBINDABLE, "unbindable" },
	};

	tell_one(&look->own, text);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (look->propagation == types[i].type)
			buf_printf(text, "%s%s", text->used ? ", " : "", types[i].name);
	if (look->recursive.set || look->recursive.clear) {
		buf_printf(text, "%swith all below: ", text->used ? "; " : "");
		struct buf below = { 0 };

		tell_one(&look->recursive, &below);
		buf_puts(text, buf_text(&below));
		buf_deinit(&below);
	}
	if (look->userns_slot != SLOT_NONE)
		buf_printf(text, "%sid-mapped", text->used ? ", " : "");
}
