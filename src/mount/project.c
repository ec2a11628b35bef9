/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Finding a project's repository and what is dangerous in it.
 *
 * Whoever may write to a project can make its owner execute code later, without a hook being run
 * now: hooks; `core.fsmonitor`, `core.sshCommand`, filters and aliases in config files; a
 * `commondir` file that sends git to another repository's config; a work tree's or submodule's
 * `.git` exchanged for another; and the whole `.git` renamed away and made anew. So these are made
 * read-only, also where there are none yet, and every directory on the way down to one is pinned as
 * a mount point, which cannot be renamed.
 *
 * The project itself is not believed: nothing is followed through a symbolic link in it, and a
 * repository outside of it (the project is a linked work tree) counts only if it points back.
 */

#include "mount/project.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/spec.h"

enum { MAX_TEXT = 64 * 1024, MAX_DEPTH = 8 };

struct finder {
	struct arena *arena;
	struct project *project;
	struct inro_error *error;
};

static int refuse(const struct finder *finder, const char *path)
{
	fail_host(finder->error, INRO_ERROR_HOST, -ELOOP, "--guard-project",
		  "%s is a symbolic link, so what git executes from it cannot be guarded", path);
	error_hint(finder->error, "put a real file or directory there, or run with --no-guard-project");
	return -ELOOP;
}

/* 1 = there, 0 = absent; refuses a link. */
static int look(const struct finder *finder, const char *path, struct stat *ret)
{
	if (lstat(path, ret) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : fail_call(finder->error, -errno, "look at", "lstat", path);
	return S_ISLNK(ret->st_mode) ? refuse(finder, path) : 1;
}

static char *below(const struct finder *finder, const char *dir, const char *name)
{
	return arena_printf(finder->arena, "%s/%s", dir, name);
}

static struct guard *add(struct finder *finder, enum guard_action action, const char *path, const char *reason)
{
	struct project *project = finder->project;
	struct guard *guard = arena_grow(finder->arena, &project->guards, &project->n_guards, sizeof(*guard));

	if (!guard || !path)
		return NULL;
	*guard = (struct guard){ .action = action, .path = path, .reason = reason };
	return guard;
}

/* A file or directory that must stay as it is, or absent. */
static int fix(struct finder *finder, const char *dir, const char *name, bool is_dir, const char *content,
	       const char *reason)
{
	const char *path = below(finder, dir, name);
	struct guard *guard;
	struct stat st;
	int r = path ? look(finder, path, &st) : -ENOMEM;

	if (r < 0)
		return r;
	if (r == 0 && !is_dir && !content)
		return 0;
	guard = add(finder, GUARD_READ_ONLY, path, reason);
	if (!guard)
		return -ENOMEM;
	guard->make_dir = r == 0 && is_dir;
	guard->make_file = r == 0 && !is_dir ? content : NULL;
	return 0;
}

static int read_text(const char *path, char text[MAX_TEXT])
{
	cleanup_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : fd_read_all(fd, text, MAX_TEXT);

	return n < 0 ? (int)n : 0;
}

/* The value of `key = value` in a git config file, wherever it stands; NULL where there is none. */
static const char *config_value(char *text, const char *key)
{
	size_t length = strlen(key);
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *at = line + strspn(line, " \t"), *end;

		if (strncasecmp(at, key, length) != 0)
			continue;
		at += length;
		at += strspn(at, " \t");
		if (*at != '=')
			continue;
		at += 1 + strspn(at + 1, " \t\"");
		end = at + strlen(at);
		while (end > at && (isspace((unsigned char)end[-1]) || end[-1] == '"'))
			*--end = '\0';
		return at;
	}
	return NULL;
}

/* What a config file names and git would run or read: its hooks' directory, an included file. */
static int fix_named(struct finder *finder, const char *config, const char *key, const char *base)
{
	cleanup_free char *text = malloc(MAX_TEXT);
	const char *value, *path;
	struct stat st;
	int r;

	if (!text)
		return -ENOMEM;
	r = read_text(config, text);
	if (r < 0)
		return r == -ENOENT ? 0 : fail_call(finder->error, r, "read", "open", config);
	value = config_value(text, key);
	if (!value || !*value || *value == '~')
		return 0;
	path = mount_clean_path(finder->arena, value, base, NULL);
	if (!path)
		return -ENOMEM;
	if (!mount_is_below(path, finder->project->root) || strcmp(path, finder->project->root) == 0)
		return 0;
	r = look(finder, path, &st);
	return r <= 0 ? r : add(finder, GUARD_READ_ONLY, path, "the git config names it") ? 0 : -ENOMEM;
}

static int for_each_dir(struct finder *finder, const char *path, int depth,
			int (*each)(struct finder *finder, const char *path, int depth))
{
	int r = 0, fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!dir) {
		fd_close(fd);
		return 0;
	}
	while (r == 0 && (entry = readdir(dir))) {
		const char *child;

		if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		child = below(finder, path, entry->d_name);
		r = child ? each(finder, child, depth) : -ENOMEM;
	}
	closedir(dir);
	return r;
}

