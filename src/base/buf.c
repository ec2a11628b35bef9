/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void buf_deinit(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}

static bool make_room(struct buf *buf, size_t more)
{
	size_t size = buf->size ? buf->size : 256;
	char *grown;

	if (buf->failed)
		return false;
	if (buf->size - buf->used > more)
		return true;
	while (size - buf->used <= more)
		size *= 2;
	grown = realloc(buf->data, size);
	if (!grown) {
		buf->failed = true;
		return false;
	}
	buf->data = grown;
	buf->size = size;
	return true;
}

void buf_add(struct buf *buf, const char *data, size_t size)
{
	if (!make_room(buf, size))
		return;
	if (size)
		memcpy(buf->data + buf->used, data, size);
	buf->used += size;
	buf->data[buf->used] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length >= 0 && make_room(buf, (size_t)length)) {
		vsnprintf(buf->data + buf->used, (size_t)length + 1, format, again);
		buf->used += (size_t)length;
	}
	va_end(again);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void buf_clear(struct buf *buf)
{
	buf->used = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

const char *buf_text(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

static bool is_plain(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("_-./:=,+@%", *text))
			return false;
	return true;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return true;
	return false;
}

void buf_add_quoted(struct buf *buf, const char *text)
{
	bool ansi = has_control(text);

	if (is_plain(text)) {
		buf_puts(buf, text);
		return;
	}
	buf_puts(buf, ansi ? "$'" : "'");
	for (; *text; text++) {
		if (ansi && iscntrl((unsigned char)*text))
			buf_printf(buf, "\\x%02x", (unsigned char)*text);
		else if (*text == '\'')
			buf_puts(buf, ansi ? "\\'" : "'\\''");
		else if (ansi && *text == '\\')
			buf_puts(buf, "\\\\");
		else
			buf_add(buf, text, 1);
	}
	buf_puts(buf, "'");
}

void buf_add_safe(struct buf *buf, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			buf_printf(buf, "\\x%02x", c);
		else
			buf_add(buf, text, 1);
	}
}
