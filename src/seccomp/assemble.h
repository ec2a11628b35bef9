/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_ASSEMBLE_H
#define SECCOMP_ASSEMBLE_H

/*
 * Writing a classic BPF program, last instruction first.
 *
 * Jumps in BPF go forward only. Written from its end, a program has every target in place before
 * the jump to it, so that each distance is known and nothing needs to be patched. A conditional
 * jump reaches 255 instructions: for what lies farther a return is repeated nearby (it is one
 * instruction, as a jump would be) and code is reached through an unconditional jump. Repeating
 * happens only there, so that a program is as short as its shape allows.
 *
 * The kernel works out at installation which calls a filter always allows, and does not run it for
 * them at all (Linux 5.11), provided that the way there uses nothing but loads of the number and
 * the architecture, jumps with constants, AND and returns. That is all that is emitted here.
 */

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a jump goes: a return with a value, or an instruction, counted from the program's end. */
struct seccomp_target {
	bool code;
	uint32_t value;
};

struct seccomp_assembler {
	size_t used; /* instructions so far; above BPF_MAXINSNS they are only counted */
	struct {
		uint32_t action;
		size_t position;
	} returns[16];
	size_t n_returns;
	struct sock_filter code[BPF_MAXINSNS]; /* filled from its end */
};

static inline struct seccomp_target seccomp_return(uint32_t action)
{
	return (struct seccomp_target){ false, action };
}

static inline bool seccomp_same_target(struct seccomp_target a, struct seccomp_target b)
{
	return a.code == b.code && a.value == b.value;
}

/*
 * Each of these puts an instruction before what is there, and returns where it is. TEST is
 * BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET; without a difference between the targets it emits nothing.
 * WORD reads the one at OFFSET of struct seccomp_data, and goes on at NEXT.
 */
struct seccomp_target seccomp_test(struct seccomp_assembler *a, unsigned test, uint32_t k,
				   struct seccomp_target yes, struct seccomp_target no);
struct seccomp_target seccomp_word(struct seccomp_assembler *a, uint32_t offset, uint32_t mask,
				   struct seccomp_target next);

/* Make TARGET the first instruction of the program. */
void seccomp_begin(struct seccomp_assembler *a, struct seccomp_target target);

/* The finished program; only where `used` is at most BPF_MAXINSNS. */
static inline const struct sock_filter *seccomp_code(const struct seccomp_assembler *a)
{
	return a->code + (BPF_MAXINSNS - a->used);
}

#endif
