/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <stdlib.h>
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

static ino_t ino_of(pid_t pid, enum ns_kind kind)
{
	cleanup_close int pidfd = sys_pidfd_open(pid, 0), fd = ns_open_pidfd(pidfd, kind, 0, NULL);
	struct ns_id id;

	assert_int_equal(ns_fd_id(fd, &id), 0);
	return id.ino;
}

static void finds_itself(void **state)
{
	cleanup_ns_graph struct ns_graph graph = { 0 };
	const struct ns_scan_options options = { .kinds = NS_ALL };
	const struct ns_process *self;

	(void)state;
	assert_int_equal(ns_scan(&options, &graph, NULL), 0);
	assert_false(graph.sight.foreign || graph.sight.aside || graph.sight.hidden);
	assert_int_equal(graph.absent, 0);
	self = ns_graph_process(&graph, getpid());
	assert_non_null(self);
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		const struct ns_node *node = ns_graph_find(&graph, ino_of(getpid(), kind));

		assert_ptr_equal(self->ns[kind], node);
		assert_int_equal(node->kind, kind);
		assert_true(node->n_processes > 0);
		assert_true(node->first->pid <= getpid());
		assert_int_equal(node->holders, NS_BY_PROCESS);
	}
}

/* Every process is counted once in each kind. */
static void counts_add_up(void **state)
{
	for (unsigned threads = 1; threads <= 2; threads++) {
		cleanup_ns_graph struct ns_graph graph = { 0 };
		const struct ns_scan_options options = { .kinds = NS_ALL, .n_threads = threads };
		size_t n[NS_KINDS] = { 0 };

		(void)state;
		assert_int_equal(ns_scan(&options, &graph, NULL), 0);
		for (size_t i = 0; i < graph.n_nodes; i++)
			n[graph.nodes[i]->kind] += graph.nodes[i]->n_processes;
		for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
			assert_int_equal(n[kind], graph.n_processes);
		for (size_t i = 1; i < graph.n_processes; i++)
			assert_true(graph.processes[i - 1].pid < graph.processes[i].pid);
	}
}

static void children_in_their_own(void **state)
{
	enum { N = 20 };
	const struct ns_scan_options options = { .kinds = NS_BIT(NS_UTS) | NS_BIT(NS_IPC) };
	cleanup_ns_graph struct ns_graph graph = { 0 };
	pid_t pids[N];

	(void)state;
	NEEDS_ROOT();
	for (int i = 0; i < N; i++)
		pids[i] = child_spawn(i % 2 ? CLONE_NEWUTS : 0, NULL);
	assert_int_equal(ns_scan(&options, &graph, NULL), 0);
	for (int i = 0; i < N; i++) {
		const struct ns_process *process = ns_graph_process(&graph, pids[i]);
		const struct ns_node *uts = ns_graph_find(&graph, ino_of(pids[i], NS_UTS));

		assert_ptr_equal(process->ns[NS_UTS], uts);
		assert_ptr_equal(process->ns[NS_IPC], ns_graph_find(&graph, ino_of(getpid(), NS_IPC)));
		assert_null(process->ns[NS_NET]); /* was not asked for */
		if (i % 2) {
			assert_int_equal(uts->n_processes, 1);
			assert_int_equal(uts->first->pid, pids[i]);
		}
	}
	for (int i = 0; i < N; i++)
		child_end(pids[i]);
}

static void zombies_are_counted_apart(void **state)
{
	const struct ns_scan_options options = { .kinds = NS_ALL };
	cleanup_ns_graph struct ns_graph graph = { 0 };
	pid_t pid = child_spawn(0, NULL);

	(void)state;
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal(ns_scan(&options, &graph, NULL), 0);
	assert_true(graph.n_ended >= 1);
	assert_null(ns_graph_process(&graph, pid));
	child_end(pid);
}

/* An ordinary user sees its own, and how much it does not see. */
static void denied_are_counted(void **state)
{
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_fork(0);
	if (pid == 0) {
		const struct ns_scan_options options = { .kinds = NS_ALL, .flags = NS_SCAN_EVERYTHING };
		struct ns_graph graph;

		child_drop_root();
		if (ns_scan(&options, &graph, NULL) < 0)
			_exit(1);
		_exit(graph.n_denied > 0 && ns_graph_process(&graph, getpid()) &&
				      !ns_graph_process(&graph, getppid()) ? 0 : 2);
	}
	assert_int_equal(child_result(pid), 0);
}

