/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "inro/error.h"
#include "kernel/constants.h"
#include "ns/kind.h"

static unsigned parsed(const char *text, unsigned defaults)
{
	unsigned mask = 0xdead;

	assert_int_equal(ns_kinds_parse_list(text, defaults, "--ns", &mask, NULL), 0);
	return mask;
}

static void names_both_ways(void **state)
{
	(void)state;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		const struct ns_kind_info *info = &ns_kind_table[kind];
		const char *const forms[] = { info->name, info->long_name, &info->letter };
		enum ns_kind found;
		char link[64], path[64] = "/proc/self/";

		for (int i = 0; i < 3; i++) {
			size_t n = i == 2 ? 1 : strlen(forms[i]);

			assert_int_equal(ns_kind_parse(forms[i], n, &found), 0);
			assert_int_equal(found, kind);
		}
		assert_int_equal(ns_kind_from_flag(info->clone_flag, &found), 0);
		assert_int_equal(found, kind);
		assert_true(readlink(strcat(path, info->proc_path), link, sizeof(link)) > 0);
		assert_memory_equal(link, info->name, strlen(info->name));
	}
}

static void unknown_names(void **state)
{
	enum ns_kind kind = NS_KINDS;

	(void)state;
	assert_int_equal(ns_kind_parse("", 0, &kind), -EINVAL);
	assert_int_equal(ns_kind_parse("pidx", 4, &kind), -EINVAL);
	assert_int_equal(ns_kind_parse("M", 1, &kind), -EINVAL);
	assert_int_equal(ns_kind_from_flag(0, &kind), -EINVAL);
	assert_int_equal(ns_kind_from_flag(CLONE_NEWPID | CLONE_NEWNET, &kind), -EINVAL);
	assert_int_equal(kind, NS_KINDS);
}

static void lists(void **state)
{
	unsigned usual = NS_ALL & ~NS_BIT(NS_TIME);

	(void)state;
	assert_int_equal(parsed("pid,uts", usual), NS_BIT(NS_PID) | NS_BIT(NS_UTS));
	assert_int_equal(parsed("mount,network", usual), NS_BIT(NS_MNT) | NS_BIT(NS_NET));
	assert_int_equal(parsed("all", usual), NS_ALL);
	assert_int_equal(parsed("none", usual), 0);
	assert_int_equal(parsed("all,-time", 0), usual);
	assert_int_equal(parsed("-net", usual), usual & ~NS_BIT(NS_NET));
	assert_int_equal(parsed("+time,-user", usual), NS_ALL & ~NS_BIT(NS_USER));
	assert_int_equal(parsed("-all,pid", usual), NS_BIT(NS_PID));
	assert_int_equal(parsed("CimnpTuU", 0), NS_ALL);
	assert_int_equal(parsed("Up", 0), NS_BIT(NS_USER) | NS_BIT(NS_PID));
}

static void bad_lists(void **state)
{
	static const char *const bad[] = { "", ",", "pid,", ",pid", "pid,,uts", "-", "piduts", " pid", "--net" };
	struct inro_error error = { 0 };
	unsigned mask = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ns_kinds_parse_list(bad[i], NS_ALL, "--ns", &mask, NULL), -EINVAL);
	assert_int_equal(mask, 42);
	assert_int_equal(ns_kinds_parse_list("pid,web", 0, "--ns", &mask, &error), -EINVAL);
	assert_int_equal(error.kind, INRO_ERROR_USAGE);
	assert_string_equal(error.what, "--ns");
	assert_non_null(strstr(error.why, "\"web\""));
}

static void formats(void **state)
{
	char text[NS_KINDS_TEXT], tiny[6];

	(void)state;
	assert_string_equal(ns_kinds_format(0, text, sizeof(text)), "none");
	assert_string_equal(ns_kinds_format(NS_ALL, text, sizeof(text)), "all");
	assert_string_equal(ns_kinds_format(NS_BIT(NS_PID) | NS_BIT(NS_MNT), text, sizeof(text)),
			    "mnt,pid");
	for (unsigned mask = 0; mask <= NS_ALL; mask++)
		assert_int_equal(parsed(ns_kinds_format(mask, text, sizeof(text)), 0), mask);
	assert_string_equal(ns_kinds_format(NS_BIT(NS_PID) | NS_BIT(NS_MNT), tiny, sizeof(tiny)), "mnt,p");
}

static void flags(void **state)
{
	(void)state;
	for (unsigned mask = 0; mask <= NS_ALL; mask++)
		assert_int_equal(ns_kinds_from_flags(ns_kinds_to_flags(mask)), mask);
	assert_int_equal(ns_kinds_from_flags(CLONE_PIDFD | CLONE_NEWNS), NS_BIT(NS_MNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_both_ways), cmocka_unit_test(unknown_names),
		cmocka_unit_test(lists),           cmocka_unit_test(bad_lists),
		cmocka_unit_test(formats),         cmocka_unit_test(flags),
	};

	return cmocka_run_group_tests_name("ns/kind", tests, NULL, NULL);
}
