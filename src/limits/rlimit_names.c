/* SPDX-License-Identifier: Apache-2.0 */
#include "limits/rlimit_names.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"
#include "base/parse.h"

static const char *const names[] = {
	[RLIMIT_CPU] = "cpu",           [RLIMIT_FSIZE] = "fsize",       [RLIMIT_DATA] = "data",
	[RLIMIT_STACK] = "stack",       [RLIMIT_CORE] = "core",         [RLIMIT_RSS] = "rss",
	[RLIMIT_NPROC] = "nproc",       [RLIMIT_NOFILE] = "nofile",     [RLIMIT_MEMLOCK] = "memlock",
	[RLIMIT_AS] = "as",             [RLIMIT_LOCKS] = "locks",       [RLIMIT_SIGPENDING] = "sigpending",
	[RLIMIT_MSGQUEUE] = "msgqueue", [RLIMIT_NICE] = "nice",         [RLIMIT_RTPRIO] = "rtprio",
	[RLIMIT_RTTIME] = "rttime",
};
static_assert(ARRAY_SIZE(names) == RLIMIT_COUNT, "a limit without a name");
static_assert((int)RLIM_NLIMITS == (int)RLIMIT_COUNT, "a limit that libc knows and we do not");

const char *rlimit_name(int resource)
{
	return resource >= 0 && resource < RLIMIT_COUNT ? names[resource] : NULL;
}

int rlimit_parse_name(const char *name, size_t n, int *ret)
{
	if (n > 7 && strncasecmp(name, "RLIMIT_", 7) == 0) {
		name += 7;
		n -= 7;
	}
	for (int i = 0; i < RLIMIT_COUNT; i++) {
		if (strlen(names[i]) == n && strncasecmp(names[i], name, n) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_value(const char *text, size_t n, rlim_t *ret)
{
	char value[32];
	uint64_t number;
	int r;

	if (n == 0 || n >= sizeof(value))
		return -EINVAL;
	snprintf(value, sizeof(value), "%.*s", (int)n, text);
	if (strcmp(value, "unlimited") == 0 || strcmp(value, "-1") == 0) {
		*ret = RLIM_INFINITY;
		return 0;
	}
	r = parse_size(value, &number);
	if (r == 0)
		*ret = number;
	return r;
}

int rlimit_parse(const char *text, int *ret_resource, struct rlimit *ret)
{
	const char *equals = strchr(text, '=');
	const char *colon;
	struct rlimit limit;
	int resource, r;

	if (!equals)
		return -EINVAL;
	r = rlimit_parse_name(text, (size_t)(equals - text), &resource);
	if (r < 0)
		return r;
	colon = strchrnul(equals + 1, ':');
	r = parse_value(equals + 1, (size_t)(colon - equals - 1), &limit.rlim_cur);
	limit.rlim_max = limit.rlim_cur;
	if (r == 0 && *colon)
		r = parse_value(colon + 1, strlen(colon + 1), &limit.rlim_max);
	if (r < 0)
		return r;
	if (limit.rlim_cur > limit.rlim_max)
		return -ERANGE;
	*ret_resource = resource;
	*ret = limit;
	return 0;
}
