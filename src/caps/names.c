/* SPDX-License-Identifier: Apache-2.0 */
#include "caps/names.h"

#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/option.h"

#define PREFIX "CAP_"

/* A table of our own: the start of a container should not need a library for forty words. */
static const char *const names[] = {
	[CAP_CHOWN] = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER] = "CAP_FOWNER",
	[CAP_FSETID] = "CAP_FSETID",
	[CAP_KILL] = "CAP_KILL",
	[CAP_SETGID] = "CAP_SETGID",
	[CAP_SETUID] = "CAP_SETUID",
	[CAP_SETPCAP] = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN] = "CAP_NET_ADMIN",
	[CAP_NET_RAW] = "CAP_NET_RAW",
	[CAP_IPC_LOCK] = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER] = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE] = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT] = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT] = "CAP_SYS_BOOT",
	[CAP_SYS_NICE] = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME] = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD] = "CAP_MKNOD",
	[CAP_LEASE] = "CAP_LEASE",
	[CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP] = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
	[CAP_SYSLOG] = "CAP_SYSLOG",
	[CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "CAP_AUDIT_READ",
	[CAP_PERFMON] = "CAP_PERFMON",
	[CAP_BPF] = "CAP_BPF",
	[CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};
static_assert(ARRAY_SIZE(names) == CAP_LAST_CAP + 1,
	      "the headers know a capability without its name here");

const char *caps_name(unsigned number)
{
	return number < ARRAY_SIZE(names) ? names[number] : NULL;
}

/* One or two digits, up to 63. */
static int find_number(const char *text, size_t length)
{
	int value = 0;

	if (length < 1 || length > 2)
		return -ENOENT;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -ENOENT;
		value = value * 10 + (text[i] - '0');
	}
	return value < 64 ? value : -ENOENT;
}

int caps_find(const char *text, size_t length)
{
	const size_t prefix = strlen(PREFIX);

	if (length > prefix && strncasecmp(text, PREFIX, prefix) == 0) {
		text += prefix;
		length -= prefix;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = names[i] + prefix;

		if (strlen(name) == length && strncasecmp(name, text, length) == 0)
			return (int)i;
	}
	return find_number(text, length);
}

const char *caps_nearest(const char *text)
{
	const size_t prefix = strlen(PREFIX);
	const char *best = NULL;
	unsigned limit = 3;
	char upper[32];
	size_t n = 0;

	if (strncasecmp(text, PREFIX, prefix) == 0)
		text += prefix;
	for (; text[n] && n < sizeof(upper) - 1; n++)
		upper[n] = (char)(text[n] >= 'a' && text[n] <= 'z' ? text[n] - 'a' + 'A' : text[n]);
	upper[n] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		unsigned distance = option_distance(upper, names[i] + prefix, limit);

		if (distance < limit) {
			limit = distance;
			best = names[i];
		}
	}
	return best;
}

void caps_tell(uint64_t set, unsigned last, struct buf *text)
{
	uint64_t all = last < 63 ? CAPS_BIT(last + 1) - 1 : UINT64_MAX;
	const char *separator = "";

	if ((set & all) == all || set == 0) {
		buf_puts(text, set ? "all" : "none");
		return;
	}
	for (unsigned i = 0; i < 64; i++) {
		if (!(set & CAPS_BIT(i)))
			continue;
		if (caps_name(i))
			buf_printf(text, "%s%s", separator, caps_name(i));
		else
			buf_printf(text, "%s%u", separator, i);
		separator = ", ";
	}
}
