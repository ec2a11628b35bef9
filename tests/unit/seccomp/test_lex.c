/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "seccomp/lex.h"

static void expect(struct lexer *lexer, enum token_kind kind, const char *text, unsigned column)
{
	assert_int_equal(lexer->token.kind, kind);
	assert_int_equal(lexer->token.length, strlen(text));
	assert_memory_equal(lexer->token.text, text, strlen(text));
	assert_int_equal(lexer_column(lexer, lexer->token.text), column);
	lexer_next(lexer);
}

static void words_and_signs(void **state)
{
	const char *text = "kill-process? @io-uring\targ0>=-1&x|y !=\r\n# nothing\n\nlast$\n";
	struct lexer lexer;

	(void)state;
	lexer_init(&lexer, text, strlen(text));
	assert_true(lexer_line(&lexer));
	expect(&lexer, TOKEN_WORD, "kill-process", 1);
	expect(&lexer, TOKEN_SIGN, "?", 13);
	expect(&lexer, TOKEN_WORD, "@io-uring", 15);
	expect(&lexer, TOKEN_WORD, "arg0", 25);
	expect(&lexer, TOKEN_SIGN, ">=", 29);
	expect(&lexer, TOKEN_SIGN, "-", 31);
	expect(&lexer, TOKEN_WORD, "1", 32);
	expect(&lexer, TOKEN_SIGN, "&", 33);
	expect(&lexer, TOKEN_WORD, "x", 34);
	expect(&lexer, TOKEN_SIGN, "|", 35);
	expect(&lexer, TOKEN_WORD, "y", 36);
	expect(&lexer, TOKEN_SIGN, "!=", 38);
	expect(&lexer, TOKEN_END, "", 41);
	assert_true(lexer_line(&lexer));
	expect(&lexer, TOKEN_END, "", 1);
	assert_true(lexer_line(&lexer));
	expect(&lexer, TOKEN_END, "", 1);
	assert_true(lexer_line(&lexer));
	assert_int_equal(lexer.line, 4);
	expect(&lexer, TOKEN_WORD, "last", 1);
	expect(&lexer, TOKEN_BAD, "$", 5);
	assert_false(lexer_line(&lexer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_signs),
	};

	return cmocka_run_group_tests_name("seccomp/lex", tests, NULL, NULL);
}
