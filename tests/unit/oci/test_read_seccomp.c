/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/seccomp.h>
#include <sched.h>

#include "documents.h"
#include "seccomp/generate.h"
#include "seccomp/machine.h"
#include "seccomp/names.h"

#define ERRNO(number) (SECCOMP_RET_ERRNO | (number))
#define NO_NUMBER 400000U /* beyond every table */

static struct seccomp_program compile(struct arena *arena, const char *members, struct oci_config *config)
{
	struct seccomp_program program;
	struct inro_error error = { 0 };

	accept_in(IN_SECCOMP, members, arena, config);
	assert_true(config->linux_.seccomp.set);
	if (seccomp_generate(config->linux_.seccomp.profile, arena, &program, &error) < 0)
		fail_msg("%s does not compile: %s", members, error.why);
	return program;
}

/* What the program answers to a call of the native architecture. */
static uint32_t ask_number(const struct seccomp_program *program, uint32_t number, uint64_t first, uint64_t second)
{
	const struct seccomp_data data = {
		.nr = (int)number,
		.arch = seccomp_arch_info[seccomp_native_arch()].audit,
		.args = { first, second },
	};

	return machine_run(program->code, program->n, &data).action;
}

static uint32_t ask(const struct seccomp_program *program, const char *name, uint64_t first, uint64_t second)
{
	uint32_t number;

	assert_int_equal(seccomp_find_number((enum seccomp_arch)seccomp_native_arch(),
					     (unsigned)seccomp_find_name(name, strlen(name)), &number), 0);
	return ask_number(program, number, first, second);
}

#define RULE(names, action) "{\"names\":[" names "],\"action\":\"" action "\"}"
#define RULE_IF(names, action, args) "{\"names\":[" names "],\"action\":\"" action "\",\"args\":[" args "]}"
#define ARG(index, op, value, two)                                                                              \
	"{\"index\":" #index ",\"op\":\"SCMP_CMP_" op "\",\"value\":" #value ",\"valueTwo\":" #two "}"

static void actions(void **state)
{
	static const struct {
		const char *rest;
		uint32_t action;
	} cases[] = {
		{ "ALLOW\"", SECCOMP_RET_ALLOW },
		{ "ERRNO\"", ERRNO(EPERM) },
		{ "ERRNO\",\"errnoRet\":38", ERRNO(ENOSYS) },
		{ "ERRNO\",\"errnoRet\":0", ERRNO(0) },
		{ "ERRNO\",\"errnoRet\":4095", ERRNO(4095) },
		{ "KILL\"", SECCOMP_RET_KILL_THREAD },
		{ "KILL_THREAD\"", SECCOMP_RET_KILL_THREAD },
		{ "KILL_PROCESS\"", SECCOMP_RET_KILL_PROCESS },
		{ "TRAP\"", SECCOMP_RET_TRAP },
		{ "TRACE\"", SECCOMP_RET_TRACE | EPERM },
		{ "TRACE\",\"errnoRet\":65535", SECCOMP_RET_TRACE | 65535 },
		{ "LOG\"", SECCOMP_RET_LOG },
		{ "NOTIFY\"", SECCOMP_RET_USER_NOTIF },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena arena = { 0 };
		struct seccomp_program program;
		struct oci_config config;
		char members[256];

		snprintf(members, sizeof(members),
			 "\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":5,\"listenerPath\":\"/s\","
			 "\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_%s}]", cases[i].rest);
		program = compile(&arena, members, &config);
		assert_int_equal(ask(&program, "read", 0, 0), cases[i].action);
		assert_int_equal(ask(&program, "getpid", 0, 0), ERRNO(5));
	}
}

