/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_PRINT_H
#define SECCOMP_PRINT_H

/* Profiles and programs for people to read. */

#include <linux/filter.h>
#include <stddef.h>

#include "base/buf.h"
#include "seccomp/profile.h"

/* An action with its data, "errno EPERM". */
void seccomp_print_action(uint32_t action, struct buf *buf);

/*
 * Write a profile in the language of text.h. Reading that again gives the same program; it says all
 * settings, has neither sets nor includes, and no rules of capabilities that are not there.
 */
void seccomp_print(const struct seccomp_profile *profile, struct buf *buf);

/*
 * Write a program, one instruction a line. The numbers of calls and architectures get their names,
 * as far as they can be told from the instructions before.
 */
void seccomp_disassemble(const struct sock_filter *code, size_t n, struct buf *buf);

#endif
