/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_SOCKET_H
#define OCI_SOCKET_H

/* The AF_UNIX sockets over which engines take descriptors. 0 (or a descriptor) or a negative errno. */

/* Connect to a stream socket by its path, however long it is. */
int oci_socket_connect(const char *path);

/* Send one descriptor, with TEXT as the payload. */
int oci_socket_send(int socket_fd, int fd, const char *text);

/* Both. */
int oci_socket_send_fd(const char *path, int fd, const char *text);

#endif
