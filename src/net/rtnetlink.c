/* SPDX-License-Identifier: Apache-2.0 */

/*
 * rtnetlink by hand. A request is a header, a structure of its type and attributes; the kernel answers
 * one that asks for it (NLM_F_ACK) with an error message, whose code is 0 where all went well, and
 * before it with what was asked for. A dump is many messages, and one that says that it is done.
 *
 * The kernel answers in the order of the requests, and a socket is asked one thing at a time, so
 * sequence numbers are compared only to skip what an earlier request left.
 */

#include "net/rtnetlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "ns/open.h"

enum { MAX_REQUEST = 512, MAX_ANSWER = 32 * 1024 };

struct request {
	alignas(struct nlmsghdr) char data[MAX_REQUEST];
};

static struct nlmsghdr *header_of(struct request *request)
{
	return (struct nlmsghdr *)request->data;
}

/* Begin a request with the structure of its type. */
static void begin(struct request *request, uint16_t type, uint16_t flags, const void *body, size_t size)
{
	struct nlmsghdr *header = header_of(request);

	memset(request, 0, sizeof(*request));
	header->nlmsg_len = NLMSG_LENGTH(size);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(NLMSG_DATA(header), body, size);
}

static void add(struct request *request, uint16_t type, const void *data, size_t size)
{
	struct nlmsghdr *header = header_of(request);
	struct rtattr *attribute = (struct rtattr *)(request->data + NLMSG_ALIGN(header->nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), data, size);
	header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + RTA_SPACE(size);
}

static void add_text(struct request *request, uint16_t type, const char *text)
{
	add(request, type, text, strlen(text) + 1);
}

int rtnl_open(void)
{
	const int on = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	/* Strictly checked, a dump of addresses can be of one interface. 4.20. */
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return fd;
}

int rtnl_open_in(int netns_fd)
{
	cleanup_close int own_fd = ns_open_self(NS_NET, 0, NULL);
	int fd;

	if (own_fd < 0)
		return own_fd;
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return -errno;
	fd = rtnl_open();
	/* Whoever may join the other may join its own: this fails only where nothing is sure any more. */
	if (setns(own_fd, CLONE_NEWNET) < 0) {
		fd_close(fd);
		return -errno;
	}
	return fd;
}

typedef int (*answer_callback)(const struct nlmsghdr *answer, void *data);

static int judge(const struct nlmsghdr *header)
{
	const struct nlmsgerr *word = NLMSG_DATA(header);

	return header->nlmsg_len < NLMSG_LENGTH(sizeof(*word)) ? -EPROTO : word->error;
}

/* How a dump ended. */
static int judge_done(const struct nlmsghdr *header)
{
	int code = 0;

	if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(code)))
		memcpy(&code, NLMSG_DATA(header), sizeof(code));
	return code < 0 ? code : 0;
}

/*
 * Ask, and hand each answer to CALLBACK (NULL: none is expected). The kernel's verdict, or the first
 * failure of the callback.
 */
static int ask(int fd, struct request *request, answer_callback callback, void *data)
{
	static uint32_t sequence;
	alignas(struct nlmsghdr) char buffer[MAX_ANSWER];
	struct nlmsghdr *sent = header_of(request);
	int failed = 0;

	sent->nlmsg_seq = __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED);
	if (send(fd, sent, sent->nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
		size_t left = n < 0 ? 0 : (size_t)n;

		if (n < 0 && errno != EINTR)
			return -errno;
		for (struct nlmsghdr *at = (struct nlmsghdr *)buffer; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
			if (at->nlmsg_seq != sent->nlmsg_seq)
				continue;
			if (at->nlmsg_type == NLMSG_ERROR)
				return failed ? failed : judge(at);
			if (at->nlmsg_type == NLMSG_DONE)
				return failed ? failed : judge_done(at);
			if (callback && !failed)
				failed = callback(at, data);
		}
	}
}

/* Call EACH with the attributes behind a structure of SIZE bytes. */
static void each_attribute(const struct nlmsghdr *header, size_t size,
			   void (*each)(const struct rtattr *attribute, void *data), void *data)
{
	const struct rtattr *at = (const struct rtattr *)((const char *)NLMSG_DATA(header) + NLMSG_ALIGN(size));
	size_t left = NLMSG_PAYLOAD(header, NLMSG_ALIGN(size));

	for (; RTA_OK(at, left); at = RTA_NEXT(at, left))
		each(at, data);
}

static void take_link_attribute(const struct rtattr *attribute, void *data)
{
	struct rtnl_link *link = data;
	size_t size = RTA_PAYLOAD(attribute);

	if (attribute->rta_type != IFLA_IFNAME || size > sizeof(link->name))
		return;
	memcpy(link->name, RTA_DATA(attribute), size);
	link->name[sizeof(link->name) - 1] = '\0';
}

static int take_link(const struct nlmsghdr *answer, void *data)
{
	const struct ifinfomsg *info = NLMSG_DATA(answer);
	struct rtnl_link link = { 0 };

	if (answer->nlmsg_type != RTM_NEWLINK || answer->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EPROTO;
	link.index = info->ifi_index;
	link.up = info->ifi_flags & IFF_UP;
	each_attribute(answer, sizeof(*info), take_link_attribute, &link);
	*(struct rtnl_link *)data = link;
	return 0;
}

static int get_link(int fd, const char *name, int index, struct rtnl_link *ret)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct rtnl_link link = { 0 };
	struct request request;
	int r;

	begin(&request, RTM_GETLINK, NLM_F_ACK, &info, sizeof(info));
	if (name)
		add_text(&request, IFLA_IFNAME, name);
	r = ask(fd, &request, take_link, &link);
	if (r < 0)
		return r;
	if (!link.index)
		return -ENODEV;
	*ret = link;
	return 0;
}

