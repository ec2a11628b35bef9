/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/audit.h>

#include "base/macros.h"
#include "seccomp/generate.h"
#include "seccomp/machine.h"

/*
 * Programs are run by a small machine, for every architecture, and their answers held against a
 * second, naive reading of the profile.
 */

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint32_t pick(uint32_t n)
{
	return (uint32_t)(random_u64() >> 32) % n;
}

static unsigned name_of(const char *name)
{
	int index = seccomp_find_name(name, strlen(name));

	assert_true(index >= 0);
	return (unsigned)index;
}

static struct seccomp_rule *rule(struct seccomp_profile *profile, struct arena *arena, uint32_t action,
				 const char *call)
{
	struct seccomp_rule *added = seccomp_add_rule(profile, arena, action);

	assert_non_null(added);
	assert_int_equal(seccomp_add_call(added, arena, name_of(call)), 0);
	return added;
}

static void compare(struct seccomp_rule *to, struct arena *arena, uint8_t argument, enum seccomp_op op,
		    uint64_t mask, uint64_t value)
{
	struct seccomp_compare added = { argument, (uint8_t)op, mask, value };

	assert_int_equal(seccomp_add_compare(to, arena, added), 0);
}

static struct seccomp_program generated(const struct seccomp_profile *profile, struct arena *arena)
{
	struct seccomp_program program = { 0 };
	struct inro_error error = { 0 };

	assert_int_equal(seccomp_generate(profile, arena, &program, &error), 0);
	return program;
}

static struct machine_result run(const struct seccomp_program *program, enum seccomp_arch arch, uint32_t number,
				 const uint64_t args[6])
{
	struct seccomp_data data = {
		.nr = (int)(number + seccomp_arch_info[arch].first),
		.arch = seccomp_arch_info[arch].audit,
	};

	for (int i = 0; args && i < 6; i++)
		data.args[i] = args[i];
	return machine_run(program->code, program->n, &data);
}

/* ---- the naive reading ---- */

static bool holds(const struct seccomp_rule *r, const uint64_t args[6])
{
	for (size_t i = 0; i < r->n_compares; i++) {
		const struct seccomp_compare *c = &r->compares[i];
		const uint64_t left = args[c->argument] & c->mask, right = c->value;
		const bool answers[] = {
			[SECCOMP_EQ] = left == right, [SECCOMP_NE] = left != right, [SECCOMP_LT] = left < right,
			[SECCOMP_LE] = left <= right, [SECCOMP_GT] = left > right,  [SECCOMP_GE] = left >= right,
		};

		if (!answers[c->op])
			return false;
	}
	return true;
}

static bool is_about(const struct seccomp_rule *r, enum seccomp_arch arch, uint32_t number)
{
	uint32_t known;

	for (size_t i = 0; i < r->n_calls; i++) {
		if (r->calls[i] & SECCOMP_CALL_NUMBER) {
			if ((r->calls[i] & ~SECCOMP_CALL_NUMBER) == number)
				return true;
		} else if (seccomp_find_number(arch, r->calls[i], &known) == 0 && known == number) {
			return true;
		}
	}
	return false;
}

static uint32_t naive_newest(const struct seccomp_profile *p, enum seccomp_arch arch)
{
	uint32_t newest = 0;

	switch (p->newer) {
	case SECCOMP_NEWER_TABLE:
		return seccomp_newest_number(arch);
	case SECCOMP_NEWER_NUMBER:
		return p->newest;
	case SECCOMP_NEWER_RULES:
		for (size_t i = 0; i < p->n_rules; i++)
			for (size_t j = 0; j < p->rules[i].n_calls; j++) {
				uint32_t call = p->rules[i].calls[j], number = call & ~SECCOMP_CALL_NUMBER;

				if (!(call & SECCOMP_CALL_NUMBER) && seccomp_find_number(arch, call, &number) < 0)
					continue;
				if (number < SECCOMP_PRIVATE_NUMBERS && number > newest)
					newest = number;
			}
		return newest ? newest : UINT32_MAX;
	default:
		return UINT32_MAX;
	}
}

