/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/compare.h"

#include <assert.h>
#include <linux/seccomp.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "halves of arguments would be swapped");

static uint32_t low_offset(unsigned argument)
{
	return (uint32_t)(offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t));
}

static uint32_t high_offset(unsigned argument)
{
	return low_offset(argument) + (uint32_t)sizeof(uint32_t);
}

static uint32_t low(uint64_t value)
{
	return (uint32_t)value;
}

static uint32_t high(uint64_t value)
{
	return (uint32_t)(value >> 32);
}

/* Is 0 TEST k? What a half that is known to be 0 answers. */
static bool zero_test(unsigned test, uint32_t k)
{
	return test == BPF_JGT ? false : k == 0;
}

static struct seccomp_target emit_half(struct seccomp_assembler *a, uint32_t offset, uint32_t mask, unsigned test,
				       uint32_t k, struct seccomp_target yes, struct seccomp_target no)
{
	if (mask == 0)
		return zero_test(test, k) ? yes : no;
	return seccomp_word(a, offset, mask, seccomp_test(a, test, k, yes, no));
}

static struct seccomp_target emit_equal(struct seccomp_assembler *a, const struct seccomp_compare *compare,
					uint64_t mask, struct seccomp_target yes, struct seccomp_target no)
{
	struct seccomp_target lower;

	if (compare->value & ~mask)
		return no;
	lower = emit_half(a, low_offset(compare->argument), low(mask), BPF_JEQ, low(compare->value), yes, no);
	return emit_half(a, high_offset(compare->argument), high(mask), BPF_JEQ, high(compare->value), lower,
			 no);
}

/* TEST is BPF_JGT or BPF_JGE. */
static struct seccomp_target emit_greater(struct seccomp_assembler *a, const struct seccomp_compare *compare,
					  uint64_t mask, unsigned test, struct seccomp_target yes,
					  struct seccomp_target no)
{
	const uint32_t k = high(compare->value);
	struct seccomp_target target;

	target = emit_half(a, low_offset(compare->argument), low(mask), test, low(compare->value), yes, no);
	if (high(mask) == 0)
		return k == 0 ? target : no;
	target = seccomp_test(a, BPF_JEQ, k, target, no);
	target = seccomp_test(a, BPF_JGT, k, yes, target);
	return seccomp_word(a, high_offset(compare->argument), high(mask), target);
}

static struct seccomp_target emit_compare(struct seccomp_assembler *a, const struct seccomp_compare *compare,
					  bool narrow, struct seccomp_target yes, struct seccomp_target no)
{
	const uint64_t mask = narrow ? low(compare->mask) : compare->mask;

	switch ((enum seccomp_op)compare->op) {
	case SECCOMP_EQ:
		return emit_equal(a, compare, mask, yes, no);
	case SECCOMP_NE:
		return emit_equal(a, compare, mask, no, yes);
	case SECCOMP_GT:
		return emit_greater(a, compare, mask, BPF_JGT, yes, no);
	case SECCOMP_GE:
		return emit_greater(a, compare, mask, BPF_JGE, yes, no);
	case SECCOMP_LE:
		return emit_greater(a, compare, mask, BPF_JGT, no, yes);
	case SECCOMP_LT:
		return emit_greater(a, compare, mask, BPF_JGE, no, yes);
	}
	return no;
}

static struct seccomp_target emit_rule(struct seccomp_assembler *a, const struct seccomp_rule *rule, bool narrow,
				       struct seccomp_target otherwise)
{
	struct seccomp_target target = seccomp_return(rule->action);

	for (size_t i = rule->n_compares; i > 0; i--)
		target = emit_compare(a, &rule->compares[i - 1], narrow, target, otherwise);
	return target;
}

/* Are these rules "argument == this" and "argument == that", with the same action? */
static bool is_alternative(const struct seccomp_rule *a, const struct seccomp_rule *b)
{
	const struct seccomp_compare *x = a->compares, *y = b->compares;

	return a->action == b->action && a->n_compares == 1 && b->n_compares == 1 && x->op == SECCOMP_EQ &&
	       y->op == SECCOMP_EQ && x->argument == y->argument && x->mask == y->mask &&
	       high(x->value) == high(y->value) && !(x->value & ~x->mask) && !(y->value & ~y->mask);
}

/* A list of alternatives: each half is loaded once for all of them. */
static struct seccomp_target emit_alternatives(struct seccomp_assembler *a, const struct seccomp_rule *const *rules,
					       size_t n, bool narrow, struct seccomp_target otherwise)
{
	const struct seccomp_compare *first = &rules[0]->compares[0];
	const uint64_t mask = narrow ? low(first->mask) : first->mask;
	struct seccomp_target target = otherwise;

	for (size_t i = n; i > 0; i--)
		target = seccomp_test(a, BPF_JEQ, low(rules[i - 1]->compares[0].value),
				      seccomp_return(rules[i - 1]->action), target);
	target = seccomp_word(a, low_offset(first->argument), low(mask), target);
	return emit_half(a, high_offset(first->argument), high(mask), BPF_JEQ, high(first->value), target,
			 otherwise);
}

struct seccomp_target seccomp_emit_rules(struct seccomp_assembler *a, const struct seccomp_rule *const *rules,
					 size_t n, uint32_t else_action, bool narrow)
{
	struct seccomp_target target = seccomp_return(else_action);

	while (n > 0) {
		size_t first = n - 1;

		while (first > 0 && is_alternative(rules[first - 1], rules[n - 1]))
			first--;
		if (n - first > 1 && low(rules[first]->compares[0].mask) != 0)
			target = emit_alternatives(a, rules + first, n - first, narrow, target);
		else
			target = emit_rule(a, rules[first = n - 1], narrow, target);
		n = first;
	}
	return target;
}
