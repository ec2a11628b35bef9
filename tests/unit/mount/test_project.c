/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inro/error.h"
#include "mount/project.h"

/* Real repositories in a scratch directory, made by git itself. */
static char top[64];
static struct arena arena;
static struct project project;
static struct inro_error error;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int begin(void **state)
{
	(void)state;
	strcpy(top, "/tmp/inro-test-project.XXXXXX");
	memset(&error, 0, sizeof(error));
	project = (struct project){ 0 };
	return mkdtemp(top) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return nftw(top, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A script in the scratch directory; git there knows nothing of this machine's settings. */
static void shell(const char *script)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		static char *const env[] = {
			"PATH=/usr/local/bin:/usr/bin:/bin",
			"HOME=/nonexistent",
			"GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=a",
			"GIT_AUTHOR_EMAIL=a@b",
			"GIT_COMMITTER_NAME=a",
			"GIT_COMMITTER_EMAIL=a@b",
			"GIT_ALLOW_PROTOCOL=file",
			NULL,
		};

		if (chdir(top) == 0)
			execle("/bin/sh", "sh", "-euc", script, (char *)NULL, env);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void need_git(void)
{
	if (system("command -v git >/dev/null 2>&1") != 0) {
		print_message("skipped: no git\n");
		skip();
	}
}

static const char *in_top(const char *name)
{
	char *path = arena_printf(&arena, "%s%s%s", top, *name ? "/" : "", name);

	assert_non_null(path);
	return path;
}

static int find(const char *dir)
{
	return project_find(&arena, in_top(dir), "/nonexistent", &project, &error);
}

/* What is done with a path below the scratch directory: its action, -1 for nothing. */
static const struct guard *guard_of(const char *name)
{
	const char *path = in_top(name);

	for (size_t i = 0; i < project.n_guards; i++)
		if (strcmp(project.guards[i].path, path) == 0)
			return &project.guards[i];
	return NULL;
}

static void expect(const char *name, enum guard_action action)
{
	const struct guard *guard = guard_of(name);

	if (!guard || guard->action != action)
		print_message("%s: %d\n", name, guard ? (int)guard->action : -1);
	assert_non_null(guard);
	assert_int_equal(guard->action, action);
	assert_non_null(guard->reason);
}

/* A directory is fixed before what is in it. */
static void check_order(void)
{
	for (size_t i = 0; i < project.n_guards; i++)
		for (size_t j = 0; j < i; j++) {
			const char *path = project.guards[i].path, *before = project.guards[j].path;

			assert_false(strncmp(before, path, strlen(path)) == 0 &&
				     before[strlen(path)] == '/');
		}
}

static void plain(void **state)
{
	(void)state;
	need_git();
	shell("git init -q repo; mkdir -p repo/src/deep repo/.git/hooks");
	assert_int_equal(find("repo/src/deep"), 0);
	assert_string_equal(project.root, in_top("repo"));
	assert_null(project.common_dir);
	expect("repo/.git", GUARD_PIN);
	expect("repo/.git/hooks", GUARD_READ_ONLY);
	expect("repo/.git/config", GUARD_READ_ONLY);
	/* What is not there yet must not come to be. */
	assert_non_null(guard_of("repo/.git/config.worktree")->make_file);
	assert_string_equal(guard_of("repo/.git/commondir")->make_file, ".\n");
	check_order();
}

static void without_hooks(void **state)
{
	(void)state;
	need_git();
	shell("git init -q repo; rm -rf repo/.git/hooks");
	assert_int_equal(find("repo"), 0);
	expect("repo/.git/hooks", GUARD_READ_ONLY);
	assert_true(guard_of("repo/.git/hooks")->make_dir);
}

static void no_repository(void **state)
{
	(void)state;
	shell("mkdir -p plain/sub");
	assert_int_equal(find("plain/sub"), 0);
	assert_string_equal(project.root, in_top("plain/sub"));
	expect("plain/sub/.git", GUARD_HIDE);
	assert_true(guard_of("plain/sub/.git")->make_dir);
}

/* A home's own .git is not that of everything below the home. */
static void ceiling(void **state)
{
	(void)state;
	shell("mkdir -p home/.git home/work");
	assert_int_equal(
		project_find(&arena, in_top("home/work"), in_top("home"), &project, &error), 0);
	assert_string_equal(project.root, in_top("home/work"));
}

static void linked_work_tree(void **state)
{
	(void)state;
	need_git();
	shell("git init -q repo; cd repo; git commit -q --allow-empty -m a; git worktree add -q "
	      "../tree");
	assert_int_equal(find("tree"), 0);
	assert_string_equal(project.root, in_top("tree"));
	assert_non_null(project.common_dir);
	assert_string_equal(project.common_dir, in_top("repo/.git"));
	expect("tree/.git", GUARD_READ_ONLY);
	expect("repo/.git/hooks", GUARD_READ_ONLY);
	expect("repo/.git/config", GUARD_READ_ONLY);
	expect("repo/.git/worktrees/tree", GUARD_PIN);
	expect("repo/.git/worktrees/tree/commondir", GUARD_READ_ONLY);
	expect("repo/.git/worktrees/tree/gitdir", GUARD_READ_ONLY);
	check_order();
}

/* A .git file that points at a repository which does not know of it opens nothing. */
static void lure(void **state)
{
	(void)state;
	need_git();
	shell("git init -q repo; cd repo; git commit -q --allow-empty -m a; git worktree add -q "
	      "../tree; "
	      "mkdir ../lure ../other; cp ../tree/.git ../lure/.git; "
	      "echo gitdir: ../repo/.git/worktrees/none > ../other/.git");
	assert_int_equal(find("lure"), 0);
	assert_null(project.common_dir);
	expect("lure/.git", GUARD_READ_ONLY);
	assert_null(guard_of("repo/.git/hooks"));
	assert_int_equal(find("other"), 0);
	assert_null(project.common_dir);
}

static void submodules(void **state)
{
	(void)state;
	need_git();
	shell("git init -q sub; cd sub; git commit -q --allow-empty -m a; cd ..; git init -q repo; "
	      "cd repo; "
	      "git submodule --quiet add ../sub libs/sub");
	assert_int_equal(find("repo"), 0);
	expect("repo/libs", GUARD_PIN);
	expect("repo/libs/sub", GUARD_PIN);
	expect("repo/libs/sub/.git", GUARD_READ_ONLY);
	expect("repo/.git/modules/libs/sub", GUARD_PIN);
	expect("repo/.git/modules/libs/sub/hooks", GUARD_READ_ONLY);
	expect("repo/.git/modules/libs/sub/config", GUARD_READ_ONLY);
	check_order();
}

/* What cannot be guarded is refused, by name. */
static void links(void **state)
{
	static const struct {
		const char *script, *part;
	} rows[] = {
		{ "mkdir elsewhere repo; ln -s ../elsewhere repo/.git",
		  "repo/.git is a symbolic link" },
		{ "mkdir -p repo/.git; ln -s /tmp repo/.git/hooks",
		  "repo/.git/hooks is a symbolic link" },
		{ "mkdir -p repo/.git/hooks; ln -s x repo/.git/config",
		  "repo/.git/config is a symbolic link" },
		{ "mkdir -p repo/.git/hooks; ln -s x repo/.git/commondir",
		  "commondir is a symbolic link" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		shell("rm -rf repo elsewhere");
		shell(rows[i].script);
		assert_int_equal(find("repo"), -ELOOP);
		assert_string_equal(error.what, "--guard-project");
		assert_non_null(strstr(error.why, rows[i].part));
		assert_true(error.hint[0]);
		assert_int_equal(project_find(&arena, in_top("repo"), "/", &project, NULL), -ELOOP);
	}
}

/* A directory that a config names, inside of the project, is fixed as well. */
static void named_by_config(void **state)
{
	(void)state;
	need_git();
	shell("git init -q repo; cd repo; mkdir own; git config core.hooksPath own; git config "
	      "include.path ../inc; "
	      "touch inc");
	assert_int_equal(find("repo"), 0);
	expect("repo/own", GUARD_READ_ONLY);
	expect("repo/inc", GUARD_READ_ONLY);
}

static void secrets(void **state)
{
	static const char *const hidden[] = { ".env",       ".env.local", ".npmrc",
					      "id_ed25519", "server.key", ".aws" };
	static const char *const shown[] = { ".env.example", ".env.sample", ".pem",       "key",
					     "README",       "x.keys",      "id_rsa.pub", ".envx" };
	char path[64];

	(void)state;
	shell("mkdir -p repo/.git/hooks repo/.aws repo/sub; cd repo; touch .git/config .env "
	      ".env.local .npmrc id_ed25519 "
	      "server.key .env.example .env.sample .pem key README x.keys id_rsa.pub .envx "
	      "sub/.env; ln -s .env .netrc");
	assert_int_equal(find("repo"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		snprintf(path, sizeof(path), "repo/%s", hidden[i]);
		expect(path, GUARD_HIDE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		snprintf(path, sizeof(path), "repo/%s", shown[i]);
		assert_null(guard_of(path));
	}
	assert_null(guard_of("repo/sub/.env")); /* the top alone */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(plain),
		TEST(without_hooks),
		TEST(no_repository),
		TEST(ceiling),
		TEST(linked_work_tree),
		TEST(lure),
		TEST(submodules),
		TEST(links),
		TEST(named_by_config),
		TEST(secrets),
	};

	return cmocka_run_group_tests_name("mount/project", tests, NULL, NULL);
}
