/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_GENERATE_H
#define SECCOMP_GENERATE_H

/*
 * From a profile to a program for the kernel. The same profile gives the same program, byte for
 * byte: nothing depends on addresses, hashing or the host.
 */

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "inro/error.h"
#include "seccomp/profile.h"

struct seccomp_program {
	struct sock_filter *code;
	size_t n;	/* at most BPF_MAXINSNS */
	uint32_t flags; /* SECCOMP_FILTER_FLAG_*, for seccomp(2) */
};

/*
 * The program's memory is the arena's. -EINVAL (a profile without architectures, or one that needs
 * more instructions than the kernel takes, 4096), -ENOMEM.
 */
int seccomp_generate(const struct seccomp_profile *profile, struct arena *arena, struct seccomp_program *ret,
		     struct inro_error *error);

#endif
