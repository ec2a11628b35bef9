/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rules about devices.
 *
 * A list of rules is read as v1 reads it: each one adds to what is allowed or takes from it, so for
 * every device and every kind of access (read, write, mknod) the last rule that is about it decides.
 * The program therefore tries the rules from the last to the first. It keeps the accesses that no rule
 * has decided yet: one that is denied ends it, and when all are allowed it allows. Nothing is allowed
 * where no rule is left.
 */

#include "oci/cgroup_devices.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/macros.h"
#include "cgroup/dir.h"

#include <fcntl.h>

/* What no container can do without. As runc has it. */
#define MAY_USE(major, minor)                                 \
	{                                                     \
		true, 'c', (major), (minor), true, true, true \
	}
#define MAY_MAKE(type)                                   \
	{                                                \
		true, (type), -1, -1, false, false, true \
	}

static const struct oci_device_rule defaults[] = {
	MAY_MAKE('a'),    /* any node, which alone opens nothing */
	MAY_USE(1, 3),    /* null */
	MAY_USE(1, 5),    /* zero */
	MAY_USE(1, 7),    /* full */
	MAY_USE(1, 8),    /* random */
	MAY_USE(1, 9),    /* urandom */
	MAY_USE(5, 0),    /* tty */
	MAY_USE(5, 2),    /* ptmx */
	MAY_USE(136, -1), /* pts/N */
	MAY_USE(10, 200), /* net/tun */
};

static const struct oci_device_rule deny_all = {
	.type = 'a', .major = -1, .minor = -1, .read = true, .write = true, .mknod = true
};

bool oci_device_rule_is_all(const struct oci_device_rule *rule)
{
	return rule->type == 'a' && rule->major < 0 && rule->minor < 0 && rule->read &&
	       rule->write && rule->mknod;
}

const struct oci_device_rule *oci_device_rules(const struct oci_resources *resources,
					       struct arena *arena, size_t *ret_n)
{
	size_t first = 0, n = 0;
	struct oci_device_rule *rules =
		arena_array(arena, 1 + resources->n_devices + ARRAY_SIZE(defaults), sizeof(*rules));

	if (!rules)
		return NULL;
	rules[n++] = deny_all;
	for (size_t i = 0; i < resources->n_devices; i++) {
		if (oci_device_rule_is_all(&resources->devices[i]))
			first = n;
		rules[n++] = resources->devices[i];
	}
	memcpy(rules + n, defaults, sizeof(defaults));
	*ret_n = n + ARRAY_SIZE(defaults) - first;
	return rules + first;
}

/* ---- the program ---- */

/*
 * The context is struct bpf_cgroup_dev_ctx: access_type (the type of device in its lower half, the kinds
 * of access in its upper), major, minor. Registers: 1 the context, 2 the type, 3 the undecided accesses,
 * 4 major, 5 minor, 6 both as one number; 0 the answer.
 *
 * The kernel's verifier follows every branch with all that can be known there, which for a list such as
 * every container's takes longer than making the cgroup, so branches are what is spared: rules side by
 * side that allow everything of one device (most of any list) are one comparison each, and their order
 * among themselves does not matter.
 */
struct program {
	struct bpf_insn *code;
	size_t n;
};

static void emit(struct program *program, uint8_t code, uint8_t to, uint8_t from, int16_t offset,
		 int32_t value)
{
	program->code[program->n++] = (struct bpf_insn){
		.code = code,
		.dst_reg = to,
		.src_reg = from,
		.off = offset,
		.imm = value,
	};
}

static void emit_load(struct program *program, uint8_t to, size_t offset)
{
	emit(program, BPF_LDX | BPF_MEM | BPF_W, to, BPF_REG_1, (int16_t)offset, 0);
}

static void emit_return(struct program *program, int32_t answer)
{
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, answer);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int32_t accesses(const struct oci_device_rule *rule)
{
	return (rule->read ? BPF_DEVCG_ACC_READ : 0) | (rule->write ? BPF_DEVCG_ACC_WRITE : 0) |
	       (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0);
}

/* Over to the next rule unless REGISTER has this value; the jump is completed by emit_rule(). */
static void emit_compare(struct program *program, uint8_t number, int64_t value)
{
	emit(program, BPF_JMP | BPF_JNE | BPF_K, number, 0, 0, (int32_t)value);
}

enum { MOST_OF_A_RULE = 8 };

static void emit_rule(struct program *program, const struct oci_device_rule *rule)
{
	size_t compares = program->n, end;

	if (rule->type != 'a')
		emit_compare(program, BPF_REG_2,
			     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->major >= 0)
		emit_compare(program, BPF_REG_4, rule->major);
	if (rule->minor >= 0)
		emit_compare(program, BPF_REG_5, rule->minor);
	end = program->n;
	if (rule->allow) {
		emit(program, BPF_ALU | BPF_AND | BPF_K, BPF_REG_3, 0, 0, ~accesses(rule) & 7);
		emit(program, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 2, 0);
		emit_return(program, 1);
	} else {
		/* Over the return where none of them is asked for. */
		emit(program, BPF_JMP | BPF_JSET | BPF_K, BPF_REG_3, 0, 1, accesses(rule));
		emit(program, BPF_JMP | BPF_JA, 0, 0, 2, 0);
		emit_return(program, 0);
	}
	for (size_t i = compares; i < end; i++)
		program->code[i].off = (int16_t)(program->n - i - 1);
}

/* The kernel's device numbers: 12 bits and 20. */
enum { MAJOR_MAX = 0xfff, MINOR_BITS = 20, MINOR_MAX = 0xfffff };

