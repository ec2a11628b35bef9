/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_COPY_UP_H
#define OCI_COPY_UP_H

/*
 * tmpcopyup: what the image has in a directory, copied into the tmpfs that is to cover it, before
 * it covers it.
 */

struct inro_error;

/*
 * Copy all below FROM_FD (O_PATH is enough) into TO_FD, by a process of its own; with owners,
 * permissions, times and extended attributes. Child-safe where ERROR lies in memory that a forked
 * process shares. 0 or a negative errno.
 */
int oci_copy_up(int from_fd, int to_fd, const char *path, struct inro_error *error);

#endif
