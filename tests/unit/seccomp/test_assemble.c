/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "seccomp/assemble.h"
#include "seccomp/machine.h"

/* A chain of N comparisons, so that jumps from its start to its end are far. */
static struct seccomp_assembler *chain(unsigned n)
{
	struct seccomp_assembler *a = calloc(1, sizeof(*a));
	struct seccomp_target far, target = seccomp_return(1000000);

	assert_non_null(a);
	far = seccomp_word(a, 16, UINT32_MAX, seccomp_test(a, BPF_JEQ, 5, seccomp_return(1), seccomp_return(2)));
	for (uint32_t i = n; i > 0; i--)
		target = seccomp_test(a, BPF_JEQ, i, i % 3 == 0 ? far : seccomp_return(i), target);
	seccomp_begin(a, seccomp_word(a, 0, UINT32_MAX, target));
	return a;
}

static void far_jumps(void **state)
{
	static const unsigned lengths[] = { 1, 84, 85, 86, 127, 128, 253, 254, 255, 256, 257, 258, 600, 1500 };

	(void)state;
	for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
		struct seccomp_assembler *a = chain(lengths[l]);

		assert_true(a->used <= BPF_MAXINSNS);
		for (unsigned i = 1; i <= lengths[l] + 1; i++) {
			struct seccomp_data data = { .nr = (int)i, .args = { i % 2 ? 5 : 6 } };
			uint32_t wanted = i > lengths[l] ? 1000000 : i % 3 ? i : i % 2 ? 1 : 2;

			assert_int_equal(machine_run(seccomp_code(a), a->used, &data).action, wanted);
		}
		free(a);
	}
}

static void nothing_to_decide(void **state)
{
	struct seccomp_assembler *a = calloc(1, sizeof(*a));
	struct seccomp_target same = seccomp_return(7);

	(void)state;
	assert_non_null(a);
	assert_true(seccomp_same_target(seccomp_test(a, BPF_JGE, 1, same, same), same));
	assert_true(seccomp_same_target(seccomp_word(a, 0, 1, same), same));
	assert_int_equal(a->used, 0);
	seccomp_begin(a, same);
	assert_int_equal(a->used, 1);
	assert_int_equal(seccomp_code(a)->k, 7);
	free(a);
}

static void counts_what_does_not_fit(void **state)
{
	struct seccomp_assembler *a = chain(5000);

	(void)state;
	assert_true(a->used > BPF_MAXINSNS);
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(far_jumps),
		cmocka_unit_test(nothing_to_decide),
		cmocka_unit_test(counts_what_does_not_fit),
	};

	return cmocka_run_group_tests_name("seccomp/assemble", tests, NULL, NULL);
}
