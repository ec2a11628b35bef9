/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "plan/feature.h"

extern const struct feature feature_init;

/* Settle with some options ("name=value"); the command line of inro-init, or the error's words. */
static const char *settled(struct buf *text, struct settled given, const char *const *options)
{
	struct spec_part part = { .feature = &feature_init, .data = calloc(1, feature_init.spec_size) };
	struct spec spec = { .parts = &part, .n_parts = 1 };
	struct facts facts = { 0 };
	struct plan plan = { .spec = &spec, .facts = &facts, .settled = given };
	struct inro_error error = { 0 };
	int r = 0;

	buf_clear(text);
	feature_init.init(part.data);
	for (; r == 0 && *options; options += 2)
		r = option_find(feature_init.options, feature_init.n_options, options[0])
			    ->set(&spec, options[1], &error);
	if (r == 0)
		r = feature_init.settle(&plan, &error);
	for (size_t i = 0; r == 0 && plan.settled.exec_args && plan.settled.exec_args[i]; i++)
		buf_printf(text, "%s%s", i ? " " : "", plan.settled.exec_args[i]);
	if (r == 0)
		assert_int_equal(plan.settled.exec_slot, plan.settled.exec_args ? SLOT_INIT : SLOT_NONE);
	if (r < 0)
		buf_puts(text, error.why);
	arena_deinit(&plan.arena);
	arena_deinit(&spec.arena);
	free(part.data);
	return buf_text(text);
}

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void command_lines(void **state)
{
	static const char *const command[] = { "sh", "-c", "exit", NULL };
	static const char *const renamed[] = { "-sh", "-c", "exit", NULL };
	struct settled given = { .ns_new = NS_BIT(NS_PID), .args = command, .tty = TTY_NONE };
	cleanup_buf struct buf text = { 0 };

	(void)state;
	assert_string_equal(settled(&text, given, OPTIONS(NULL)), "");
	assert_string_equal(settled(&text, given, OPTIONS("init", "true")),
			    "inro-init -d 2000 -- sh -c exit");
	assert_string_equal(settled(&text, given, OPTIONS("init", "true", "init", "false")), "");
	given.tty = TTY_NEW;
	assert_string_equal(settled(&text, given, OPTIONS("init", "true", "drain", "1.5s")),
			    "inro-init -d 1500 -t -- sh -c exit");
	given.tty = TTY_SHARE;
	given.argv0_args = renamed;
	assert_string_equal(settled(&text, given, OPTIONS("init", "true", "drain", "0")),
			    "inro-init -d 0 -s -p sh -- -sh -c exit");
}

static void refusals(void **state)
{
	static const char *const command[] = { "true", NULL };
	struct settled given = { .ns_new = NS_BIT(NS_PID), .args = command, .tty = TTY_NONE };
	cleanup_buf struct buf text = { 0 };

	(void)state;
	assert_non_null(strstr(settled(&text, given, OPTIONS("drain", "1s")), "needs --init"));
	assert_non_null(strstr(settled(&text, given, OPTIONS("drain", "x")), "no time span"));
	assert_non_null(strstr(settled(&text, given, OPTIONS("drain", "2d")), "more than a day"));
	given.ns_new = 0;
	assert_non_null(strstr(settled(&text, given, OPTIONS("init", "true")), "new PID namespace"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests_name("init/feature", tests, NULL, NULL);
}
