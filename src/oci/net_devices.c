/* SPDX-License-Identifier: Apache-2.0 */

/*
 * linux.netDevices: interfaces of the host that become the container's.
 *
 * The parent moves them while the child waits, as who may do so: it is asked for by a message to the
 * namespace that they leave, and what they lose on the way (being up, their addresses) is set again
 * by messages to the one where they come to. When the start fails they are moved back in the same way.
 * When a container ends, the kernel moves a physical interface back by itself, and removes a virtual
 * one; nothing is done then.
 *
 * An interface arrives under a name that nothing else has, is found by that, and gets its own name
 * then. For a name with %d ("eth%d"), the first of its kind that is free inside, the kernel says neither
 * which it chose nor which number the interface has there; and where a name is taken, it refuses only
 * once the interface has gone over.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "net/rtnetlink.h"
#include "ns/open.h"
#include "oci/config.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_net_devices;

struct netns_args {
	int slot;
	const char *path; /* of a namespace that is joined; NULL: the child's own */
};

struct device_args {
	int slot;         /* of the container's network namespace */
	const char *host_name, *name;
	struct arena *arena;
	/* Known once it is moved. */
	struct rtnl_link link;  /* as it was here */
	struct rtnl_address *addresses;
	size_t n_addresses;
	int index;              /* inside */
};

static int run_open_netns(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct netns_args *args = step->args;
	int fd = args->path ? ns_open_path(AT_FDCWD, args->path, NULL, error) :
			      ns_open_pidfd(run->pidfd, NS_NET, 0, error);
	cleanup_close int own_fd = fd < 0 ? -EBADF : ns_open_self(NS_NET, 0, error);
	int r;

	if (fd < 0)
		return error_raw(error, fd, "open", args->path);
	run->slots[args->slot] = fd;
	r = own_fd < 0 ? own_fd : ns_same(fd, own_fd);
	if (r < 0)
		return error_raw(error, r, "fstat", args->path);
	if (r == 0)
		return 0;
	error_raw(error, -EINVAL, NULL, args->path);
	error_raw_kind(error, INRO_ERROR_USAGE, "it is the runtime's own, to which no interface can be moved");
	return -EINVAL;
}

static const struct step_kind kind_open_netns = {
	.name = "open-netns",
	.what = "open the container's network namespace",
	.calls = "ioctl PIDFD_GET_NET_NAMESPACE, open",
	.run = run_open_netns,
};

/* Set again, by a socket there, what an interface was before it was moved. */
static int restore(int fd, int index, const struct device_args *args, struct inro_error *error)
{
	for (size_t i = 0; i < args->n_addresses; i++) {
		int r = rtnl_address_add(fd, index, &args->addresses[i]);

		if (r < 0)
			return error_raw(error, r, "RTM_NEWADDR", args->host_name);
	}
	if (args->link.up) {
		int r = rtnl_link_up(fd, index);

		if (r < 0)
			return error_raw(error, r, "RTM_NEWLINK", args->host_name);
	}
	return 0;
}

/* Move it there under its name; *ret is a socket there. */
static int move_there(int here_fd, int netns_fd, struct device_args *args, int *ret, struct inro_error *error)
{
	char unique[IF_NAMESIZE];
	struct rtnl_link inside;
	int r;

	*ret = rtnl_open_in(netns_fd);
	if (*ret < 0)
		return error_raw(error, *ret, "setns", NULL);
	snprintf(unique, sizeof(unique), "i%x.%x", (unsigned)getpid(), (unsigned)args->link.index);
	r = rtnl_link_move(here_fd, args->link.index, netns_fd, unique);
	if (r < 0)
		return error_raw(error, r, "RTM_NEWLINK", args->host_name);
	r = rtnl_link_by_name(*ret, unique, &inside);
	if (r < 0)
		return error_raw(error, r, "RTM_GETLINK", args->name);
	args->index = inside.index;
	r = rtnl_link_rename(*ret, inside.index, args->name);
	return r < 0 ? error_raw(error, r, "RTM_NEWLINK", args->host_name) : 0;
}

/* Back to where it was, as it was. There is nobody to tell of a failure. */
static void move_back(int netns_fd, const struct device_args *args)
{
	cleanup_close int own_fd = ns_open_self(NS_NET, 0, NULL);
	cleanup_close int there_fd = rtnl_open_in(netns_fd), here_fd = rtnl_open();
	struct rtnl_link link;

	if (own_fd < 0 || there_fd < 0 || here_fd < 0 ||
	    rtnl_link_move(there_fd, args->index, own_fd, args->host_name) < 0 ||
	    rtnl_link_by_name(here_fd, args->host_name, &link) < 0)
		return;
	(void)restore(here_fd, link.index, args, NULL);
}