/* The administrative directory of a linked work tree: it leads to the repository and back. */
static int guard_worktree(struct finder *finder, const char *path, int depth)
{
	int r = add(finder, GUARD_PIN, path, "a work tree's own git directory") ? 0 : -ENOMEM;

	(void)depth;
	r = r < 0 ? r : fix(finder, path, "commondir", false, NULL, "it says where hooks and config are");
	r = r < 0 ? r : fix(finder, path, "gitdir", false, NULL, "it says where the work tree is");
	return r < 0 ? r : fix(finder, path, "config.worktree", false, NULL, "git executes what it names");
}

static int guard_gitdir(struct finder *finder, const char *path, int depth);

/* Below modules/ stand git directories of submodules, under names with slashes in them. */
static int guard_module(struct finder *finder, const char *path, int depth)
{
	const char *head = below(finder, path, "HEAD");
	struct stat st;
	int r = head ? look(finder, head, &st) : -ENOMEM;

	if (r < 0 || depth > MAX_DEPTH)
		return r < 0 ? r : 0;
	if (r == 1)
		return guard_gitdir(finder, path, depth + 1);
	if (!add(finder, GUARD_PIN, path, "git directories of submodules stand below"))
		return -ENOMEM;
	return for_each_dir(finder, path, depth + 1, guard_module);
}

static int guard_lists(struct finder *finder, const char *path, int depth)
{
	static const struct {
		const char *name;
		int (*each)(struct finder *finder, const char *path, int depth);
	} lists[] = { { "worktrees", guard_worktree }, { "modules", guard_module } };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const char *dir = below(finder, path, lists[i].name);
		struct stat st;
		int r = dir ? look(finder, dir, &st) : -ENOMEM;

		if (r == 1 && !add(finder, GUARD_PIN, dir, "git directories stand below"))
			r = -ENOMEM;
		r = r == 1 ? for_each_dir(finder, dir, depth + 1, lists[i].each) : r;
		if (r < 0)
			return r;
	}
	return 0;
}

/* A whole git directory. */
static int guard_gitdir(struct finder *finder, const char *path, int depth)
{
	const char *config = below(finder, path, "config");
	struct stat st;
	int r = config ? look(finder, path, &st) : -ENOMEM;

	if (r <= 0)
		return r;
	if (!add(finder, GUARD_PIN, path, "it must not be exchanged for another"))
		return -ENOMEM;
	r = fix(finder, path, "hooks", true, NULL, "git executes them");
	r = r < 0 ? r : fix(finder, path, "config", false, "", "git executes what it names");
	r = r < 0 ? r : fix(finder, path, "config.worktree", false, "", "git executes what it names");
	/* "." is what git takes for "here", and so the one harmless content. */
	r = r < 0 ? r : fix(finder, path, "commondir", false, ".\n", "it would send git to another config");
	r = r < 0 ? r : fix_named(finder, config, "hooksPath", finder->project->root);
	r = r < 0 ? r : fix_named(finder, config, "path", path);
	return r < 0 ? r : guard_lists(finder, path, depth);
}

/* Every directory between the project's root and PATH becomes a mount point. */
static int pin_way(struct finder *finder, const char *path)
{
	size_t root = strlen(finder->project->root);

	for (const char *at = strchr(path + root + 1, '/'); at; at = strchr(at + 1, '/')) {
		const char *dir = arena_strndup(finder->arena, path, (size_t)(at - path));

		if (!dir || !add(finder, GUARD_PIN, dir, "a submodule stands below"))
			return -ENOMEM;
	}
	return 0;
}

