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
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	error_hint(finder->error,
		   "put a real file or directory there, or run with --no-guard-project");
	return -ELOOP;
}

/* 1 = there, 0 = absent; refuses a link. */
static int look(const struct finder *finder, const char *path, struct stat *ret)
{
	if (lstat(path, ret) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : fail_call(finder->error, -errno, "look at", "lstat", path);
	return S_ISLNK(ret->st_mode) ? refuse(finder, path) : 1;
}

static char *below(const struct finder *finder, const char *dir, const char *name)
{
	return arena_printf(finder->arena, "%s/%s", dir, name);
}

static struct guard *add(struct finder *finder, enum guard_action action, const char *path,
			 const char *reason)
{
	struct project *project = finder->project;
	struct guard *guard;

	if (!path)
		return NULL;
	/* The same may be found on two ways; whatever says more of it came first. */
	for (size_t i = 0; i < project->n_guards; i++)
		if (strcmp(project->guards[i].path, path) == 0 &&
		    (project->guards[i].action == action || action == GUARD_PIN))
			return &project->guards[i];
	guard = arena_grow(finder->arena, &project->guards, &project->n_guards, sizeof(*guard));
	if (!guard)
		return NULL;
	*guard = (struct guard){ .action = action, .path = path, .reason = reason };
	return guard;
}

static int read_text(const char *path, char text[MAX_TEXT])
{
	cleanup_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : fd_read_all(fd, text, MAX_TEXT);

	return n < 0 ? (int)n : 0;
}

/* What a run that was killed has left is taken for what this one would make, and goes with it. */
static bool is_placeholder(const char *path, const struct stat *st, const char *content)
{
	cleanup_free char *text = NULL;

	if (!S_ISREG(st->st_mode) || (size_t)st->st_size != strlen(content))
		return false;
	text = malloc(MAX_TEXT);
	return text && read_text(path, text) == 0 && strcmp(text, content) == 0;
}

/* A file or directory that must stay as it is, or absent. */
static int fix(struct finder *finder, const char *dir, const char *name, bool is_dir,
	       const char *content, const char *reason)
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
	guard->make_dir = (r == 0 || S_ISDIR(st.st_mode)) && is_dir;
	if (!is_dir && content && (r == 0 || is_placeholder(path, &st, content)))
		guard->make_file = content;
	return 0;
}

/* The end of a section's header, where a first key may follow; the line itself without one. */
static char *skip_header(char *line)
{
	char *at = line + strspn(line, " \t");
	bool quoted = false;

	if (*at != '[')
		return at;
	for (; *at && (quoted || *at != ']'); at++)
		if (*at == '\\' && at[1])
			at++;
		else if (*at == '"')
			quoted = !quoted;
	at += *at == ']';
	return at + strspn(at, " \t");
}

/* The value, in a line `key = value` of a git config file; NULL in another line. Cuts the line. */
static const char *line_value(char *line, const char *key)
{
	size_t length = strlen(key);
	char *at = skip_header(line), *end;

	if (strncasecmp(at, key, length) != 0)
		return NULL;
	at += length;
	at += strspn(at, " \t");
	if (*at != '=')
		return NULL;
	at += 1 + strspn(at + 1, " \t\"");
	end = at + strlen(at);
	while (end > at && (isspace((unsigned char)end[-1]) || end[-1] == '"'))
		*--end = '\0';
	return at;
}

static bool is_inside(const struct finder *finder, const char *path)
{
	return mount_is_below(path, finder->project->root) &&
	       strcmp(path, finder->project->root) != 0;
}

/* Every directory between the project's root and PATH becomes a mount point. */
static int pin_way(struct finder *finder, const char *path)
{
	size_t root = strlen(finder->project->root);

	for (const char *at = strchr(path + root + 1, '/'); at; at = strchr(at + 1, '/')) {
		const char *dir = arena_strndup(finder->arena, path, (size_t)(at - path));

		if (!dir || !add(finder, GUARD_PIN, dir, "what must not be exchanged stands below"))
			return -ENOMEM;
	}
	return 0;
}

/*
 * What git would run or read: not to be written or exchanged, nor made where there is none. Of a
 * path that is not there the first component that is missing is made, as a file only if it is the
 * last one and IS_FILE.
 */
