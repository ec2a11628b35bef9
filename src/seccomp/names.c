/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/names.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

/* Missing from linux/audit.h where elf-em.h is older. */
#ifndef AUDIT_ARCH_RISCV64
#define AUDIT_ARCH_RISCV64 (243U | __AUDIT_ARCH_64BIT | __AUDIT_ARCH_LE)
#endif

enum { X32_BIT = 0x40000000 };

const struct seccomp_arch_info seccomp_arch_info[SECCOMP_ARCHES] = {
	[SECCOMP_X86_64] = { "x86_64", AUDIT_ARCH_X86_64, 0, X32_BIT - 1, false,
			     SECCOMP_ARCH_BIT(SECCOMP_X86_64) | SECCOMP_ARCH_BIT(SECCOMP_X86) |
				     SECCOMP_ARCH_BIT(SECCOMP_X32) },
	[SECCOMP_X86] = { "x86", AUDIT_ARCH_I386, 0, UINT32_MAX, true, SECCOMP_ARCH_BIT(SECCOMP_X86) },
	[SECCOMP_X32] = { "x32", AUDIT_ARCH_X86_64, X32_BIT, UINT32_MAX - 1, false, 0 },
	[SECCOMP_AARCH64] = { "aarch64", AUDIT_ARCH_AARCH64, 0, UINT32_MAX, false,
			      SECCOMP_ARCH_BIT(SECCOMP_AARCH64) | SECCOMP_ARCH_BIT(SECCOMP_ARM) },
	[SECCOMP_ARM] = { "arm", AUDIT_ARCH_ARM, 0, UINT32_MAX, true, SECCOMP_ARCH_BIT(SECCOMP_ARM) },
	[SECCOMP_RISCV64] = { "riscv64", AUDIT_ARCH_RISCV64, 0, UINT32_MAX, false,
			      SECCOMP_ARCH_BIT(SECCOMP_RISCV64) },
};

int seccomp_native_arch(void)
{
#if defined(__x86_64__) && defined(__ILP32__)
	return -ENOTSUP;
#elif defined(__x86_64__)
	return SECCOMP_X86_64;
#elif defined(__i386__)
	return SECCOMP_X86;
#elif defined(__aarch64__) && defined(__AARCH64EL__)
	return SECCOMP_AARCH64;
#elif defined(__arm__) && defined(__ARMEL__)
	return SECCOMP_ARM;
#elif defined(__riscv) && __riscv_xlen == 64
	return SECCOMP_RISCV64;
#else
	return -ENOTSUP;
#endif
}

uint32_t seccomp_native_arches(void)
{
	int native = seccomp_native_arch();

	return native < 0 ? 0 : seccomp_arch_info[native].runs;
}

/* Compare a NUL-terminated string with LENGTH bytes, as strcmp() would. */
static int compare(const char *known, const char *text, size_t length)
{
	int r = strncmp(known, text, length);

	return r ? r : known[length] != '\0';
}

int seccomp_find_arch(const char *name, size_t length)
{
	for (int arch = 0; arch < SECCOMP_ARCHES; arch++)
		if (compare(seccomp_arch_info[arch].name, name, length) == 0)
			return arch;
	return -ENOENT;
}

int seccomp_find_name(const char *name, size_t length)
{
	size_t low = 0, high = n_syscall_names;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = compare(syscall_names[middle], name, length);

		if (r == 0)
			return (int)middle;
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -ENOENT;
}

enum { MAX_WORD = 40 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edit distance of two short words, where swapping neighbours counts as one; others are far. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned rows[3][MAX_WORD + 1]; /* by i modulo 3 */

	if (a_length > MAX_WORD || b_length > MAX_WORD)
		return UINT32_MAX;
	for (unsigned i = 0; i <= a_length; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned j = 1; j <= b_length; j++) {
			if (i == 0) {
				row[j] = j;
				continue;
			}
			row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

const char *seccomp_nearest_name(const char *name, size_t length)
{
	unsigned best = length < 6 ? 2 : 3; /* the first distance that is too far */
	const char *nearest = NULL;

	for (size_t i = 0; i < n_syscall_names; i++) {
		unsigned far = distance(name, length, syscall_names[i], strlen(syscall_names[i]));

		if (far < best) {
			best = far;
			nearest = syscall_names[i];
		}
	}
	return nearest;
}

/* Names are looked up by number in all hot places, so this one may look at every row. */
int seccomp_find_number(enum seccomp_arch arch, unsigned name, uint32_t *ret)
{
	const struct syscall_numbers *numbers = &syscall_numbers[arch];

	for (size_t i = 0; i < numbers->n; i++)
		if (numbers->list[i].name == name) {
			*ret = numbers->list[i].number;
			return 0;
		}
	return -ENOENT;
}

static int by_number(const void *key, const void *element)
{
	uint32_t number = *(const uint32_t *)key;
	const struct syscall_number *row = element;

	return (number > row->number) - (number < row->number);
}

const char *seccomp_number_name(enum seccomp_arch arch, uint32_t number)
{
	const struct syscall_numbers *numbers = &syscall_numbers[arch];
	const struct syscall_number *row =
		bsearch(&number, numbers->list, numbers->n, sizeof(*row), by_number);

	return row ? syscall_names[row->name] : NULL;
}

uint32_t seccomp_newest_number(enum seccomp_arch arch)
{
	const struct syscall_numbers *numbers = &syscall_numbers[arch];
	size_t n = numbers->n;

	while (n > 0 && numbers->list[n - 1].number >= SECCOMP_PRIVATE_NUMBERS)
		n--;
	return n > 0 ? numbers->list[n - 1].number : 0;
}
