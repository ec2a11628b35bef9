/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SETTERS_H
#define BASE_SETTERS_H

/*
 * The functions behind most options: a flag, or a text, goes to one field. Each macro makes the
 * set_NAME() of an option row. For verbs the object is their own struct, and a text is borrowed from
 * the command line; for features it is the spec, or a part of it, and a text is copied there.
 */

#include <string.h>

#include "inro/error.h"

/* PLACE is an lvalue, in which OBJECT is what the option table is about. */
#define flag_setter_at(name, place)                                                        \
	static int set_##name(void *object, const char *value, struct inro_error *error)   \
	{                                                                                  \
		(void)error;                                                               \
		(place) = strcmp(value, "true") == 0;                                      \
		return 0;                                                                  \
	}

#define text_setter_at(name, place)                                                        \
	static int set_##name(void *object, const char *value, struct inro_error *error)   \
	{                                                                                  \
		(void)error;                                                               \
		(place) = value;                                                           \
		return 0;                                                                  \
	}

/* The same where an empty text is as good as none. */
#define word_setter_at(name, place)                                                        \
	static int set_##name(void *object, const char *value, struct inro_error *error)   \
	{                                                                                  \
		(void)error;                                                               \
		(place) = *value ? value : NULL;                                           \
		return 0;                                                                  \
	}

/* A field of the same name in a verb's struct. */
#define flag_setter(type, field) flag_setter_at(field, ((struct type *)object)->field)
#define text_setter(type, field) text_setter_at(field, ((struct type *)object)->field)

/* A field of the spec; or of the part of it that is of that TYPE and belongs to the feature. */
#define spec_flag_setter(name, field) flag_setter_at(name, ((struct spec *)object)->field)
#define part_flag_setter(name, type, feature, field) \
	flag_setter_at(name, ((struct type *)spec_part(object, &(feature)))->field)

/* A text of the spec, in its arena. */
#define spec_text_setter(name, field)                                                      \
	static int set_##name(void *object, const char *value, struct inro_error *error)   \
	{                                                                                  \
		struct spec *spec = object;                                                \
		spec->field = arena_strdup(&spec->arena, value);                           \
		return spec->field ? 0 : fail_memory(error);                               \
	}

#endif
