/* SPDX-License-Identifier: Apache-2.0 */

/*
 * --disable-userns: no user namespace can be made inside, and so nobody gets capabilities there,
 * even in a namespace of its own: much of the kernel can be reached only with those.
 *
 * The limit user.max_user_namespaces exists per user namespace and holds for those created in it
 * and below. The child sets its own to 0 while it still has its capabilities. To raise it again
 * takes CAP_SYS_RESOURCE in that namespace: nothing in the container has it, or can gain it by
 * executing something, since the bounding set lacks it. (That is why a second, nested user
 * namespace, the usual way, is not needed; and why the two options exclude each other.)
 *
 * Which namespace's limit a file below /proc/sys/user is, follows from who opens it, not from the
 * procfs it is in. So the parent's serves, held since before anything was entered, where the child
 * has none of its own.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/parse.h"
#include "base/procfs.h"
#include "base/setters.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_no_userns;

struct no_userns_spec {
	bool on;
};

static int run_limit_userns(struct run *run, const struct step *step, struct inro_error *error)
{
	cleanup_close int fd = procfs_open_at(run_fd(run, SLOT_HOST_PROC),
					      "sys/user/max_user_namespaces", O_WRONLY);
	int r;

	(void)step;
	if (fd < 0)
		return error_raw(error, fd, "openat2", NULL);
	r = fd_write_all(fd, "0", 1);
	return r < 0 ? error_raw(error, r, "write", NULL) : 0;
}

static void advise_limit_userns(const struct step *step, const struct plan *plan,
				struct inro_error *error)
{
	(void)step;
	(void)plan;
	switch (error->code) {
	case EXDEV:
	case EROFS:
	case EACCES:
		error_why(error,
			  "/proc/sys is read-only or masked here, as inside of most containers");
		error_hint(error,
			   "start inro outside of that container, or in one that is nestable");
		break;
	case ENOENT:
		error_why(error,
			  "this kernel or the procfs here does not have user.max_user_namespaces");
		break;
	default:
		break;
	}
}

static const struct step_kind kind_limit_userns = {
	.name = "disable-userns",
	.what = "set user.max_user_namespaces to",
	.calls = "openat2, write",
	.run = run_limit_userns,
	.advise = advise_limit_userns,
};

part_flag_setter(disable_userns, no_userns_spec, feature_no_userns, on)

static const struct option_row options[] = {
	{
		.name = "disable-userns",
		.form = OPTION_FLAG,
		.help = "no further user namespaces inside",
		.section = "Security",
		.set = set_disable_userns,
		.detail =
			"Needs a user namespace of its own, and neither --nestable nor "
			"CAP_SYS_RESOURCE.",
		.rare = true,
	},
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct no_userns_spec *part = spec_part(plan->spec, &feature_no_userns);

	if (!part->on)
		return 0;
	if (plan->spec->nestable)
		return fail_usage(error, "--disable-userns", "--nestable asks for the opposite");
	if (!(plan->settled.ns_new & NS_BIT(NS_USER)))
		return fail_usage(error, "--disable-userns",
				  "needs a new user namespace, whose limit it sets (--ns with "
				  "user)");
	if (plan->settled.caps >> CAP_SYS_RESOURCE & 1)
		return fail_usage(error, "--disable-userns",
				  "with CAP_SYS_RESOURCE the command could lift the limit again");
	plan_add(plan, STAGE_SYSTEM, &kind_limit_userns, "0",
		 "no further user namespaces were asked for", NULL);
	plan_applied(plan, "disable-userns", "on");
	return 0;
}

const struct feature feature_no_userns = {
	.name = "no_userns",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct no_userns_spec),
	.resolve = resolve,
};
