/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/channel.h"

static int ends[2];

static int open_ends(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int close_ends(void **state)
{
	(void)state;
	ends[0] = fd_close(ends[0]);
	ends[1] = fd_close(ends[1]);
	return 0;
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void messages(void **state)
{
	struct channel_message sent = { .type = CHANNEL_ERROR, .step = 3 }, got;
	int fd = 99;

	(void)state;
	sent.error.code = ENOENT;
	strcpy(sent.error.hint, "the last field");
	assert_int_equal(channel_send(ends[0], &sent, -1), 0);
	sent.type = CHANNEL_ENDED;
	sent.status = 0x8b;
	assert_int_equal(channel_send(ends[0], &sent, -EBADF), 0);
	memset(&got, 'x', sizeof(got));
	assert_int_equal(channel_receive(ends[1], &got, &fd), 1);
	assert_int_equal(fd, -EBADF);
	assert_int_equal(got.type, CHANNEL_ERROR);
	assert_int_equal(got.step, 3);
	assert_int_equal(got.error.code, ENOENT);
	assert_string_equal(got.error.hint, "the last field");
	assert_int_equal(channel_receive(ends[1], &got, &fd), 1);
	assert_int_equal(got.type, CHANNEL_ENDED);
	assert_int_equal(got.status, 0x8b);
}

/* The descriptor comes as the receiver's own, close-on-exec; the sender keeps its one. */
static void descriptors(void **state)
{
	const struct channel_message sent = { .type = CHANNEL_HAND_BACK, .slot = 7 };
	cleanup_close int null_fd = open("/dev/null", O_RDONLY), fd = -EBADF;
	struct channel_message got;

	(void)state;
	assert_int_equal(channel_send(ends[0], &sent, null_fd), 0);
	assert_int_equal(channel_receive(ends[1], &got, &fd), 1);
	assert_int_equal(got.slot, 7);
	assert_true(fd >= 0 && fd != null_fd);
	assert_true(fd_same_file(fd, null_fd));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

/* A sender that means harm: more descriptors than one must not stay open here. */
static void many_descriptors(void **state)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} control = { 0 };
	struct channel_message message = { .type = CHANNEL_HAND_BACK }, got;
	struct iovec data = { .iov_base = &message, .iov_len = CHANNEL_SHORT };
	struct msghdr packet = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control };

	(void)state;
	for (size_t n = 2; n <= 8; n++) {
		cleanup_close int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		int before = count_fds(), fd;

		packet.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
		for (size_t i = 0; i < n; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &null_fd, sizeof(int));
		assert_int_equal(sendmsg(ends[0], &packet, 0), CHANNEL_SHORT);
		assert_int_equal(channel_receive(ends[1], &got, &fd), 1);
		fd_close(fd);
		assert_int_equal(count_fds(), before);
	}
}

static void short_packets(void **state)
{
	const struct channel_message error = { .type = CHANNEL_ERROR };
	struct channel_message got;
	int fd = 99;

	(void)state;
	for (size_t size = 1; size < CHANNEL_SHORT; size++) {
		assert_int_equal(send(ends[0], &error, size, 0), size);
		assert_int_equal(channel_receive(ends[1], &got, &fd), -EPROTO);
	}
	/* An error must be a whole one. */
	assert_int_equal(send(ends[0], &error, sizeof(error) - 1, 0), sizeof(error) - 1);
	assert_int_equal(channel_receive(ends[1], &got, &fd), -EPROTO);
	assert_int_equal(fd, -EBADF);
}

static void end_of_file(void **state)
{
	const struct channel_message message = { .type = CHANNEL_RELEASE };
	struct channel_message got;
	int fd;

	(void)state;
	assert_int_equal(channel_send(ends[0], &message, -1), 0);
	ends[0] = fd_close(ends[0]);
	/* What was sent before is still read. */
	assert_int_equal(channel_receive(ends[1], &got, &fd), 1);
	assert_int_equal(channel_receive(ends[1], &got, &fd), 0);
	assert_int_equal(fd, -EBADF);
	/* And writing to nobody is an error, not a signal. */
	assert_int_equal(channel_send(ends[1], &message, -1), -EPIPE);
}

/* The other side died with something unread: an end like any other. */
static void reset(void **state)
{
	const struct channel_message message = { .type = CHANNEL_RELEASE };
	struct channel_message got;
	int fd;

	(void)state;
	assert_int_equal(channel_send(ends[1], &message, -1), 0);
	ends[0] = fd_close(ends[0]);
	assert_int_equal(channel_receive(ends[1], &got, &fd), 0);
}

static void no_channel(void **state)
{
	const struct channel_message message = { .type = CHANNEL_RELEASE };
	struct channel_message got;
	int fd;

	(void)state;
	assert_int_equal(channel_send(-EBADF, &message, -1), -EBADF);
	assert_int_equal(channel_receive(-EBADF, &got, &fd), -EBADF);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_ends, close_ends)
	const struct CMUnitTest tests[] = {
		TEST(messages),    TEST(descriptors), TEST(many_descriptors), TEST(short_packets),
		TEST(end_of_file), TEST(reset),       TEST(no_channel),
	};

	return cmocka_run_group_tests_name("engine/channel", tests, NULL, NULL);
}
