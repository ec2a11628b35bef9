/* SPDX-License-Identifier: Apache-2.0 */

/*
 * no_new_privs: no execve(2) of the command or of anything it starts gives it more than it has,
 * neither by a set-user-ID bit nor by capabilities of a file. On by default. Once set it cannot be
 * unset, and it is what lets a process without capabilities install seccomp filters and Landlock.
 */

#include <errno.h>
#include <sys/prctl.h>

#include "base/parse.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_nnp;

struct nnp_spec {
	bool set;
};

static int run_no_new_privs(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)run;
	(void)step;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_raw(error, -errno, "prctl", NULL);
	return 0;
}

static const struct step_kind kind_no_new_privs = {
	.name = "no-new-privs",
	.what = "give up new privileges",
	.calls = "prctl(PR_SET_NO_NEW_PRIVS)",
	.run = run_no_new_privs,
};

static int set_new_privs(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	struct nnp_spec *part = spec_part(spec, &feature_nnp);

	if (parse_bool(value, &spec->process.new_privs) < 0)
		return fail_usage(error, "--new-privs", "'%s' is neither yes nor no", value);
	part->set = true;
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "new-privs",
		.form = OPTION_FLAG,
		.help = "let set-user-ID programs and the like work",
		.section = "Security",
		.set = set_new_privs,
		.detail =
			"Otherwise no_new_privs is set: nothing that the command executes gains "
			"anything. Set-user-ID programs such as sudo and su need this option.",
		.rare = true,
	},
};

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct nnp_spec *part = spec_part(plan->spec, &feature_nnp);
	bool open = part->set ? plan->spec->process.new_privs
			      : plan->spec->bare || plan->spec->process.new_privs;

	(void)error;
	plan->settled.no_new_privs = !open;
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	(void)error;
	if (!plan->settled.no_new_privs)
		return 0;
	plan_add(plan, STAGE_PRIVS, &kind_no_new_privs, NULL,
		 "nothing that it executes may gain what it does not have", NULL);
	plan_applied(plan, "no_new_privs", "on");
	return 0;
}

const struct feature feature_nnp = {
	.name = "nnp",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct nnp_spec),
	.settle = settle,
	.resolve = resolve,
};
