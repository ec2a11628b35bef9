/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A container that was started --nestable gets its v2 group handed over, as cgroups(7) tells to
 * delegate: the directory and the three files by which processes are placed and controllers handed
 * on. The files of the limits stay whose they are, so that the container cannot lift its own.
 *
 * Where the group has controllers to give, its processes must stand in a leaf of it. The child is
 * born in the group itself, since that becomes the root of its cgroup namespace, and moves on to the
 * leaf at once. An inro inside finds itself in a leaf of inro's and makes its groups beside it.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cgroup/dir.h"
#include "cgroup/layout.h"
#include "cgroup/steps.h"

static int hand_over(int dir_fd, const struct cgroup_delegate_args *args)
{
	static const char *const files[] = { "cgroup.procs", "cgroup.threads", "cgroup.subtree_control" };

	if (!args->chown)
		return 0;
	if (fchown(dir_fd, args->uid, args->gid) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (fchownat(dir_fd, files[i], args->uid, args->gid, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
	return 0;
}

static int make_leaf(struct run *run, const struct cgroup_delegate_args *args)
{
	int dir_fd = run_fd(run, args->slot);
	cleanup_close int leaf = -EBADF;
	int r;

	if (mkdirat(dir_fd, CGROUP_LEAF_NAME, 0755) < 0)
		return -errno;
	leaf = cgroup_open_below(dir_fd, CGROUP_LEAF_NAME);
	r = leaf < 0 ? leaf : hand_over(leaf, args);
	return r < 0 ? r : run_store(run, args->leaf_slot, cgroup_open_file(leaf, "cgroup.procs", O_WRONLY));
}

static int run_delegate(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct cgroup_delegate_args *args = step->args;
	int r = hand_over(run_fd(run, args->slot), args);

	if (r < 0)
		return error_raw(error, r, "fchown", step->object);
	r = args->leaf_slot == SLOT_NONE ? 0 : make_leaf(run, args);
	return r < 0 ? error_raw(error, r, "mkdir", CGROUP_LEAF_NAME) : 0;
}

/* The leaf goes with the group. */
static void undo_delegate(struct run *run, const struct step *step)
{
	const struct cgroup_delegate_args *args = step->args;

	if (args->leaf_slot != SLOT_NONE)
		run->slots[args->leaf_slot] = fd_close(run_fd(run, args->leaf_slot));
}

const struct step_kind kind_cgroup_delegate = {
	.name = "delegate-cgroup",
	.what = "hand over the cgroup to",
	.calls = "fchownat, mkdir",
	.run = run_delegate,
	.undo = undo_delegate,
};

static int run_enter_leaf(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct cgroup_delegate_args *args = step->args;

	if (write(run_fd(run, args->leaf_slot), "0", 1) < 0)
		return error_raw(error, -errno, "write", step->object);
	return 0;
}

const struct step_kind kind_cgroup_enter_leaf = {
	.name = "enter-leaf",
	.what = "enter the leaf",
	.calls = "write",
	.run = run_enter_leaf,
};
