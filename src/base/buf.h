/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

/*
 * A text that grows. An allocation that fails is remembered in `failed`, so that a writer needs
 * to check once, at the end. Not for the child between clone and exec.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct buf {
	char *data; /* NUL-terminated once anything was added; NULL before */
	size_t used, size;
	bool failed;
};

#define cleanup_buf cleanup(buf_deinit)

void buf_deinit(struct buf *buf);
void buf_add(struct buf *buf, const char *data, size_t size);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) printf_like(2, 3);
void buf_vprintf(struct buf *buf, const char *format, va_list args) printf_like(2, 0);

/* Forget the text, keep the memory. */
void buf_clear(struct buf *buf);

/* The text, "" where there is none. Valid until the next call. */
const char *buf_text(const struct buf *buf);

/*
 * Add a string as a POSIX shell would need it: as it is where it is plain, quoted otherwise.
 * With control characters and invalid bytes shown as $'\x1b', so that it is safe on a terminal.
 */
void buf_add_quoted(struct buf *buf, const char *text);

/* Add TEXT with control characters and invalid bytes escaped as \xHH: safe for a terminal. */
void buf_add_safe(struct buf *buf, const char *text);

/* Add TEXT with only invalid bytes escaped so: UTF-8, as JSON must be. */
void buf_add_utf8(struct buf *buf, const char *text);

#endif
