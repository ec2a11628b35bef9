/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SECCOMP_MACHINE_H
#define TESTS_SECCOMP_MACHINE_H

/*
 * Runs a classic BPF program as the kernel would, so that a test can ask for any architecture and
 * any number. Follows seccomp's rules: words of struct seccomp_data only, forward jumps, 4096
 * instructions. A program that breaks them fails the test.
 */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct machine_result {
	uint32_t action;
	unsigned steps; /* instructions executed */
};

static inline uint32_t machine_alu(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_AND:
		return a & k;
	case BPF_OR:
		return a | k;
	default:
		fail_msg("unexpected arithmetic 0x%x", code);
		return 0;
	}
}

static inline int machine_test(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return (a & k) != 0;
	default:
		fail_msg("unexpected jump 0x%x", code);
		return 0;
	}
}

static inline struct machine_result machine_run(const struct sock_filter *code, size_t n,
						const struct seccomp_data *data)
{
	struct machine_result result = { 0 };
	uint32_t a = 0, memory[BPF_MEMWORDS] = { 0 };

	assert_in_range(n, 1, BPF_MAXINSNS);
	for (size_t pc = 0;; pc++) {
		const struct sock_filter *at = &code[pc];

		assert_in_range(pc, 0, n - 1);
		result.steps++;
		switch (BPF_CLASS(at->code)) {
		case BPF_LD:
			if (BPF_MODE(at->code) == BPF_MEM) {
				a = memory[at->k];
				break;
			}
			assert_int_equal(at->code, BPF_LD | BPF_W | BPF_ABS);
			assert_int_equal(at->k % 4, 0);
			assert_in_range(at->k, 0, sizeof(*data) - 4);
			memcpy(&a, (const char *)data + at->k, 4);
			break;
		case BPF_ST:
			memory[at->k] = a;
			break;
		case BPF_ALU:
			a = machine_alu(at->code, a, at->k);
			break;
		case BPF_JMP:
			if (BPF_OP(at->code) == BPF_JA)
				pc += at->k;
			else
				pc += machine_test(at->code, a, at->k) ? at->jt : at->jf;
			break;
		case BPF_RET:
			result.action = at->k;
			return result;
		default:
			fail_msg("unexpected instruction 0x%x", at->code);
		}
	}
}

#endif
