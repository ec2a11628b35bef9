/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_COMPARE_H
#define SECCOMP_COMPARE_H

/*
 * Code for argument comparisons. BPF has registers of 32 bits, so that an argument is looked at
 * half by half: for == and != both halves must agree, for the others the high half decides unless
 * it is equal. Halves that a mask makes 0, or that are 0 on an architecture of 32 bits, are not
 * loaded. Byte order: every architecture that inro has tables for is little-endian.
 */

#include "seccomp/assemble.h"
#include "seccomp/profile.h"

/*
 * Emit the code of N rules, tried in order: where one holds its action is returned, where none
 * does ELSE_ACTION. NARROW: arguments of 32 bits.
 */
struct seccomp_target seccomp_emit_rules(struct seccomp_assembler *a, const struct seccomp_rule *const *rules,
					 size_t n, uint32_t else_action, bool narrow);

#endif
