/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "seccomp/machine.h"
#include "seccomp/profile_of.h"

#define CAP(name) (UINT64_C(1) << (name))

/* What a text answers to a call of x86_64. */
static uint32_t ask(const char *text, uint64_t caps, const char *call, uint64_t arg0, uint64_t arg1)
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_profile profile = profile_of_size(&arena, text, strlen(text), caps);
	struct seccomp_data data = { .arch = AUDIT_ARCH_X86_64, .args = { arg0, arg1 } };
	struct seccomp_program program;
	uint32_t number;

	profile.arches = SECCOMP_ARCH_BIT(SECCOMP_X86_64);
	program = program_of_profile(&arena, &profile);
	assert_int_equal(seccomp_find_number(SECCOMP_X86_64, (unsigned)seccomp_find_name(call, strlen(call)),
					     &number),
			 0);
	data.nr = (int)number;
	return machine_run(program.code, program.n, &data).action;
}

#define ALLOW SECCOMP_RET_ALLOW
#define ERR(number) (SECCOMP_RET_ERRNO | (number))

static void first_rule_decides(void **state)
{
	const char *text = "default errno EPERM\n"
			   "errno EIO read if arg0 == 3\n"
			   "allow read write # two calls\n"
			   "kill-process read\n";

	(void)state;
	assert_int_equal(ask(text, 0, "read", 3, 0), ERR(EIO));
	assert_int_equal(ask(text, 0, "read", 4, 0), ALLOW);
	assert_int_equal(ask(text, 0, "write", 3, 0), ALLOW);
	assert_int_equal(ask(text, 0, "close", 3, 0), ERR(EPERM));
}

