/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"

static int parse_base(const char *text, unsigned base, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return -ERANGE;
	}
	*ret = value;
	return 0;
}

int parse_u64(const char *text, uint64_t *ret)
{
	return parse_base(text, 10, ret);
}

int parse_i64(const char *text, int64_t *ret)
{
	bool negative = text[0] == '-';
	uint64_t value;
	int r = parse_u64(text + (negative || text[0] == '+'), &value);

	if (r < 0)
		return r;
	if (value > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

static int parse_up_to(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value;
	int r = parse_u64(text, &value);

	if (r < 0)
		return r;
	if (value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

int parse_u32(const char *text, uint32_t *ret)
{
	uint64_t value;
	int r = parse_up_to(text, UINT32_MAX, &value);

	if (r == 0)
		*ret = (uint32_t)value;
	return r;
}

int parse_id(const char *text, uint32_t *ret)
{
	uint64_t value;
	int r = parse_up_to(text, UINT32_MAX - 1, &value);

	if (r == 0)
		*ret = (uint32_t)value;
	return r;
}

int parse_pid(const char *text, int *ret)
{
	uint64_t value;
	int r = parse_up_to(text, INT32_MAX, &value);

	if (r == 0 && value == 0)
		return -ERANGE;
	if (r == 0)
		*ret = (int)value;
	return r;
}

int parse_mode(const char *text, uint32_t *ret)
{
	uint64_t value;
	int r = parse_base(text, 8, &value);

	if (r == 0 && value > 07777)
		return -ERANGE;
	if (r == 0)
		*ret = (uint32_t)value;
	return r;
}

int parse_bool(const char *text, bool *ret)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
			*ret = strcasecmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

/*
 * A decimal number with an optional fraction, times UNIT. Reads up to the first other character,
 * which *end then points at. At most nine digits of the fraction count.
 */
static int parse_decimal(const char *text, const char **end, uint64_t *ret_whole, uint64_t *ret_nano)
{
	uint64_t whole = 0, nano = 0, place = 100000000;
	const char *at = text;

	for (; isdigit((unsigned char)*at); at++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*at - '0'), &whole))
			return -ERANGE;
	if (at == text)
		return -EINVAL;
	if (*at == '.') {
		if (!isdigit((unsigned char)at[1]))
			return -EINVAL;
		for (at++; isdigit((unsigned char)*at); at++, place /= 10)
			nano += (uint64_t)(*at - '0') * place;
	}
	*end = at;
	*ret_whole = whole;
	*ret_nano = nano;
	return 0;
}

static int scale(uint64_t whole, uint64_t nano, uint64_t unit, uint64_t *ret)
{
	unsigned __int128 value = (unsigned __int128)whole * unit + (unsigned __int128)nano * unit / 1000000000;

	if (value > UINT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)value;
	return 0;
}

int parse_size(const char *text, uint64_t *ret)
{
	static const char units[] = "KMGTPE";
	uint64_t whole, nano, unit = 1;
	const char *at, *found;
	int r = parse_decimal(text, &at, &whole, &nano);

	if (r < 0)
		return r;
	found = *at ? strchr(units, toupper((unsigned char)*at)) : NULL;
	if (found) {
		unit <<= 10 * (found - units + 1);
		at++;
		if (*at == 'i')
			at++;
	}
	if (*at == 'B' || *at == 'b')
		at++;
	if (*at)
		return -EINVAL;
	return scale(whole, nano, unit, ret);
}

static const struct {
	const char *name;
	uint64_t ns;
} time_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60ULL * 1000000000 },
	{ "h", 3600ULL * 1000000000 },
	{ "d", 86400ULL * 1000000000 },
};

/* The unit that TEXT starts with; the letters up to the next digit must be just it. */
static int parse_time_unit(const char **text, uint64_t *ret_ns)
{
	size_t length = strcspn(*text, "0123456789");

	if (length == 0 && !**text) {
		*ret_ns = 1000000000;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(time_units); i++) {
		if (strlen(time_units[i].name) == length && !strncmp(*text, time_units[i].name, length)) {
			*text += length;
			*ret_ns = time_units[i].ns;
			return 0;
		}
	}
	return -EINVAL;
}

int parse_duration(const char *text, uint64_t *ret_ns)
{
	uint64_t total = 0;

	do {
		uint64_t whole, nano, unit, part = 0;
		int r = parse_decimal(text, &text, &whole, &nano);

		if (r == 0)
			r = parse_time_unit(&text, &unit);
		if (r == 0)
			r = scale(whole, nano, unit, &part);
		if (r < 0)
			return r;
		if (__builtin_add_overflow(total, part, &total))
			return -ERANGE;
	} while (*text);
	*ret_ns = total;
	return 0;
}

static int parse_real_time_signal(const char *text, int *ret)
{
	bool from_max = strncasecmp(text, "RTMAX", 5) == 0;
	int64_t offset = 0;
	int number;

	if (!from_max && strncasecmp(text, "RTMIN", 5) != 0)
		return -EINVAL;
	if (text[5] && (text[5] != (from_max ? '-' : '+') || parse_i64(text + 5, &offset) < 0))
		return -EINVAL;
	if (offset < -64 || offset > 64)
		return -ERANGE;
	number = (from_max ? SIGRTMAX : SIGRTMIN) + (int)offset;
	if (number < SIGRTMIN || number > SIGRTMAX)
		return -ERANGE;
	*ret = number;
	return 0;
}

/* Second names of signals, which the C library reads but does not give. */
static const struct {
	const char *name;
	int number;
} other_names[] = { { "IO", SIGIO }, { "CLD", SIGCHLD }, { "IOT", SIGABRT } };

int parse_signal(const char *text, int *ret)
{
	uint32_t number;

	if (parse_u32(text, &number) == 0) {
		if (number < 1 || number > 64)
			return -ERANGE;
		*ret = (int)number;
		return 0;
	}
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (size_t i = 0; i < ARRAY_SIZE(other_names); i++) {
		if (strcasecmp(other_names[i].name, text) == 0) {
			*ret = other_names[i].number;
			return 0;
		}
	}
	for (int i = 1; i < 32; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, text) == 0) {
			*ret = i;
			return 0;
		}
	}
	return parse_real_time_signal(text, ret);
}

const char *signal_name(int number, char buffer[static 16])
{
	const char *name = number > 0 && number < 32 ? sigabbrev_np(number) : NULL;

	if (name)
		snprintf(buffer, 16, "SIG%s", name);
	else if (number == SIGRTMIN)
		snprintf(buffer, 16, "SIGRTMIN");
	else if (number > SIGRTMIN && number <= SIGRTMAX)
		snprintf(buffer, 16, "SIGRTMIN+%d", number - SIGRTMIN);
	else
		snprintf(buffer, 16, "signal %d", number);
	return buffer;
}

int parse_list(struct arena *arena, const char *text, char separator, char ***ret, size_t *ret_n)
{
	size_t n = *text ? 1 : 0;
	char **list;

	for (const char *at = text; *at; at++)
		n += *at == separator;
	list = arena_array(arena, n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *end = strchrnul(text, separator);

		list[i] = arena_strndup(arena, text, (size_t)(end - text));
		if (!list[i])
			return -ENOMEM;
		text = end + 1;
	}
	*ret = list;
	if (ret_n)
		*ret_n = n;
	return 0;
}
