/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_RTNETLINK_H
#define NET_RTNETLINK_H

/*
 * The few requests of rtnetlink(7) that moving a network interface takes. A socket belongs to the
 * network namespace in which it was made, wherever its process goes later. All functions return 0 or
 * a negative errno: the kernel's answer, or what kept it from being asked.
 */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct rtnl_link {
	int index;
	char name[IF_NAMESIZE];
	bool up; /* IFF_UP: by its administrator, whether or not there is a carrier */
};

/* An address of an interface; of what the kernel keeps of it, that which can be set again. */
struct rtnl_address {
	uint8_t family, prefix, scope;
	uint32_t flags; /* IFA_F_* */
	uint32_t metric;
	uint8_t local[16], address[16], broadcast[16]; /* of the family's length */
	bool has_local, has_broadcast;
};

/* A socket in the caller's network namespace, or in that of NETNS_FD (the thread goes there and back). */
int rtnl_open(void);
int rtnl_open_in(int netns_fd);

/* -ENODEV where there is none of that name, or index. */
int rtnl_link_by_name(int fd, const char *name, struct rtnl_link *ret);
int rtnl_link_by_index(int fd, int index, struct rtnl_link *ret);

/*
 * Move an interface to another network namespace, where it is called NAME. It goes down, and loses its
 * addresses and routes. Where the name is taken there, -EEXIST, but it may have gone over all the same.
 */
int rtnl_link_move(int fd, int index, int netns_fd, const char *name);

/* Rename one that is down; "eth%d" takes the first number that is free. */
int rtnl_link_rename(int fd, int index, const char *name);
int rtnl_link_up(int fd, int index);

/* The permanent addresses of global scope that an interface has, in ARENA. */
int rtnl_addresses(int fd, int index, struct arena *arena, struct rtnl_address **ret, size_t *ret_n);

/* Give it one; one that it has already is no error. */
int rtnl_address_add(int fd, int index, const struct rtnl_address *address);

#endif
