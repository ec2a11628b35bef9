/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/features.h"

#define FEATURE(name) extern const struct feature feature_##name;
#include "resolve/features.def"
#undef FEATURE

#define FEATURE(name) &feature_##name,
const struct feature *const features[] = {
#include "resolve/features.def"
};
#undef FEATURE

const size_t n_features = ARRAY_SIZE(features);

const struct option_row *features_find_option(const char *name)
{
	for (size_t i = 0; i < n_features; i++) {
		const struct option_row *row =
			option_find(features[i]->options, features[i]->n_options, name);

		if (row)
			return row;
	}
	return NULL;
}
