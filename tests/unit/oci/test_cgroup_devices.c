/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The program is run here by a small interpreter of the few instructions that it has, beside a plain
 * reading of the rules; and by the kernel, in a group of the test's own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cgroup/scratch.h"
#include "base/arena.h"
#include "oci/cgroup_devices.h"

enum {
	R = BPF_DEVCG_ACC_READ,
	W = BPF_DEVCG_ACC_WRITE,
	M = BPF_DEVCG_ACC_MKNOD,
	MOST_STEPS = 10000
};

static int64_t run_program(const struct bpf_insn *code, size_t n,
			   const struct bpf_cgroup_dev_ctx *context)
{
	uint64_t registers[11] = { 0 };
	size_t at = 0;

	for (int steps = 0; steps < MOST_STEPS; steps++) {
		const struct bpf_insn *one = &code[at++];
		uint64_t *to = &registers[one->dst_reg];
		uint64_t from = registers[one->src_reg];

		assert_true(at <= n);
		switch (one->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			assert_int_equal(one->src_reg, BPF_REG_1);
			assert_true(one->off >= 0 && (size_t)one->off <= sizeof(*context) - 4);
			*to = *(const uint32_t *)((const char *)context + one->off);
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
			*to = (uint32_t)from;
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*to = (uint64_t)(int64_t)one->imm;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			*to = (uint32_t)*to & (uint32_t)one->imm;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			*to = (uint32_t)*to >> one->imm;
			break;
		case BPF_ALU | BPF_LSH | BPF_K:
			*to = (uint32_t)*to << one->imm;
			break;
		case BPF_ALU | BPF_OR | BPF_X:
			*to = (uint32_t)*to | (uint32_t)from;
			break;
		case BPF_JMP32 | BPF_JEQ | BPF_K:
			at += (uint32_t)*to == (uint32_t)one->imm ? (size_t)one->off : 0;
			break;
		case BPF_JMP32 | BPF_JGE | BPF_K:
			at += (uint32_t)*to >= (uint32_t)one->imm ? (size_t)one->off : 0;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			at += *to != (uint64_t)(int64_t)one->imm ? (size_t)one->off : 0;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			at += *to & (uint64_t)(int64_t)one->imm ? (size_t)one->off : 0;
			break;
		case BPF_JMP | BPF_JA:
			at += (size_t)one->off;
			break;
		case BPF_JMP | BPF_EXIT:
			return (int64_t)registers[0];
		default:
			fail_msg("an instruction that is not known: %#x", one->code);
		}
	}
	fail_msg("it does not end");
	return -1;
}

/* By the book: each access by itself, the last rule about it. */
static bool allowed(const struct oci_device_rule *rules, size_t n, char type, int64_t major,
		    int64_t minor, unsigned access)
{
	for (unsigned bit = 1; bit < 8; bit <<= 1) {
		bool ok = false;

		if (!(access & bit))
			continue;
		for (size_t i = 0; i < n; i++) {
			const struct oci_device_rule *rule = &rules[i];

			if ((rule->type == 'a' || rule->type == type) &&
			    (rule->major < 0 || rule->major == major) &&
			    (rule->minor < 0 || rule->minor == minor) &&
			    ((bit == R && rule->read) || (bit == W && rule->write) ||
			     (bit == M && rule->mknod)))
				ok = rule->allow;
		}
		if (!ok)
			return false;
	}
	return true;
}

static bool by_program(const struct bpf_insn *program, size_t n, char type, int64_t major,
		       int64_t minor, unsigned access)
{
	const struct bpf_cgroup_dev_ctx context = {
		.access_type =
			access << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = (uint32_t)major,
		.minor = (uint32_t)minor,
	};

	return run_program(program, n, &context) == 1;
}

static void compare(const struct oci_device_rule *rules, size_t n)
{
	struct arena arena = { 0 };
	size_t n_program;
	const struct bpf_insn *program = oci_device_program(rules, n, &arena, &n_program);

	assert_non_null(program);
	for (int64_t major = 0; major < 4; major++)
		for (int64_t minor = 0; minor < 4; minor++)
			for (unsigned access = 1; access < 8; access++)
				for (int block = 0; block < 2; block++)
					assert_int_equal(by_program(program, n_program,
								    block ? 'b' : 'c', major, minor,
								    access),
							 allowed(rules, n, block ? 'b' : 'c', major,
								 minor, access));
	arena_deinit(&arena);
}