static uint32_t naive(const struct seccomp_profile *p, enum seccomp_arch arch, uint32_t newest, uint32_t number,
		      const uint64_t args[6])
{
	const struct seccomp_rule *best = NULL, *certain = NULL;
	bool named = false;

	for (size_t i = 0; i < p->n_rules; i++) {
		const struct seccomp_rule *r = &p->rules[i];

		if (!is_about(r, arch, number))
			continue;
		named = true;
		if (!certain && r->n_compares == 0)
			certain = r;
		if (!holds(r, args))
			continue;
		if (!best || (p->match == SECCOMP_STRONGEST &&
			      (int32_t)(r->action & 0xffff0000) < (int32_t)(best->action & 0xffff0000)))
			best = r;
	}
	if (p->match == SECCOMP_STRONGEST && certain)
		return certain->action;
	if (best)
		return best->action;
	return !named && number > newest ? p->newer_action : p->default_action;
}

/* ---- random profiles ---- */

static uint64_t edge_value(void)
{
	static const uint64_t edges[] = {
		0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000, 0x100000001, 0x1ffffffff,
		0x7fffffffffffffff, 0x8000000000000000, 0xfffffffeffffffff, 0xffffffff00000000,
		0xffffffff00000001, 0xfffffffffffffffe, UINT64_MAX,
	};

	return pick(8) ? edges[pick(ARRAY_SIZE(edges))] : random_u64();
}

static uint64_t edge_mask(void)
{
	static const uint64_t masks[] = { UINT32_MAX, 0xffffffff00000000, 1, 0x8000000080000000, 0 };

	return pick(2) ? UINT64_MAX : masks[pick(ARRAY_SIZE(masks))];
}

static uint32_t random_action(void)
{
	static const uint32_t actions[] = {
		SECCOMP_RET_ALLOW,	  SECCOMP_RET_ALLOW,	 SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ERRNO | ENOSYS,
		SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRAP,	 SECCOMP_RET_TRACE | 7,	    SECCOMP_RET_LOG,
		SECCOMP_RET_USER_NOTIF,	  SECCOMP_RET_KILL_THREAD,
	};

	return actions[pick(ARRAY_SIZE(actions))];
}

/* Few different calls, so that rules meet. */
static uint32_t random_call(void)
{
	static const char *const names[] = { "read", "write", "ioctl", "clone", "socket", "futex", "openat", "mseal" };

	switch (pick(12)) {
	case 0:
		return SECCOMP_CALL_NUMBER | (600 + pick(3));
	case 1:
		return SECCOMP_CALL_NUMBER | 435;
	case 2:
	case 3:
		return pick((uint32_t)n_syscall_names);
	default:
		return name_of(names[pick(ARRAY_SIZE(names))]);
	}
}

static void random_rule(struct seccomp_profile *p, struct arena *arena)
{
	struct seccomp_rule *r = seccomp_add_rule(p, arena, random_action());
	uint32_t n_calls = 1 + pick(4), n_compares = pick(4);

	assert_non_null(r);
	while (n_calls-- > 0)
		assert_int_equal(seccomp_add_call(r, arena, random_call()), 0);
	while (n_compares-- > 0) {
		struct seccomp_compare c = { (uint8_t)pick(2), (uint8_t)pick(6), edge_mask(), edge_value() };

		if (c.op == SECCOMP_EQ || c.op == SECCOMP_NE)
			c.value &= c.mask;
		assert_int_equal(seccomp_add_compare(r, arena, c), 0);
	}
}

