/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_COMPILED_H
#define SECCOMP_COMPILED_H

/*
 * The presets as programs, for a command without capabilities on the machine's own architectures:
 * what nearly every start needs, made by the build (tools/compile-presets.c) so that a start does
 * not. The same code makes them as would make them at run time, and a test holds them together.
 */

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

struct seccomp_compiled {
	const char *preset;
	const struct sock_filter *code;
	size_t n;
	uint32_t flags, default_action;
};

extern const struct seccomp_compiled seccomp_compiled[];
extern const size_t n_seccomp_compiled;

#endif
