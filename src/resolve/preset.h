/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_PRESET_H
#define RESOLVE_PRESET_H

/*
 * Presets: options that belong together, under one name. A preset is nothing but a list of
 * settings, said with the lowest precedence; --explain shows them one by one.
 */

#include "resolve/journal.h"

struct preset_setting {
	const char *name, *value;
};

struct preset {
	const char *name;
	const char *help; /* one line */
	const struct preset_setting *settings;
	size_t n_settings;
};

extern const struct preset presets[];
extern const size_t n_presets;

/* Say all of a preset's settings. -EINVAL for an unknown name. */
int preset_say(struct inro_spec *journal, const char *name, struct inro_error *error);

#endif
