/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_SELF_H
#define OCI_SELF_H

#include <stdbool.h>

struct inro_error;
struct oci_config;

/* Does the container's root have the caller's own power over the host's files? */
bool oci_self_is_host_root(const struct oci_config *config);

/*
 * Go on from a copy of this program that cannot be written to, where it can: executes it anew, with
 * the same words, and returns only where there is nothing to do (0) or on failure.
 */
int oci_self_protect(char *const argv[], struct inro_error *error);

/* The words of the program, kept by main() for it. */
extern char **oci_self_argv;

#endif
