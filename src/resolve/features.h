/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_FEATURES_H
#define RESOLVE_FEATURES_H

/* The table of features, made from features.def; and what runs over all of them. */

#include "plan/feature.h"

extern const struct feature *const features[];
extern const size_t n_features;

/* The option of that name or alias among all features, or NULL. */
const struct option_row *features_find_option(const char *name);

#endif
