/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_USERS_H
#define OCI_USERS_H

#include <stdint.h>

struct arena;

/* The name of a user of the host, by its /etc/passwd; "" where it has none. */
const char *oci_user_name(uint32_t uid, struct arena *arena);

#endif
