/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "base/buf.h"

/* Add a text as a JSON string, or null for NULL. A byte that is no UTF-8 becomes U+FFFD. */
void json_add_string(struct buf *buf, const char *text);

#endif
