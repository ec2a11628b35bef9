/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file mode mask of the command. The caller's own is not passed on: what a container creates
 * should not depend on the shell that it was started from. It is set late, since the steps before
 * it create files with the very modes that they name.
 */

#include <sys/stat.h>

#include "base/parse.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_umask;

enum { UMASK_DEFAULT = 022 };

struct umask_spec {
	uint32_t mode;
	bool set;
};

static int run_umask(struct run *run, const struct step *step, struct inro_error *error)
{
	const uint32_t *mode = step->args;

	(void)run;
	(void)error;
	umask((mode_t)*mode);
	return 0;
}

static const struct step_kind kind_umask = {
	.name = "set-umask",
	.what = "set the file mode mask to",
	.calls = "umask",
	.run = run_umask,
};

static void init(void *part)
{
	struct umask_spec *spec = part;

	spec->mode = UMASK_DEFAULT;
}

static int set_umask(void *object, const char *value, struct inro_error *error)
{
	struct umask_spec *part = spec_part(object, &feature_umask);
	uint32_t mode;

	if (parse_mode(value, &mode) < 0 || mode > 0777)
		return fail_usage(error, "--umask", "'%s' is not an octal mode from 0 to 777",
				  value);
	part->mode = mode;
	part->set = true;
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "umask",
		.form = OPTION_VALUE,
		.argument = "MODE",
		.help = "file mode mask of the command (022)",
		.section = "Process",
		.set = set_umask,
		.rare = true,
	},
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct umask_spec *part = spec_part(plan->spec, &feature_umask);
	const char *text;
	uint32_t *mode;

	if (plan->spec->bare && !part->set)
		return 0;
	text = arena_printf(&plan->arena, "%03o", part->mode);
	mode = arena_copy(&plan->arena, &part->mode, sizeof(part->mode));
	if (!text || !mode)
		return fail_memory(error);
	plan_add(plan, STAGE_PROCESS, &kind_umask, text,
		 part->set ? "asked for" : "the caller's own says nothing about the container",
		 mode);
	return 0;
}

const struct feature feature_umask = {
	.name = "umask",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct umask_spec),
	.init = init,
	.resolve = resolve,
};
