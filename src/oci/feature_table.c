/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/feature_table.h"

#include "base/macros.h"
#include "plan/feature.h"

#define FEATURE(name) extern const struct feature feature_##name;
#include "oci/features.def"
#include "oci/exec_features.def"
#undef FEATURE

#define FEATURE(name) &feature_##name,
const struct feature *const oci_features[] = {
#include "oci/features.def"
};
#undef FEATURE

const size_t n_oci_features = ARRAY_SIZE(oci_features);

#define FEATURE(name) &feature_##name,
const struct feature *const oci_exec_features[] = {
#include "oci/exec_features.def"
};
#undef FEATURE

const size_t n_oci_exec_features = ARRAY_SIZE(oci_exec_features);