static struct oci_device_rule rule(bool allow, char type, int64_t major, int64_t minor,
				   unsigned access)
{
	return (struct oci_device_rule){ allow,      type,       major,     minor,
					 access & R, access & W, access & M };
}

static void the_last_rule_decides(void **state)
{
	const struct oci_device_rule rules[] = {
		rule(false, 'a', -1, -1, R | W | M), rule(true, 'c', 1, -1, R | W | M),
		rule(false, 'c', 1, 3, W),           rule(true, 'b', -1, 2, R),
		rule(false, 'a', 2, -1, R | M),      rule(true, 'a', 3, 3, W | M),
	};

	(void)state;
	for (size_t n = 0; n <= ARRAY_SIZE(rules); n++)
		compare(rules, n);
}

static void any_list_of_rules(void **state)
{
	struct oci_device_rule rules[12];

	(void)state;
	srandom(4711);
	for (int round = 0; round < 500; round++) {
		size_t n = (size_t)random() % ARRAY_SIZE(rules);

		for (size_t i = 0; i < n; i++)
			rules[i] = rule(random() & 1, "abc"[random() % 3], random() % 5 - 1,
					random() % 5 - 1, (unsigned)(random() % 8));
		compare(rules, n);
	}
}

/* Most rules of real lists: everything of one device. Numbers up to the kernel's last, and beyond. */
static void simple_rules(void **state)
{
	static const int64_t majors[] = { -1, 0, 1, 0xfff, 0x1000 }, minors[] = { -1, 0, 3, 0xfffff, 0x100000 };
	struct oci_device_rule rules[12];

	(void)state;
	srandom(4712);
	for (int round = 0; round < 500; round++) {
		struct arena arena = { 0 };
		size_t n = (size_t)random() % ARRAY_SIZE(rules), n_program;
		const struct bpf_insn *program;

		for (size_t i = 0; i < n; i++)
			rules[i] = rule(random() % 8 != 0, "bc"[random() % 2], majors[random() % 5],
					minors[random() % 5], random() % 8 ? R | W | M : R);
		program = oci_device_program(rules, n, &arena, &n_program);
		assert_non_null(program);
		for (int major = 1; major < 4; major++)
			for (int minor = 1; minor < 4; minor++)
				for (unsigned access = 1; access < 8; access++)
					for (const char *type = "bc"; *type; type++)
						assert_int_equal(by_program(program, n_program, *type,
									    majors[major], minors[minor], access),
								 allowed(rules, n, *type, majors[major],
									 minors[minor], access));
		arena_deinit(&arena);
	}
}

static void the_whole_list(void **state)
{
	struct oci_device_rule own[] = { rule(true, 'c', 7, 7, R),
					 rule(false, 'a', -1, -1, R | W | M),
					 rule(true, 'c', 1, 11, R), rule(false, 'c', 1, 3, R) };
	struct oci_resources resources = { .devices = own,
					   .n_devices = ARRAY_SIZE(own),
					   .devices_set = true };
	struct arena arena = { 0 };
	size_t n;
	const struct oci_device_rule *rules = oci_device_rules(&resources, &arena, &n);

	(void)state;
	/* What stands before the rule about everything is gone. */
	assert_true(oci_device_rule_is_all(&rules[0]));
	assert_false(rules[0].allow);
	assert_false(allowed(rules, n, 'c', 7, 7, R));
	assert_true(allowed(rules, n, 'c', 1, 11, R));
	assert_false(allowed(rules, n, 'c', 1, 11, W));
	/* What every container may use has the last word. */
	assert_true(allowed(rules, n, 'c', 1, 3, R | W | M));
	assert_true(allowed(rules, n, 'c', 136, 5, R | W));
	assert_true(allowed(rules, n, 'c', 10, 200, R | W));
	assert_true(allowed(rules, n, 'b', 8, 0, M));
	assert_false(allowed(rules, n, 'b', 8, 0, R));
	assert_false(allowed(rules, n, 'c', 5, 1, R));
	resources = (struct oci_resources){ 0 };
	rules = oci_device_rules(&resources, &arena, &n);
	assert_false(allowed(rules, n, 'c', 1, 1, R));
	assert_true(allowed(rules, n, 'c', 1, 3, R));
	arena_deinit(&arena);
}