/* In a new PID namespace with the old /proc: a procfs of its own is looked at, where one can be made. */
static void foreign_procfs(void **state)
{
	const struct ns_scan_options options = { .kinds = NS_BIT(NS_PID) };

	(void)state;
	NEEDS_ROOT();
	for (int as_root = 0; as_root < 2; as_root++) {
		pid_t pid = child_fork(CLONE_NEWPID);

		if (pid == 0) {
			struct ns_graph graph;

			if (!as_root)
				child_drop_root();
			if (ns_scan(&options, &graph, NULL) < 0)
				_exit(1);
			if (as_root)
				_exit(!graph.sight.foreign && graph.sight.aside && graph.n_processes == 1 &&
					ns_graph_process(&graph, 1) ? 0 : 2);
			_exit(graph.sight.foreign && !graph.sight.aside && graph.n_processes >= 1 &&
				!ns_graph_process(&graph, 1) ? 0 : 3);
		}
		assert_int_equal(child_result(pid), 0);
	}
}

static void namespaces_for_children(void **state)
{
	const struct ns_scan_options options = { .kinds = NS_ALL, .flags = NS_SCAN_CHILDREN };
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_fork(0);
	if (pid == 0) {
		struct ns_node *node;
		struct ns_graph graph;
		struct ns_id id;
		int fd;

		if (unshare(CLONE_NEWTIME) < 0)
			_exit(1);
		fd = ns_open_self(NS_TIME, NS_OPEN_FOR_CHILDREN, NULL);
		if (ns_fd_id(fd, &id) < 0 || ns_scan(&options, &graph, NULL) < 0)
			_exit(2);
		node = ns_graph_find(&graph, id.ino);
		_exit(node && node->holders == NS_BY_CHILDREN && node->n_processes == 0 &&
				      node->first->pid == getpid() ? 0 : 3);
	}
	assert_int_equal(child_result(pid), 0);
}

static void three_children(void)
{
	for (int i = 0; i < 3; i++)
		if (child_fork(0) == 0)
			for (;;)
				pause();
}

static void members_of_a_pid_namespace(void **state)
{
	cleanup_close int pidfd = -EBADF, fd = -EBADF;
	cleanup_free struct ns_member *members = NULL;
	size_t n;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	pid = child_spawn(CLONE_NEWPID, three_children);
	pidfd = sys_pidfd_open(pid, 0);
	fd = ns_open_pidfd(pidfd, NS_PID, 0, NULL);
	assert_int_equal(ns_scan_members(fd, &members, &n, NULL), 0);
	assert_int_equal(n, 4);
	assert_int_equal(members[0].pid, pid);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(members[i].inner, i + 1);
	child_end(pid);
	free_ptr(&members);
	assert_int_equal(ns_scan_members(fd, &members, &n, NULL), 0);
	assert_int_equal(n, 0);
}

/* Where a procfs of it cannot be made, the host's is asked. */
static void members_without_privilege(void **state)
{
	pid_t pid;
	int r;

	(void)state;
	pid = child_fork(0);
	if (pid == 0) {
		struct ns_member *members;
		pid_t init;
		size_t n;
		int fd;

		child_drop_root();
		init = child_fork(CLONE_NEWUSER | CLONE_NEWPID);
		if (init < 0)
			_exit(77);
		if (init == 0)
			for (;;)
				pause();
		fd = ns_open_pidfd(sys_pidfd_open(init, 0), NS_PID, 0, NULL);
		r = ns_scan_members(fd, &members, &n, NULL);
		r = r == 0 && n == 1 && members[0].pid == init && members[0].inner == 1 ? 0 : 1;
		child_end(init);
		_exit(r);
	}
	r = child_result(pid);
	if (r == 77)
		skip_because("this host forbids user namespaces to ordinary users");
	assert_int_equal(r, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_itself),
		cmocka_unit_test(counts_add_up),
		cmocka_unit_test(children_in_their_own),
		cmocka_unit_test(zombies_are_counted_apart),
		cmocka_unit_test(denied_are_counted),
		cmocka_unit_test(foreign_procfs),
		cmocka_unit_test(namespaces_for_children),
		cmocka_unit_test(members_of_a_pid_namespace),
		cmocka_unit_test(members_without_privilege),
	};

	return cmocka_run_group_tests_name("ns/scan", tests, NULL, NULL);
}
