/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_CONSTANTS_H
#define SECCOMP_CONSTANTS_H

/* Names for the values of arguments, in profiles: AF_UNIX, CLONE_NEWUSER, TIOCSTI, CAP_SYS_TIME. */

#include <stddef.h>
#include <stdint.h>

enum constant_family {
	CONSTANT_AF,
	CONSTANT_SOCK,
	CONSTANT_NETLINK,
	CONSTANT_CLONE,
	CONSTANT_IOCTL,
	CONSTANT_PRCTL,
	CONSTANT_PTRACE,
	CONSTANT_KEYCTL,
	CONSTANT_PERSONALITY,
	CONSTANT_SOCKETCALL,
	CONSTANT_PROT,
	CONSTANT_MODE,
	CONSTANT_CAP,
	CONSTANT_FAMILIES,
};

/*
 * The value of a constant by name; with a * at its end, the bits of all whose names begin so.
 * 0 or -ENOENT. Capabilities are not among them.
 */
int seccomp_find_constant(const char *name, size_t length, uint64_t *ret);

/* A capability by name, CAP_SYS_TIME, or -ENOENT. */
int seccomp_find_cap(const char *name, size_t length);

/* The name that fits the value of an argument of a call, or NULL. */
const char *seccomp_constant_name(const char *call, unsigned argument, uint64_t value);

#endif
