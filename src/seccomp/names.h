/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_NAMES_H
#define SECCOMP_NAMES_H

/*
 * System calls and architectures by name. A call is known by its index in a sorted table that the
 * build makes from libseccomp's (tools/syscall-table.c); numbers are looked up per architecture.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seccomp/names_table.h"

enum seccomp_arch {
	SECCOMP_X86_64,
	SECCOMP_X86,
	SECCOMP_X32,
	SECCOMP_AARCH64,
	SECCOMP_ARM,
	SECCOMP_RISCV64,
	SECCOMP_ARCHES,
};

#define SECCOMP_ARCH_BIT(arch) (1U << (arch))

struct seccomp_arch_info {
	const char *name;
	uint32_t audit;	     /* AUDIT_ARCH_*, as the filter sees it */
	uint32_t first, last; /* the numbers that are this architecture's among those of `audit` */
	bool narrow;	     /* registers of 32 bits: the high half of an argument is always 0 */
	uint32_t runs;	     /* mask of what a kernel of this architecture may run */
};

extern const struct seccomp_arch_info seccomp_arch_info[SECCOMP_ARCHES];

/* The architecture that inro was built for, or -ENOTSUP where there is no table for it. */
int seccomp_native_arch(void);

/* Mask of the native architecture and those whose programs its kernel may run, too; 0 without one. */
uint32_t seccomp_native_arches(void);

/* An architecture by its name, or -ENOENT. */
int seccomp_find_arch(const char *name, size_t length);

/* A call by its name: an index below n_syscall_names, or -ENOENT. */
int seccomp_find_name(const char *name, size_t length);

/* The known name that is nearest to a misspelt one; NULL where none is near. */
const char *seccomp_nearest_name(const char *name, size_t length);

/* The number of a call on an architecture, without x32's bit, or -ENOENT. */
int seccomp_find_number(enum seccomp_arch arch, unsigned name, uint32_t *ret);

/* The name of a number (without x32's bit), or NULL. */
const char *seccomp_number_name(enum seccomp_arch arch, uint32_t number);

/*
 * The largest number in the table of an architecture, private ranges left out: what is above was
 * not known when inro was built.
 */
uint32_t seccomp_newest_number(enum seccomp_arch arch);

/* Private numbers of an architecture start here (Arm's are above); the kernel counts up below. */
#define SECCOMP_PRIVATE_NUMBERS 0x10000U

/* From this number on, a call has the same number on every architecture. */
#define SECCOMP_COMMON_NUMBERS 424U

#endif
