/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The hooks of a start, as steps: those of the host's side (prestart, createRuntime) are run by the
 * parent while the child waits with all mounts made; then the child itself runs those of createContainer,
 * in its namespaces, before its root changes; and, once it was asked to start, those of
 * startContainer, as what the command will be, right before it. poststart is a step only where one call
 * makes the container and starts it; otherwise it belongs to `start`, as poststop does to `delete`.
 *
 * The number of the process that a hook is told is the one that counts where the hook runs, but for
 * createContainer: such a hook looks for its container in the runtime's files and procfs, so it is
 * told the runtime's number, which the parent leaves in shared memory once it has cloned the child.
 */

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/call.h"
#include "oci/hooks.h"
#include "oci/start.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_hooks;
extern char **environ;

/* The file mode mask of the runtime; its child has none of its own while it makes the container. */
struct hooks_spec {
	int umask;
};

static int run_for_parent(struct run *run, const struct step *step, struct inro_error *error)
{
	return hook_run(step->args, run->pid, error);
}

static int run_inside(struct run *run, const struct step *step, struct inro_error *error)
{
	return hook_run(step->args, run->shared->pid, error);
}

static int run_at_start(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)run;
	return hook_run(step->args, getpid(), error);
}

static const struct step_kind kind_parent = {
	.name = "run-hook",
	.what = "run",
	.calls = "clone3, execve",
	.run = run_for_parent,
};

static const struct step_kind kind_inside = {
	.name = "run-hook-inside",
	.what = "run",
	.calls = "clone3, execve",
	.run = run_inside,
};

static const struct step_kind kind_start = {
	.name = "run-hook-at-start",
	.what = "run",
	.calls = "clone3, execve",
	.run = run_at_start,
};

struct moment {
	const struct oci_hook_list *list;
	struct hook_context context;
	const struct step_kind *kind;
	enum stage stage;
	const char *why;
};

static int add_hooks(struct plan *plan, const struct moment *moment, struct inro_error *error)
{
	for (size_t i = 0; i < moment->list->n; i++) {
		struct hook_ready *hook = arena_alloc(&plan->arena, sizeof(*hook));
		int r = hook ? hook_prepare(&plan->arena, moment->list, i, &moment->context, hook, error) :
			       fail_memory(error);

		if (r < 0)
			return r;
		plan_add(plan, moment->stage, moment->kind, hook->label, moment->why, hook)->may_block = true;
	}
	return 0;
}

/* The runtime's environment, as long-lived as the plan. */
static const char *const *copy_env(struct plan *plan)
{
	const char *const *given = plan->spec->process.host_env;
	const char *const *env = given ? given : (const char *const *)environ;
	const char **copy;
	size_t n = 0;

	while (env[n])
		n++;
	copy = arena_array(&plan->arena, n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = arena_strdup(&plan->arena, env[i]);
		if (!copy[i])
			return NULL;
	}
	return copy;
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	struct hooks_spec *part = spec_part(spec, &feature_oci_hooks);
	mode_t mask;

	(void)facts;
	(void)error;
	part->umask = -1;
	if (!spec->oci || !spec->oci->hooks.create_container.n)
		return 0;
	mask = umask(022);
	umask(mask);
	part->umask = (int)mask;
	return 0;
}

static int resolve_moments(struct plan *plan, const struct oci_hooks *hooks, const struct hook_context *common,
			   struct inro_error *error)
{
	static const char outside[] = "before the root changes, outside";
	const struct hooks_spec *part = spec_part(plan->spec, &feature_oci_hooks);
	struct moment moments[] = {
		{ &hooks->prestart, *common, &kind_parent, STAGE_CALLED, outside },
		{ &hooks->create_runtime, *common, &kind_parent, STAGE_CALLED, outside },
		{ &hooks->create_container, *common, &kind_inside, STAGE_CALL, "before the root changes, inside" },
		{ &hooks->start_container, *common, &kind_start, STAGE_WAIT, "right before the command" },
		{ &hooks->poststart, *common, &kind_parent, STAGE_STARTED, "the command runs" },
	};
	const struct oci_start *start = plan->spec->oci->start;
	size_t n = ARRAY_SIZE(moments) - (!start || start->waits);
	int r = 0;

	moments[0].context.name = "prestart";
	moments[1].context.name = "createRuntime";
	moments[2].context.name = "createContainer";
	moments[2].context.umask = part->umask;
	moments[3].context.name = "startContainer";
	moments[3].context.status = OCI_CREATED;
	moments[3].context.env = plan->settled.env;
	moments[3].context.workdir = NULL;
	moments[4].context.name = "poststart";
	moments[4].context.status = OCI_RUNNING;
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_hooks(plan, &moments[i], error);
	return r;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_config *oci = plan->spec->oci;
	const struct oci_hooks *hooks = oci ? &oci->hooks : NULL;
	bool before_root = hooks && (hooks->prestart.n || hooks->create_runtime.n || hooks->create_container.n);
	struct hook_context common = { .status = OCI_CREATING, .umask = -1 };
	struct oci_state state;

	if (!before_root && !(hooks && (hooks->start_container.n || hooks->poststart.n)))
		return 0;
	state = (struct oci_state){
		.id = plan->spec->name,
		.bundle = oci->bundle,
		.version = oci->version,
		.annotations = oci->annotations,
		.n_annotations = oci->n_annotations,
	};
	common.state = &state;
	common.workdir = oci->bundle;
	common.env = copy_env(plan);
	if (!common.env)
		return fail_memory(error);
	/* By then the parent knows the child's number, which those inside are told, too. */
	if (before_root)
		plan_call_parent(plan);
	return resolve_moments(plan, hooks, &common, error);
}

const struct feature feature_oci_hooks = {
	.name = "oci_hooks",
	.spec_size = sizeof(struct hooks_spec),
	.gather = gather,
	.resolve = resolve,
};
