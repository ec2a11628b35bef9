/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "net/rtnetlink.h"
#include "ns/open.h"
#include "ns_child.h"

/* Asserts work in the parent only. */
#define CHECK(condition)                                                           \
	do {                                                                       \
		if (!(condition)) {                                                \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);    \
			return 1;                                                  \
		}                                                                  \
	} while (0)

static int in_namespace(int (*function)(void))
{
	unsigned uid = geteuid();
	char map[32];
	pid_t pid = child_fork(CLONE_NEWUSER | CLONE_NEWNET);

	assert_true(pid >= 0);
	if (pid == 0) {
		/* Who has no id here loses its capabilities with exec. */
		snprintf(map, sizeof(map), "0 %u 1", uid);
		if (fd_write_file_at(AT_FDCWD, "/proc/self/uid_map", map) < 0)
			_exit(1);
		_exit(function());
	}
	return child_result(pid);
}

static int links(void)
{
	struct rtnl_link link;
	int fd = rtnl_open();

	CHECK(fd >= 0);
	CHECK(rtnl_link_by_name(fd, "lo", &link) == 0);
	CHECK(link.index == 1 && !link.up && strcmp(link.name, "lo") == 0);
	CHECK(rtnl_link_by_name(fd, "none", &link) == -ENODEV);
	CHECK(rtnl_link_by_index(fd, 99, &link) == -ENODEV);
	CHECK(rtnl_link_up(fd, 1) == 0);
	CHECK(rtnl_link_by_index(fd, 1, &link) == 0 && link.up);
	CHECK(rtnl_link_up(fd, 99) == -ENODEV);
	fd_close(fd);
	return 0;
}

static int addresses(void)
{
	struct arena arena = { 0 };
	struct rtnl_address *list, *again;
	size_t n, m;
	int fd = rtnl_open();

	CHECK(system("ip link add v0 type veth peer name v1 && ip addr add 192.0.2.1/24 brd + dev v0 metric 77 && "
		     "ip addr add 192.0.2.9 peer 192.0.2.10/32 dev v0 && ip addr add 2001:db8::1/64 dev v0 && "
		     "ip addr add 192.0.2.77/24 dev v0 valid_lft 1000 preferred_lft 1000 && "
		     "ip addr add 169.254.3.3/16 scope link dev v0") == 0);
	struct rtnl_link v0, v1;
	CHECK(rtnl_link_by_name(fd, "v0", &v0) == 0 && rtnl_link_by_name(fd, "v1", &v1) == 0);
	CHECK(rtnl_addresses(fd, v0.index, &arena, &list, &n) == 0);
	/* Neither the one that expires nor the one of the link. */
	CHECK(n == 3);
	for (size_t i = 0; i < n; i++)
		CHECK(rtnl_address_add(fd, v1.index, &list[i]) == 0);
	CHECK(rtnl_addresses(fd, v1.index, &arena, &again, &m) == 0);
	CHECK(m == n);
	for (size_t i = 0; i < n; i++) {
		CHECK(again[i].family == list[i].family && again[i].prefix == list[i].prefix);
		CHECK(memcmp(again[i].address, list[i].address, 16) == 0);
		CHECK(memcmp(again[i].local, list[i].local, 16) == 0);
		CHECK(memcmp(again[i].broadcast, list[i].broadcast, 16) == 0);
		CHECK(again[i].metric == list[i].metric);
		/* A second time is none. */
		CHECK(rtnl_address_add(fd, v1.index, &list[i]) == 0);
	}
	CHECK(rtnl_address_add(fd, 99, &list[0]) == -ENODEV);
	CHECK(rtnl_addresses(fd, 1, &arena, &list, &n) == 0 && n == 0);
	arena_deinit(&arena);
	fd_close(fd);
	return 0;
}

static int moving(void)
{
	cleanup_close int fd = rtnl_open(), own_fd = ns_open_self(NS_NET, 0, NULL), there_fd = -EBADF, in_fd = -EBADF;
	struct rtnl_link v0, v1, link;

	CHECK(system("ip link add v0 type veth peer name v1") == 0);
	CHECK(rtnl_link_by_name(fd, "v0", &v0) == 0 && rtnl_link_by_name(fd, "v1", &v1) == 0);
	CHECK(unshare(CLONE_NEWNET) == 0);
	there_fd = ns_open_self(NS_NET, 0, NULL);
	CHECK(setns(own_fd, CLONE_NEWNET) == 0);
	in_fd = rtnl_open_in(there_fd);
	CHECK(in_fd >= 0);
	/* This thread is where it was. */
	CHECK(rtnl_link_by_name(in_fd, "v0", &link) == -ENODEV);
	CHECK(if_nametoindex("v0") == (unsigned)v0.index);
	CHECK(rtnl_link_move(fd, v0.index, there_fd, "eth7") == 0);
	CHECK(rtnl_link_by_name(fd, "v0", &link) == -ENODEV);
	CHECK(rtnl_link_by_name(in_fd, "eth7", &link) == 0);
	CHECK(rtnl_link_rename(in_fd, link.index, "lo") == -EEXIST);
	CHECK(rtnl_link_rename(in_fd, link.index, "net%d") == 0);
	CHECK(rtnl_link_by_name(in_fd, "net0", &link) == 0);
	CHECK(rtnl_link_move(in_fd, link.index, own_fd, "back") == 0);
	CHECK(rtnl_link_by_name(fd, "back", &link) == 0);
	CHECK(rtnl_open_in(STDERR_FILENO) == -EINVAL);
	return 0;
}

static void run_links(void **state)
{
	(void)state;
	assert_int_equal(in_namespace(links), 0);
}

static void run_addresses(void **state)
{
	(void)state;
	assert_int_equal(in_namespace(addresses), 0);
}

static void run_moving(void **state)
{
	(void)state;
	assert_int_equal(in_namespace(moving), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_links),
		cmocka_unit_test(run_addresses),
		cmocka_unit_test(run_moving),
	};

	return cmocka_run_group_tests_name("net/rtnetlink", tests, NULL, NULL);
}
