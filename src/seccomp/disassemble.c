/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "seccomp/print.h"

/* What is in the register, as far as the instructions are read from top to bottom. */
enum loaded {
	LOADED_NOTHING,
	LOADED_ARCH,
	LOADED_NUMBER,
	LOADED_ARGUMENT,
};

struct reader {
	enum loaded loaded;
	int arch; /* whose numbers are compared, or negative */
	const struct sock_filter *code;
	size_t n;
};

static int arch_of_audit(uint32_t audit)
{
	for (int arch = 0; arch < SECCOMP_ARCHES; arch++)
		if (seccomp_arch_info[arch].audit == audit)
			return arch;
	return -1;
}

/* The architecture whose test jumps to this instruction, if one does. */
static int arch_at(const struct reader *reader, size_t index)
{
	for (size_t i = 0; i < reader->n && i < index; i++) {
		const struct sock_filter *test = &reader->code[i];
		size_t target = i + 1 + test->jt;

		if (test->code != (BPF_JMP | BPF_JEQ | BPF_K) || arch_of_audit(test->k) < 0)
			continue;
		if (target < reader->n && reader->code[target].code == (BPF_JMP | BPF_JA))
			target += 1 + reader->code[target].k;
		if (target == index)
			return arch_of_audit(test->k);
	}
	return -1;
}

static void print_load(struct reader *reader, size_t index, uint32_t offset, struct buf *buf)
{
	const uint32_t args = offsetof(struct seccomp_data, args);

	if (offset == offsetof(struct seccomp_data, arch)) {
		reader->loaded = LOADED_ARCH;
		buf_puts(buf, "ld   arch");
	} else if (offset == offsetof(struct seccomp_data, nr)) {
		reader->loaded = LOADED_NUMBER;
		reader->arch = arch_at(reader, index);
		buf_puts(buf, "ld   number");
	} else if (offset >= args && offset < sizeof(struct seccomp_data)) {
		reader->loaded = LOADED_ARGUMENT;
		buf_printf(buf, "ld   arg%u.%s", (offset - args) / 8, offset % 8 ? "high" : "low");
	} else {
		reader->loaded = LOADED_NOTHING;
		buf_printf(buf, "ld   [%u]", offset);
	}
}

/* The name of a number, with "x32:" before those of x32; NULL. */
static const char *number_name(const struct reader *reader, uint32_t number, const char **ret_prefix)
{
	*ret_prefix = "";
	if (reader->arch == SECCOMP_X86_64 && number >= seccomp_arch_info[SECCOMP_X32].first) {
		*ret_prefix = "x32:";
		return seccomp_number_name(SECCOMP_X32, number - seccomp_arch_info[SECCOMP_X32].first);
	}
	return reader->arch < 0 ? NULL : seccomp_number_name((enum seccomp_arch)reader->arch, number);
}

static void print_jump(const struct reader *reader, size_t index, const char *name, struct buf *buf)
{
	const struct sock_filter *jump = &reader->code[index];
	const char *text = NULL, *prefix = "";

	buf_printf(buf, "%-4s 0x%08x  %04zu  %04zu", name, jump->k, index + 1 + jump->jt, index + 1 + jump->jf);
	if (reader->loaded == LOADED_ARCH && arch_of_audit(jump->k) >= 0)
		text = seccomp_arch_info[arch_of_audit(jump->k)].name;
	if (reader->loaded == LOADED_NUMBER)
		text = number_name(reader, jump->k, &prefix);
	if (text)
		buf_printf(buf, "  # %s%s", prefix, text);
}

static void print_instruction(struct reader *reader, size_t index, struct buf *buf)
{
	const struct sock_filter *at = &reader->code[index];

	switch (at->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		print_load(reader, index, at->k, buf);
		break;
	case BPF_ALU | BPF_AND | BPF_K:
		buf_printf(buf, "and  0x%08x", at->k);
		break;
	case BPF_JMP | BPF_JA:
		buf_printf(buf, "jmp  %04zu", index + 1 + at->k);
		break;
	case BPF_JMP | BPF_JEQ | BPF_K:
		print_jump(reader, index, "jeq", buf);
		break;
	case BPF_JMP | BPF_JGT | BPF_K:
		print_jump(reader, index, "jgt", buf);
		break;
	case BPF_JMP | BPF_JGE | BPF_K:
		print_jump(reader, index, "jge", buf);
		break;
	case BPF_JMP | BPF_JSET | BPF_K:
		print_jump(reader, index, "jset", buf);
		break;
	case BPF_RET | BPF_K:
		buf_puts(buf, "ret  ");
		seccomp_print_action(at->k, buf);
		break;
	default:
		buf_printf(buf, "0x%04x  %u  %u  0x%08x", at->code, at->jt, at->jf, at->k);
	}
}

void seccomp_disassemble(const struct sock_filter *code, size_t n, struct buf *buf)
{
	struct reader reader = { .arch = -1, .code = code, .n = n };

	for (size_t i = 0; i < n; i++) {
		buf_printf(buf, "%04zu  ", i);
		print_instruction(&reader, i, buf);
		buf_puts(buf, "\n");
	}
}
