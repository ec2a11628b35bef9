/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

/*
 * Text to values, each form of number in one function (SECURITY: `-u 1` can never become 0).
 * All return 0, -EINVAL where the text is not of the form, or -ERANGE where it does not fit;
 * outputs are untouched on failure. No white space, no sign where none makes sense.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

int parse_u64(const char *text, uint64_t *ret);
int parse_i64(const char *text, int64_t *ret);
int parse_u32(const char *text, uint32_t *ret);

/* A user or group id: decimal, 0 to 4294967294 (the last id means "none" to the kernel). */
int parse_id(const char *text, uint32_t *ret);

/* A process id: decimal, 1 to 2^31 - 1. */
int parse_pid(const char *text, int *ret);

/* An octal mode, 0 to 07777. */
int parse_mode(const char *text, uint32_t *ret);

/* yes/no, true/false, on/off, 1/0. */
int parse_bool(const char *text, bool *ret);

/* Bytes: a number, whole or with a fraction, with K, M, G, T (powers of 1024, "KiB" and "KB" too). */
int parse_size(const char *text, uint64_t *ret);

/*
 * A time span in nanoseconds: a number, whole or with a fraction, with ns, us, ms, s, m, h, d;
 * seconds where no unit is given; several may follow each other ("1h30m").
 */
int parse_duration(const char *text, uint64_t *ret_ns);

/* A signal: number, or name with or without SIG, RTMIN+n and RTMAX-n included. */
int parse_signal(const char *text, int *ret);

/* The name of a signal, "SIGTERM", "SIGRTMIN+3"; into BUFFER where it must be made. */
const char *signal_name(int number, char buffer[static 16]);

/*
 * Split TEXT at each SEPARATOR to a NULL-terminated vector in the arena; *ret_n (may be NULL) is
 * its length. An empty text has no elements; empty fields are kept. -ENOMEM.
 */
int parse_list(struct arena *arena, const char *text, char separator, char ***ret, size_t *ret_n);

#endif
