/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <ctype.h>
#include <stdint.h>
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

/* The length of the character that TEXT begins with and its number; 0 where it is no UTF-8. */
static size_t utf8_length(const char *text, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = (const unsigned char *)text;
	size_t n = *at < 0x80 ? 1 : *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
	uint32_t code = n == 1 ? *at : *at & (0x7fU >> n);

	if (*at >= 0xf8 || (*at >= 0x80 && *at < 0xc0))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	*ret = code;
	return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

/*
 * The same, 0 as well for what may not be shown: control characters, of which U+009B begins a
 * sequence on a terminal as ESC [ does.
 */
static size_t shown_length(const char *text)
{
	uint32_t code;
	size_t n = utf8_length(text, &code);

	return n && (code < 0x20 || (code >= 0x7f && code < 0xa0)) ? 0 : n;
}

/* One character as it is, or one byte of what may not be shown as \xHH. Returns what is behind it. */
static const char *add_shown(struct buf *buf, const char *text)
{
	size_t n = shown_length(text);

	if (n > 0)
		buf_add(buf, text, n);
	else
		buf_printf(buf, "\\x%02x", (unsigned char)*text);
	return text + (n ? n : 1);
}

static bool is_shown(const char *text)
{
	while (*text) {
		size_t n = shown_length(text);

		if (n == 0)
			return false;
		text += n;
	}
	return true;
}

void buf_add_quoted(struct buf *buf, const char *text)
{
	bool ansi = !is_shown(text);

	if (is_plain(text)) {
		buf_puts(buf, text);
		return;
	}
	buf_puts(buf, ansi ? "$'" : "'");
	while (*text) {
		if (*text == '\'' || (ansi && *text == '\\')) {
			buf_puts(buf, ansi ? "\\" : "'\\'");
			buf_add(buf, text++, 1);
		} else {
			text = add_shown(buf, text);
		}
	}
	buf_puts(buf, "'");
}

void buf_add_safe(struct buf *buf, const char *text)
{
	while (*text)
		text = add_shown(buf, text);
}

void buf_add_utf8(struct buf *buf, const char *text)
{
	while (*text) {
		uint32_t code;
		size_t n = utf8_length(text, &code);

		if (n > 0)
			buf_add(buf, text, n);
		else
			buf_printf(buf, "\\x%02x", (unsigned char)*text);
		text += n ? n : 1;
	}
}
