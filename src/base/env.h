/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stddef.h>
#include <string.h>

/*
 * The value of a variable in an environment that was handed over ("NAME=value", NULL-terminated, may
 * be NULL itself); NULL where it is not set. It belongs to the environment.
 */
static inline const char *env_value(const char *const *env, const char *name)
{
	size_t length = strlen(name);

	for (; env && *env; env++)
		if (strncmp(*env, name, length) == 0 && (*env)[length] == '=')
			return *env + length + 1;
	return NULL;
}

#endif
