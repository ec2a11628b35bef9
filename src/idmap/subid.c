/* SPDX-License-Identifier: Apache-2.0 */
#include "idmap/subid.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/parse.h"
#include "idmap/range.h"

enum {
	BLOCK = 65536,
	/* systemd's range for containers, 524288 to 1879048191: its last block, its first. */
	LAST_BLOCK = 0x6fff0000,
	FIRST_BLOCK = 0x00080000,
};

static void close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}
#define cleanup_stream cleanup(close_stream)

static FILE *open_stream(int dir_fd, const char *name)
{
	cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "re");

	if (stream)
		take_fd(&fd);
	return stream;
}

/* Cut one line to its three fields, in place. */
static bool read_line(char *line, char **ret_owner, struct id_range *ret)
{
	char *first = strchr(line, ':'), *count = first ? strchr(first + 1, ':') : NULL;

	line[strcspn(line, "\n")] = '\0';
	if (!count)
		return false;
	*first++ = '\0';
	*count++ = '\0';
	*ret_owner = line;
	return parse_id(first, &ret->outer) == 0 && parse_u32(count, &ret->count) == 0 && ret->count > 0 &&
	       (uint64_t)ret->outer + ret->count <= UINT32_MAX;
}

static bool is_owner(const char *owner, const char *name, uint32_t uid)
{
	uint32_t number;

	if (!name && uid == UINT32_MAX)
		return true;
	return (name && strcmp(owner, name) == 0) || (parse_id(owner, &number) == 0 && number == uid);
}

int subid_read(FILE *stream, const char *name, uint32_t uid, struct arena *arena, struct id_range **list,
	       size_t *n)
{
	cleanup_free char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stream) > 0) {
		struct id_range range = { 0 }, *slot;
		char *owner;

		if (!read_line(line, &owner, &range) || !is_owner(owner, name, uid))
			continue;
		slot = arena_grow(arena, list, n, sizeof(*slot));
		if (!slot)
			return -ENOMEM;
		*slot = range;
	}
	ranges_merge_outer(*list, n);
	return 0;
}

int subid_user_name(FILE *stream, uint32_t uid, struct arena *arena, const char **ret)
{
	struct passwd *entry;

	while ((entry = fgetpwent(stream))) {
		if (entry->pw_uid != uid)
			continue;
		*ret = arena_strdup(arena, entry->pw_name);
		return *ret ? 0 : -ENOMEM;
	}
	*ret = NULL;
	return 0;
}

static bool touches(const struct id_range *list, size_t n, uint32_t first)
{
	for (size_t i = 0; i < n; i++)
		if (first < (uint64_t)list[i].outer + list[i].count &&
		    list[i].outer < (uint64_t)first + BLOCK)
			return true;
	return false;
}

uint32_t subid_free_block(const struct id_range *uids, size_t n_uids, const struct id_range *gids,
			  size_t n_gids)
{
	for (uint32_t first = LAST_BLOCK; first >= FIRST_BLOCK; first -= BLOCK)
		if (!touches(uids, n_uids, first) && !touches(gids, n_gids, first))
			return first;
	return 0;
}

static bool helper_works(const char *path)
{
	cleanup_close int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return false;
	/* An O_PATH descriptor has no attributes to ask for; the file is root's, and only told about. */
	return ((st.st_mode & S_ISUID) && st.st_uid == 0) ||
	       getxattr(path, "security.capability", NULL, 0) > 0;
}

const char *subid_find_helper(const char *name)
{
	static const char *const paths[] = {
		"/usr/bin/newuidmap",
		"/usr/bin/newgidmap",
		"/bin/newuidmap",
		"/bin/newgidmap",
		"/usr/local/bin/newuidmap",
		"/usr/local/bin/newgidmap",
		"/run/wrappers/bin/newuidmap",
		"/run/wrappers/bin/newgidmap", /* NixOS */
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (strcmp(strrchr(paths[i], '/') + 1, name) == 0 && helper_works(paths[i]))
			return paths[i];
	return NULL;
}

static int read_list(int etc_fd, const char *file, const char *name, uint32_t uid, struct arena *arena,
		     struct id_range **list, size_t *n)
{
	cleanup_stream FILE *stream = open_stream(etc_fd, file);

	return stream ? subid_read(stream, name, uid, arena, list, n) : 0;
}

/* Root without lines of its own: ids that nobody else was given. */
static int propose_block(int etc_fd, struct facts *facts)
{
	struct subid_facts *subids = &facts->subids;
	struct id_range *uids = NULL, *gids = NULL, block = { .count = BLOCK };
	size_t n_uids = 0, n_gids = 0;
	int r = read_list(etc_fd, "subuid", NULL, UINT32_MAX, &facts->arena, &uids, &n_uids);

	if (r == 0)
		r = read_list(etc_fd, "subgid", NULL, UINT32_MAX, &facts->arena, &gids, &n_gids);
	if (r < 0)
		return r;
	block.outer = subid_free_block(uids, n_uids, gids, n_gids);
	if (block.outer == 0)
		return 0;
	subids->uids = arena_copy(&facts->arena, &block, sizeof(block));
	subids->gids = arena_copy(&facts->arena, &block, sizeof(block));
	if (!subids->uids || !subids->gids)
		return -ENOMEM;
	subids->n_uids = subids->n_gids = 1;
	return 0;
}

int subid_gather(int etc_fd, struct facts *facts)
{
	cleanup_stream FILE *passwd = open_stream(etc_fd, "passwd");
	struct subid_facts *subids = &facts->subids;
	const char *name = NULL;
	int r = passwd ? subid_user_name(passwd, facts->uid, &facts->arena, &name) : 0;

	if (r == 0)
		r = read_list(etc_fd, "subuid", name, facts->uid, &facts->arena, &subids->uids,
			      &subids->n_uids);
	if (r == 0)
		r = read_list(etc_fd, "subgid", name, facts->uid, &facts->arena, &subids->gids,
			      &subids->n_gids);
	if (r == 0 && facts->uid == 0 && facts->initial_userns &&
	    (subids->n_uids == 0 || subids->n_gids == 0))
		r = propose_block(etc_fd, facts);
	if (r < 0)
		return r;
	subids->newuidmap = subid_find_helper("newuidmap");
	subids->newgidmap = subid_find_helper("newgidmap");
	subids->looked_up = true;
	return 0;
}
