/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The session keyring of a container, "_ses.ID". It has a name, unlike that of `inro run`, since what
 * is executed in the container later joins the same one by it; for that the owner must be allowed to
 * search for it, which is no right of theirs by default.
 *
 * A host without keys, a quota that is used up, or a filter around the runtime is no failure: then
 * the caller's keyring stays, as all other runtimes have it.
 */

#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "kernel/syscalls.h"
#include "oci/start.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_keyring;

/* KEY_POS_ALL, and for the owner view, read, search and link (linux/key.h, which is not exported). */
enum { PERMISSIONS = 0x3f000000 | 0x00010000 | 0x00020000 | 0x00080000 | 0x00100000 };

static bool is_tolerable(int code)
{
	return code == -ENOSYS || code == -EOPNOTSUPP || code == -EDQUOT || code == -EPERM;
}

static int run_join_keyring(struct run *run, const struct step *step, struct inro_error *error)
{
	int key = sys_join_session_keyring(step->object), r;

	if (is_tolerable(key)) {
		run_second_way(run, step);
		return 0;
	}
	if (key < 0)
		return error_raw(error, key, "keyctl", step->object);
	/* 0: it is in it already. One of somebody else's, which was there before, keeps what it has. */
	r = key == 0 ? 0 : sys_set_key_permissions(key, PERMISSIONS);
	return r < 0 && r != -EACCES && r != -EPERM ? error_raw(error, r, "keyctl(KEYCTL_SETPERM)", step->object) : 0;
}

static const struct step_kind kind_join_keyring = {
	.name = "join-keyring",
	.what = "take the session keyring",
	.calls = "keyctl(KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_SETPERM)",
	.run = run_join_keyring,
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_start *start = plan->spec->oci->start;
	const char *name;

	if (start->no_new_keyring)
		return 0;
	name = arena_printf(&plan->arena, "_ses.%s", start->id);
	if (!name)
		return fail_memory(error);
	plan_add(plan, STAGE_PROCESS, &kind_join_keyring, name, "the caller's keys must not be readable from inside",
		 NULL)
		->fallback = "no keys in the kernel, forbidden, or quota used up: the caller's keyring stays";
	return 0;
}

const struct feature feature_oci_keyring = {
	.name = "oci_keyring",
	.resolve = resolve,
};
