/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_SECCOMP_FILE_H
#define OCI_SECCOMP_FILE_H

/*
 * The filter of a container as its state directory keeps it, so that `exec` neither reads the
 * profile nor generates the program again.
 */

#include "seccomp/generate.h"

struct arena;
struct inro_error;

struct oci_filter {
	struct seccomp_program program;
	const char *listener_path, *listener_metadata; /* NULL where there is none */
};

/* Write it into the state directory. 0 or a negative errno. */
int oci_filter_write(int state_fd, const struct oci_filter *filter);

/* Read it, into the arena. -ENOENT where the container has none, with the error left alone. */
int oci_filter_read(int state_fd, struct arena *arena, struct oci_filter *ret, struct inro_error *error);

#endif
