/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

/*
 * The handful of macros that the whole code base uses: cleanup on scope exit, handing over of
 * ownership, and sizes of arrays. Everything else is a function.
 */

#include <stddef.h>
#include <stdlib.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Run FUNC(&variable) when the variable goes out of scope. */
#define cleanup(func) __attribute__((cleanup(func)))

/* A heap pointer that is freed when it goes out of scope. */
#define cleanup_free cleanup(free_ptr)

#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define unused __attribute__((unused))

static inline void free_ptr(void *ptr_to_ptr)
{
	free(*(void **)ptr_to_ptr);
}

/* Hand the pointer over: returns it and leaves NULL behind, so that cleanup does nothing. */
#define take_ptr(ptr)                           \
	({                                      \
		__typeof__(ptr) taken_ = (ptr); \
		(ptr) = NULL;                   \
		taken_;                         \
	})

/* Define a cleanup function for variables of TYPE whose destructor is FUNC(TYPE). */
#define define_cleanup(type, func)                     \
	static inline void func##_ptr(type *ptr_to_it) \
	{                                              \
		if (*ptr_to_it)                        \
			func(*ptr_to_it);              \
	}

#endif