/* Allows everything of one device, of one major number, or of a type. */
static bool is_simple(const struct oci_device_rule *rule)
{
	return rule->allow && rule->read && rule->write && rule->mknod && rule->type != 'a' &&
	       rule->major <= MAJOR_MAX && rule->minor <= MINOR_MAX && (rule->major >= 0 || rule->minor < 0);
}

static bool is_same(const struct oci_device_rule *a, const struct oci_device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

/* To ALLOWED, a place that the caller completes, where it is this device. */
static void emit_simple(struct program *program, const struct oci_device_rule *rule)
{
	/* Of any number: a jump with a condition, since the verifier refuses code that no jump leads to. */
	if (rule->major < 0)
		emit(program, BPF_JMP32 | BPF_JGE | BPF_K, BPF_REG_4, 0, 0, 0);
	else if (rule->minor < 0)
		emit(program, BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_4, 0, 0, (int32_t)rule->major);
	else
		emit(program, BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_6, 0, 0,
		     (int32_t)((uint32_t)rule->major << MINOR_BITS | (uint32_t)rule->minor));
}

/* Simple rules side by side, those of one type. */
static void emit_run(struct program *program, const struct oci_device_rule *rules, size_t n, char type)
{
	size_t start = program->n, end;

	emit_compare(program, BPF_REG_2, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	for (size_t i = 0; i < n; i++) {
		size_t same = 0;

		if (rules[i].type != type)
			continue;
		while (!is_same(&rules[same], &rules[i]))
			same++;
		if (same == i)
			emit_simple(program, &rules[i]);
	}
	if (program->n == start + 1) {
		program->n = start; /* there are none */
		return;
	}
	end = program->n;
	emit(program, BPF_JMP | BPF_JA, 0, 0, 2, 0);
	emit_return(program, 1);
	program->code[start].off = (int16_t)(program->n - start - 1);
	for (size_t i = start + 1; i < end; i++)
		program->code[i].off = (int16_t)(end - i);
}

/* How many rules up to the Nth are simple? So many that jumps over them are short enough. */
static size_t count_simple(const struct oci_device_rule *rules, size_t n)
{
	enum { MOST = 1000 };
	size_t found = 0;

	while (found < n && found < MOST && is_simple(&rules[n - found - 1]))
		found++;
	return found;
}

struct bpf_insn *oci_device_program(const struct oci_device_rule *rules, size_t n,
				    struct arena *arena, size_t *ret_n)
{
	struct program program = { .code = arena_array(arena, 16 + n * MOST_OF_A_RULE,
						       sizeof(struct bpf_insn)) };

	if (!program.code)
		return NULL;
	emit_load(&program, BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&program, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
	emit(&program, BPF_ALU | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	emit(&program, BPF_ALU | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
	emit_load(&program, BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(&program, BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
	emit(&program, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_4, 0, 0);
	emit(&program, BPF_ALU | BPF_LSH | BPF_K, BPF_REG_6, 0, 0, MINOR_BITS);
	emit(&program, BPF_ALU | BPF_OR | BPF_X, BPF_REG_6, BPF_REG_5, 0, 0);
	for (size_t left = n; left > 0;) {
		size_t simple = count_simple(rules, left);

		left -= simple ? simple : 1;
		if (simple) {
			emit_run(&program, rules + left, simple, 'c');
			emit_run(&program, rules + left, simple, 'b');
		} else if (left || rules[0].allow || !oci_device_rule_is_all(&rules[0])) {
			/* The rule about everything, with which the list begins, is the end of the program. */
			emit_rule(&program, &rules[left]);
		}
	}
	emit_return(&program, 0);
	*ret_n = program.n;
	return program.code;
}

/* ---- v1 ---- */

static void add_number(char *text, size_t size, int64_t number)
{
	if (number < 0)
		snprintf(text, size, "*");
	else
		snprintf(text, size, "%lld", (long long)number);
}

const char *oci_device_rule_text(const struct oci_device_rule *rule, char text[static 64])
{
	char major[24], minor[24];

	add_number(major, sizeof(major), rule->major);
	add_number(minor, sizeof(minor), rule->minor);
	snprintf(text, 64, "%c %s:%s %s%s%s", rule->type, major, minor, rule->read ? "r" : "",
		 rule->write ? "w" : "", rule->mknod ? "m" : "");
	return text;
}

/* A rule about both types is two there: "a" means every device whatever else it says. */
static int write_rule(int fd, const struct oci_device_rule *rule)
{
	struct oci_device_rule one = *rule;
	char text[64];
	int r;

	if (rule->type != 'a' || oci_device_rule_is_all(rule))
		return oci_device_rule_text(rule, text), fd_write_all(fd, text, strlen(text));
	one.type = 'b';
	oci_device_rule_text(&one, text);
	r = fd_write_all(fd, text, strlen(text));
	one.type = 'c';
	oci_device_rule_text(&one, text);
	return r < 0 ? r : fd_write_all(fd, text, strlen(text));
}

int oci_device_write_v1(int dir_fd, const struct oci_device_rule *rules, size_t n,
			size_t *ret_failed)
{
	cleanup_close int allow = cgroup_open_file(dir_fd, "devices.allow", O_WRONLY);
	cleanup_close int deny = cgroup_open_file(dir_fd, "devices.deny", O_WRONLY);

	*ret_failed = 0;
	if (allow < 0 || deny < 0)
		return allow < 0 ? allow : deny;
	for (size_t i = 0; i < n; i++) {
		int r;

		/* Nothing to say: it would be refused. */
		if (!rules[i].read && !rules[i].write && !rules[i].mknod)
			continue;
		r = write_rule(rules[i].allow ? allow : deny, &rules[i]);
		*ret_failed = i;
		if (r < 0)
			return r;
	}
	return 0;
}
