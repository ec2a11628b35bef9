/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_JOURNAL_H
#define RESOLVE_JOURNAL_H

/*
 * The journal of a spec: what was said, by whom, in which order. It is the public struct inro_spec.
 *
 * Saying an option only writes it down (its name is checked at once). The typed spec that
 * resolving reads is made from the journal when a plan is made: first what presets said, then
 * files, then the user, each in the order of writing, so that presets may stand anywhere among the
 * flags and the later word wins. One spec can so be planned any number of times.
 */

#include "base/arena.h"
#include "base/option.h"
#include "plan/spec.h"

struct inro_spec {
	struct arena arena;
	struct setting *settings;
	size_t n_settings;
	const char *const *args;
	const char *const *environment;
};

/* Write one setting down. NAME is an option's name or alias. -EINVAL unknown, -ENOMEM. */
int journal_say(struct inro_spec *journal, const char *name, const char *value, enum setting_origin origin,
		struct inro_error *error);

/* The same for a row that was already found. "preset" and "config" are carried out at once. */
int journal_say_row(struct inro_spec *journal, const struct option_row *row, const char *value,
		    enum setting_origin origin, struct inro_error *error);

/* Make the typed spec; *ret is the caller's (spec_free()). Borrows the journal's strings. */
int journal_make_spec(const struct inro_spec *journal, struct spec **ret, struct inro_error *error);

#endif
