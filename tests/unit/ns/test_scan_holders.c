/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../ns_child.h"
#include "base/fd.h"
#include "ns/hold.h"
#include "ns/open.h"
#include "ns/scan.h"

#define NEEDS_ROOT()                                      \
	do {                                              \
		if (geteuid() != 0)                       \
			skip_because("needs CAP_SYS_ADMIN"); \
	} while (0)

/* A new namespace that is held by the returned descriptor alone. */
static int lone_namespace(enum ns_kind kind)
{
	pid_t pid = child_spawn(ns_kind_table[kind].clone_flag, NULL);
	cleanup_close int pidfd = sys_pidfd_open(pid, 0);
	int fd = ns_open_pidfd(pidfd, kind, 0, NULL);

	child_end(pid);
	assert_true(fd >= 0);
	return fd;
}

static ino_t ino_of(int fd)
{
	struct ns_id id;

	assert_int_equal(ns_fd_id(fd, &id), 0);
	return id.ino;
}

static void open_descriptors(void **state)
{
	const struct ns_scan_options options = { .kinds = NS_ALL, .flags = NS_SCAN_FDS };
	const struct ns_scan_options usual = { .kinds = NS_ALL, .flags = NS_SCAN_USUAL };
	cleanup_ns_graph struct ns_graph graph = { 0 }, less = { 0 };
	cleanup_close int fd = -EBADF;
	struct ns_node *node;

	(void)state;
	NEEDS_ROOT();
	fd = lone_namespace(NS_UTS);
	assert_int_equal(ns_scan(&options, &graph, NULL), 0);
	node = ns_graph_find(&graph, ino_of(fd));
	assert_non_null(node);
	assert_int_equal(node->holders, NS_BY_FD);
	assert_int_equal(node->n_fds, 1);
	assert_int_equal(node->n_processes, 0);
	assert_int_equal(node->first->pid, getpid());
	assert_int_equal(ns_scan(&usual, &less, NULL), 0);
	assert_null(ns_graph_find(&less, ino_of(fd)));
}

struct thread {
	pthread_barrier_t barrier;
	ino_t ino;
};

static void *leave_and_wait(void *data)
{
	struct thread *thread = data;

	if (unshare(CLONE_NEWUTS) == 0) {
		cleanup_close int fd = ns_open_self(NS_UTS, 0, NULL);

		thread->ino = ino_of(fd);
	}
	pthread_barrier_wait(&thread->barrier);
	pthread_barrier_wait(&thread->barrier);
	return NULL;
}

static void threads_elsewhere(void **state)
{
	const struct ns_scan_options options = { .kinds = NS_ALL,
						 .flags = NS_SCAN_THREADS | NS_SCAN_RELATIONS };
	cleanup_ns_graph struct ns_graph graph = { 0 };
	struct thread data = { .ino = 0 };
	struct ns_node *node;
	pthread_t thread;

	(void)state;
	NEEDS_ROOT();
	pthread_barrier_init(&data.barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, leave_and_wait, &data), 0);
	pthread_barrier_wait(&data.barrier);
	assert_int_equal(ns_scan(&options, &graph, NULL), 0);
	node = ns_graph_find(&graph, data.ino);
	assert_non_null(node);
	assert_int_equal(node->holders, NS_BY_THREAD);
	assert_int_equal(node->n_threads, 1);
	assert_true(node->related);
	assert_non_null(node->owner);
	pthread_barrier_wait(&data.barrier);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&data.barrier);
}

static void sockets(void **state)
{
	const struct ns_scan_options options = { .kinds = NS_BIT(NS_NET), .flags = NS_SCAN_SOCKETS };
	int pair[2], own;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(pipe(pair), 0);
	pid = child_fork(0);
	if (pid == 0) {
		/* A socket of a network namespace that nobody is in any more. */
		struct ns_id id;
		int socket_fd;

		own = ns_open_self(NS_NET, 0, NULL);
		if (unshare(CLONE_NEWNET) < 0)
			_exit(1);
		socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int there = ns_open_self(NS_NET, 0, NULL);
		if (socket_fd < 0 || ns_fd_id(there, &id) < 0 || setns(own, CLONE_NEWNET) < 0)
			_exit(2);
		close(there);
		if (write(pair[1], &id.ino, sizeof(id.ino)) < 0)
			_exit(3);
		for (;;)
			pause();
	}
	cleanup_ns_graph struct ns_graph graph = { 0 };
	struct ns_node *node;
	ino_t ino = 0;

	close(pair[1]);
	assert_int_equal(read(pair[0], &ino, sizeof(ino)), sizeof(ino));
	close(pair[0]);
	assert_int_equal(ns_scan(&options, &graph, NULL), 0);
	node = ns_graph_find(&graph, ino);
	child_end(pid);
	assert_non_null(node);
	assert_int_equal(node->holders, NS_BY_SOCKET);
	assert_int_equal(node->n_sockets, 1);
}

static char dir_path[] = "/tmp/inro-test-scan-XXXXXX";

static int private_mounts(void)
{
	struct mount_attr attr = { .propagation = 1 << 18 /* MS_PRIVATE */ };

	return unshare(CLONE_NEWNS) < 0 ||
	       sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0;
}

/* In a mount namespace of its own, PINNER or the scanner holds FD by a mount. */
static int mount_and_scan(int fd, bool elsewhere)
{
	struct ns_scan_options options = { .kinds = NS_ALL, .flags = NS_SCAN_MOUNTS | NS_SCAN_RELATIONS };
	struct ns_graph graph;
	struct ns_node *node;
	char path[64];
	int ready[2];

	snprintf(path, sizeof(path), "%s/uts pin", dir_path);
	if (elsewhere) {
		char byte;

		options.flags |= NS_SCAN_ALL_MOUNTS;
		if (pipe(ready) < 0)
			return 1;
		if (child_fork(0) == 0) {
			if (private_mounts() || ns_hold(fd, AT_FDCWD, path, NULL) < 0 ||
			    write(ready[1], "", 1) < 0)
				_exit(1);
			close(fd);
			for (;;)
				pause();
		}
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 1)
			return 2;
	} else if (private_mounts() || ns_hold(fd, AT_FDCWD, path, NULL) < 0) {
		return 3;
	}
	if (ns_scan(&options, &graph, NULL) < 0)
		return 4;
	node = ns_graph_find(&graph, ino_of(fd));
	if (!node || node->holders != NS_BY_MOUNT || !node->path || strcmp(node->path, path) != 0)
		return 5;
	if (!!node->path_in != elsewhere || !node->related || !node->owner)
		return 6;
	if (!elsewhere && ns_hold_drop(AT_FDCWD, path, NULL) < 0)
		return 7;
	return 0;
}

static void mounts_here_and_elsewhere(void **state)
{
	(void)state;
	NEEDS_ROOT();
	assert_non_null(mkdtemp(dir_path));
	for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
		cleanup_close int fd = lone_namespace(NS_UTS);
		pid_t pid = child_fork(0);
		char path[64];
		int r;

		if (pid == 0)
			_exit(mount_and_scan(fd, elsewhere));
		r = child_result(pid);
		snprintf(path, sizeof(path), "%s/uts pin", dir_path);
		unlink(path);
		if (r != 0)
			rmdir(dir_path);
		assert_int_equal(r, 0);
	}
	assert_int_equal(rmdir(dir_path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_descriptors),
		cmocka_unit_test(threads_elsewhere),
		cmocka_unit_test(sockets),
		cmocka_unit_test(mounts_here_and_elsewhere),
	};

	return cmocka_run_group_tests_name("ns/scan_holders", tests, NULL, NULL);
}
