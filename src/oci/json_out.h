/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_JSON_OUT_H
#define OCI_JSON_OUT_H

/* Writing JSON, compact: "/" is not escaped, since programs that read it by pattern exist. */

#include <stdint.h>

#include "base/buf.h"
#include "oci/config.h"

/* "TEXT" with what must be escaped; bytes that are no UTF-8 as \xHH in words. */
void json_out_string(struct buf *buf, const char *text);

/* "KEY": and its value, with a comma before it unless it is the first after "{". */
void json_out_key(struct buf *buf, const char *key);
void json_out_text(struct buf *buf, const char *key, const char *text); /* left away where TEXT is NULL */
void json_out_number(struct buf *buf, const char *key, int64_t number);
void json_out_bool(struct buf *buf, const char *key, bool value);
void json_out_strings(struct buf *buf, const char *key, const struct oci_strings *list);

/* "annotations":{…}; left away where there are none. */
void json_out_annotations(struct buf *buf, const struct oci_annotation *list, size_t n);

#endif