static void random_profile(struct seccomp_profile *p, struct arena *arena)
{
	uint32_t n = 1 + pick(30);

	seccomp_profile_init(p);
	p->default_action = random_action();
	p->foreign_action = SECCOMP_RET_TRAP | 99;
	p->newer = (enum seccomp_newer)pick(4);
	p->newer_action = pick(4) ? SECCOMP_RET_ERRNO | ENOSYS : p->default_action;
	p->newest = pick(2) ? 300 : 500;
	p->match = (enum seccomp_match)pick(2);
	p->arches = 1 + pick((1 << SECCOMP_ARCHES) - 1);
	while (n-- > 0)
		random_rule(p, arena);
}

static uint32_t random_number(const struct seccomp_profile *p, enum seccomp_arch arch)
{
	const struct seccomp_rule *r = &p->rules[pick((uint32_t)p->n_rules)];
	uint32_t call = r->calls[pick((uint32_t)r->n_calls)], number;

	if (call & SECCOMP_CALL_NUMBER)
		return call & ~SECCOMP_CALL_NUMBER;
	if (pick(4) == 0 || seccomp_find_number(arch, call, &number) < 0)
		return pick(700);
	return number + (pick(8) == 0) - (pick(8) == 0 && number > 0);
}

static void check_answers(const struct seccomp_profile *p, const struct seccomp_program *program)
{
	uint32_t newest[SECCOMP_ARCHES];

	for (enum seccomp_arch arch = 0; arch < SECCOMP_ARCHES; arch++)
		newest[arch] = naive_newest(p, arch);
	for (int i = 0; i < 300; i++) {
		const enum seccomp_arch arch = (enum seccomp_arch)pick(SECCOMP_ARCHES);
		uint64_t args[6] = { edge_value(), edge_value() };
		uint32_t number = random_number(p, arch), wanted, answer;

		if (seccomp_arch_info[arch].narrow) {
			args[0] = (uint32_t)args[0];
			args[1] = (uint32_t)args[1];
		}
		wanted = p->arches & SECCOMP_ARCH_BIT(arch) ? naive(p, arch, newest[arch], number, args) :
								      p->foreign_action;
		answer = run(program, arch, number, args).action;
		if (answer != wanted)
			fail_msg("%s %u (0x%llx, 0x%llx): 0x%x instead of 0x%x", seccomp_arch_info[arch].name,
				 number, (unsigned long long)args[0], (unsigned long long)args[1], answer,
				 wanted);
	}
}

static void agrees_with_the_naive_reading(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		cleanup_arena struct arena arena = { 0 };
		struct seccomp_profile profile;
		struct seccomp_program program, again;

		random_profile(&profile, &arena);
		program = generated(&profile, &arena);
		check_answers(&profile, &program);
		again = generated(&profile, &arena);
		assert_int_equal(program.n, again.n);
		assert_memory_equal(program.code, again.code, program.n * sizeof(*program.code));
	}
}

/* ---- single properties ---- */

