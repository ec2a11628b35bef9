/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/forest.h"

#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "../ns_child.h"
#include "skip.h"

/* A child that sleeps, with a child of its own. */
static pid_t start_pair(pid_t *ret_child)
{
	int channel[2];
	pid_t pid;

	assert_int_equal(pipe(channel), 0);
	pid = fork();
	if (pid == 0) {
		pid_t child = fork();

		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_NAME, "odd\n\\name");
			child = getpid();
			if (write(channel[1], &child, sizeof(child)) != sizeof(child))
				_exit(1);
		}
		for (;;)
			pause();
	}
	assert_int_equal(read(channel[0], ret_child, sizeof(*ret_child)), sizeof(*ret_child));
	close(channel[0]);
	close(channel[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_parents_and_children(void **state)
{
	cleanup_forest struct forest forest = { 0 };
	pid_t child, pid = start_pair(&child);
	const struct forest_process *self, *found, *below;
	struct stat st;
	size_t n = 0;

	(void)state;
	assert_int_equal(forest_read(NS_UTS, NULL, 0, &forest, NULL), 0);
	self = forest_find(&forest, getpid());
	found = forest_find(&forest, pid);
	below = forest_find(&forest, child);
	assert_non_null(self);
	assert_non_null(found);
	assert_non_null(below);
	assert_ptr_equal(found->parent, self);
	assert_ptr_equal(below->parent, found);
	assert_ptr_equal(found->child, below);
	assert_int_equal(below->uid, geteuid());
	assert_int_equal(below->pids[0], child);
	assert_string_equal(below->comm, "odd\\n\\\\name");
	assert_int_equal(stat("/proc/self/ns/uts", &st), 0);
	assert_int_equal(below->ns, st.st_ino);
	assert_false(below->enters);
	/* A walk sees each once, parents first, and ends. */
	for (const struct forest_process *at = self; at; at = forest_next(at, self))
		n += at == self || at == found || at == below;
	assert_int_equal(n, 3);
	end(pid);
}

static void test_those_that_were_named(void **state)
{
	cleanup_forest struct forest forest = { 0 };
	pid_t child, pid = start_pair(&child), pids[] = { child, 4194303, pid };

	(void)state;
	assert_int_equal(forest_read(NS_PID, pids, 3, &forest, NULL), 0);
	assert_int_equal(forest.n, 2);
	assert_int_equal(forest.processes[0].pid, pid < child ? pid : child);
	assert_ptr_equal(forest.roots, forest_find(&forest, pid));
	assert_null(forest.roots->next);
	assert_true(forest.roots->enters);
	assert_null(forest_find(&forest, 4194303));
	end(pid);
}

static void test_a_zombie_is_where_its_parent_is(void **state)
{
	cleanup_forest struct forest forest = { 0 };
	siginfo_t info;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(forest_read(NS_NET, NULL, 0, &forest, NULL), 0);
	assert_int_equal(forest_find(&forest, pid)->state, 'Z');
	assert_false(forest_find(&forest, pid)->enters);
	waitpid(pid, NULL, 0);
}

static void have_many_groups(void)
{
	static gid_t groups[2000];

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		groups[i] = 1000000000 + (gid_t)i;
	if (setgroups(ARRAY_SIZE(groups), groups) < 0)
		_exit(1);
}

/* A process cannot make itself one of the host's by the length of its status. */
static void test_many_groups_hide_no_level(void **state)
{
	cleanup_forest struct forest forest = { 0 };
	const struct forest_process *found;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip_because("needs root to have groups");
	pid = child_spawn(CLONE_NEWPID, have_many_groups);
	assert_int_equal(forest_read(NS_PID, NULL, 0, &forest, NULL), 0);
	found = forest_find(&forest, pid);
	assert_non_null(found);
	assert_int_equal(found->n_levels, forest_find(&forest, getpid())->n_levels + 1);
	assert_int_equal(found->pids[found->n_levels - 1], 1);
	assert_true(found->enters);
	child_end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parents_and_children),
		cmocka_unit_test(test_those_that_were_named),
		cmocka_unit_test(test_a_zombie_is_where_its_parent_is),
		cmocka_unit_test(test_many_groups_hide_no_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
