/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How a program comes to be.
 *
 * 1. Rules are gathered by call, independent of architecture: each call gets the list of the rules
 *    about it, in the order in which they are to be tried. The list is cut after the first rule
 *    without comparisons, and loses rules at its end that say what would happen anyway. What
 *    remains is the call's outcome: an action, or a list of rules and an action at its end. Calls
 *    with the same list share one outcome, and one piece of code.
 *
 * 2. For each architecture the numbers are walked in their order (the table is sorted so), and the
 *    outcomes become intervals over the whole 32-bit range of numbers. Neighbours with the same
 *    outcome melt into one; several hundred calls of a usual profile give some 60 intervals.
 *    x86_64 and x32 are one architecture to the filter, told apart by bit 30 of the number, so they
 *    share one row of intervals; where x32 is not wanted its half of the range is one interval.
 *
 * 3. The program looks at the architecture, the native one first, then goes down a binary tree over
 *    the starts of the intervals, and ends in a return or in the code of an outcome:
 *
 *        load architecture; compare with each; otherwise the action for foreign ones
 *        load number; some six comparisons
 *        return, or: load argument; compare; return
 *
 * It is written from its end (assemble.h): code of outcomes, tree, start.
 */
#include "seccomp/generate.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "seccomp/assemble.h"
#include "seccomp/compare.h"

/* What becomes of a call whose arguments matter. */
struct outcome {
	const struct seccomp_rule **rules;
	size_t n;
	uint32_t action;
	struct seccomp_target target; /* its code, for the architecture being emitted */
	bool emitted;
};

/* A call that rules are about: first their list, then what becomes of it. */
struct call {
	uint32_t first, last; /* 1 + index into links; 0 = none */
	uint32_t action;
	struct outcome *outcome; /* NULL = always `action` */
};

struct link {
	uint32_t rule, next;
};

struct interval {
	uint32_t start;
	struct seccomp_target target;
};

struct generator {
	const struct seccomp_profile *profile;
	struct arena arena; /* what is needed only while generating */
	struct seccomp_assembler *assembler;
	struct call *calls; /* by name, then the numbers without a name */
	uint32_t *numbers;  /* these numbers, sorted */
	size_t n_numbers;
	struct link *links;
	size_t n_links;
	struct outcome **outcomes;
	size_t n_outcomes;
	struct interval *intervals;
	size_t n_intervals;
};

static void generator_deinit(struct generator *g)
{
	arena_deinit(&g->arena);
}

/* ---- 1. rules by call ---- */

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Common numbers that no architecture of ours has a name for. */
static bool is_nameless(uint32_t call)
{
	return (call & SECCOMP_CALL_NUMBER) &&
	       !seccomp_number_name(SECCOMP_X86_64, call & ~SECCOMP_CALL_NUMBER);
}

static int collect_numbers(struct generator *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->profile->n_rules; i++)
		for (size_t j = 0; j < g->profile->rules[i].n_calls; j++)
			if (is_nameless(g->profile->rules[i].calls[j])) {
				uint32_t *number = arena_grow(&g->arena, &g->numbers, &n, sizeof(*number));

				if (!number)
					return -ENOMEM;
				*number = g->profile->rules[i].calls[j] & ~SECCOMP_CALL_NUMBER;
			}
	if (n == 0)
		return 0;
	qsort(g->numbers, n, sizeof(*g->numbers), by_value);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || g->numbers[i] != g->numbers[i - 1])
			g->numbers[g->n_numbers++] = g->numbers[i];
	return 0;
}

/* The place of a call among g->calls. */
static size_t call_index(const struct generator *g, uint32_t call)
{
	uint32_t number = call & ~SECCOMP_CALL_NUMBER;
	const char *name;

	if (!(call & SECCOMP_CALL_NUMBER))
		return call;
	name = seccomp_number_name(SECCOMP_X86_64, number);
	if (name)
		return (size_t)seccomp_find_name(name, strlen(name));
	return n_syscall_names +
	       (size_t)((uint32_t *)bsearch(&number, g->numbers, g->n_numbers, sizeof(number), by_value) -
			g->numbers);
}

