/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_FIND_H
#define NS_FIND_H

/*
 * Finding one namespace by its number.
 */

#include <sys/types.h>

#include "ns/kind.h"

struct inro_error;

/*
 * Open the namespace with inode INO, one of KINDS (NS_ALL: any). First the processes that may be
 * seen are looked through, what their children will be in, and the mounts of the caller's mount
 * namespace; if none holds it, everything that a scan can find, except what sockets alone hold.
 * Returns a descriptor; -ENOENT where nothing that may be seen holds it.
 */
int ns_find(unsigned kinds, ino_t ino, enum ns_kind *ret_kind, struct inro_error *error);

#endif
