/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_READ_H
#define OCI_READ_H

/*
 * Reading JSON documents of the runtime-spec. What is wrong is refused with INRO_ERROR_USAGE, whose
 * `what` is the path in the document ("linux.namespaces[2].type"): -EINVAL. Fields that are not known
 * are ignored, as the spec says. Nothing here looks at the host.
 */

#include <stddef.h>

#include "oci/config.h"

struct arena;
struct inro_error;

/* TEXT (SIZE bytes, with a NUL behind) is a whole config.json; BUNDLE is absolute and borrowed. */
int oci_read_config(const char *text, size_t size, const char *bundle, struct arena *arena,
		    struct oci_config *ret, struct inro_error *error);

/*
 * A process object by itself, as `exec --process` is given one. What it leaves out stays as it is in
 * *ret, which the caller fills with the container's defaults.
 */
int oci_read_process(const char *text, size_t size, struct arena *arena, struct oci_process *ret,
		     struct inro_error *error);

/* A hooks object by itself, as state.json keeps one. */
int oci_read_hooks(const char *text, size_t size, struct arena *arena, struct oci_hooks *ret,
		   struct inro_error *error);

/* A resources object by itself, as `update --resources` is given one. */
int oci_read_resources(const char *text, size_t size, struct arena *arena, struct oci_resources *ret,
		       struct inro_error *error);

#endif