static void comparisons(void **state)
{
	static const struct {
		const char *rule;
		const char *call;
		uint64_t arg0, arg1;
		bool holds;
	} table[] = {
		{ "allow socket if arg0 == AF_UNIX", "socket", 1, 0, true },
		{ "allow socket if arg0==AF_UNIX", "socket", 1, 0, true },
		{ "allow socket if arg0 == AF_UNIX", "socket", 0x100000001, 0, false },
		{ "allow socket if low32(arg0) == AF_UNIX", "socket", 0x100000001, 0, true },
		{ "allow socket if arg0 in AF_UNIX AF_INET", "socket", 2, 0, true },
		{ "allow socket if arg0 in AF_UNIX AF_INET", "socket", 10, 0, false },
		{ "allow socket if arg1 == SOCK_STREAM and arg0 in AF_UNIX AF_INET", "socket", 2, 1, true },
		{ "allow socket if arg0 in AF_UNIX AF_INET and arg1 == SOCK_STREAM", "socket", 2, 2, false },
		{ "allow clone if arg0 & CLONE_NEW* == 0", "clone", CLONE_VM | 17, 0, true },
		{ "allow clone if arg0 & CLONE_NEW* == 0", "clone", CLONE_NEWUSER | 17, 0, false },
		{ "allow clone if arg0 & CLONE_NEW* == 0", "clone", CLONE_NEWNET, 0, false },
		{ "allow clone if arg0 & CLONE_NEWUSER|CLONE_NEWPID == CLONE_NEWPID", "clone", CLONE_NEWPID, 0, true },
		{ "allow clone if arg0 & 3 != 0", "clone", 4, 0, false },
		{ "allow read if arg0 < 0x10", "read", 15, 0, true },
		{ "allow read if arg0 <= 010", "read", 8, 0, true },
		{ "allow read if arg0 <= 010", "read", 9, 0, false },
		{ "allow read if arg0 > -2", "read", UINT64_MAX, 0, true },
		{ "allow read if arg0 >= -1", "read", UINT64_MAX - 1, 0, false },
		{ "allow openat if low32(arg0) == -100", "openat", 0xffffff9c, 0, true },
		{ "allow openat if low32(arg0) == -100", "openat", 0xffffffffffffff9c, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[200];

		snprintf(text, sizeof(text), "default errno EPERM\n%s", table[i].rule);
		if (ask(text, 0, table[i].call, table[i].arg0, table[i].arg1) !=
		    (table[i].holds ? ALLOW : ERR(EPERM)))
			fail_msg("%s: not as it should", table[i].rule);
	}
}

static void capabilities(void **state)
{
	const char *text = "default errno EPERM\nallow mount with CAP_SYS_ADMIN\n"
			   "allow reboot if arg0 == 1 with CAP_SYS_BOOT CAP_KILL\n";

	(void)state;
	assert_int_equal(ask(text, 0, "mount", 0, 0), ERR(EPERM));
	assert_int_equal(ask(text, CAP(CAP_SYS_ADMIN), "mount", 0, 0), ALLOW);
	assert_int_equal(ask(text, CAP(CAP_SYS_BOOT), "reboot", 1, 0), ERR(EPERM));
	assert_int_equal(ask(text, CAP(CAP_SYS_BOOT) | CAP(CAP_KILL), "reboot", 1, 0), ALLOW);
	assert_int_equal(ask(text, CAP(CAP_SYS_BOOT) | CAP(CAP_KILL), "reboot", 2, 0), ERR(EPERM));
}

static void sets_and_presets(void **state)
{
	(void)state;
	assert_int_equal(ask("default allow\nset @mine read write\nerrno EIO @mine\n", 0, "write", 0, 0), ERR(EIO));
	/* One's own set hides a built-in one of the same name. */
	assert_int_equal(ask("default allow\nset @mount read\nerrno EIO @mount\n", 0, "mount", 0, 0), ALLOW);
	assert_int_equal(ask("default allow\nerrno EIO @mount\n", 0, "mount", 0, 0), ERR(EIO));
	/* What stands before an include goes before it; a setting of one's own wins from anywhere. */
	assert_int_equal(ask("allow mount\ninclude @default\n", 0, "mount", 0, 0), ALLOW);
	assert_int_equal(ask("include @default\nerrno EIO read\n", 0, "read", 0, 0), ALLOW);
	assert_int_equal(ask("include @default\ndefault errno EIO\n", 0, "mount", 0, 0), ERR(EIO));
	assert_int_equal(ask("default errno EIO\ninclude @default\n", 0, "mount", 0, 0), ERR(EIO));
	assert_int_equal(ask("include @default\n", 0, "mount", 0, 0), ERR(EPERM));
}

static void optional_names(void **state)
{
	(void)state;
	assert_int_equal(ask("default errno EPERM\nallow? no_such_call read\n", 0, "read", 0, 0), ALLOW);
	assert_int_equal(ask("default allow\nerrno? EIO no_such_call\n", 0, "read", 0, 0), ALLOW);
	assert_int_equal(ask("default errno EPERM\nallow 462\n", 0, "mseal", 0, 0), ALLOW);
}

/* Each wrong text, where the error is, and a word that says what is wrong. */
static void errors(void **state)
{
	static const struct {
		const char *text;
		const char *where, *what;
	} table[] = {
		{ "allow read\n", "", "does not say" },
		{ "default\n", "line 1, column 8", "an action" },
		{ "default errno\n", "line 1, column 14", "name or number of an error" },
		{ "default errno EFOO\n", "line 1, column 15", "'EFOO'" },
		{ "default errno 4096\n", "line 1, column 15", "too large" },
		{ "default allow\ndefault allow\n", "line 2, column 1", "line 1" },
		{ "default allow now\n", "line 1, column 15", "end of the line" },
		{ "default allow\n\n  deny read\n", "line 3, column 3", "'deny'" },
		{ "default allow\nallow\n", "line 2, column 6", "a system call" },
		{ "default allow\nallow opne\n", "line 2, column 7", "unknown system call 'opne'" },
		{ "default allow\nallow read arg0 == 1\n", "line 2, column 12", "'if'" },
		{ "default allow\nallow read if\n", "line 2, column 14", "an argument" },
		{ "default allow\nallow read if arg6 == 1\n", "line 2, column 15", "arg0 to arg5" },
		{ "default allow\nallow read if arg0\n", "line 2, column 19", "a comparison" },
		{ "default allow\nallow read if arg0 = 1\n", "line 2, column 20", "a comparison" },
		{ "default allow\nallow read if arg0 ==\n", "line 2, column 22", "the name of a constant" },
		{ "default allow\nallow read if arg0 == AF_UNX\n", "line 2, column 23", "'AF_UNX'" },
		{ "default allow\nallow read if arg0 == XX_*\n", "line 2, column 23", "'XX_*'" },
		{ "default allow\nallow read if arg0 == 0x\n", "line 2, column 23", "a number" },
		{ "default allow\nallow read if arg0 == 08\n", "line 2, column 23", "a number" },
		{ "default allow\nallow read if arg0 == 18446744073709551616\n", "line 2, column 23", "too large" },
		{ "default allow\nallow read if arg0 & 1 == 2\n", "line 2, column 27", "mask" },
		{ "default allow\nallow read if low32 arg0 == 2\n", "line 2, column 21", "'('" },
		{ "default allow\nallow read if low32(arg0 == 2\n", "line 2, column 26", "')'" },
		{ "default allow\nallow read if low32(arg0) == 0x100000000\n", "line 2, column 30", "32 bits" },
		{ "default allow\nallow read if arg0 in 1 2 and arg1 in 3 4\n", "line 2, column 39", "one 'in'" },
		{ "default allow\nallow read if arg0 == 1 arg1 == 2\n", "line 2, column 25", "'and'" },
		{ "default allow\nallow read with SYS_ADMIN\n", "line 2, column 17", "a capability" },
		{ "default allow\nallow @nothing\n", "line 2, column 7", "no set '@nothing'" },
		{ "default allow\nallow 42\n", "line 2, column 7", "below 424" },
		{ "default allow\nallow read; write\n", "line 2, column 11", "';'" },
		{ "default allow\nset mine read\n", "line 2, column 5", "@" },
		{ "default allow\nset @mine\n", "line 2, column 10", "a system call" },
		{ "include default\n", "line 1, column 9", "a preset" },
		{ "include @defualt\n", "line 1, column 9", "a preset" },
		{ "arch vax\n", "line 1, column 6", "an architecture" },
		{ "flags none\n", "line 1, column 7", "a flag" },
		{ "match last\n", "line 1, column 7", "'strongest'" },
		{ "newer errno ENOSYS than read\n", "line 1, column 25", "another number" },
		{ "newer errno ENOSYS than whenever\n", "line 1, column 25", "newest known" },
		{ "default trace\n", "line 1, column 14", "a number" },
		{ "default trace 65536\n", "line 1, column 15", "too large" },
		{ "\x01\n", "line 1, column 1", "an action" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		cleanup_arena struct arena arena = { 0 };
		struct seccomp_profile profile = { .newest = 4711 };
		struct inro_error error = { 0 };

		if (seccomp_parse(&profile, &arena, table[i].text, strlen(table[i].text), "x.txt", 0, &error) !=
			    -EINVAL ||
		    error.kind != INRO_ERROR_USAGE || strncmp(error.why, table[i].where, strlen(table[i].where)) ||
		    !strstr(error.why, table[i].what))
			fail_msg("%s: '%s' instead of %s, ...%s...", table[i].text, error.why, table[i].where,
				 table[i].what);
		assert_string_equal(error.what, "x.txt");
		assert_int_equal(profile.newest, 4711);
	}
}

static void hints(void **state)
{
	static const char *const table[][2] = {
		{ "allow opne", "'open'" },	    { "allow scoket", "'socket'" },
		{ "allow zzzzzzzzzz", "optional" }, { "allow @strict", "include @strict" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		cleanup_arena struct arena arena = { 0 };
		struct seccomp_profile profile;
		struct inro_error error = { 0 };

		assert_int_equal(seccomp_parse(&profile, &arena, table[i][0], strlen(table[i][0]), "x", 0, &error),
				 -EINVAL);
		assert_non_null(strstr(error.hint, table[i][1]));
	}
}

/* The text need not end in a newline or a NUL: a copy of exactly its size, for the sanitizers. */
static void ends_where_it_ends(void **state)
{
	static const char *const texts[] = { "default allow", "default allow\nallow rea", "a", "default allow\n#", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		cleanup_arena struct arena arena = { 0 };
		size_t size = strlen(texts[i]);
		struct seccomp_profile profile;
		struct inro_error error = { 0 };
		char *copy = malloc(size + (size == 0));

		assert_non_null(copy);
		memcpy(copy, texts[i], size);
		assert_int_equal(seccomp_parse(&profile, &arena, copy, size, "x", 0, &error),
				 i == 0 || i == 3 ? 0 : -EINVAL);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_rule_decides), cmocka_unit_test(comparisons),
		cmocka_unit_test(capabilities),	      cmocka_unit_test(sets_and_presets),
		cmocka_unit_test(optional_names),     cmocka_unit_test(errors),
		cmocka_unit_test(hints),	      cmocka_unit_test(ends_where_it_ends),
	};

	return cmocka_run_group_tests_name("seccomp/text", tests, NULL, NULL);
}