static int gather_rules(struct generator *g)
{
	const struct seccomp_profile *profile = g->profile;
	size_t total = 0;

	for (size_t i = 0; i < profile->n_rules; i++)
		total += profile->rules[i].n_calls;
	g->calls = arena_array(&g->arena, n_syscall_names + g->n_numbers, sizeof(*g->calls));
	g->links = arena_array(&g->arena, total + 1, sizeof(*g->links));
	if (!g->calls || !g->links)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->n_rules; i++)
		for (size_t j = 0; j < profile->rules[i].n_calls; j++) {
			struct call *call = &g->calls[call_index(g, profile->rules[i].calls[j])];
			uint32_t link = (uint32_t)++g->n_links;

			g->links[link - 1].rule = i;
			if (call->last)
				g->links[call->last - 1].next = link;
			else
				call->first = link;
			call->last = link;
		}
	return 0;
}

/* SECCOMP_STRONGEST: the strongest first; equally strong ones stay in their order. */
static void sort_by_rank(const struct seccomp_rule **rules, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct seccomp_rule *rule = rules[i];
		size_t j = i;

		for (; j > 0 && seccomp_action_rank(rules[j - 1]->action) > seccomp_action_rank(rule->action); j--)
			rules[j] = rules[j - 1];
		rules[j] = rule;
	}
}

/*
 * The rules of a call in the order in which they are tried. Returns how many have comparisons;
 * *action is what happens when none of them holds.
 */
static size_t order_rules(const struct generator *g, const struct call *call, const struct seccomp_rule **rules,
			  uint32_t *action)
{
	const bool strongest = g->profile->match == SECCOMP_STRONGEST;
	const struct seccomp_rule *certain = NULL;
	size_t n = 0;

	for (uint32_t link = call->first; link; link = g->links[link - 1].next) {
		const struct seccomp_rule *rule = &g->profile->rules[g->links[link - 1].rule];

		if (rule->n_compares > 0)
			rules[n++] = rule;
		else if (!certain)
			certain = rule;
		if (certain && !strongest)
			break;
	}
	*action = certain ? certain->action : g->profile->default_action;
	if (strongest && certain)
		return 0;
	if (strongest)
		sort_by_rank(rules, n);
	while (n > 0 && rules[n - 1]->action == *action)
		n--;
	return n;
}

static struct outcome *find_outcome(struct generator *g, const struct seccomp_rule **rules, size_t n,
				    uint32_t action)
{
	struct outcome *outcome, **place;

	for (size_t i = 0; i < g->n_outcomes; i++)
		if (g->outcomes[i]->n == n && g->outcomes[i]->action == action &&
		    memcmp(g->outcomes[i]->rules, rules, n * sizeof(*rules)) == 0)
			return g->outcomes[i];
	outcome = arena_alloc(&g->arena, sizeof(*outcome));
	place = arena_grow(&g->arena, &g->outcomes, &g->n_outcomes, sizeof(*place));
	if (!outcome || !place)
		return NULL;
	outcome->rules = arena_copy(&g->arena, rules, n * sizeof(*rules));
	outcome->n = n;
	outcome->action = action;
	*place = outcome;
	return outcome->rules ? outcome : NULL;
}