/* The work trees of submodules, as .gitmodules names them: their .git files say which config. */
static int guard_submodules(struct finder *finder)
{
	const char *list = below(finder, finder->project->root, ".gitmodules");
	cleanup_free char *text = malloc(MAX_TEXT);
	char *save = NULL;

	if (!list || !text)
		return -ENOMEM;
	if (read_text(list, text) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char copy[512];
		const char *value, *path, *git;
		struct stat st;
		int r;

		snprintf(copy, sizeof(copy), "%s", line);
		value = config_value(copy, "path");
		path = value ? mount_clean_path(finder->arena, value, finder->project->root, NULL) : NULL;
		if (!path || !mount_is_below(path, finder->project->root) ||
		    strcmp(path, finder->project->root) == 0)
			continue;
		git = below(finder, path, ".git");
		r = git ? look(finder, git, &st) : -ENOMEM;
		if (r == 0)
			continue;
		r = r < 0 ? r : pin_way(finder, path);
		if (r == 0 && !add(finder, GUARD_PIN, path, "a submodule"))
			r = -ENOMEM;
		if (r == 0 && S_ISDIR(st.st_mode))
			r = guard_gitdir(finder, git, 0);
		else if (r == 0 && !add(finder, GUARD_READ_ONLY, git, "it says which repository this is"))
			r = -ENOMEM;
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Does the first line of the file at DIR/NAME, as a path from DIR, mean WANTED? */
static bool points_to(const struct finder *finder, const char *dir, const char *name, const char *wanted)
{
	const char *file = below(finder, dir, name), *path;
	cleanup_free char *text = malloc(MAX_TEXT);

	if (!file || !text || read_text(file, text) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	path = mount_clean_path(finder->arena, text, dir, NULL);
	return path && strcmp(path, wanted) == 0;
}

/* `.git` is a file: the project is a linked work tree (or a submodule) of a repository elsewhere. */
static int guard_linked(struct finder *finder, const char *git)
{
	struct project *project = finder->project;
	cleanup_free char *text = malloc(MAX_TEXT);
	const char *dir, *slash;
	char *common;

	if (!text || !add(finder, GUARD_READ_ONLY, git, "it says which repository this is"))
		return -ENOMEM;
	if (read_text(git, text) < 0 || strncmp(text, "gitdir:", 7) != 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	dir = mount_clean_path(finder->arena, text + 7 + strspn(text + 7, " \t"), project->root, NULL);
	if (!dir)
		return -ENOMEM;
	/* <common>/worktrees/<name>, which must name this very .git: else it is a lure. */
	slash = strrchr(dir, '/');
	common = arena_strndup(finder->arena, dir, (size_t)(slash - dir));
	if (!common)
		return -ENOMEM;
	if (strlen(common) < 11 || strcmp(common + strlen(common) - 10, "/worktrees") != 0)
		return 0;
	common[strlen(common) - 10] = '\0';
	if (!is_dir(dir) || !is_dir(common) || !points_to(finder, dir, "gitdir", git) ||
	    !points_to(finder, dir, "commondir", common))
		return 0;
	project->common_dir = common;
	return guard_gitdir(finder, common, 0);
}

static int guard_git(struct finder *finder)
{
	const char *git = below(finder, finder->project->root, ".git");
	struct guard *guard;
	struct stat st;
	int r = git ? look(finder, git, &st) : -ENOMEM;

	if (r < 0)
		return r;
	if (r == 1)
		return S_ISDIR(st.st_mode) ? guard_gitdir(finder, git, 0) : guard_linked(finder, git);
	/* No repository: an empty one that is none keeps another from being planted. */
	guard = add(finder, GUARD_HIDE, git, "no repository may be planted here");
	if (!guard)
		return -ENOMEM;
	guard->make_dir = true;
	return 0;
}

static bool is_secret(const char *name)
{
	static const char *const names[] = {
		".env", ".envrc", ".netrc", ".npmrc", ".pypirc", ".git-credentials", ".aws",
		".ssh", ".gnupg", ".kube", "id_rsa", "id_ecdsa", "id_ed25519", "credentials.json",
	};
	static const char *const ends[] = { ".pem", ".key", ".p12", ".pfx", ".keystore" };
	size_t length = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (length > strlen(ends[i]) && strcmp(name + length - strlen(ends[i]), ends[i]) == 0)
			return true;
	return strncmp(name, ".env.", 5) == 0 && strcmp(name, ".env.example") != 0 &&
	       strcmp(name, ".env.sample") != 0;
}

/* What is a secret by its name, at the top of the project. A link is none: its target is not here. */
static int guard_secrets(struct finder *finder)
{
	DIR *dir = opendir(finder->project->root);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return fail_call(finder->error, -errno, "look at", "opendir", finder->project->root);
	while (r == 0 && (entry = readdir(dir)))
		if (is_secret(entry->d_name) && entry->d_type != DT_LNK &&
		    !add(finder, GUARD_HIDE, below(finder, finder->project->root, entry->d_name),
			 "by its name it is a secret"))
			r = -ENOMEM;
	closedir(dir);
	return r;
}

/* The nearest directory upwards with a .git, but neither the ceiling nor above it. */
static const char *find_top(struct arena *arena, const char *dir, const char *ceiling)
{
	char *top = arena_strdup(arena, dir);

	while (top && top[1] && strcmp(top, ceiling) != 0) {
		const char *git = arena_printf(arena, "%s/.git", top);
		struct stat st;
		char *slash;

		if (!git)
			return NULL;
		if (lstat(git, &st) == 0)
			return top;
		slash = strrchr(top, '/');
		*(slash == top ? slash + 1 : slash) = '\0';
	}
	return dir;
}

int project_find(struct arena *arena, const char *dir, const char *ceiling, struct project *ret,
		 struct inro_error *error)
{
	struct project project = { .root = find_top(arena, dir, ceiling) };
	struct finder finder = { .arena = arena, .project = &project, .error = error };
	int r = project.root ? guard_git(&finder) : -ENOMEM;

	r = r < 0 ? r : guard_submodules(&finder);
	r = r < 0 ? r : guard_secrets(&finder);
	if (r == -ENOMEM)
		return fail_memory(error);
	if (r == 0)
		*ret = project;
	return r;
}
