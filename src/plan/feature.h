/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_FEATURE_H
#define PLAN_FEATURE_H

/*
 * A feature is one file with one descriptor: its options, its part of the spec, what it must know
 * of the host, what it adds to the plan; the kinds of its steps stand beside it. To add one, write
 * the file and name it in src/resolve/features.def and in meson.build; nothing else changes.
 *
 * For every container the hooks run phase by phase, within a phase in the order of features.def:
 *   init     defaults of its part, when a spec is made
 *   gather   facts: what the host is (may read the host; must not change it)
 *   settle   decide what others depend on: plan->settled
 *   resolve  add steps to the plan; spec and facts are all it sees
 * Any of them may be NULL.
 */

#include "base/error.h"
#include "plan/facts.h"
#include "base/option.h"
#include "plan/plan.h"
#include "plan/spec.h"

struct feature {
	const char *name;
	const struct option_row *options;
	size_t n_options;
	size_t spec_size; /* of its own part of the spec */
	void (*init)(void *part);
	int (*gather)(const struct spec *spec, struct facts *facts, struct inro_error *error);
	int (*settle)(struct plan *plan, struct inro_error *error);
	int (*resolve)(struct plan *plan, struct inro_error *error);
};

#define FEATURE_OPTIONS(rows) .options = (rows), .n_options = ARRAY_SIZE(rows)

#endif
