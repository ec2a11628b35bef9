/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/resolve.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"

int facts_gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	for (size_t i = 0; i < spec->n_parts; i++) {
		const struct feature *feature = spec->parts[i].feature;
		int r = feature->gather ? feature->gather(spec, facts, error) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

void facts_deinit(struct facts *facts)
{
	arena_deinit(&facts->arena);
	*facts = (struct facts){ 0 };
}

struct plan *plan_free(struct plan *plan)
{
	if (plan) {
		arena_deinit(&plan->arena);
		free(plan);
	}
	return NULL;
}

define_cleanup(struct plan *, plan_free);

int resolve_plan(const struct spec *spec, const struct facts *facts, struct plan **ret,
		 struct inro_error *error)
{
	cleanup(plan_free_ptr) struct plan *plan = calloc(1, sizeof(*plan));
	int r = 0;

	if (!plan)
		return fail_memory(error);
	plan->spec = spec;
	plan->facts = facts;
	plan->trace = spec->trace;
	for (size_t i = 0; i < spec->n_parts && r >= 0; i++)
		if (spec->parts[i].feature->settle)
			r = spec->parts[i].feature->settle(plan, error);
	for (size_t i = 0; i < spec->n_parts && r >= 0; i++)
		if (spec->parts[i].feature->resolve)
			r = spec->parts[i].feature->resolve(plan, error);
	if (r < 0)
		return r;
	if (plan_seal(plan) < 0)
		return fail_memory(error);
	*ret = take_ptr(plan);
	return 0;
}
