/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/number_set.h"

#include <errno.h>
#include <string.h>

static const char blanks[] = " \t\n";

/* A number at *AT, which is moved behind it. */
static int take_number(const char **at, unsigned *ret)
{
	unsigned value = 0;

	*at += strspn(*at, blanks);
	if (**at < '0' || **at > '9')
		return -EINVAL;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		value = value * 10 + (unsigned)(**at - '0');
		if (value >= NUMBER_SET_MAX)
			return -EINVAL;
	}
	*at += strspn(*at, blanks);
	*ret = value;
	return 0;
}

static int take_range(const char **at, struct number_set *set)
{
	const size_t bits = 8 * sizeof(long);
	unsigned first, last;

	if (take_number(at, &first) < 0)
		return -EINVAL;
	last = first;
	if (**at == '-') {
		(*at)++;
		if (take_number(at, &last) < 0 || last < first)
			return -EINVAL;
	}
	for (unsigned i = first; i <= last; i++)
		set->mask[i / bits] |= 1UL << i % bits;
	if (set->bytes < (last / bits + 1) * sizeof(long))
		set->bytes = (last / bits + 1) * sizeof(long);
	return 0;
}

int number_set_parse(const char *text, struct number_set *ret)
{
	struct number_set set = { 0 };

	text += strspn(text, blanks);
	while (*text) {
		if (take_range(&text, &set) < 0)
			return -EINVAL;
		if (*text == ',')
			text++;
		else if (*text)
			return -EINVAL;
		else
			break;
		if (!*text)
			return -EINVAL;
	}
	*ret = set;
	return 0;
}