int rtnl_link_by_name(int fd, const char *name, struct rtnl_link *ret)
{
	return get_link(fd, name, 0, ret);
}

int rtnl_link_by_index(int fd, int index, struct rtnl_link *ret)
{
	return get_link(fd, NULL, index, ret);
}

int rtnl_link_move(int fd, int index, int netns_fd, const char *name)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	const uint32_t netns = (uint32_t)netns_fd;
	struct request request;

	begin(&request, RTM_NEWLINK, NLM_F_ACK, &info, sizeof(info));
	add(&request, IFLA_NET_NS_FD, &netns, sizeof(netns));
	add_text(&request, IFLA_IFNAME, name);
	return ask(fd, &request, NULL, NULL);
}

int rtnl_link_rename(int fd, int index, const char *name)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct request request;

	begin(&request, RTM_NEWLINK, NLM_F_ACK, &info, sizeof(info));
	add_text(&request, IFLA_IFNAME, name);
	return ask(fd, &request, NULL, NULL);
}

int rtnl_link_up(int fd, int index)
{
	const struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	struct request request;

	begin(&request, RTM_NEWLINK, NLM_F_ACK, &info, sizeof(info));
	return ask(fd, &request, NULL, NULL);
}

static size_t address_size(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

static void take_address_attribute(const struct rtattr *attribute, void *data)
{
	struct rtnl_address *address = data;
	size_t size = RTA_PAYLOAD(attribute), wanted = address_size(address->family);

	switch (attribute->rta_type) {
	case IFA_FLAGS:
		if (size == sizeof(address->flags))
			memcpy(&address->flags, RTA_DATA(attribute), size);
		break;
	case IFA_RT_PRIORITY:
		if (size == sizeof(address->metric))
			memcpy(&address->metric, RTA_DATA(attribute), size);
		break;
	case IFA_LOCAL:
	case IFA_ADDRESS:
	case IFA_BROADCAST:
		if (size != wanted)
			break;
		memcpy(attribute->rta_type == IFA_LOCAL ? address->local :
		       attribute->rta_type == IFA_ADDRESS ? address->address : address->broadcast,
		       RTA_DATA(attribute), size);
		address->has_local |= attribute->rta_type == IFA_LOCAL;
		address->has_broadcast |= attribute->rta_type == IFA_BROADCAST;
		break;
	}
}

struct address_list {
	struct arena *arena;
	int index;
	struct rtnl_address *list;
	size_t n;
};

static int take_address(const struct nlmsghdr *answer, void *data)
{
	const struct ifaddrmsg *info = NLMSG_DATA(answer);
	struct rtnl_address address = { 0 }, *added;
	struct address_list *found = data;

	if (answer->nlmsg_type != RTM_NEWADDR || answer->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EPROTO;
	address.family = info->ifa_family;
	address.prefix = info->ifa_prefixlen;
	address.scope = info->ifa_scope;
	address.flags = info->ifa_flags;
	each_attribute(answer, sizeof(*info), take_address_attribute, &address);
	if ((int)info->ifa_index != found->index || !address_size(address.family) ||
	    address.scope != RT_SCOPE_UNIVERSE || !(address.flags & IFA_F_PERMANENT))
		return 0;
	added = arena_grow(found->arena, &found->list, &found->n, sizeof(*added));
	if (!added)
		return -ENOMEM;
	*added = address;
	return 0;
}

int rtnl_addresses(int fd, int index, struct arena *arena, struct rtnl_address **ret, size_t *ret_n)
{
	const struct ifaddrmsg info = { .ifa_family = AF_UNSPEC, .ifa_index = (uint32_t)index };
	struct address_list found = { .arena = arena, .index = index };
	struct request request;
	int r;

	begin(&request, RTM_GETADDR, NLM_F_DUMP, &info, sizeof(info));
	r = ask(fd, &request, take_address, &found);
	if (r < 0)
		return r;
	*ret = found.list;
	*ret_n = found.n;
	return 0;
}

int rtnl_address_add(int fd, int index, const struct rtnl_address *address)
{
	/* Whether an address is in use elsewhere was found out where it came from. */
	const uint32_t kept = IFA_F_NODAD | IFA_F_NOPREFIXROUTE | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR |
			      IFA_F_MCAUTOJOIN;
	const struct ifaddrmsg info = {
		.ifa_family = address->family,
		.ifa_prefixlen = address->prefix,
		.ifa_scope = address->scope,
		.ifa_index = (uint32_t)index,
	};
	size_t size = address_size(address->family);
	uint32_t flags = address->flags & kept;
	struct request request;
	int r;

	if (address->family == AF_INET6)
		flags |= IFA_F_NODAD;
	begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &info, sizeof(info));
	add(&request, IFA_ADDRESS, address->address, size);
	if (address->has_local)
		add(&request, IFA_LOCAL, address->local, size);
	if (address->has_broadcast)
		add(&request, IFA_BROADCAST, address->broadcast, size);
	add(&request, IFA_FLAGS, &flags, sizeof(flags));
	if (address->metric)
		add(&request, IFA_RT_PRIORITY, &address->metric, sizeof(address->metric));
	r = ask(fd, &request, NULL, NULL);
	return r == -EEXIST ? 0 : r;
}
