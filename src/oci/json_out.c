/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/json_out.h"

void json_out_string(struct buf *buf, const char *text)
{
	cleanup_buf struct buf utf8 = { 0 };

	buf_add_utf8(&utf8, text);
	buf_puts(buf, "\"");
	for (const char *at = buf_text(&utf8); *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte == '"' || byte == '\\')
			buf_printf(buf, "\\%c", byte);
		else if (byte < 0x20)
			buf_printf(buf, "\\u%04x", byte);
		else
			buf_add(buf, at, 1);
	}
	buf_puts(buf, "\"");
	buf->failed |= utf8.failed;
}

void json_out_key(struct buf *buf, const char *key)
{
	char last = buf->used ? buf->data[buf->used - 1] : '{';

	if (last != '{' && last != '[')
		buf_puts(buf, ",");
	json_out_string(buf, key);
	buf_puts(buf, ":");
}

void json_out_text(struct buf *buf, const char *key, const char *text)
{
	if (!text)
		return;
	json_out_key(buf, key);
	json_out_string(buf, text);
}

void json_out_number(struct buf *buf, const char *key, int64_t number)
{
	json_out_key(buf, key);
	buf_printf(buf, "%lld", (long long)number);
}

void json_out_bool(struct buf *buf, const char *key, bool value)
{
	json_out_key(buf, key);
	buf_puts(buf, value ? "true" : "false");
}

void json_out_strings(struct buf *buf, const char *key, const struct oci_strings *list)
{
	json_out_key(buf, key);
	buf_puts(buf, "[");
	for (size_t i = 0; i < list->n; i++) {
		buf_puts(buf, i ? "," : "");
		json_out_string(buf, list->list[i]);
	}
	buf_puts(buf, "]");
}

void json_out_annotations(struct buf *buf, const struct oci_annotation *list, size_t n)
{
	if (n == 0)
		return;
	json_out_key(buf, "annotations");
	buf_puts(buf, "{");
	for (size_t i = 0; i < n; i++)
		json_out_text(buf, list[i].key, list[i].value);
	buf_puts(buf, "}");
}
