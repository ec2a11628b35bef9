/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_RESOLVE_H
#define RESOLVE_RESOLVE_H

/*
 * From spec and facts to the plan. Pure but for facts_gather(), the one function that looks at the
 * host: everything after it depends on its arguments alone, and is tested with recorded facts.
 */

#include "plan/feature.h"

/* Gather what the spec needs to know of the host. FACTS is zeroed; facts_deinit() frees it. */
int facts_gather(const struct spec *spec, struct facts *facts, struct inro_error *error);
void facts_deinit(struct facts *facts);

/* Make the plan. SPEC and FACTS are borrowed for its life. *ret is the caller's (plan_free()). */
int resolve_plan(const struct spec *spec, const struct facts *facts, struct plan **ret,
		 struct inro_error *error);

/* Returns NULL. */
struct plan *plan_free(struct plan *plan);

#endif