static int decide_outcomes(struct generator *g)
{
	const struct seccomp_rule **rules =
		arena_array(&g->arena, g->profile->n_rules + 1, sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	for (size_t i = 0; i < n_syscall_names + g->n_numbers; i++) {
		struct call *call = &g->calls[i];
		size_t n;

		if (!call->first)
			continue;
		n = order_rules(g, call, rules, &call->action);
		if (n == 0)
			continue;
		call->outcome = find_outcome(g, rules, n, call->action);
		if (!call->outcome)
			return -ENOMEM;
	}
	return 0;
}

/* ---- 2. intervals of numbers ---- */

/* From START on, up to the next one that is added, TARGET. Starts come in ascending order. */
static void add_interval(struct generator *g, uint32_t start, struct seccomp_target target)
{
	if (g->n_intervals > 0 && g->intervals[g->n_intervals - 1].start == start)
		g->n_intervals--;
	if (g->n_intervals > 0 && seccomp_same_target(g->intervals[g->n_intervals - 1].target, target))
		return;
	g->intervals[g->n_intervals++] = (struct interval){ start, target };
}

static struct seccomp_target call_target(struct generator *g, const struct call *call, bool narrow)
{
	struct outcome *outcome = call->outcome;

	if (!outcome)
		return seccomp_return(call->action);
	if (!outcome->emitted) {
		outcome->target = seccomp_emit_rules(g->assembler, outcome->rules, outcome->n,
						     outcome->action, narrow);
		outcome->emitted = true;
	}
	return outcome->target;
}

/* The largest number that a rule names; a profile without one knows nothing, so nothing is newer. */
static uint32_t newest_in_rules(const struct generator *g, enum seccomp_arch arch)
{
	const struct syscall_numbers *table = &syscall_numbers[arch];
	uint32_t newest = g->n_numbers > 0 ? g->numbers[g->n_numbers - 1] : 0;

	for (size_t i = 0; i < table->n; i++)
		if (table->list[i].number < SECCOMP_PRIVATE_NUMBERS && table->list[i].number > newest &&
		    g->calls[table->list[i].name].first)
			newest = table->list[i].number;
	return newest > 0 ? newest : UINT32_MAX;
}

/* Where the numbers begin that the profile's author did not know; UINT32_MAX = nowhere. */
static uint32_t newer_than(const struct generator *g, enum seccomp_arch arch)
{
	switch (g->profile->newer) {
	case SECCOMP_NEWER_NONE:
		break;
	case SECCOMP_NEWER_TABLE:
		return seccomp_newest_number(arch);
	case SECCOMP_NEWER_NUMBER:
		return g->profile->newest;
	case SECCOMP_NEWER_RULES:
		return newest_in_rules(g, arch);
	}
	return UINT32_MAX;
}

/* One walk over an architecture's numbers: the table's, and the nameless ones of the profile. */
struct walk {
	const struct syscall_numbers *table;
	size_t row, nameless;
};

static const struct call *next_call(const struct generator *g, struct walk *walk, uint32_t *ret_number)
{
	const bool in_table = walk->row < walk->table->n;
	const struct syscall_number *row = &walk->table->list[walk->row];

	if (walk->nameless < g->n_numbers && (!in_table || g->numbers[walk->nameless] < row->number)) {
		*ret_number = g->numbers[walk->nameless];
		return &g->calls[n_syscall_names + walk->nameless++];
	}
	if (!in_table)
		return NULL;
	walk->row++;
	*ret_number = row->number;
	return &g->calls[row->name];
}

static void add_numbers(struct generator *g, enum seccomp_arch arch)
{
	const struct seccomp_arch_info *info = &seccomp_arch_info[arch];
	const struct seccomp_target unknown = seccomp_return(g->profile->default_action);
	const struct seccomp_target newer = seccomp_return(g->profile->newer_action);
	const uint32_t newest = newer_than(g, arch);
	struct walk walk = { .table = &syscall_numbers[arch] };
	bool is_newer = false;
	const struct call *call;
	uint32_t number;

	add_interval(g, info->first, unknown);
	while ((call = next_call(g, &walk, &number))) {
		if (!call->first)
			continue;
		if (number > newest && !is_newer) {
			is_newer = true;
			add_interval(g, info->first + newest + 1, newer);
		}
		add_interval(g, info->first + number, call_target(g, call, info->narrow));
		add_interval(g, info->first + number + 1, is_newer ? newer : unknown);
	}
	if (!is_newer && newest < info->last - info->first)
		add_interval(g, info->first + newest + 1, newer);
}

/* ---- 3. the tree, and the whole ---- */

static struct seccomp_target emit_tree(struct generator *g, size_t first, size_t end)
{
	const struct interval *intervals = g->intervals + first;
	const size_t n = end - first, middle = first + n / 2;
	struct seccomp_target upper, lower;

	if (n == 1)
		return intervals[0].target;
	/* One number in the midst of others: a single question. */
	if (n == 3 && seccomp_same_target(intervals[0].target, intervals[2].target) &&
	    intervals[2].start - intervals[1].start == 1)
		return seccomp_test(g->assembler, BPF_JEQ, intervals[1].start, intervals[1].target,
				    intervals[0].target);
	upper = emit_tree(g, middle, end);
	lower = emit_tree(g, first, middle);
	return seccomp_test(g->assembler, BPF_JGE, g->intervals[middle].start, upper, lower);
}

/* Everything that the filter sees as one architecture. */
static struct seccomp_target emit_arch(struct generator *g, uint32_t audit)
{
	const struct seccomp_target foreign = seccomp_return(g->profile->foreign_action);

	for (size_t i = 0; i < g->n_outcomes; i++)
		g->outcomes[i]->emitted = false;
	g->n_intervals = 0;
	add_interval(g, 0, foreign);
	for (enum seccomp_arch arch = 0; arch < SECCOMP_ARCHES; arch++) {
		const struct seccomp_arch_info *info = &seccomp_arch_info[arch];

		if (info->audit != audit)
			continue;
		if (g->profile->arches & SECCOMP_ARCH_BIT(arch))
			add_numbers(g, arch);
		else
			add_interval(g, info->first, foreign);
	}
	/* A tracer that makes a call not happen sets its number to -1: no foreign architecture. */
	add_interval(g, UINT32_MAX, seccomp_return(g->profile->default_action));
	return seccomp_word(g->assembler, offsetof(struct seccomp_data, nr), UINT32_MAX,
			    emit_tree(g, 0, g->n_intervals));
}

/*
 * The architectures as the filter sees them. Each one's compat architectures stand behind it in the
 * table, so the native one comes first.
 */
static size_t list_audits(const struct seccomp_profile *profile, uint32_t audits[static SECCOMP_ARCHES])
{
	size_t n = 0;

	for (enum seccomp_arch arch = 0; arch < SECCOMP_ARCHES; arch++) {
		bool known = !(profile->arches & SECCOMP_ARCH_BIT(arch));

		for (size_t j = 0; j < n; j++)
			known |= audits[j] == seccomp_arch_info[arch].audit;
		if (!known)
			audits[n++] = seccomp_arch_info[arch].audit;
	}
	return n;
}

static int emit_program(struct generator *g)
{
	struct seccomp_target entries[SECCOMP_ARCHES], target = seccomp_return(g->profile->foreign_action);
	uint32_t audits[SECCOMP_ARCHES];
	const size_t n = list_audits(g->profile, audits);

	/* Each call makes at most two intervals on each architecture, and few are added besides. */
	g->intervals = arena_array(&g->arena, 4 * (n_syscall_names + g->n_numbers) + 16, sizeof(*g->intervals));
	if (!g->intervals)
		return -ENOMEM;
	for (size_t i = n; i > 0; i--)
		entries[i - 1] = emit_arch(g, audits[i - 1]);
	for (size_t i = n; i > 0; i--)
		target = seccomp_test(g->assembler, BPF_JEQ, audits[i - 1], entries[i - 1], target);
	seccomp_begin(g->assembler, seccomp_word(g->assembler, offsetof(struct seccomp_data, arch), UINT32_MAX,
						 target));
	return 0;
}

static int generate(struct generator *g)
{
	int r;

	g->assembler = arena_alloc(&g->arena, sizeof(*g->assembler));
	if (!g->assembler)
		return -ENOMEM;
	r = collect_numbers(g);
	if (r >= 0)
		r = gather_rules(g);
	if (r >= 0)
		r = decide_outcomes(g);
	return r < 0 ? r : emit_program(g);
}

/* Below, a number means another call on each architecture; above, no call will ever be. */
static int check_numbers(const struct seccomp_profile *profile, struct inro_error *error)
{
	for (size_t i = 0; i < profile->n_rules; i++)
		for (size_t j = 0; j < profile->rules[i].n_calls; j++) {
			const uint32_t call = profile->rules[i].calls[j], number = call & ~SECCOMP_CALL_NUMBER;

			if ((call & SECCOMP_CALL_NUMBER) && (number < SECCOMP_COMMON_NUMBERS ||
							     number >= SECCOMP_PRIVATE_NUMBERS))
				return fail_usage(error, "seccomp profile",
						  "system call %u: a number must be at least %u, from where it "
						  "is the same on all architectures, and below %u", number,
						  SECCOMP_COMMON_NUMBERS, SECCOMP_PRIVATE_NUMBERS);
		}
	return 0;
}

int seccomp_generate(const struct seccomp_profile *profile, struct arena *arena, struct seccomp_program *ret,
		     struct inro_error *error)
{
	cleanup(generator_deinit) struct generator g = { .profile = profile };
	struct sock_filter *code;
	size_t n;
	int r;

	r = check_numbers(profile, error);
	if (r < 0)
		return r;
	if (!profile->arches)
		return fail_usage(error, "seccomp profile",
				  "it names no architecture, and inro has no table for this machine's");
	if (generate(&g) < 0)
		return fail_memory(error);
	n = g.assembler->used;
	if (n > BPF_MAXINSNS)
		return fail_usage(error, "seccomp profile",
				  "it needs %zu instructions, the kernel takes %d: use fewer comparisons or "
				  "architectures", n, BPF_MAXINSNS);
	code = arena_copy(arena, seccomp_code(g.assembler), n * sizeof(*code));
	if (!code)
		return fail_memory(error);
	*ret = (struct seccomp_program){ .code = code, .n = n, .flags = profile->flags };
	return 0;
}
