/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/assemble.h"

#include "base/macros.h"

enum { REACH = 255 };

static size_t put(struct seccomp_assembler *a, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
	a->used++;
	if (a->used <= BPF_MAXINSNS)
		a->code[BPF_MAXINSNS - a->used] = (struct sock_filter){ code, yes, no, k };
	return a->used;
}

/* How many instructions the next one would have to skip to come to POSITION. */
static size_t distance(const struct seccomp_assembler *a, size_t position)
{
	return a->used - position;
}

static size_t put_return(struct seccomp_assembler *a, uint32_t action)
{
	size_t slot = 0;

	while (slot < a->n_returns && a->returns[slot].action != action)
		slot++;
	if (slot == ARRAY_SIZE(a->returns))
		slot = action % ARRAY_SIZE(a->returns);
	else if (slot == a->n_returns)
		a->n_returns++;
	a->returns[slot].action = action;
	a->returns[slot].position = put(a, BPF_RET | BPF_K, 0, 0, action);
	return a->returns[slot].position;
}

/* A position that does what TARGET does, at most REACH instructions away. */
static size_t near(struct seccomp_assembler *a, struct seccomp_target target, size_t reach)
{
	if (target.code && distance(a, target.value) <= reach)
		return target.value;
	if (target.code)
		return put(a, BPF_JMP | BPF_JA, 0, 0, (uint32_t)distance(a, target.value));
	for (size_t i = 0; i < a->n_returns; i++)
		if (a->returns[i].action == target.value && distance(a, a->returns[i].position) <= reach)
			return a->returns[i].position;
	return put_return(a, target.value);
}

static struct seccomp_target at(size_t position)
{
	return (struct seccomp_target){ true, (uint32_t)position };
}

struct seccomp_target seccomp_test(struct seccomp_assembler *a, unsigned test, uint32_t k,
				   struct seccomp_target yes, struct seccomp_target no)
{
	size_t yes_position, no_position;

	if (seccomp_same_target(yes, no))
		return yes;
	/* Bringing the second target near may move the first one away by one instruction. */
	no_position = near(a, no, REACH - 1);
	yes_position = near(a, yes, REACH);
	return at(put(a, (uint16_t)(BPF_JMP | test | BPF_K), (uint8_t)distance(a, yes_position),
		      (uint8_t)distance(a, no_position), k));
}

/* Make TARGET the instruction that comes next. */
static void place(struct seccomp_assembler *a, struct seccomp_target target)
{
	if (!target.code)
		put_return(a, target.value);
	else if (target.value != a->used)
		put(a, BPF_JMP | BPF_JA, 0, 0, (uint32_t)distance(a, target.value));
}

struct seccomp_target seccomp_word(struct seccomp_assembler *a, uint32_t offset, uint32_t mask,
				   struct seccomp_target next)
{
	if (!next.code)
		return next;
	place(a, next);
	if (mask != UINT32_MAX)
		put(a, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	return at(put(a, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset));
}

void seccomp_begin(struct seccomp_assembler *a, struct seccomp_target target)
{
	place(a, target);
}
