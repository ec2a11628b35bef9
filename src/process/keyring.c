/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A session keyring of the container's own. Without one the command possesses the caller's: its
 * keys (tickets, disk and file system secrets) could be read from inside, whatever the namespaces,
 * for the kernel's keyrings know only the user namespace.
 *
 * Joined while the caller's ids still hold, so that root's quota pays; possession, not ownership,
 * gives the command its rights on it after the ids have changed.
 */

#include <errno.h>

#include "base/parse.h"
#include "kernel/syscalls.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_keyring;

struct keyring_spec {
	bool on, set;
};

struct keyring_args {
	bool required;
};

/*
 * Why a host may refuse without anything being wrong: no keys in its kernel, a filter around inro
 * (which keeps the container from keyctl(2) as well), or a user's quota that is used up.
 */
static bool is_tolerable(int code)
{
	return code == -ENOSYS || code == -EOPNOTSUPP || code == -EDQUOT || code == -EPERM;
}

static int run_join_keyring(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct keyring_args *args = step->args;
	int r = sys_join_session_keyring(NULL);

	if (r >= 0)
		return 0;
	if (args->required || !is_tolerable(r))
		return error_raw(error, r, "keyctl", NULL);
	run_second_way(run, step);
	return 0;
}

static void advise_join_keyring(const struct step *step, const struct plan *plan,
				struct inro_error *error)
{
	(void)step;
	(void)plan;
	switch (error->code) {
	case ENOSYS:
	case EOPNOTSUPP:
		error_why(error, "this kernel was built without keys");
		error_hint(error, "leave --keyring out");
		break;
	case EDQUOT:
		error_why(error, "the quota of keys of this user is used up");
		error_hint(
			error,
			"see /proc/key-users; the limits are /proc/sys/kernel/keys/maxkeys and "
			"maxbytes");
		break;
	case EPERM:
		error_why(error, "a seccomp filter around inro forbids keyctl(2)");
		error_hint(error,
			   "leave --keyring out: the container cannot call keyctl(2) either");
		break;
	default:
		break;
	}
}

static const struct step_kind kind_join_keyring = {
	.name = "join-keyring",
	.what = "take a session keyring of its own",
	.calls = "keyctl(KEYCTL_JOIN_SESSION_KEYRING)",
	.run = run_join_keyring,
	.advise = advise_join_keyring,
};

static void init(void *part)
{
	struct keyring_spec *spec = part;

	spec->on = true;
}

static int set_keyring(void *object, const char *value, struct inro_error *error)
{
	struct keyring_spec *part = spec_part(object, &feature_keyring);

	if (parse_bool(value, &part->on) < 0)
		return fail_usage(error, "--keyring", "'%s' is neither yes nor no", value);
	part->set = true;
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "keyring",
		.form = OPTION_FLAG,
		.help = "a session keyring of its own (on)",
		.section = "Process",
		.set = set_keyring,
		.detail =
			"Where the kernel has no keys, forbids them or the quota is used up, the "
			"container starts without one, unless the option was written out.",
		.rare = true,
	},
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct keyring_spec *part = spec_part(plan->spec, &feature_keyring);
	struct keyring_args *args;
	struct step *step;

	if (!part->on || (plan->spec->bare && !part->set))
		return 0;
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args)
		return fail_memory(error);
	args->required = part->set;
	step = plan_add(plan, STAGE_PROCESS, &kind_join_keyring, NULL,
			"the caller's keys must not be readable from inside", args);
	if (!args->required)
		step->fallback =
			"no keys in the kernel, forbidden, or quota used up: the caller's keyring "
			"stays";
	return 0;
}

const struct feature feature_keyring = {
	.name = "keyring",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct keyring_spec),
	.init = init,
	.resolve = resolve,
};
