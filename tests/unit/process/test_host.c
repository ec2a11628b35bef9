/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>

#include "feature_child.h"

extern const struct feature feature_host;

/* Facts of a child of this test, for what it has done to itself. 0, or which check failed. */
static int in_child(int (*check)(struct facts *facts), const char *const *env, uint64_t flags)
{
	pid_t pid;

	fflush(NULL);
	pid = child_fork(flags);
	assert_true(pid >= 0);
	if (pid == 0) {
		struct spec spec = { .process.host_env = env };
		struct facts facts = { 0 };

		if (check(NULL) < 0)
			_exit(100);
		if (feature_host.gather(&spec, &facts, NULL) < 0)
			_exit(101);
		_exit(check(&facts));
	}
	return child_result(pid);
}

/* Each check is called twice: without facts to prepare, then with those that were gathered. */
static int check_here(struct facts *facts)
{
	char cwd[4096];

	if (!facts)
		return chdir("/tmp");
	if (facts->uid != geteuid() || facts->gid != getegid())
		return 2;
	if (!facts->cwd || strcmp(facts->cwd, getcwd(cwd, sizeof(cwd))) != 0)
		return 3;
	if (facts->n_groups != (size_t)getgroups(0, NULL))
		return 4;
	if (strcmp(facts->home, "/somewhere") != 0 || strcmp(facts->user, "ann") != 0)
		return 5;
	for (size_t i = 0; i < facts->n_roots; i++) {
		char path[32];
		struct stat st;

		snprintf(path, sizeof(path), "/%s", facts->roots[i].name);
		if (lstat(path, &st) < 0 || S_ISLNK(st.st_mode) != !!facts->roots[i].link)
			return 6;
	}
	return facts->n_roots > 0 && facts->n_own_uids > 0 ? 0 : 7;
}

static void here(void **state)
{
	static const char *const env[] = { "HOME=/somewhere", "USER=ann", NULL };

	(void)state;
	assert_int_equal(in_child(check_here, env, 0), 0);
}

/* A directory that is gone is none. */
static int check_gone(struct facts *facts)
{
	char path[] = "/tmp/inro-test-host.XXXXXX";

	if (!facts)
		return mkdtemp(path) && chdir(path) == 0 ? rmdir(path) : -1;
	return facts->cwd ? 1 : 0;
}

/* Not the environment's word where that is no path; "/" where nobody knows one. */
static int check_home(struct facts *facts)
{
	if (!facts)
		return 0;
	return facts->home && facts->home[0] == '/' ? 0 : 1;
}

static void odd_places(void **state)
{
	static const char *const env[] = { "HOME=relative", NULL };

	(void)state;
	assert_int_equal(in_child(check_gone, NULL, 0), 0);
	assert_int_equal(in_child(check_home, env, 0), 0);
	assert_int_equal(in_child(check_home, NULL, 0), 0);
}

/* In a user namespace of its own, with one id. */
static int check_nested(struct facts *facts)
{
	char text[64];

	if (!facts) {
		int r = fd_write_file_at(AT_FDCWD, "/proc/self/setgroups", "deny");

		/* The parent's id is the overflow id until it is mapped; the number is told by the test. */
		snprintf(text, sizeof(text), "0 %s 1", getenv("TEST_UID"));
		r = r < 0 ? r : fd_write_file_at(AT_FDCWD, "/proc/self/uid_map", text);
		snprintf(text, sizeof(text), "0 %s 1", getenv("TEST_GID"));
		return r < 0 ? r : fd_write_file_at(AT_FDCWD, "/proc/self/gid_map", text);
	}
	if (facts->initial_userns || !facts->setgroups_denied)
		return 1;
	if (facts->uid != 0 || facts->n_own_uids != 1 || facts->n_own_gids != 1)
		return 2;
	if (facts->own_uids[0].inner != 0 || facts->own_uids[0].count != 1)
		return 3;
	return facts->caps ? 0 : 4;
}

static void nested(void **state)
{
	char uid[16], gid[16];

	(void)state;
	snprintf(uid, sizeof(uid), "%u", geteuid());
	snprintf(gid, sizeof(gid), "%u", getegid());
	setenv("TEST_UID", uid, 1);
	setenv("TEST_GID", gid, 1);
	assert_int_equal(in_child(check_nested, NULL, CLONE_NEWUSER), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(here),
		cmocka_unit_test(odd_places),
		cmocka_unit_test(nested),
	};

	return cmocka_run_group_tests_name("process/host", tests, NULL, NULL);
}