static void low_half_alone(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	const uint64_t dirty[6] = { 0, 0xdeadbeef00005412 }, clean[6] = { 0, 0x5412 }, other[6] = { 0, 0x5413 };
	struct seccomp_profile profile;
	struct seccomp_program program;

	(void)state;
	seccomp_profile_init(&profile);
	profile.default_action = SECCOMP_RET_ALLOW;
	profile.arches = SECCOMP_ARCH_BIT(SECCOMP_X86_64);
	compare(rule(&profile, &arena, SECCOMP_RET_ERRNO | EPERM, "ioctl"), &arena, 1, SECCOMP_EQ, UINT32_MAX,
		0x5412);
	program = generated(&profile, &arena);
	assert_int_equal(run(&program, SECCOMP_X86_64, 16, clean).action, SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(run(&program, SECCOMP_X86_64, 16, dirty).action, SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(run(&program, SECCOMP_X86_64, 16, other).action, SECCOMP_RET_ALLOW);
}

/* Values of one list share their code only where their high halves are alike. */
static void lists_of_values(void **state)
{
	static const uint64_t values[] = { 1, 2, 0x100000002, 0x100000003, 3 };
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_profile profile;
	struct seccomp_program program;

	(void)state;
	seccomp_profile_init(&profile);
	profile.arches = SECCOMP_ARCH_BIT(SECCOMP_X86_64);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		compare(rule(&profile, &arena, SECCOMP_RET_ALLOW, "read"), &arena, 2, SECCOMP_EQ, UINT64_MAX,
			values[i]);
	program = generated(&profile, &arena);
	for (uint64_t high = 0; high < 3; high++)
		for (uint64_t low = 0; low < 5; low++) {
			const uint64_t args[6] = { 1, 2, high << 32 | low };
			bool wanted = false;

			for (size_t i = 0; i < ARRAY_SIZE(values); i++)
				wanted |= values[i] == args[2];
			assert_int_equal(run(&program, SECCOMP_X86_64, 0, args).action,
					 wanted ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM);
		}
}

static void x32_is_foreign_unless_listed(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_profile profile;
	struct seccomp_program program;

	(void)state;
	seccomp_profile_init(&profile);
	profile.arches = SECCOMP_ARCH_BIT(SECCOMP_X86_64);
	rule(&profile, &arena, SECCOMP_RET_ALLOW, "read");
	program = generated(&profile, &arena);
	assert_int_equal(run(&program, SECCOMP_X86_64, 0, NULL).action, SECCOMP_RET_ALLOW);
	assert_int_equal(run(&program, SECCOMP_X32, 0, NULL).action, SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(&program, SECCOMP_X32, 0x3ffffffe, NULL).action, SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(&program, SECCOMP_X86, 3, NULL).action, SECCOMP_RET_KILL_PROCESS);
	/* -1: a call that a tracer made void. */
	assert_int_equal(run(&program, SECCOMP_X86_64, UINT32_MAX, NULL).action, SECCOMP_RET_ERRNO | EPERM);

	profile.arches |= SECCOMP_ARCH_BIT(SECCOMP_X32);
	program = generated(&profile, &arena);
	assert_int_equal(run(&program, SECCOMP_X32, 0, NULL).action, SECCOMP_RET_ALLOW);
	assert_int_equal(run(&program, SECCOMP_X32, 1, NULL).action, SECCOMP_RET_ERRNO | EPERM);
}

static void newer_calls_do_not_exist(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_profile profile;
	struct seccomp_program program;
	uint32_t newest;

	(void)state;
	seccomp_profile_init(&profile);
	profile.newer = SECCOMP_NEWER_TABLE;
	profile.arches = (1 << SECCOMP_ARCHES) - 1;
	rule(&profile, &arena, SECCOMP_RET_ALLOW, "read");
	program = generated(&profile, &arena);
	for (enum seccomp_arch arch = 0; arch < SECCOMP_ARCHES; arch++) {
		newest = seccomp_newest_number(arch);
		assert_in_range(newest, 471, 1000);
		assert_int_equal(run(&program, arch, newest, NULL).action, SECCOMP_RET_ERRNO | EPERM);
		assert_int_equal(run(&program, arch, newest + 1, NULL).action, SECCOMP_RET_ERRNO | ENOSYS);
		assert_int_equal(run(&program, arch, 0x3ffffffe, NULL).action, SECCOMP_RET_ERRNO | ENOSYS);
	}
}

/* A profile like the engines': hundreds of calls, three architectures; the tree stays shallow. */
static void large_profiles_stay_shallow(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_profile profile;
	struct seccomp_program program;
	unsigned worst = 0;

	(void)state;
	seccomp_profile_init(&profile);
	profile.arches = SECCOMP_ARCH_BIT(SECCOMP_X86_64) | SECCOMP_ARCH_BIT(SECCOMP_X86) |
			 SECCOMP_ARCH_BIT(SECCOMP_X32);
	/* Every second call: the worst that can be, since no two neighbours are alike. */
	for (size_t i = 0; i < syscall_numbers[SECCOMP_X86_64].n; i += 2)
		rule(&profile, &arena, SECCOMP_RET_ALLOW,
		     syscall_names[syscall_numbers[SECCOMP_X86_64].list[i].name]);
	program = generated(&profile, &arena);
	for (enum seccomp_arch arch = 0; arch <= SECCOMP_X32; arch++)
		for (uint32_t number = 0; number < 600; number++) {
			struct machine_result result = run(&program, arch, number, NULL);

			if (result.steps > worst)
				worst = result.steps;
		}
	/* Two loads, two architectures, a return; some 700 intervals make a tree of 10, with a few far jumps. */
	assert_in_range(worst, 8, 20);
}

static void one_rule_after_another(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	const uint64_t args[6] = { 5 };
	struct seccomp_profile profile;
	struct seccomp_program program;

	(void)state;
	seccomp_profile_init(&profile);
	profile.arches = SECCOMP_ARCH_BIT(SECCOMP_X86_64);
	compare(rule(&profile, &arena, SECCOMP_RET_ALLOW, "read"), &arena, 0, SECCOMP_GE, UINT64_MAX, 5);
	compare(rule(&profile, &arena, SECCOMP_RET_ERRNO | EIO, "read"), &arena, 0, SECCOMP_EQ, UINT64_MAX, 5);
	program = generated(&profile, &arena);
	assert_int_equal(run(&program, SECCOMP_X86_64, 0, args).action, SECCOMP_RET_ALLOW);

	profile.match = SECCOMP_STRONGEST;
	program = generated(&profile, &arena);
	assert_int_equal(run(&program, SECCOMP_X86_64, 0, args).action, SECCOMP_RET_ERRNO | EIO);

	rule(&profile, &arena, SECCOMP_RET_LOG, "read");
	program = generated(&profile, &arena);
	assert_int_equal(run(&program, SECCOMP_X86_64, 0, args).action, SECCOMP_RET_LOG);
}

static void too_large(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_program program = { .n = 77 };
	struct inro_error error = { 0 };
	struct seccomp_profile profile;

	(void)state;
	seccomp_profile_init(&profile);
	for (uint64_t i = 0; i < 2000; i++)
		compare(rule(&profile, &arena, SECCOMP_RET_ERRNO | (uint32_t)(1 + i % 100), "read"), &arena, 0,
			SECCOMP_GT, UINT64_MAX, i << 32 | i);
	assert_int_equal(seccomp_generate(&profile, &arena, &program, &error), -EINVAL);
	assert_int_equal(error.kind, INRO_ERROR_USAGE);
	assert_non_null(strstr(error.why, "4096"));
	assert_int_equal(program.n, 77);
}

static void refuses_numbers_that_are_not_common(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct inro_error error = { 0 };
	struct seccomp_program program;
	struct seccomp_profile profile;

	(void)state;
	seccomp_profile_init(&profile);
	assert_int_equal(seccomp_add_call(seccomp_add_rule(&profile, &arena, SECCOMP_RET_ALLOW), &arena,
					  SECCOMP_CALL_NUMBER | 423),
			 0);
	assert_int_equal(seccomp_generate(&profile, &arena, &program, &error), -EINVAL);
	profile.n_rules = 0;
	profile.arches = 0;
	assert_int_equal(seccomp_generate(&profile, &arena, &program, &error), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_naive_reading),
		cmocka_unit_test(low_half_alone),
		cmocka_unit_test(lists_of_values),
		cmocka_unit_test(x32_is_foreign_unless_listed),
		cmocka_unit_test(newer_calls_do_not_exist),
		cmocka_unit_test(large_profiles_stay_shallow),
		cmocka_unit_test(one_rule_after_another),
		cmocka_unit_test(too_large),
		cmocka_unit_test(refuses_numbers_that_are_not_common),
	};

	return cmocka_run_group_tests_name("seccomp/generate", tests, NULL, NULL);
}
