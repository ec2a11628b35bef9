/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The kernel's process events, by the connector of netlink. It takes CAP_NET_ADMIN in the first user
 * namespace, and numbers are those of the first PID namespace: whoever is elsewhere hears nothing,
 * and scans instead. That is found out by waiting for the answer to the subscription.
 */

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/watch.h"
#include "ns/open.h"

static int subscribe(int fd)
{
	const uint32_t operation = PROC_CN_MCAST_LISTEN;
	const struct cn_msg message = { .id = { CN_IDX_PROC, CN_VAL_PROC }, .len = sizeof(operation) };
	_Alignas(8) char request[NLMSG_SPACE(sizeof(message) + sizeof(operation))] = { 0 };
	const struct nlmsghdr header = { .nlmsg_len = NLMSG_LENGTH(sizeof(message) + sizeof(operation)),
					 .nlmsg_type = NLMSG_DONE };

	memcpy(request, &header, sizeof(header));
	memcpy(request + NLMSG_HDRLEN, &message, sizeof(message));
	memcpy(request + NLMSG_HDRLEN + sizeof(message), &operation, sizeof(operation));
	return send(fd, request, header.nlmsg_len, 0) == (ssize_t)header.nlmsg_len ? 0 : -errno;
}

static int handle(struct watch *watch, const struct proc_event *event)
{
	switch ((unsigned)event->what) {
	case PROC_EVENT_FORK:
		/* Threads are not told of. */
		if (event->event_data.fork.child_pid != event->event_data.fork.child_tgid)
			return 0;
		return watch_look(watch, event->event_data.fork.child_tgid);
	case PROC_EVENT_EXEC:
		return watch_look(watch, event->event_data.exec.process_tgid);
	case PROC_EVENT_EXIT:
		if (event->event_data.exit.process_pid != event->event_data.exit.process_tgid)
			return 0;
		return watch_end(watch, event->event_data.exit.process_tgid);
	default:
		return 0;
	}
}

/* One datagram: events one after the other. WATCH may be NULL: they are thrown away. */
static int take(struct watch *watch, char *buffer, size_t size)
{
	struct nlmsghdr *header = (void *)buffer;
	int r = 0;

	for (unsigned left = (unsigned)size; NLMSG_OK(header, left) && r == 0; header = NLMSG_NEXT(header, left)) {
		const struct cn_msg *message = NLMSG_DATA(header);
		struct proc_event event = { 0 };

		if (header->nlmsg_type != NLMSG_DONE || message->id.idx != CN_IDX_PROC)
			continue;
		memcpy(&event, message->data, message->len < sizeof(event) ? message->len : sizeof(event));
		if (watch)
			r = handle(watch, &event);
		else if ((unsigned)event.what == 0) /* PROC_EVENT_NONE: the answer to the subscription */
			r = event.event_data.ack.err ? -(int)event.event_data.ack.err : 1;
	}
	return r;
}

/* 1 for the answer, 0 for other news, or a negative errno. */
static int await_answer(int fd)
{
	enum { PATIENCE_MS = 500 };
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	_Alignas(8) char buffer[8192];
	int r = 0;

	while (r == 0) {
		ssize_t n;

		if (poll(&poll_fd, 1, PATIENCE_MS) <= 0)
			return -ETIMEDOUT;
		n = recv(fd, buffer, sizeof(buffer), 0);
		if (n < 0)
			return -errno;
		r = take(NULL, buffer, (size_t)n);
	}
	return r;
}

int watch_open_events(void)
{
	cleanup_close int fd = socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
	cleanup_close int own = ns_open_self(NS_PID, 0, NULL);
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	int size = 8 << 20, r;
	struct ns_id id;

	if (fd < 0)
		return -errno;
	if (own < 0 || ns_fd_id_short(own, &id) < 0 || !ns_is_initial(NS_PID, id.ino))
		return -EPERM;
	/* Room for a storm of forks; without the right to so much it is what it is. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	r = subscribe(fd);
	if (r == 0)
		r = await_answer(fd);
	return r < 0 ? r : take_fd(&fd);
}

int watch_read_events(struct watch *watch, int fd)
{
	_Alignas(8) char buffer[8192];

	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t length = sizeof(from);
		ssize_t n = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &length);
		int r;

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		/* Only the kernel is believed. */
		r = from.nl_pid == 0 ? take(watch, buffer, (size_t)n) : 0;
		if (r < 0)
			return r;
	}
}
