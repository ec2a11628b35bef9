/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/loop.h"
#include "engine/engine.h"
#include "engine/supervise.h"
#include "engine/trace.h"
#include "kernel/syscalls.h"
#include "resolve/explain.h"
#include "resolve/journal.h"

struct inro_plan *inro_plan_free(struct inro_plan *plan)
{
	if (plan) {
		plan_free(plan->plan);
		facts_deinit(&plan->facts);
		spec_free(plan->spec);
		free(plan);
	}
	return NULL;
}

define_cleanup(struct inro_plan *, inro_plan_free);

int inro_plan_new(struct inro_spec *spec, struct inro_plan **ret, struct inro_error *error)
{
	cleanup(inro_plan_free_ptr) struct inro_plan *plan = calloc(1, sizeof(*plan));
	int r;

	if (!plan)
		return fail_memory(error);
	r = journal_make_spec(spec, &plan->spec, error);
	if (r == 0)
		r = facts_gather(plan->spec, &plan->facts, error);
	if (r == 0)
		r = resolve_plan(plan->spec, &plan->facts, &plan->plan, error);
	if (r < 0)
		return r;
	*ret = take_ptr(plan);
	return 0;
}

int inro_plan_explain(const struct inro_plan *plan, bool json, FILE *stream,
		      struct inro_error *error)
{
	cleanup_buf struct buf text = { 0 };
	int r = json ? explain_json(plan->plan, &text) : explain_text(plan->plan, &text);

	if (r < 0)
		return fail_memory(error);
	if (fputs(buf_text(&text), stream) == EOF || fflush(stream) == EOF)
		return fail_call(error, -errno, "explain", "write", NULL);
	return 0;
}

const char *inro_plan_note(const struct inro_plan *plan, size_t index)
{
	return index < plan->plan->n_notes ? plan->plan->notes[index] : NULL;
}

bool inro_plan_applied(const struct inro_plan *plan, size_t index, const char **ret_name,
		       const char **ret_value)
{
	if (index >= plan->plan->n_applied)
		return false;
	*ret_name = plan->plan->applied[index].name;
	*ret_value = plan->plan->applied[index].value;
	return true;
}

int inro_container_trace(const struct inro_container *container, FILE *stream,
			 struct inro_error *error)
{
	cleanup_buf struct buf text = { 0 };

	if (!container->run.trace)
		return 0;
	if (trace_text(&container->run, &text) < 0)
		return fail_memory(error);
	if (fputs(buf_text(&text), stream) == EOF || fflush(stream) == EOF)
		return fail_call(error, -errno, "tell the trace", "write", NULL);
	return 0;
}

/* Everything that a start needs in this process: memory, the loop, signals that wait for us. */
static int prepare(struct inro_container *container, const struct plan *plan,
		   struct inro_error *error)
{
	int r = run_init(&container->run, plan);

	if (r == 0)
		r = loop_new(&container->run.loop);
	if (r < 0) {
		run_deinit(&container->run);
		return fail_call(error, r, "prepare the start", NULL, NULL);
	}
	container->run.result = &container->result;
	signals_block(&container->signals);
	return 0;
}

static void dispose(struct inro_container *container)
{
	container->run.loop = loop_free(container->run.loop);
	run_deinit(&container->run);
	signals_restore(&container->signals);
	free(container);
}

int inro_plan_start(struct inro_plan *plan, struct inro_container **ret, struct inro_error *error)
{
	struct inro_container *container = calloc(1, sizeof(*container));
	int r = container ? prepare(container, plan->plan, error) : fail_memory(error);

	if (r < 0) {
		free(container);
		return r;
	}
	r = engine_start(&container->run, error);
	if (r < 0) {
		dispose(container);
		return r;
	}
	*ret = container;
	return 0;
}

pid_t inro_container_pid(const struct inro_container *container)
{
	return container->run.pid;
}

int inro_container_pidfd(const struct inro_container *container)
{
	return container->run.pidfd;
}

int inro_container_wait(struct inro_container *container, struct inro_result *ret,
			struct inro_error *error)
{
	int r = supervise(&container->run, ret, error);

	if (r == 0)
		container->ended = true;
	return r;
}

int inro_container_kill(struct inro_container *container, int signal, struct inro_error *error)
{
	int r = sys_pidfd_send_signal(container->run.pidfd, signal, NULL, 0);

	return r < 0 ? fail_call(error, r, "signal the container", "pidfd_send_signal", NULL) : 0;
}

struct inro_container *inro_container_free(struct inro_container *container)
{
	if (!container)
		return NULL;
	if (!container->ended)
		engine_kill(&container->run);
	engine_undo(&container->run);
	dispose(container);
	return NULL;
}

int inro_run(struct inro_spec *spec, struct inro_result *ret, struct inro_error *error)
{
	cleanup(inro_plan_free_ptr) struct inro_plan *plan = NULL;
	struct inro_container *container;
	int r = inro_plan_new(spec, &plan, error);

	if (r < 0)
		return r;
	r = inro_plan_start(plan, &container, error);
	if (r < 0)
		return r;
	r = inro_container_wait(container, ret, error);
	inro_container_free(container);
	return r;
}