static void comparisons(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	struct seccomp_program p = compile(
		&arena,
		"\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
		RULE_IF("\"read\"", "SCMP_ACT_ALLOW", ARG(0, "LT", 5, 0) "," ARG(1, "GE", 18446744073709551615, 0)) ","
		RULE_IF("\"write\"", "SCMP_ACT_ALLOW", ARG(0, "EQ", 1, 0) "," ARG(0, "EQ", 2, 0) "," ARG(1, "GT", 9, 0)) ","
		RULE_IF("\"clone\"", "SCMP_ACT_ALLOW", ARG(0, "MASKED_EQ", 2114060288, 0)) ","
		RULE_IF("\"flock\"", "SCMP_ACT_ALLOW", ARG(0, "MASKED_EQ", 240, 4111)) ","
		RULE_IF("\"socket\"", "SCMP_ACT_ALLOW", ARG(0, "NE", 40, 0)) ","
		RULE_IF("\"close\"", "SCMP_ACT_ALLOW", ARG(0, "LE", 3, 0) ) "]",
		&config);

	(void)state;
	assert_int_equal(ask(&p, "read", 4, UINT64_MAX), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, "read", 5, UINT64_MAX), ERRNO(EPERM));
	assert_int_equal(ask(&p, "read", 4, UINT64_MAX - 1), ERRNO(EPERM));
	/* An argument that is there twice makes each comparison a rule of its own. */
	assert_int_equal(ask(&p, "write", 1, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, "write", 2, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, "write", 3, 10), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, "write", 3, 9), ERRNO(EPERM));
	assert_int_equal(ask(&p, "clone", 0x11, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, "clone", CLONE_NEWUSER | 0x11, 0), ERRNO(EPERM));
	/* Of the second value only what the mask has counts: 4111 is 0x100f. */
	assert_int_equal(ask(&p, "flock", 0x100f, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, "flock", 0x10, 0), ERRNO(EPERM));
	assert_int_equal(ask(&p, "socket", 40, 0), ERRNO(EPERM));
	assert_int_equal(ask(&p, "socket", 41, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, "close", 3, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, "close", 1ULL << 32, 0), ERRNO(EPERM));
}

/* Rules that say what the default says do not shadow those with comparisons. */
static void default_rules(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	struct seccomp_program p = compile(
		&arena,
		"\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
		RULE("\"read\"", "SCMP_ACT_ERRNO") ","
		RULE_IF("\"read\"", "SCMP_ACT_ALLOW", ARG(0, "EQ", 1, 0)) ","
		RULE("\"clone3\",\"no_such_call\"", "SCMP_ACT_ALLOW") "," RULE("\"no_such_either\"", "SCMP_ACT_LOG") ","
		RULE("", "SCMP_ACT_LOG") "]",
		&config);

	(void)state;
	assert_int_equal(ask(&p, "read", 1, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, "read", 2, 0), ERRNO(EPERM));
	assert_int_equal(ask(&p, "clone3", 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, "getpid", 0, 0), ERRNO(EPERM));
}

