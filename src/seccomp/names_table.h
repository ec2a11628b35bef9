/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_NAMES_TABLE_H
#define SECCOMP_NAMES_TABLE_H

/* What tools/syscall-table.c prints. Read through names.h. */

#include <stddef.h>
#include <stdint.h>

/* Sorted by strcmp(); their index is what profiles hold. */
extern const char *const syscall_names[];
extern const size_t n_syscall_names;

struct syscall_number {
	uint32_t number; /* without x32's bit */
	uint16_t name;
};

struct syscall_numbers {
	const struct syscall_number *list; /* sorted by number, each number once */
	size_t n;
};

/* By enum seccomp_arch. */
extern const struct syscall_numbers syscall_numbers[];

#endif
