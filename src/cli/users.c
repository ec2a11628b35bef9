/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/users.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

void users_deinit(struct users *users)
{
	hash_deinit(&users->by_uid);
	arena_deinit(&users->arena);
	*users = (struct users){ 0 };
}

/* Call EACH for the lines of the file until it returns true. */
static bool each_user(bool (*each)(void *data, const struct passwd *entry), void *data)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry;
	bool found = false;

	if (!file)
		return false;
	while (!found && (entry = fgetpwent(file)))
		found = each(data, entry);
	fclose(file);
	return found;
}

static bool keep(void *data, const struct passwd *entry)
{
	struct users *users = data;
	char *name;

	if (hash_get(&users->by_uid, entry->pw_uid))
		return false;
	name = arena_strdup(&users->arena, entry->pw_name);
	return !name || hash_put(&users->by_uid, entry->pw_uid, name) < 0;
}

const char *users_name(struct users *users, uint32_t uid)
{
	char *name;

	if (!users->read)
		each_user(keep, users);
	users->read = true;
	name = hash_get(&users->by_uid, uid);
	if (name)
		return name;
	name = arena_printf(&users->arena, "%u", uid);
	if (name)
		hash_put(&users->by_uid, uid, name);
	return name;
}

struct search {
	const char *name;
	uint32_t uid;
};

static bool is_it(void *data, const struct passwd *entry)
{
	struct search *search = data;

	search->uid = entry->pw_uid;
	return strcmp(entry->pw_name, search->name) == 0;
}

int users_find(struct users *users, const char *text, uint32_t *ret)
{
	struct search search = { .name = text };

	(void)users;
	if (parse_id(text, ret) == 0)
		return 0;
	if (!each_user(is_it, &search))
		return -ENOENT;
	*ret = search.uid;
	return 0;
}
