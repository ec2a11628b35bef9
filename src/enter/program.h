/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENTER_PROGRAM_H
#define ENTER_PROGRAM_H

/* The command that a verb executes: prepared first, executed where nothing may be allocated. */

#include <stdbool.h>

#include "base/arena.h"

struct inro_error;

struct program {
	const char *const *paths; /* where it may be, NULL-terminated */
	char *const *argv, *const *envp;
	bool shell; /* nobody named it: where it is not there, /bin/sh is taken */
};

/*
 * WORDS is the command, NULL-terminated; where it is empty, the shell of ENV ($SHELL, /bin/sh), as a
 * login shell. Looked for along the PATH of ENV. All in the arena, or borrowed. 0 or -ENOMEM.
 */
int program_prepare(struct arena *arena, char *const *words, char *const *env, struct program *ret,
		    struct inro_error *error);

/* Child-safe. Returns only on failure, the error filled as raw. */
int program_exec(const struct program *program, struct inro_error *error);

/* The value of a variable, or NULL. */
const char *program_variable(char *const *env, const char *name);

#endif
