/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/*
 * Filling struct inro_error, once, where the failure happens.
 *
 * Two families. fail_*() format, and serve the parent. error_raw() copies ready strings only: it
 * is what the child between clone and exec may call (no allocation, no locale, no stdio). The
 * engine completes a child's error with the number and the words of its step.
 */

#include "base/macros.h"
#include "inro/error.h"

/*
 * Child-safe: CODE is a negative errno and is returned. CALL and OBJECT may be NULL.
 * Never overwrites an error that is already there.
 */
int error_raw(struct inro_error *error, int code, const char *call, const char *object);

/* Child-safe: change the kind of an error just filled, and give its cause in ready words. */
void error_raw_kind(struct inro_error *error, enum inro_error_kind kind, const char *why);

/* What was asked for is wrong: WHAT is the option or field ("--memory"). Returns -EINVAL. */
int fail_usage(struct inro_error *error, const char *what, const char *format, ...) printf_like(3, 4);

/*
 * The host cannot or will not: KIND is INRO_ERROR_HOST or INRO_ERROR_DENIED, CODE a negative errno,
 * which is returned. FORMAT gives the cause in words; a hint may follow with error_hint().
 */
int fail_host(struct inro_error *error, enum inro_error_kind kind, int code, const char *what,
	      const char *format, ...) printf_like(5, 6);

/* A system call failed outside of any step: what was being done, on what. Returns CODE. */
int fail_call(struct inro_error *error, int code, const char *what, const char *call, const char *object);

/* Out of memory. Returns -ENOMEM. */
int fail_memory(struct inro_error *error);

/* Add the cause in words, or the way out. Both do nothing without an error. */
void error_why(struct inro_error *error, const char *format, ...) printf_like(2, 3);
void error_hint(struct inro_error *error, const char *format, ...) printf_like(2, 3);

/* The text of an error, without VERB (may be NULL) as its first word: for who has said that before it. */
const char *error_without(const char *text, const char *verb);

#endif