/* ENOSYS above the newest call that is named, be it by a rule that says the default. */
static void newer_calls(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	struct seccomp_program p;

	(void)state;
	p = compile(&arena, "\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":[" RULE("\"clone3\"", "SCMP_ACT_ALLOW") "]",
		    &config);
	assert_int_equal(ask(&p, "clone3", 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, "getpid", 0, 0), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(ask(&p, "openat2", 0, 0), ERRNO(ENOSYS));
	assert_int_equal(ask_number(&p, NO_NUMBER, 0, 0), ERRNO(ENOSYS));
	p = compile(&arena,
		    "\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" RULE("\"clone3\"", "SCMP_ACT_ALLOW") ","
		    RULE("\"openat2\",\"read\"", "SCMP_ACT_ERRNO") ","
		    RULE_IF("\"read\"", "SCMP_ACT_ALLOW", ARG(0, "EQ", 1, 0)) "]",
		    &config);
	assert_int_equal(ask(&p, "openat2", 0, 0), ERRNO(EPERM));
	assert_int_equal(ask(&p, "pidfd_getfd", 0, 0), ERRNO(ENOSYS));
	assert_int_equal(ask(&p, "read", 1, 0), SECCOMP_RET_ALLOW);
	p = compile(&arena, "\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[" RULE("\"clone3\"", "SCMP_ACT_ALLOW") "]",
		    &config);
	assert_int_equal(ask_number(&p, NO_NUMBER, 0, 0), SECCOMP_RET_LOG);
	/* Without a rule nothing is known, and nothing is newer. */
	p = compile(&arena, "\"defaultAction\":\"SCMP_ACT_ERRNO\"", &config);
	assert_int_equal(ask_number(&p, NO_NUMBER, 0, 0), ERRNO(EPERM));
}

static void architectures(void **state)
{
	const uint32_t native = SECCOMP_ARCH_BIT(seccomp_native_arch());
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;

	(void)state;
	accept_in(IN_SECCOMP, "\"defaultAction\":\"SCMP_ACT_ALLOW\"", &arena, &config);
	assert_int_equal(config.linux_.seccomp.profile->arches, native);
	accept_in(IN_SECCOMP, "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_S390X\"]", &arena,
		  &config);
	assert_int_equal(config.linux_.seccomp.profile->arches, native);
	accept_in(IN_SECCOMP,
		  "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\","
		  "\"SCMP_ARCH_X32\",\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_ARM\",\"SCMP_ARCH_RISCV64\"]",
		  &arena, &config);
	assert_int_equal(config.linux_.seccomp.profile->arches, seccomp_native_arches());
}

static void flags_and_listener(void **state)
{
	static const struct {
		const char *members;
		uint32_t flags;
	} cases[] = {
		{ "\"defaultAction\":\"SCMP_ACT_ALLOW\"", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
		{ "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":null", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
		{ "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[]", 0 },
		{ "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\","
		  "\"SECCOMP_FILTER_FLAG_TSYNC\"]",
		  SECCOMP_FILTER_FLAG_LOG },
		{ "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]", 0 },
		{ "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],"
		  "\"listenerPath\":\"/l\",\"syscalls\":[" RULE("\"mount\"", "SCMP_ACT_NOTIFY") "]",
		  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	};
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		accept_in(IN_SECCOMP, cases[i].members, &arena, &config);
		assert_int_equal(config.linux_.seccomp.profile->flags, cases[i].flags);
	}
	accept_in(IN_SECCOMP, "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/l\",\"listenerMetadata\":\"m\"",
		  &arena, &config);
	assert_string_equal(config.linux_.seccomp.listener_path, "/l");
	assert_string_equal(config.linux_.seccomp.listener_metadata, "m");
}

#define ALLOW "\"defaultAction\":\"SCMP_ACT_ALLOW\","
#define AT(place) "linux.seccomp." place
#define ARGS(arg) ALLOW "\"syscalls\":[" RULE_IF("\"read\"", "SCMP_ACT_LOG", arg) "]"

static const struct refused wrong[] = {
	{ "\"syscalls\":[]", AT("defaultAction"), "is missing" },
	{ "\"defaultAction\":\"SCMP_ACT_NO\"", AT("defaultAction"), "'SCMP_ACT_NO' is none of SCMP_ACT_ALLOW" },
	{ ALLOW "\"defaultErrnoRet\":1", AT("defaultErrnoRet"), "no use for an errno" },
	{ "\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096", AT("defaultErrnoRet"),
	  "4096 is above 4095" },
	{ ALLOW "\"architectures\":[\"SCMP_ARCH_Z80\"]", AT("architectures[0]"), "'SCMP_ARCH_Z80' is none of" },
	{ ALLOW "\"flags\":[\"LOG\"]", AT("flags[0]"), "'LOG' is none of" },
	{ ALLOW "\"listenerMetadata\":\"m\"", AT("listenerMetadata"), "listenerPath is not" },
	{ ALLOW "\"syscalls\":[" RULE("\"mount\"", "SCMP_ACT_NOTIFY") "]", AT("listenerPath"), "SCMP_ACT_NOTIFY needs it" },
	{ ALLOW "\"syscalls\":[{\"action\":\"SCMP_ACT_LOG\"}]", AT("syscalls[0].names"), "is missing" },
	{ ALLOW "\"syscalls\":[{\"names\":[\"read\"]}]", AT("syscalls[0].action"), "is missing" },
	{ ALLOW "\"syscalls\":[{\"names\":\"read\",\"action\":\"SCMP_ACT_LOG\"}]", AT("syscalls[0].names"),
	  "must be a list" },
	{ ALLOW "\"syscalls\":[" RULE("\"read\",7", "SCMP_ACT_LOG") "]", AT("syscalls[0].names[1]"), "must be a string" },
	{ ALLOW "\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_LOG\",\"errnoRet\":1}]", AT("syscalls[0].errnoRet"),
	  "no use for an errno" },
	{ ALLOW "\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":65536}]", AT("syscalls[0].errnoRet"),
	  "65536 is above 65535" },
	{ ARGS(ARG(6, "EQ", 0, 0)), AT("syscalls[0].args[0].index"), "6 is not from 0 to 5" },
	{ ARGS(ARG(0, "IS", 0, 0)), AT("syscalls[0].args[0].op"), "'SCMP_CMP_IS' is none of" },
	{ ARGS(ARG(0, "EQ", -1, 0)), AT("syscalls[0].args[0].value"), "-1 is negative" },
	{ ARGS("{\"index\":0,\"op\":\"SCMP_CMP_EQ\"}"), AT("syscalls[0].args[0].value"), "is missing" },
};

static void what_is_refused(void **state)
{
	(void)state;
	refuse_in(IN_SECCOMP, wrong, ARRAY_SIZE(wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions),	 cmocka_unit_test(comparisons),	       cmocka_unit_test(default_rules),
		cmocka_unit_test(newer_calls),	 cmocka_unit_test(architectures),      cmocka_unit_test(flags_and_listener),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
