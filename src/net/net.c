/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The network of a container: none but loopback (its own namespace), the host's, or that of a
 * target. With the host's, names must resolve as well: /etc/resolv.conf is often a link into /run,
 * which is private, so the file it points to is shown at its place.
 */

#include <errno.h>
#include <limits.h>
#include <linux/mount.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "mount/spec.h"
#include "mount/steps.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_net, feature_names;

static int run_loopback(struct run *run, const struct step *step, struct inro_error *error)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)run;
	(void)step;
	if (fd < 0 && errno == EAFNOSUPPORT)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_raw(error, -errno, "socket", NULL);
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? error_raw(error, -errno, "ioctl", "lo") : 0;
}

static const struct step_kind kind_loopback = {
	.name = "loopback",
	.what = "bring up the loopback interface",
	.calls = "socket, ioctl SIOCSIFFLAGS",
	.run = run_loopback,
};

static int set_net(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;

	if (!*value)
		return fail_usage(error, "--net", "is none, host, or whose network to join");
	spec->net = strcmp(value, "none") == 0   ? NET_NONE
		    : strcmp(value, "host") == 0 ? NET_HOST
						 : NET_JOIN;
	spec->net_target = arena_strdup(&spec->arena, value);
	return spec->net_target ? 0 : fail_memory(error);
}

static const struct option_row options[] = {
	{
		.name = "net",
		.form = OPTION_VALUE,
		.argument = "none|host|TARGET",
		.help = "loopback alone, the host's or a target's",
		.section = "Namespaces",
		.set = set_net,
		.aliases = "network",
		.choices = "none|host",
	},
};

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	char path[PATH_MAX];

	if (spec->net != NET_HOST || !realpath("/etc/resolv.conf", path))
		return 0;
	facts->resolv_conf = arena_strdup(&facts->arena, path);
	return facts->resolv_conf ? 0 : fail_memory(error);
}

static int settle(struct plan *plan, struct inro_error *error)
{
	(void)error;
	plan->settled.net = plan->spec->net;
	if (plan->spec->net == NET_NONE)
		plan->settled.ns_new |= NS_BIT(NS_NET);
	else if (plan->spec->net == NET_HOST)
		plan->settled.ns_new &= ~NS_BIT(NS_NET);
	return 0;
}

static bool is_visible(const struct facts *facts, const char *path)
{
	for (size_t i = 0; i < facts->n_roots; i++)
		if (!facts->roots[i].link && mount_is_below(path + 1, facts->roots[i].name))
			return true;
	return false;
}

/* After all mounts of the spec: it lies in /run, where a tmpfs would hide it. */
static int resolve_names(struct plan *plan, struct inro_error *error)
{
	const struct mount_source source = {
		.path = plan->facts->resolv_conf,
		.flags = {
			.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
			.propagation = PROPAGATION_PRIVATE,
		},
		.optional = true,
	};
	const char *path = plan->facts->resolv_conf;
	enum root_mode mode = plan->spec->mounts.root.mode;
	const char *why = "names resolve as on the host";

	(void)error;
	if (!plan->settled.own_root || !path || plan->spec->bare ||
	    (mode == ROOT_HOST && is_visible(plan->facts, path)))
		return 0;
	mount_place(plan, mount_take(plan, &source, why),
		    mode == ROOT_HOST ? path : "/etc/resolv.conf", 0, why);
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	(void)error;
	if (plan->settled.ns_new & NS_BIT(NS_NET))
		plan_add(plan, STAGE_SYSTEM, &kind_loopback, NULL,
			 "a new network namespace has it, but down", NULL);
	return 0;
}

const struct feature feature_net = {
	.name = "net",
	FEATURE_OPTIONS(options),
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};

const struct feature feature_names = {
	.name = "names",
	.resolve = resolve_names,
};
