/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/kind.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "kernel/constants.h"

#define KIND(name_, long_, letter_, flag_, request_)                                    \
	{                                                                               \
		.name = name_, .long_name = long_, .proc_path = "ns/" name_,            \
		.letter = letter_, .clone_flag = flag_, .pidfd_request = request_,      \
	}
#define KIND_WITH_CHILDREN(name_, long_, letter_, flag_, request_, children_)           \
	{                                                                               \
		.name = name_, .long_name = long_, .proc_path = "ns/" name_,            \
		.letter = letter_, .clone_flag = flag_, .pidfd_request = request_,      \
		.children_name = name_ "_for_children", .children_request = children_,  \
	}

const struct ns_kind_info ns_kind_table[NS_KINDS] = {
	[NS_CGROUP] = KIND("cgroup", "cgroup", 'C', CLONE_NEWCGROUP, PIDFD_GET_CGROUP_NAMESPACE),
	[NS_IPC] = KIND("ipc", "ipc", 'i', CLONE_NEWIPC, PIDFD_GET_IPC_NAMESPACE),
	[NS_MNT] = KIND("mnt", "mount", 'm', CLONE_NEWNS, PIDFD_GET_MNT_NAMESPACE),
	[NS_NET] = KIND("net", "network", 'n', CLONE_NEWNET, PIDFD_GET_NET_NAMESPACE),
	[NS_PID] = KIND_WITH_CHILDREN("pid", "pid", 'p', CLONE_NEWPID, PIDFD_GET_PID_NAMESPACE,
				      PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE),
	[NS_TIME] = KIND_WITH_CHILDREN("time", "time", 'T', CLONE_NEWTIME, PIDFD_GET_TIME_NAMESPACE,
				       PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE),
	[NS_USER] = KIND("user", "user", 'U', CLONE_NEWUSER, PIDFD_GET_USER_NAMESPACE),
	[NS_UTS] = KIND("uts", "uts", 'u', CLONE_NEWUTS, PIDFD_GET_UTS_NAMESPACE),
};

static_assert(sizeof(ns_kind_table) / sizeof(ns_kind_table[0]) == NS_KINDS, "one row per kind");

int ns_kind_from_flag(uint32_t clone_flag, enum ns_kind *ret)
{
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		if (ns_kind_table[kind].clone_flag == clone_flag) {
			*ret = kind;
			return 0;
		}
	}
	return -EINVAL;
}

static bool is_word(const char *text, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(text, word, n) == 0;
}

int ns_kind_parse(const char *text, size_t n, enum ns_kind *ret)
{
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		const struct ns_kind_info *info = &ns_kind_table[kind];

		if (is_word(text, n, info->name) || is_word(text, n, info->long_name) ||
		    (n == 1 && *text == info->letter)) {
			*ret = kind;
			return 0;
		}
	}
	return -EINVAL;
}

/* One element of a list: a kind, all, none, or several letters. No kind's name is made of letters. */
static int parse_element(const char *text, size_t n, unsigned *ret)
{
	unsigned mask = 0;
	enum ns_kind kind;

	if (n == 0)
		return -EINVAL;
	if (is_word(text, n, "all") || is_word(text, n, "none")) {
		*ret = *text == 'a' ? NS_ALL : 0;
		return 0;
	}
	if (ns_kind_parse(text, n, &kind) == 0) {
		*ret = NS_BIT(kind);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (ns_kind_parse(text + i, 1, &kind) < 0)
			return -EINVAL;
		mask |= NS_BIT(kind);
	}
	*ret = mask;
	return 0;
}

int ns_kinds_parse_list(const char *text, unsigned defaults, const char *option, unsigned *ret,
			struct inro_error *error)
{
	unsigned mask = *text == '-' || *text == '+' ? defaults : 0;

	for (;;) {
		const char *end = strchrnul(text, ',');
		bool minus = *text == '-';
		const char *word = text + (minus || *text == '+');
		unsigned bits;

		if (parse_element(word, (size_t)(end - word), &bits) < 0) {
			int r = fail_usage(error, option, "\"%.*s\" is no kind of namespace",
					   (int)(end - text), text);

			error_hint(error, "use cgroup, ipc, mnt, net, pid, time, user, uts, all or "
					  "none, separated by commas, with - before what is left out");
			return r;
		}
		mask = minus ? mask & ~bits : mask | bits;
		if (!*end)
			break;
		text = end + 1;
	}
	*ret = mask;
	return 0;
}

const char *ns_kinds_format(unsigned mask, char *text, size_t size)
{
	size_t used = 0;

	if ((mask & NS_ALL) == 0 || (mask & NS_ALL) == NS_ALL) {
		snprintf(text, size, "%s", mask & NS_ALL ? "all" : "none");
		return text;
	}
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		if (!(mask & NS_BIT(kind)) || used >= size)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "",
					 ns_kind_name(kind));
	}
	return text;
}

uint32_t ns_kinds_to_flags(unsigned mask)
{
	uint32_t flags = 0;

	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		if (mask & NS_BIT(kind))
			flags |= ns_kind_table[kind].clone_flag;
	return flags;
}

unsigned ns_kinds_from_flags(uint64_t flags)
{
	unsigned mask = 0;

	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		if (flags & ns_kind_table[kind].clone_flag)
			mask |= NS_BIT(kind);
	return mask;
}
