/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/profile.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

struct named {
	const char *name;
	uint32_t value;
};

static const struct named actions[] = {
	{ "allow", SECCOMP_RET_ALLOW },
	{ "errno", SECCOMP_RET_ERRNO },
	{ "kill-process", SECCOMP_RET_KILL_PROCESS },
	{ "kill-thread", SECCOMP_RET_KILL_THREAD },
	{ "trap", SECCOMP_RET_TRAP },
	{ "trace", SECCOMP_RET_TRACE },
	{ "log", SECCOMP_RET_LOG },
	{ "notify", SECCOMP_RET_USER_NOTIF },
};

static const struct named flags[] = {
	{ "tsync", SECCOMP_FILTER_FLAG_TSYNC },
	{ "log", SECCOMP_FILTER_FLAG_LOG },
	{ "spec-allow", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "wait-killable", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

static int find(const struct named *list, size_t n, const char *name, size_t length, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(list[i].name, name, length) == 0 && !list[i].name[length]) {
			*ret = list[i].value;
			return 0;
		}
	return -ENOENT;
}

static const char *name_of(const struct named *list, size_t n, uint32_t value)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].value == value)
			return list[i].name;
	return NULL;
}

void seccomp_profile_init(struct seccomp_profile *profile)
{
	*profile = (struct seccomp_profile){
		.default_action = SECCOMP_RET_ERRNO | EPERM,
		.foreign_action = SECCOMP_RET_KILL_PROCESS,
		.newer_action = SECCOMP_RET_ERRNO | ENOSYS,
		.arches = seccomp_native_arches(),
	};
}

struct seccomp_rule *seccomp_add_rule(struct seccomp_profile *profile, struct arena *arena, uint32_t action)
{
	struct seccomp_rule *rule = arena_grow(arena, &profile->rules, &profile->n_rules, sizeof(*rule));

	if (rule)
		rule->action = action;
	return rule;
}

int seccomp_add_call(struct seccomp_rule *rule, struct arena *arena, uint32_t call)
{
	uint32_t *added = arena_grow(arena, &rule->calls, &rule->n_calls, sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = call;
	return 0;
}

int seccomp_add_compare(struct seccomp_rule *rule, struct arena *arena, struct seccomp_compare compare)
{
	struct seccomp_compare *added =
		arena_grow(arena, &rule->compares, &rule->n_compares, sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = compare;
	return 0;
}

int seccomp_find_action(const char *name, size_t length, uint32_t *ret)
{
	return find(actions, ARRAY_SIZE(actions), name, length, ret);
}

const char *seccomp_action_name(uint32_t action)
{
	return name_of(actions, ARRAY_SIZE(actions), action & SECCOMP_RET_ACTION_FULL);
}

int seccomp_find_flag(const char *name, size_t length, uint32_t *ret)
{
	return find(flags, ARRAY_SIZE(flags), name, length, ret);
}

const char *seccomp_flag_name(uint32_t flag)
{
	return name_of(flags, ARRAY_SIZE(flags), flag);
}

/* The last errno that Linux has on these architectures is EHWPOISON, 133. */
enum { LAST_ERRNO = 133 };

const char *seccomp_errno_name(unsigned number)
{
	return number > 0 && number <= LAST_ERRNO ? strerrorname_np((int)number) : NULL;
}

int seccomp_find_errno(const char *name, size_t length)
{
	for (unsigned number = 1; number <= LAST_ERRNO; number++) {
		const char *known = seccomp_errno_name(number);

		if (known && strncmp(known, name, length) == 0 && !known[length])
			return (int)number;
	}
	if (length == 7 && memcmp(name, "ENOTSUP", 7) == 0)
		return ENOTSUP;
	if (length == 11 && memcmp(name, "EWOULDBLOCK", 11) == 0)
		return EWOULDBLOCK;
	return -ENOENT;
}

int32_t seccomp_action_rank(uint32_t action)
{
	return (int32_t)(action & SECCOMP_RET_ACTION_FULL);
}

bool seccomp_profile_uses(const struct seccomp_profile *profile, uint32_t action)
{
	const int32_t rank = seccomp_action_rank(action);

	if (seccomp_action_rank(profile->default_action) == rank ||
	    seccomp_action_rank(profile->foreign_action) == rank)
		return true;
	if (profile->newer != SECCOMP_NEWER_NONE && seccomp_action_rank(profile->newer_action) == rank)
		return true;
	for (size_t i = 0; i < profile->n_rules; i++)
		if (seccomp_action_rank(profile->rules[i].action) == rank)
			return true;
	return false;
}
