/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A mount with the option remount: the attributes of the mount that is there already change, and
 * without bind the options of its file system too.
 */

#include <errno.h>
#include <linux/mount.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/target.h"
#include "oci/root.h"
#include "plan/run.h"

struct remount_args {
	const char *target;
	struct oci_look look;
	const char *const *config; /* NULL: the file system is left alone */
};

static int reconfigure(int target_fd, const struct remount_args *args, struct inro_error *error)
{
	cleanup_close int fd = sys_fspick(target_fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return error_raw(error, fd, "fspick", args->target);
	for (const char *const *pair = args->config; r == 0 && pair[0]; pair += 2)
		r = sys_fsconfig(fd, pair[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, pair[0],
				 pair[1], 0);
	if (r == 0)
		r = sys_fsconfig(fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
	return r < 0 ? error_raw(error, r, "fsconfig", args->target) : 0;
}

static int run_remount(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct remount_args *args = step->args;
	cleanup_close int fd = target_open(run_fd(run, SLOT_ROOT), args->target, TARGET_ANY, 0, 0);
	int r;

	if (fd < 0)
		return error_raw(error, fd, "openat2", args->target);
	r = args->config ? reconfigure(fd, args, error) : 0;
	return r < 0 ? r : oci_look_apply(run, fd, &args->look, args->target, error);
}

static void tell_remount(const struct step *step, struct buf *text)
{
	const struct remount_args *args = step->args;

	oci_look_tell(&args->look, text);
	for (const char *const *pair = args->config; pair && pair[0]; pair += 2)
		buf_printf(text, "%s%s%s%s", text->used ? ", " : "", pair[0], pair[1] ? "=" : "",
			   pair[1] ? pair[1] : "");
}

static void advise_remount(const struct step *step, const struct plan *plan,
			   struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == ENOENT)
		error_why(error, "there is nothing to be remounted");
	else if (error->code == EINVAL && strcmp(error->call, "fsconfig") != 0)
		error_why(error, "it is not a mount point");
	else if (error->code == EPERM)
		error_why(error, "flags that were set outside of this user namespace cannot be "
				 "cleared in it");
	else
		oci_advise_target(error);
}

static const struct step_kind kind_remount = {
	.name = "remount",
	.what = "change the mount on",
	.calls = "openat2, fspick, fsconfig, mount_setattr",
	.run = run_remount,
	.tell = tell_remount,
	.advise = advise_remount,
};

int oci_remount_add(struct oci_root *root, const struct oci_mount *mount,
		    const struct oci_mount_options *options, struct inro_error *error)
{
	struct remount_args *args = arena_alloc(&root->plan->arena, sizeof(*args));

	if (!args)
		return fail_memory(error);
	*args = (struct remount_args){
		.target = mount->destination,
		.look = {
			.own = options->own,
			.recursive = options->recursive,
			.propagation = options->propagation,
			.propagation_recursive = options->propagation_recursive,
			.tree = true,
			.userns_slot = SLOT_NONE,
		},
		.config = options->bind ? NULL : options->config,
	};
	plan_add(root->plan, STAGE_MOUNT, &kind_remount, mount->destination,
		 "mounts of config.json", args);
	return 0;
}
