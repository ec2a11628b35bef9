/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_MAKE_OPTIONS_H
#define OCI_MAKE_OPTIONS_H

/* The options that create and run share; they fill a struct oci_make. */

#include "base/option.h"
#include "oci/start.h"

struct oci_make {
	struct oci_start start;
	bool detach, keep;
};

enum { OCI_MAKE_OPTIONS = 8, OCI_RUN_OPTIONS = 11 };

/* The first OCI_MAKE_OPTIONS rows are create's; run has all. */
extern const struct option_row oci_make_options[OCI_RUN_OPTIONS];

#endif
