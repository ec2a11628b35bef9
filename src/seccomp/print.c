/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/print.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <string.h>

#include "seccomp/constants.h"

enum { WIDTH = 76 }; /* of the calls in a line */

static const char *const op_signs[] = {
	[SECCOMP_EQ] = "==", [SECCOMP_NE] = "!=", [SECCOMP_LT] = "<",
	[SECCOMP_LE] = "<=", [SECCOMP_GT] = ">",  [SECCOMP_GE] = ">=",
};

void seccomp_print_action(uint32_t action, struct buf *buf)
{
	const unsigned data = action & SECCOMP_RET_DATA;
	const char *name = seccomp_action_name(action);

	if (!name) {
		buf_printf(buf, "0x%08x", action);
		return;
	}
	buf_puts(buf, name);
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE)
		buf_printf(buf, " %u", data);
	if ((action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO)
		return;
	if (seccomp_errno_name(data))
		buf_printf(buf, " %s", seccomp_errno_name(data));
	else
		buf_printf(buf, " %u", data);
}

static void print_setting(const char *name, uint32_t action, struct buf *buf)
{
	buf_printf(buf, "%s ", name);
	seccomp_print_action(action, buf);
	buf_puts(buf, "\n");
}

static void print_newer(const struct seccomp_profile *profile, struct buf *buf)
{
	if (profile->newer == SECCOMP_NEWER_NONE)
		return;
	buf_puts(buf, "newer ");
	seccomp_print_action(profile->newer_action, buf);
	if (profile->newer == SECCOMP_NEWER_NUMBER)
		buf_printf(buf, " than %u", profile->newest);
	if (profile->newer == SECCOMP_NEWER_RULES)
		buf_puts(buf, " than rules");
	buf_puts(buf, "\n");
}

static void print_settings(const struct seccomp_profile *profile, struct buf *buf)
{
	print_setting("default", profile->default_action, buf);
	print_newer(profile, buf);
	print_setting("foreign", profile->foreign_action, buf);
	if (profile->arches) {
		buf_puts(buf, "arch");
		for (enum seccomp_arch arch = 0; arch < SECCOMP_ARCHES; arch++)
			if (profile->arches & SECCOMP_ARCH_BIT(arch))
				buf_printf(buf, " %s", seccomp_arch_info[arch].name);
		buf_puts(buf, "\n");
	}
	if (profile->flags) {
		buf_puts(buf, "flags");
		for (uint32_t flag = 1; flag; flag <<= 1)
			if ((profile->flags & flag) && seccomp_flag_name(flag))
				buf_printf(buf, " %s", seccomp_flag_name(flag));
		buf_puts(buf, "\n");
	}
	if (profile->match == SECCOMP_STRONGEST)
		buf_puts(buf, "match strongest\n");
}

static const char *call_name(uint32_t call)
{
	return call & SECCOMP_CALL_NUMBER ? "" : syscall_names[call];
}

static size_t call_length(uint32_t call)
{
	return call & SECCOMP_CALL_NUMBER ? 5 : strlen(syscall_names[call]);
}

static void print_call(uint32_t call, struct buf *buf)
{
	if (call & SECCOMP_CALL_NUMBER)
		buf_printf(buf, " %u", call & ~SECCOMP_CALL_NUMBER);
	else
		buf_printf(buf, " %s", syscall_names[call]);
}

static void print_value(const struct seccomp_rule *rule, const struct seccomp_compare *compare, struct buf *buf)
{
	const char *name = seccomp_constant_name(call_name(rule->calls[0]), compare->argument, compare->value);

	if (name)
		buf_puts(buf, name);
	else
		buf_printf(buf, compare->value < 10 ? "%" PRIu64 : "0x%" PRIx64, compare->value);
}

static void print_operand(const struct seccomp_compare *compare, struct buf *buf)
{
	uint64_t namespaces;

	if (compare->mask == UINT32_MAX) {
		buf_printf(buf, "low32(arg%u)", compare->argument);
		return;
	}
	buf_printf(buf, "arg%u", compare->argument);
	if (compare->mask == UINT64_MAX)
		return;
	if (seccomp_find_constant("CLONE_NEW*", 10, &namespaces) == 0 && compare->mask == namespaces)
		buf_puts(buf, " & CLONE_NEW*");
	else
		buf_printf(buf, " & 0x%" PRIx64, compare->mask);
}

/* A rule about N calls from FIRST on. */
static void print_rule(const struct seccomp_rule *rule, size_t first, size_t n, struct buf *buf)
{
	seccomp_print_action(rule->action, buf);
	for (size_t i = 0; i < n; i++)
		print_call(rule->calls[first + i], buf);
	for (size_t i = 0; i < rule->n_compares; i++) {
		const struct seccomp_compare *compare = &rule->compares[i];

		buf_puts(buf, i == 0 ? " if " : " and ");
		print_operand(compare, buf);
		buf_printf(buf, " %s ", op_signs[compare->op]);
		print_value(rule, compare, buf);
	}
	buf_puts(buf, "\n");
}

/* A rule without comparisons may be told in several lines, since its calls do not share code. */
static void print_certain_rule(const struct seccomp_rule *rule, struct buf *buf)
{
	size_t first = 0, width = 0;

	for (size_t i = 0; i < rule->n_calls; i++) {
		width += 1 + call_length(rule->calls[i]);
		if (i > first && width > WIDTH) {
			print_rule(rule, first, i - first, buf);
			first = i;
			width = 1 + call_length(rule->calls[i]);
		}
	}
	print_rule(rule, first, rule->n_calls - first, buf);
}

/* Do both rules say the same of the same calls, of one argument that equals another value? */
static bool is_list(const struct seccomp_rule *a, const struct seccomp_rule *b)
{
	const struct seccomp_compare *x = a->compares, *y = b->compares;

	return a->action == b->action && a->n_calls == b->n_calls && a->n_compares == 1 && b->n_compares == 1 &&
	       memcmp(a->calls, b->calls, a->n_calls * sizeof(*a->calls)) == 0 && x->op == SECCOMP_EQ &&
	       y->op == SECCOMP_EQ && x->argument == y->argument && x->mask == y->mask;
}

static void print_list(const struct seccomp_rule *rules, size_t n, struct buf *buf)
{
	seccomp_print_action(rules->action, buf);
	for (size_t i = 0; i < rules->n_calls; i++)
		print_call(rules->calls[i], buf);
	buf_puts(buf, " if ");
	print_operand(rules->compares, buf);
	buf_puts(buf, " in");
	for (size_t i = 0; i < n; i++) {
		buf_puts(buf, " ");
		print_value(&rules[i], rules[i].compares, buf);
	}
	buf_puts(buf, "\n");
}

void seccomp_print(const struct seccomp_profile *profile, struct buf *buf)
{
	print_settings(profile, buf);
	for (size_t i = 0; i < profile->n_rules;) {
		const struct seccomp_rule *rule = &profile->rules[i];
		size_t n = 1;

		while (i + n < profile->n_rules && is_list(rule, rule + n))
			n++;
		if (n > 1)
			print_list(rule, n, buf);
		else if (rule->n_compares > 0)
			print_rule(rule, 0, rule->n_calls, buf);
		else if (rule->n_calls > 0)
			print_certain_rule(rule, buf);
		i += n;
	}
}
