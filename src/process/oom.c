/* SPDX-License-Identifier: Apache-2.0 */

/*
 * oom_score_adj: whom the kernel kills first when memory runs out, from -1000 (never) to 1000.
 *
 * The parent writes it while the child waits. The child could not: once it is undumpable its files
 * under /proc belong to the host's root, and in a user namespace it has no CAP_SYS_RESOURCE that
 * the kernel would ask for.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/parse.h"
#include "base/procfs.h"
#include "plan/feature.h"
#include "plan/run.h"
#include "process/proc_child.h"

extern const struct feature feature_oom;

enum { OOM_SCORE_ADJ_MIN = -1000, OOM_SCORE_ADJ_MAX = 1000 };

struct oom_spec {
	const char *text; /* the number, normalized; NULL: as the caller's */
};

static int write_score(int dir_fd, const char *text)
{
	cleanup_close int fd = procfs_open_at(dir_fd, "oom_score_adj", O_WRONLY);

	return fd < 0 ? fd : fd_write_all(fd, text, strlen(text));
}

static int run_oom_score_adj(struct run *run, const struct step *step, struct inro_error *error)
{
	cleanup_close int dir_fd = proc_child_open(run);
	int r;

	if (dir_fd < 0)
		return error_raw(error, dir_fd, "openat2", NULL);
	r = write_score(dir_fd, step->args);
	return r < 0 ? error_raw(error, r, "write", NULL) : 0;
}

static void advise_oom_score_adj(const struct step *step, const struct plan *plan,
				 struct inro_error *error)
{
	(void)plan;
	switch (error->code) {
	case EACCES:
	case EPERM:
		error_why(
			error,
			"%s is lower than what inro itself was started with, and lowering it needs "
			"CAP_SYS_RESOURCE on the host",
			(const char *)step->args);
		error_hint(
			error,
			"ask for a higher number (/proc/self/oom_score_adj is the caller's), or "
			"start inro with that capability");
		break;
	case EXDEV:
		error_why(error, "what is mounted on /proc is the procfs of another PID namespace");
		error_hint(error, "mount a procfs of this one on /proc first");
		break;
	default:
		break;
	}
}

static const struct step_kind kind_oom_score_adj = {
	.name = "set-oom-score-adj",
	.what = "set the out-of-memory score adjustment to",
	.calls = "openat2, write",
	.run = run_oom_score_adj,
	.advise = advise_oom_score_adj,
};

static int set_oom_score_adj(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	struct oom_spec *part = spec_part(spec, &feature_oom);
	int64_t number;

	if (parse_i64(value, &number) < 0 || number < OOM_SCORE_ADJ_MIN ||
	    number > OOM_SCORE_ADJ_MAX)
		return fail_usage(error, "--oom-score-adj", "'%s' is not a number from %d to %d",
				  value, OOM_SCORE_ADJ_MIN, OOM_SCORE_ADJ_MAX);
	part->text = arena_printf(&spec->arena, "%d", (int)number);
	return part->text ? 0 : fail_memory(error);
}

static const struct option_row options[] = {
	{
		.name = "oom-score-adj",
		.form = OPTION_VALUE,
		.argument = "N",
		.help = "out-of-memory killer: -1000 never, 1000 first",
		.section = "Limits",
		.set = set_oom_score_adj,
		.detail = "Lower than inro's own needs CAP_SYS_RESOURCE on the host.",
		.rare = true,
	},
};

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct oom_spec *part = spec_part(plan->spec, &feature_oom);

	(void)error;
	if (part->text)
		plan->settled.wait_release = true;
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oom_spec *part = spec_part(plan->spec, &feature_oom);

	(void)error;
	if (!part->text)
		return 0;
	plan_add(plan, STAGE_MAP, &kind_oom_score_adj, part->text, "asked for", part->text);
	plan_applied(plan, "oom-score-adj", "%s", part->text);
	return 0;
}

const struct feature feature_oom = {
	.name = "oom",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct oom_spec),
	.settle = settle,
	.resolve = resolve,
};