static void words_for_v1(void **state)
{
	struct oci_device_rule all = rule(false, 'a', -1, -1, R | W | M),
			       one = rule(true, 'c', 1, -1, R | M);
	char text[64];

	(void)state;
	assert_string_equal(oci_device_rule_text(&all, text), "a *:* rwm");
	assert_string_equal(oci_device_rule_text(&one, text), "c 1:* rm");
}

/* In the group: may it open these? A bit each. */
static int opens(void)
{
	static const char *const paths[] = { "/dev/null", "/dev/zero", "/dev/full" };
	int mask = 0;

	for (int i = 0; i < 3; i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		mask |= fd >= 0 ? 1 << i : 0;
		fd_close(fd);
	}
	return mask;
}

static int opens_in(int cgroup_fd)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP,
				   .exit_signal = SIGCHLD,
				   .cgroup = (uint64_t)cgroup_fd };
	pid_t pid = sys_clone3(&args, sizeof(args));

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(opens());
	return child_result(pid);
}

static void attach(int fd, const struct oci_device_rule *rules, size_t n, bool replace)
{
	struct arena arena = { 0 };
	size_t n_program;
	const struct bpf_insn *program = oci_device_program(rules, n, &arena, &n_program);

	assert_int_equal(oci_device_attach(fd, program, n_program, replace), 0);
	arena_deinit(&arena);
}

static void the_kernel_runs_it(void **state)
{
	const struct oci_device_rule null[] = { rule(false, 'a', -1, -1, R | W | M),
						rule(true, 'c', 1, 3, R) };
	const struct oci_device_rule zero[] = { rule(true, 'c', 1, 5, R | W) };
	const struct oci_device_rule chars[] = { rule(false, 'a', -1, -1, R | W | M),
						 rule(true, 'c', 1, 5, R | W | M),
						 rule(true, 'b', -1, -1, R | W | M),
						 rule(true, 'c', -1, -1, R | W | M),
						 rule(true, 'c', 1, 5, R | W | M) };
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip_because("needs root, for device programs");
	fd = scratch_make(-1);
	assert_int_equal(opens_in(fd), 7);
	attach(fd, null, ARRAY_SIZE(null), false);
	assert_int_equal(opens_in(fd), 1);
	/* In its place, not beside it: both together would allow nothing. */
	attach(fd, zero, ARRAY_SIZE(zero), true);
	assert_int_equal(opens_in(fd), 2);
	attach(fd, chars, ARRAY_SIZE(chars), true);
	assert_int_equal(opens_in(fd), 7);
	scratch_remove(-1, fd);
}

static void v1_takes_them(void **state)
{
	struct oci_resources resources = { 0 };
	struct arena arena = { 0 };
	cleanup_close int top = open("/sys/fs/cgroup/devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			  fd = -EBADF;
	const struct oci_device_rule *rules;
	size_t n, failed;
	char text[4096];

	(void)state;
	if (geteuid() != 0 || top < 0)
		skip_because("no cgroup v1 hierarchy for devices that this user may write");
	assert_int_equal(mkdirat(top, scratch_name, 0755), 0);
	fd = cgroup_open_below(top, scratch_name);
	rules = oci_device_rules(&resources, &arena, &n);
	assert_int_equal(oci_device_write_v1(fd, rules, n, &failed), 0);
	assert_true(cgroup_read(fd, "devices.list", text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "c 1:3 rwm"));
	assert_null(strstr(text, "a *:*"));
	assert_int_equal(unlinkat(top, scratch_name, AT_REMOVEDIR), 0);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_rule_decides), cmocka_unit_test(any_list_of_rules),
		cmocka_unit_test(simple_rules),
		cmocka_unit_test(the_whole_list),        cmocka_unit_test(words_for_v1),
		cmocka_unit_test(the_kernel_runs_it),    cmocka_unit_test(v1_takes_them),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
