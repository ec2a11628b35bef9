/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

/* Copy a string into a fixed field. A path that is too long loses its front, which says less. */
static void copy_field(char *field, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length < size) {
		memcpy(field, text, length + 1);
		return;
	}
	memcpy(field, "...", 3);
	memcpy(field + 3, text + length - (size - 4), size - 3);
}

int error_raw(struct inro_error *error, int code, const char *call, const char *object)
{
	if (!error || error->kind != INRO_ERROR_NONE)
		return code;
	error->kind = INRO_ERROR_STEP;
	error->code = -code;
	if (call)
		copy_field(error->call, sizeof(error->call), call);
	if (object)
		copy_field(error->object, sizeof(error->object), object);
	return code;
}

void error_raw_kind(struct inro_error *error, enum inro_error_kind kind, const char *why)
{
	if (!error)
		return;
	error->kind = kind;
	if (why)
		copy_field(error->why, sizeof(error->why), why);
}

static void fill(struct inro_error *error, enum inro_error_kind kind, int code, const char *what)
{
	memset(error, 0, sizeof(*error));
	error->kind = kind;
	error->code = code;
	copy_field(error->what, sizeof(error->what), what);
}

int fail_usage(struct inro_error *error, const char *what, const char *format, ...)
{
	va_list args;

	if (!error)
		return -EINVAL;
	fill(error, INRO_ERROR_USAGE, 0, what);
	va_start(args, format);
	vsnprintf(error->why, sizeof(error->why), format, args);
	va_end(args);
	return -EINVAL;
}

int fail_host(struct inro_error *error, enum inro_error_kind kind, int code, const char *what,
	      const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	fill(error, kind, -code, what);
	va_start(args, format);
	vsnprintf(error->why, sizeof(error->why), format, args);
	va_end(args);
	return code;
}

int fail_call(struct inro_error *error, int code, const char *what, const char *call, const char *object)
{
	if (!error)
		return code;
	fill(error, INRO_ERROR_HOST, -code, what);
	if (call)
		copy_field(error->call, sizeof(error->call), call);
	if (object)
		copy_field(error->object, sizeof(error->object), object);
	return code;
}

int fail_memory(struct inro_error *error)
{
	return fail_host(error, INRO_ERROR_HOST, -ENOMEM, "allocate memory", "out of memory");
}

void error_why(struct inro_error *error, const char *format, ...)
{
	va_list args;

	if (!error || error->kind == INRO_ERROR_NONE)
		return;
	va_start(args, format);
	vsnprintf(error->why, sizeof(error->why), format, args);
	va_end(args);
}

void error_hint(struct inro_error *error, const char *format, ...)
{
	va_list args;

	if (!error || error->kind == INRO_ERROR_NONE)
		return;
	va_start(args, format);
	vsnprintf(error->hint, sizeof(error->hint), format, args);
	va_end(args);
}

size_t inro_error_format(const struct inro_error *error, char *text, size_t size)
{
	cleanup_buf struct buf buf = { 0 };

	if (error->step > 0)
		buf_printf(&buf, "step %d of %d, ", error->step, error->n_steps);
	buf_add_safe(&buf, error->what);
	if (error->object[0]) {
		buf_puts(&buf, error->what[0] ? " " : "");
		buf_add_safe(&buf, error->object);
	}
	if (error->call[0])
		buf_printf(&buf, "%s%s", buf.used ? ": " : "", error->call);
	if (error->code)
		buf_printf(&buf, "%s%s", buf.used ? ": " : "", strerror(error->code));
	if (error->why[0]) {
		buf_puts(&buf, buf.used ? ": " : "");
		buf_add_safe(&buf, error->why);
	}
	if (error->hint[0]) {
		buf_puts(&buf, buf.used ? "; " : "");
		buf_add_safe(&buf, error->hint);
	}
	if (size > 0)
		snprintf(text, size, "%s", buf_text(&buf));
	return buf.used;
}

int inro_error_status(const struct inro_error *error)
{
	switch (error->kind) {
	case INRO_ERROR_NONE:
		return 0;
	case INRO_ERROR_NOT_FOUND:
		return 127;
	case INRO_ERROR_NOT_EXECUTABLE:
		return 126;
	default:
		return 125;
	}
}

const char *error_without(const char *text, const char *verb)
{
	size_t length = verb ? strlen(verb) : 0;

	return length && strncmp(text, verb, length) == 0 && strncmp(text + length, ": ", 2) == 0 ? text + length + 2
												  : text;
}
