/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SETTERS_H
#define CLI_SETTERS_H

/*
 * The functions behind most options of a verb: a flag, or a text that is looked at later, goes to
 * the field of the same name in the verb's own struct. Each makes set_FIELD() for an option row.
 */

#include <string.h>

#include "inro/error.h"

#define flag_setter(type, field)                                                           \
	static int set_##field(void *object, const char *value, struct inro_error *error)  \
	{                                                                                  \
		(void)error;                                                               \
		((struct type *)object)->field = strcmp(value, "true") == 0;               \
		return 0;                                                                  \
	}

#define text_setter(type, field)                                                           \
	static int set_##field(void *object, const char *value, struct inro_error *error)  \
	{                                                                                  \
		(void)error;                                                               \
		((struct type *)object)->field = value;                                    \
		return 0;                                                                  \
	}

#endif
