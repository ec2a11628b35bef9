/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"

/* Length of the UTF-8 character at TEXT; 0 where there is none. */
static size_t utf8_length(const unsigned char *text)
{
	size_t n = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 :
		   (text[0] & 0xf0) == 0xe0 ? 3 : text[0] >= 0xf0 && text[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

void json_add_string(struct buf *buf, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	if (!text) {
		buf_puts(buf, "null");
		return;
	}
	buf_puts(buf, "\"");
	while (*at) {
		size_t n = utf8_length(at);

		if (*at == '"' || *at == '\\')
			buf_printf(buf, "\\%c", *at);
		else if (*at < 0x20 || *at == 0x7f)
			buf_printf(buf, "\\u%04x", *at);
		else if (n == 0)
			buf_puts(buf, "\xef\xbf\xbd");
		else
			buf_add(buf, (const char *)at, n);
		at += n ? n : 1;
	}
	buf_puts(buf, "\"");
}
