/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_PRESETS_H
#define SECCOMP_PRESETS_H

/*
 * The profiles that inro brings along, as texts in its own language. Sources: presets/NAME.seccomp,
 * which the build turns into arrays.
 */

#include <stddef.h>

struct seccomp_preset {
	const char *name;
	const char *help; /* one line */
	const char *text;
	const size_t *size;
};

extern const struct seccomp_preset seccomp_presets[];
extern const size_t n_seccomp_presets;

/* The text that defines the @sets which every profile may use. */
extern const struct seccomp_preset seccomp_sets;

/* A preset by name, or NULL. */
const struct seccomp_preset *seccomp_find_preset(const char *name, size_t length);

#endif
