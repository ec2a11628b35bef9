/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_FEATURE_H
#define SECCOMP_FEATURE_H

/* What --seccomp-dump needs of the filters of a plan. */

#include "base/buf.h"
#include "plan/plan.h"

enum seccomp_dump {
	SECCOMP_DUMP_NOT,
	SECCOMP_DUMP_TEXT, /* the profile in the language of text.h */
	SECCOMP_DUMP_BPF,  /* the program, disassembled */
	SECCOMP_DUMP_RAW,  /* the program as bytes, as --seccomp-fd reads it */
};

/* What the spec asks for. */
enum seccomp_dump seccomp_dump_wanted(const struct spec *spec);

/* Write the filters that the plan installs, in their order. Filters from descriptors have no text. */
void seccomp_dump(const struct plan *plan, enum seccomp_dump form, struct buf *buf);

#endif
