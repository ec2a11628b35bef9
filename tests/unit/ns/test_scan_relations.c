/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../ns_child.h"
#include "base/fd.h"
#include "inro/error.h"
#include "ns/open.h"
#include "ns/scan.h"

#define NEEDS_ROOT()                                      \
	do {                                              \
		if (geteuid() != 0)                       \
			skip_because("needs CAP_SYS_ADMIN"); \
	} while (0)

static struct ns_node *node_of(const struct ns_graph *graph, pid_t pid, enum ns_kind kind)
{
	const struct ns_process *process = ns_graph_process(graph, pid);

	assert_non_null(process);
	return process->ns[kind];
}

static void parents_and_owners(void **state)
{
	const struct ns_scan_options options = { .kinds = NS_ALL, .flags = NS_SCAN_RELATIONS };
	cleanup_ns_graph struct ns_graph graph = { 0 };
	struct ns_node *pid_ns, *user;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_spawn(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWUTS, NULL);
	assert_int_equal(ns_scan(&options, &graph, NULL), 0);
	pid_ns = node_of(&graph, pid, NS_PID);
	user = node_of(&graph, pid, NS_USER);
	assert_ptr_equal(pid_ns->parent, node_of(&graph, getpid(), NS_PID));
	assert_ptr_equal(pid_ns->owner, user);
	assert_ptr_equal(node_of(&graph, pid, NS_UTS)->owner, user);
	assert_ptr_equal(user->parent, node_of(&graph, getpid(), NS_USER));
	assert_int_equal(user->owner_uid, geteuid());
	assert_true(user->holders & NS_BY_RELATION);
	assert_true(ns_graph_is_below(pid_ns, node_of(&graph, getpid(), NS_PID)));
	child_end(pid);
}

static void user_inside(void)
{
	/* Only who has a mapped id may make another. */
	if (fd_write_file_at(AT_FDCWD, "/proc/self/setgroups", "deny") < 0 ||
	    fd_write_file_at(AT_FDCWD, "/proc/self/uid_map", "0 0 1") < 0 ||
	    fd_write_file_at(AT_FDCWD, "/proc/self/gid_map", "0 0 1") < 0 || unshare(CLONE_NEWUSER) < 0)
		_exit(1);
}

/* A user namespace that nobody is in is known from the one inside of it. */
static void nobody_is_in_the_parent(void **state)
{
	const struct ns_scan_options options = { .kinds = NS_BIT(NS_USER), .flags = NS_SCAN_RELATIONS };
	cleanup_ns_graph struct ns_graph graph = { 0 };
	struct inro_error error = { 0 };
	cleanup_close int fd = -EBADF;
	struct ns_node *user;
	struct ns_id id;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_spawn(CLONE_NEWUSER, user_inside);
	assert_int_equal(ns_scan(&options, &graph, NULL), 0);
	user = node_of(&graph, pid, NS_USER);
	assert_non_null(user->parent);
	fd = ns_scan_open(&graph, user->parent, NULL);
	child_end(pid);
	assert_int_equal(ns_fd_id(fd, &id), 0);
	assert_int_equal(id.ino, user->parent->ino);
	fd_close_ptr(&fd);
	assert_int_equal(ns_scan_open(&graph, user, &error), -ESRCH);
	assert_non_null(strstr(error.object, "user:["));
	assert_int_equal(user->parent->n_processes, 0);
	assert_int_equal(user->parent->holders, NS_BY_RELATION);
	assert_null(user->parent->first);
	assert_ptr_equal(user->parent->parent, node_of(&graph, getpid(), NS_USER));
}

static void details_of_first_processes(void **state)
{
	const struct ns_scan_options options = { .kinds = NS_BIT(NS_UTS), .flags = NS_SCAN_DETAILS };
	cleanup_ns_graph struct ns_graph graph = { 0 };
	struct ns_process *first;
	pid_t pid, sibling;

	(void)state;
	NEEDS_ROOT();
	sibling = child_spawn(0, NULL);
	pid = child_spawn(CLONE_NEWUTS, child_drop_root);
	assert_int_equal(ns_scan(&options, &graph, NULL), 0);
	child_end(pid);
	child_end(sibling);
	first = node_of(&graph, pid, NS_UTS)->first;
	assert_true(first->detailed);
	assert_int_equal(first->pid, pid);
	assert_int_equal(first->ppid, getpid());
	assert_int_equal(first->uid, 65534);
	assert_true(first->state == 'S' || first->state == 'R');
	assert_non_null(strstr(first->command, "test_scan"));
	assert_false(ns_graph_process(&graph, sibling)->detailed);
}

static void details_of_all(void **state)
{
	const struct ns_scan_options options = { .kinds = NS_BIT(NS_UTS), .flags = NS_SCAN_PROCESSES };
	cleanup_ns_graph struct ns_graph graph = { 0 };
	const struct ns_process *self;

	(void)state;
	assert_int_equal(ns_scan(&options, &graph, NULL), 0);
	for (size_t i = 0; i < graph.n_processes; i++)
		assert_true(graph.processes[i].detailed);
	self = ns_graph_process(&graph, getpid());
	assert_int_equal(self->ppid, getppid());
	assert_true(self->state == 'R');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parents_and_owners),
		cmocka_unit_test(nobody_is_in_the_parent),
		cmocka_unit_test(details_of_first_processes),
		cmocka_unit_test(details_of_all),
	};

	return cmocka_run_group_tests_name("ns/scan_relations", tests, NULL, NULL);
}
