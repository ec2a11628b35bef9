/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int channel_send(int channel_fd, const struct channel_message *message, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec data = {
		.iov_base = (void *)message,
		.iov_len = message->type == CHANNEL_ERROR ? sizeof(*message) : CHANNEL_SHORT,
	};
	struct msghdr packet = { .msg_iov = &data, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		packet.msg_control = &control;
		packet.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	do
		n = sendmsg(channel_fd, &packet, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int channel_receive(int channel_fd, struct channel_message *ret, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec data = { .iov_base = ret, .iov_len = sizeof(*ret) };
	struct msghdr packet = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		/* Without the padding, into which the kernel would put a second descriptor that nobody closes. */
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};
	ssize_t n;

	*ret_fd = -EBADF;
	do
		n = recvmsg(channel_fd, &packet, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	/* A child that died with unread data in its queue resets the connection: an end as well. */
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return -errno;
	if (packet.msg_controllen >= CMSG_LEN(sizeof(int)) &&
	    control.header.cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(&control.header), sizeof(*ret_fd));
	if (n < CHANNEL_SHORT || (ret->type == CHANNEL_ERROR && n < (ssize_t)sizeof(*ret)))
		return -EPROTO;
	return 1;
}