static int fix_way(struct finder *finder, const char *path, bool is_file)
{
	size_t length = strlen(finder->project->root);
	const char *part = NULL;
	struct guard *guard;
	struct stat st;
	int r = 1;

	while (r == 1 && path[length]) {
		length += 1 + strcspn(path + length + 1, "/");
		part = arena_strndup(finder->arena, path, length);
		r = part ? look(finder, part, &st) : -ENOMEM;
	}
	if (r < 0 || !part)
		return r;
	if (pin_way(finder, part) < 0)
		return -ENOMEM;
	guard = add(finder, GUARD_READ_ONLY, part, "the git config names it");
	if (!guard)
		return -ENOMEM;
	if (r == 0 && is_file && !path[length])
		guard->make_file = "";
	else if (r == 0)
		guard->make_dir = true;
	return 0;
}

/* What a config file names: the hooks' directory, included files. */
static int fix_named(struct finder *finder, const char *config, const char *key, const char *base)
{
	cleanup_free char *text = malloc(MAX_TEXT);
	char *save = NULL;
	int r;

	if (!text)
		return -ENOMEM;
	r = read_text(config, text);
	if (r < 0)
		return r == -ENOENT ? 0 : fail_call(finder->error, r, "read", "open", config);
	for (char *line = strtok_r(text, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *value = line_value(line, key), *path;

		if (!value || !*value || *value == '~')
			continue;
		path = mount_clean_path(finder->arena, value, base, NULL);
		if (!path)
			return -ENOMEM;
		if (is_inside(finder, path))
			r = fix_way(finder, path, strcmp(key, "path") == 0);
	}
	return r;
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

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
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
	r = r < 0 ? r
		  : fix(finder, path, "commondir", false, NULL,
			"it says where hooks and config are");
	r = r < 0 ? r : fix(finder, path, "gitdir", false, NULL, "it says where the work tree is");
	return r < 0 ? r
		     : fix(finder, path, "config.worktree", false, NULL,
			   "git executes what it names");
}

static int guard_gitdir(struct finder *finder, const char *path, int depth);

/* A submodule's work tree: its .git says which config. */
static int guard_submodule(struct finder *finder, const char *path)
{
	const char *git = below(finder, path, ".git");
	struct stat st;
	int r = git ? look(finder, git, &st) : -ENOMEM;

	if (r <= 0)
		return r;
	if (pin_way(finder, path) < 0 || !add(finder, GUARD_PIN, path, "a submodule"))
		return -ENOMEM;
	if (S_ISDIR(st.st_mode))
		return guard_gitdir(finder, git, 0);
	return add(finder, GUARD_READ_ONLY, git, "it says which repository this is") ? 0 : -ENOMEM;
}

/* The work tree that the config of a submodule's git directory names. */
static int guard_module_tree(struct finder *finder, const char *git_dir)
{
	const char *config = below(finder, git_dir, "config");
	cleanup_free char *text = malloc(MAX_TEXT);
	char *save = NULL;
	int r = 0;

	if (!config || !text)
		return -ENOMEM;
	if (read_text(config, text) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *value = line_value(line, "worktree");
		const char *path =
			value ? mount_clean_path(finder->arena, value, git_dir, NULL) : NULL;

		if (path && is_inside(finder, path))
			r = guard_submodule(finder, path);
	}
	return r;
}

/*
 * Below modules/ stand git directories of submodules, under names with slashes in them. They are
 * known by their config, which a container cannot take away, while HEAD it can.
 */
static int guard_module(struct finder *finder, const char *path, int depth)
{
	const char *head = below(finder, path, "HEAD"), *config = below(finder, path, "config");
	struct stat st;
	int r = head && config ? look(finder, config, &st) : -ENOMEM;

	if (r == 0)
		r = look(finder, head, &st);
	if (r < 0 || depth > MAX_DEPTH)
		return r < 0 ? r : 0;
	if (r == 1) {
		r = guard_gitdir(finder, path, depth + 1);
		return r < 0 ? r : guard_module_tree(finder, path);
	}
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
	r = r < 0 ? r
		  : fix(finder, path, "config.worktree", false, "", "git executes what it names");
	/* "." is what git takes for "here", and so the one harmless content. */
	r = r < 0 ? r
		  : fix(finder, path, "commondir", false, ".\n",
			"it would send git to another config");
	r = r < 0 ? r : fix_named(finder, config, "hooksPath", finder->project->root);
	r = r < 0 ? r : fix_named(finder, config, "path", path);
	return r < 0 ? r : guard_lists(finder, path, depth);
}

/*
 * The work trees of submodules that .gitmodules names. An earlier run may have written to that
 * file; those with a git directory in modules/ are known from there, too.
 */
static int guard_submodules(struct finder *finder)
{
	const char *list = below(finder, finder->project->root, ".gitmodules");
	cleanup_free char *text = malloc(MAX_TEXT);
	char *save = NULL;
	struct stat st;
	int r;

	if (!list || !text)
		return -ENOMEM;
	r = look(finder, list, &st);
	if (r <= 0)
		return r;
	r = read_text(list, text);
	if (r < 0)
		return fail_call(finder->error, r, "read", "open", list);
	for (char *line = strtok_r(text, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *value = line_value(line, "path");
		const char *path =
			value ? mount_clean_path(finder->arena, value, finder->project->root, NULL)
			      : NULL;

		if (path && is_inside(finder, path))
			r = guard_submodule(finder, path);
	}
	return r;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Does the first line of the file at DIR/NAME, as a path from DIR, mean WANTED? */
static bool points_to(const struct finder *finder, const char *dir, const char *name,
		      const char *wanted)
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
	dir = mount_clean_path(finder->arena, text + 7 + strspn(text + 7, " \t"), project->root,
			       NULL);
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

static bool is_empty_dir(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	if (!dir)
		return false;
	while ((entry = readdir(dir)))
		n++;
	closedir(dir);
	return n <= 2;
}

/* What git takes for a repository without a work tree. */
static bool is_bare(const struct finder *finder)
{
	static const char *const parts[] = { "HEAD", "objects", "refs" };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *path = below(finder, finder->project->root, parts[i]);

		if (!path || access(path, F_OK) < 0)
			return false;
	}
	return true;
}

static int guard_git(struct finder *finder)
{
	static const char *const kept_out[] = { ".git", "HEAD" };
	const char *git = below(finder, finder->project->root, ".git");
	struct guard *guard;
	struct stat st;
	int r = git ? look(finder, git, &st) : -ENOMEM;

	if (r < 0)
		return r;
	/* An empty directory is what a run that was killed has left. */
	if (r == 1 && !is_empty_dir(git))
		return S_ISDIR(st.st_mode) ? guard_gitdir(finder, git, 0)
					   : guard_linked(finder, git);
	if (is_bare(finder))
		return guard_gitdir(finder, finder->project->root, 0);
	/*
	 * No repository: an empty one that is none keeps another from being planted, and a directory
	 * for a HEAD keeps the project itself from becoming a bare one.
	 */
	for (size_t i = 0; i < ARRAY_SIZE(kept_out); i++) {
		guard = add(finder, GUARD_HIDE, below(finder, finder->project->root, kept_out[i]),
			    "no repository may be planted here");
		if (!guard)
			return -ENOMEM;
		guard->make_dir = true;
	}
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
		if (length > strlen(ends[i]) &&
		    strcmp(name + length - strlen(ends[i]), ends[i]) == 0)
			return true;
	return strncmp(name, ".env.", 5) == 0 && strcmp(name, ".env.example") != 0 &&
	       strcmp(name, ".env.sample") != 0;
}

static int hide(struct finder *finder, const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	if (!path)
		return -ENOMEM;
	/* What a link means is hidden where it is; a link out of the project leads nowhere inside. */
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
		if (!realpath(path, real))
			return 0;
		path = arena_strdup(finder->arena, real);
		if (path && !is_inside(finder, path))
			return 0;
	}
	return path && add(finder, GUARD_HIDE, path, "by its name it is a secret") ? 0 : -ENOMEM;
}

/* What is a secret by its name, at the top of the project. */
static int guard_secrets(struct finder *finder)
{
	DIR *dir = opendir(finder->project->root);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return fail_call(finder->error, -errno, "look at", "opendir",
				 finder->project->root);
	while (r == 0 && (entry = readdir(dir)))
		if (is_secret(entry->d_name))
			r = hide(finder, below(finder, finder->project->root, entry->d_name));
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
