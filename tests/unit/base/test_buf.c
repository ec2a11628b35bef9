/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"

static void growing(void **state)
{
	cleanup_buf struct buf buf = { 0 };
	size_t length = 0;

	(void)state;
	assert_string_equal(buf_text(&buf), "");
	for (int i = 0; i < 5000; i++) {
		buf_printf(&buf, "%d,", i);
		length += (size_t)snprintf(NULL, 0, "%d,", i);
		assert_int_equal(buf.used, length);
		assert_int_equal(strlen(buf_text(&buf)), length);
	}
	assert_memory_equal(buf_text(&buf), "0,1,2,3,", 8);
	assert_string_equal(buf_text(&buf) + length - 10, "4998,4999,");
	buf_clear(&buf);
	assert_string_equal(buf_text(&buf), "");
	assert_int_equal(buf.used, 0);
	buf_add(&buf, "a\0b", 3);
	assert_int_equal(buf.used, 3);
	assert_memory_equal(buf_text(&buf), "a\0b", 4);
	assert_false(buf.failed);
}

/* What one printf() needs more than the room that is left, at every length around it. */
static void at_the_edge(void **state)
{
	(void)state;
	for (int length = 250; length < 260; length++) {
		cleanup_buf struct buf buf = { 0 };

		buf_printf(&buf, "%*d", length, 1);
		buf_puts(&buf, "end");
		assert_int_equal(buf.used, length + 3);
		assert_string_equal(buf_text(&buf) + length - 1, "1end");
	}
}

/* Once an allocation has failed, nothing more is written. */
static void failed(void **state)
{
	cleanup_buf struct buf buf = { 0 };

	(void)state;
	buf_puts(&buf, "kept");
	buf.failed = true;
	buf_puts(&buf, "lost");
	buf_printf(&buf, "%s", "lost");
	buf_add_quoted(&buf, "lost it");
	assert_string_equal(buf_text(&buf), "kept");
	assert_true(buf.failed);
}

/* What a real shell makes of a word: its bytes, read back through a pipe. */
static void shell_reads(const char *shell, const char *word, char *text, size_t size)
{
	cleanup_buf struct buf script = { 0 };
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	buf_puts(&script, "printf %s ");
	buf_add_quoted(&script, word);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], 1);
		execlp(shell, shell, "-c", buf_text(&script), (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	n = fd_read_all(fds[0], text, size);
	close(fds[0]);
	assert_true(n >= 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void quoting_for_a_shell(void **state)
{
	static const char *const words[] = {
		"",
		"plain",
		"two words",
		"it's",
		"\"both\" 'kinds'",
		"$HOME",
		"`id`",
		"$(id)",
		"a\\b",
		"\\",
		"*",
		"~",
		"#no comment",
		"a;b&c|d",
		"!x",
		"-n",
		"%s%d",
		"a=b",
		"{a,b}",
		"'",
		"''",
		"<>",
		"[a-z]",
		"a:b,c@d+e%f",
		"caf\xc3\xa9",
		"\xe2\x82\xac 5",
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		shell_reads("sh", words[i], text, sizeof(text));
		assert_string_equal(text, words[i]);
	}
}

/* $'…' is not in every sh yet. */
static void quoting_of_controls(void **state)
{
	static const char *const words[] = {
		"\n",
		"a\tb",
		"\x1b[31mred\x1b[0m",
		"\x01"
		"f",
		"it's\n",
		"back\\slash\n",
		"\x7f",
		"\r\n",
		"$HOME\n",
		"caf\xc3\xa9\n",
		"\xc2\x9b"
		"31m",
		"\x9b"
		"1",
		"\xff\xfe",
		"\xc3",
		"\x80"
		"abc",
	};
	char text[256];

	(void)state;
	if (access("/bin/bash", X_OK) < 0) {
		print_message("skipped: no bash\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		shell_reads("/bin/bash", words[i], text, sizeof(text));
		assert_string_equal(text, words[i]);
	}
}

static void quoted_forms(void **state)
{
	static const char *const rows[][2] = {
		{ "plain", "plain" },
		{ "/a/b-c_d.e", "/a/b-c_d.e" },
		{ "", "''" },
		{ "a b", "'a b'" },
		{ "it's", "'it'\\''s'" },
		{ "a\nb", "$'a\\x0ab'" },
		{ "it's\n", "$'it\\'s\\x0a'" },
		{ "\x1b[2J", "$'\\x1b[2J'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf buf = { 0 };

		buf_add_quoted(&buf, rows[i][0]);
		assert_string_equal(buf_text(&buf), rows[i][1]);
	}
}

/* No control character of any kind reaches the terminal, and no text is lost. */
static void safe_text(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "a\nb\tc", "a\\x0ab\\x09c" },
		{ "\x1b]0;title\x07", "\\x1b]0;title\\x07" },
		{ "\x7f", "\\x7f" },
		{ "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82",
		  "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82" },
		/* C1 controls, as one byte and as two: 9b is the beginning of a sequence. */
		{ "\x9b"
		  "31m",
		  "\\x9b31m" },
		{ "\xc2\x9b"
		  "31m",
		  "\\xc2\\x9b31m" },
		{ "\xc2\x80\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9f\xc2\xa0" },
		/* No UTF-8: alone, cut off, too long a form, a surrogate, past the end. */
		{ "\xff", "\\xff" },
		{ "a\xc3", "a\\xc3" },
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xe2\x82z", "\\xe2\\x82z" },
		{ "\xc0\xaf", "\\xc0\\xaf" },
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\xf0\x80\x80\x80", "\\xf0\\x80\\x80\\x80" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf buf = { 0 };

		buf_add_safe(&buf, rows[i][0]);
		assert_string_equal(buf_text(&buf), rows[i][1]);
	}
}

/* Bytes that are no UTF-8 alone are escaped. */
static void utf8_text(void **state)
{
	cleanup_buf struct buf buf = { 0 };

	(void)state;
	buf_add_utf8(&buf, "a\n\x1b\xc2\x9b\xe2\x82\xac\xff\xc3");
	assert_string_equal(buf_text(&buf), "a\n\x1b\xc2\x9b\xe2\x82\xac\\xff\\xc3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growing),
		cmocka_unit_test(at_the_edge),
		cmocka_unit_test(failed),
		cmocka_unit_test(quoting_for_a_shell),
		cmocka_unit_test(quoting_of_controls),
		cmocka_unit_test(quoted_forms),
		cmocka_unit_test(safe_text),
		cmocka_unit_test(utf8_text),
	};

	return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