static int run_move(struct run *run, const struct step *step, struct inro_error *error)
{
	struct device_args *args = (struct device_args *)step->args;
	cleanup_close int here_fd = rtnl_open(), there_fd = -EBADF;
	int r;

	if (here_fd < 0)
		return error_raw(error, here_fd, "socket", "NETLINK_ROUTE");
	r = rtnl_link_by_name(here_fd, args->host_name, &args->link);
	if (r < 0)
		return error_raw(error, r, "RTM_GETLINK", args->host_name);
	r = rtnl_addresses(here_fd, args->link.index, args->arena, &args->addresses, &args->n_addresses);
	if (r < 0)
		return error_raw(error, r, "RTM_GETADDR", args->host_name);
	args->index = 0;
	r = move_there(here_fd, run_fd(run, args->slot), args, &there_fd, error);
	if (r == 0)
		r = restore(there_fd, args->index, args, error);
	if (r < 0 && args->index)
		move_back(run_fd(run, args->slot), args);
	return r;
}

/* Where the command runs, the namespace is closed here, and the interface is the container's. */
static void undo_move(struct run *run, const struct step *step)
{
	const struct device_args *args = step->args;

	if (run_fd(run, args->slot) >= 0)
		move_back(run_fd(run, args->slot), args);
}

static void tell_move(const struct step *step, struct buf *text)
{
	const struct device_args *args = step->args;

	if (strcmp(args->name, args->host_name) != 0)
		buf_printf(text, "as %s", args->name);
}

static void advise_move(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	const struct device_args *args = step->args;

	(void)plan;
	if (error->code == ENODEV)
		error_why(error, "the host has no such interface");
	else if (error->code == EEXIST)
		error_why(error, "there is one called %s inside already", args->name);
	else if (error->code == EPERM)
		error_why(error, "it takes CAP_NET_ADMIN on the host and CAP_SYS_ADMIN over the container");
}

static const struct step_kind kind_move = {
	.name = "move-interface",
	.what = "move the network interface",
	.calls = "RTM_GETLINK, RTM_GETADDR, setns, RTM_NEWLINK, RTM_NEWADDR",
	.run = run_move,
	.undo = undo_move,
	.tell = tell_move,
	.advise = advise_move,
};

/* As the kernel judges a name, and %d as the only thing that it replaces. */
static bool name_ok(const char *name)
{
	const char *percent = strchr(name, '%');
	size_t length = strlen(name);

	if (length == 0 || length >= IF_NAMESIZE || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (const char *at = name; *at; at++)
		if (*at == '/' || *at == ':' || isspace((unsigned char)*at))
			return false;
	return !percent || (percent[1] == 'd' && !strchr(percent + 2, '%'));
}

static int check(const struct oci_linux *linux_, size_t index, struct inro_error *error)
{
	const struct oci_net_device *device = &linux_->net_devices[index];
	const char *name = device->name ? device->name : device->host_name;

	if (!name_ok(device->host_name) || strchr(device->host_name, '%'))
		return fail_usage(error, "linux.netDevices", "'%s' is no name of an interface", device->host_name);
	if (!name_ok(name))
		return fail_usage(error, "linux.netDevices", "%s: '%s' is no name of an interface (at most %d bytes)",
				  device->host_name, name, IF_NAMESIZE - 1);
	for (size_t i = 0; i < index; i++) {
		const struct oci_net_device *other = &linux_->net_devices[i];
		const char *taken = other->name ? other->name : other->host_name;

		if (strcmp(other->host_name, device->host_name) == 0)
			return fail_usage(error, "linux.netDevices", "%s is there twice", device->host_name);
		if (strcmp(taken, name) == 0 && !strchr(name, '%'))
			return fail_usage(error, "linux.netDevices", "%s and %s would both be called %s",
					  other->host_name, device->host_name, name);
	}
	return 0;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct oci_linux *linux_ = plan->spec->oci ? &plan->spec->oci->linux_ : NULL;

	if (!linux_ || !linux_->n_net_devices)
		return 0;
	if (!oci_has_ns(plan->spec->oci, NS_NET, NULL))
		return fail_usage(error, "linux.netDevices",
				  "needs a network namespace of the container's own (linux.namespaces)");
	for (size_t i = 0; i < linux_->n_net_devices; i++) {
		int r = check(linux_, i, error);

		if (r < 0)
			return r;
	}
	plan->settled.wait_release = true;
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_linux *linux_ = plan->spec->oci ? &plan->spec->oci->linux_ : NULL;
	struct netns_args *netns;

	if (!linux_ || !linux_->n_net_devices)
		return 0;
	netns = arena_alloc(&plan->arena, sizeof(*netns));
	if (!netns)
		return fail_memory(error);
	netns->slot = plan_transient(plan, plan_slot(plan));
	oci_has_ns(plan->spec->oci, NS_NET, &netns->path);
	plan_add(plan, STAGE_MAP, &kind_open_netns, netns->path, "interfaces are moved there", netns);
	for (size_t i = 0; i < linux_->n_net_devices; i++) {
		const struct oci_net_device *device = &linux_->net_devices[i];
		struct device_args *args = arena_alloc(&plan->arena, sizeof(*args));

		if (!args)
			return fail_memory(error);
		args->slot = netns->slot;
		args->host_name = device->host_name;
		args->name = device->name ? device->name : device->host_name;
		args->arena = &plan->arena;
		plan_add(plan, STAGE_MAP, &kind_move, device->host_name, "asked for by linux.netDevices", args);
	}
	return 0;
}

const struct feature feature_oci_net_devices = {
	.name = "oci_net_devices",
	.settle = settle,
	.resolve = resolve,
};
