/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/mounts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/macros.h"
#include "base/procfs.h"

/* A host with thousands of containers has megabytes of mounts; beyond this it is no mountinfo. */
enum { MOUNTINFO_MAX = 256 * 1024 * 1024 };

int ns_parse_link(const char *text, enum ns_kind *ret_kind, ino_t *ret_ino, size_t *ret_length)
{
	const char *colon = strchr(text, ':'), *at;
	enum ns_kind kind;
	ino_t ino = 0;

	if (!colon || ns_kind_parse(text, (size_t)(colon - text), &kind) < 0 || colon[1] != '[' ||
	    !isdigit((unsigned char)colon[2]))
		return -EINVAL;
	for (at = colon + 2; isdigit((unsigned char)*at); at++)
		if (__builtin_mul_overflow(ino, 10, &ino) ||
		    __builtin_add_overflow(ino, (ino_t)(*at - '0'), &ino))
			return -EINVAL;
	if (*at != ']')
		return -EINVAL;
	*ret_kind = kind;
	*ret_ino = ino;
	if (ret_length)
		*ret_length = (size_t)(at + 1 - text);
	return 0;
}

/* Undo the kernel's \ooo for blanks, newlines and backslashes, in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at; to++) {
		if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' &&
		    at[3] >= '0' && at[3] <= '7') {
			*to = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 4;
		} else {
			*to = *at++;
		}
	}
	*to = '\0';
}

/* "36 35 0:4 net:[4026532204] /run/netns/a rw shared:1 - nsfs nsfs rw" */
static bool parse_line(char *line, struct ns_mount *ret)
{
	char *field[5], *save = NULL;

	if (!strstr(line, " - nsfs "))
		return false;
	for (int i = 0; i < 5; i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!field[i])
			return false;
	}
	if (ns_parse_link(field[3], &ret->kind, &ret->ino, NULL) < 0)
		return false;
	unescape(field[4]);
	ret->path = field[4];
	return true;
}

int ns_mounts_walk(int pid_dir_fd, int (*each)(void *data, const struct ns_mount *mount),
		   void *data)
{
	cleanup_close int fd = procfs_open_at(pid_dir_fd, "mountinfo", O_RDONLY);
	cleanup_free char *text = NULL;
	char *save = NULL;
	int r = fd < 0 ? fd : fd_read_to_heap(fd, MOUNTINFO_MAX, &text, NULL);

	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct ns_mount mount;

		if (!parse_line(line, &mount))
			continue;
		r = each(data, &mount);
		if (r != 0)
			return r;
	}
	return 0;
}
