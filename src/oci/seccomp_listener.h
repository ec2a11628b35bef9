/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_SECCOMP_LISTENER_H
#define OCI_SECCOMP_LISTENER_H

/* A filter with SCMP_ACT_NOTIFY: who answers for the calls of the container. */

#include "oci/seccomp_file.h"
#include "plan/plan.h"

/* Install it in STAGE, and have its listener sent to filter->listener_path. 0 or -ENOMEM. */
int oci_listener_add(struct plan *plan, enum stage stage, const struct oci_filter *filter, const char *why,
		     struct inro_error *error);

#endif
