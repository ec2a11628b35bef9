/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_TRACE_H
#define ENGINE_TRACE_H

#include "base/buf.h"
#include "plan/run.h"

/* What each step took, in the order of the plan, as a table. -ENOMEM. */
int trace_text(const struct run *run, struct buf *out);

#endif
