/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INIT_SEALED_H
#define INIT_SEALED_H

/*
 * A program in memory that nobody can change: what a container executes of inro's own.
 */

#include <stddef.h>

/* inro-init, as the build made it; see program.c. */
extern const unsigned char inro_init_program[];
extern const size_t inro_init_program_size;

/* inro-holder: the init of a kept PID namespace; see holder.c. */
extern const unsigned char inro_holder_program[];
extern const size_t inro_holder_program_size;

struct inro_error;

/*
 * Put a program into a sealed memfd: it can be executed by execveat(2) with AT_EMPTY_PATH, but not
 * written, shortened, lengthened, or made writable again; nor read by path, so that a process that
 * executes it without privileges over it cannot be dumped or traced. Returns the descriptor, or a
 * negative errno with the error filled raw. Seals since 3.17; mode and bits fixed, too, since 6.3.
 */
int sealed_program(const char *name, const void *program, size_t size, struct inro_error *error);

#endif
