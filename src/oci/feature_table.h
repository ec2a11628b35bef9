/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_FEATURE_TABLE_H
#define OCI_FEATURE_TABLE_H

/* The table of features.def. */

#include <stddef.h>

struct feature;

extern const struct feature *const oci_features[];
extern const size_t n_oci_features;

/* That of exec_features.def: of another process in a container that is there. */
extern const struct feature *const oci_exec_features[];
extern const size_t n_oci_exec_features;

#endif
