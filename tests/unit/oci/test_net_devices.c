/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "engine/engine.h"
#include "net/rtnetlink.h"
#include "ns/open.h"
#include "ns_child.h"
#include "oci/config.h"
#include "resolve/resolve.h"
#include "skip.h"

extern const struct feature feature_command, feature_procfs, feature_namespaces, feature_idmap, feature_user,
	feature_oci_net_devices;

static const struct feature *const features[] = { &feature_command, &feature_procfs, &feature_namespaces,
						  &feature_idmap,   &feature_user,   &feature_oci_net_devices };

/* Asserts work in the parent only. */
#define CHECK(condition)                                                           \
	do {                                                                       \
		if (!(condition)) {                                                \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);    \
			return 1;                                                  \
		}                                                                  \
	} while (0)

struct box {
	struct oci_config config;
	struct oci_namespace namespace;
	struct oci_net_device devices[4];
	struct spec *spec;
	struct facts facts;
	struct plan *plan;
	struct run run;
	struct inro_error error;
	char text[1024];
};

static const char *const sleeps[] = { "/bin/sleep", "1000", NULL };

static int start_command(struct box *box, size_t n, const char *const *command, const char *path)
{
	int r = spec_new(features, ARRAY_SIZE(features), &box->spec);

	box->namespace = (struct oci_namespace){ NS_NET, path };
	box->config.linux_.namespaces = &box->namespace;
	box->config.linux_.n_namespaces = 1;
	box->config.linux_.net_devices = box->devices;
	box->config.linux_.n_net_devices = n;
	box->spec->oci = &box->config;
	box->spec->ns.list = "net,pid";
	box->spec->process.args = command;
	if (r == 0)
		r = facts_gather(box->spec, &box->facts, &box->error);
	if (r == 0)
		r = resolve_plan(box->spec, &box->facts, &box->plan, &box->error);
	if (r == 0)
		r = run_init(&box->run, box->plan);
	if (r == 0)
		r = engine_start(&box->run, &box->error);
	inro_error_format(&box->error, box->text, sizeof(box->text));
	return r;
}

static int start(struct box *box, size_t n)
{
	return start_command(box, n, sleeps, NULL);
}

static void end(struct box *box)
{
	engine_kill(&box->run);
	engine_undo(&box->run);
	run_deinit(&box->run);
	plan_free(box->plan);
	facts_deinit(&box->facts);
	spec_free(box->spec);
	memset(box, 0, sizeof(*box));
}

static int make_devices(void)
{
	return system("ip link add v0 type veth peer name v1 && ip addr add 192.0.2.1/24 dev v0 && "
		      "ip addr add 2001:db8::1/64 dev v0 && ip link set v0 up");
}

/* The interface of that name, up or not, with so many addresses, in the namespace of a process (0: here). */
static bool is_there(pid_t pid, const char *name, bool up, size_t n)
{
	struct arena arena = { 0 };
	struct rtnl_address *list;
	cleanup_close int pidfd = pid ? sys_pidfd_open(pid, 0) : -EBADF;
	cleanup_close int ns_fd = pid ? ns_open_pidfd(pidfd, NS_NET, 0, NULL) : ns_open_self(NS_NET, 0, NULL);
	cleanup_close int fd = rtnl_open_in(ns_fd);
	struct rtnl_link link;
	size_t found = 0;
	bool ok = rtnl_link_by_name(fd, name, &link) == 0 && link.up == up &&
		  rtnl_addresses(fd, link.index, &arena, &list, &found) == 0 && found == n;

	arena_deinit(&arena);
	return ok;
}

static bool is_absent(const char *name)
{
	return if_nametoindex(name) == 0;
}

static int moved(void)
{
	struct box box = { 0 };

	CHECK(make_devices() == 0);
	box.devices[0] = (struct oci_net_device){ "v0", "eth0" };
	CHECK(start(&box, 1) == 0);
	CHECK(is_absent("v0") && is_absent("eth0"));
	CHECK(is_there(box.run.pid, "eth0", true, 2));
	/* One that was down stays so, and keeps its name. */
	CHECK(is_there(0, "v1", false, 0));
	end(&box);
	return 0;
}

static int kept_name(void)
{
	struct box box = { 0 };

	CHECK(make_devices() == 0);
	box.devices[0] = (struct oci_net_device){ "v1", NULL };
	CHECK(start(&box, 1) == 0);
	CHECK(is_there(box.run.pid, "v1", false, 0));
	CHECK(is_there(0, "v0", true, 2));
	end(&box);
	return 0;
}

static int templates(void)
{
	struct box box = { 0 };

	CHECK(make_devices() == 0);
	box.devices[0] = (struct oci_net_device){ "v1", "eth%d" };
	box.devices[1] = (struct oci_net_device){ "v0", "eth%d" };
	CHECK(start(&box, 2) == 0);
	CHECK(is_there(box.run.pid, "eth0", false, 0));
	CHECK(is_there(box.run.pid, "eth1", true, 2));
	CHECK(is_absent("v0") && is_absent("v1"));
	end(&box);
	return 0;
}

/* The second cannot be moved, and the first is back as it was. */
static int undone(void)
{
	static const struct {
		struct oci_net_device second;
		const char *words;
	} rows[] = {
		{ { "none", NULL }, "move the network interface none: RTM_GETLINK: No such device: the host has no" },
		{ { "v1", "lo" }, "move the network interface v1: RTM_NEWLINK: File exists: there is one called lo" },
	};
	struct box box = { 0 };

	CHECK(make_devices() == 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		box.devices[0] = (struct oci_net_device){ "v0", "eth0" };
		box.devices[1] = rows[i].second;
		CHECK(start(&box, 2) < 0);
		CHECK(strstr(box.text, rows[i].words));
		CHECK(is_there(0, "v0", true, 2));
		CHECK(is_there(0, "v1", false, 0));
		end(&box);
	}
	return 0;
}

/* A command that is not there: all was moved, and comes back. */
static int undone_late(void)
{
	static const char *const command[] = { "/nonexistent", NULL };
	struct box box = { 0 };

	CHECK(make_devices() == 0);
	box.devices[0] = (struct oci_net_device){ "v0", "eth%d" };
	CHECK(start_command(&box, 1, command, NULL) == -ENOENT);
	CHECK(is_there(0, "v0", true, 2));
	end(&box);
	return 0;
}

/* What is called the container's may be the runtime's own. */
static int own_namespace(void)
{
	struct box box = { 0 };

	CHECK(make_devices() == 0);
	box.devices[0] = (struct oci_net_device){ "v0", "eth0" };
	CHECK(start_command(&box, 1, sleeps, "/proc/self/ns/net") == -EINVAL);
	CHECK(strstr(box.text, "/proc/self/ns/net"));
	CHECK(strstr(box.text, "it is the runtime's own, to which no interface can be moved"));
	CHECK(is_there(0, "v0", true, 2));
	end(&box);
	return 0;
}

static void in_namespace(int (*function)(void))
{
	pid_t pid;

	if (geteuid() != 0)
		skip_because("needs root");
	pid = child_fork(CLONE_NEWNET);
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(function());
	assert_int_equal(child_result(pid), 0);
}

#define IN_NAMESPACE(name)               \
	static void run_##name(void **s) \
	{                                \
		(void)s;                 \
		in_namespace(name);      \
	}
IN_NAMESPACE(moved)
IN_NAMESPACE(kept_name)
IN_NAMESPACE(templates)
IN_NAMESPACE(undone)
IN_NAMESPACE(undone_late)
IN_NAMESPACE(own_namespace)

static void refused(void **state)
{
	static const struct {
		struct oci_net_device devices[2];
		const char *words;
	} rows[] = {
		{ { { "a/b", NULL } }, "'a/b' is no name" },
		{ { { "eth0", "0123456789abcdef" } }, "eth0: '0123456789abcdef' is no name of an interface (at most 15" },
		{ { { "eth0", "eth%s" } }, "'eth%s' is no name" },
		{ { { "eth0", "e%dh%d" } }, "'e%dh%d' is no name" },
		{ { { "eth%d", NULL } }, "'eth%d' is no name" },
		{ { { "eth0", "" } }, "eth0: '' is no name" },
		{ { { "eth0", ".." } }, "'..' is no name" },
		{ { { "eth0", "a b" } }, "'a b' is no name" },
		{ { { "eth0", "x" }, { "eth1", "x" } }, "eth0 and eth1 would both be called x" },
		{ { { "eth0", "x" }, { "eth0", "y" } }, "eth0 is there twice" },
	};
	struct oci_namespace namespace = { NS_NET, NULL };

	(void)state;
	for (size_t i = 0; i <= ARRAY_SIZE(rows); i++) {
		struct oci_config config = { 0 };
		struct spec spec = { .oci = &config };
		struct plan plan = { .spec = &spec };
		struct inro_error error = { 0 };
		size_t row = i < ARRAY_SIZE(rows) ? i : 0;

		config.linux_.net_devices = (struct oci_net_device *)rows[row].devices;
		config.linux_.n_net_devices = rows[row].devices[1].host_name ? 2 : 1;
		config.linux_.namespaces = &namespace;
		config.linux_.n_namespaces = i < ARRAY_SIZE(rows);
		assert_int_equal(feature_oci_net_devices.settle(&plan, &error), -EINVAL);
		assert_string_equal(error.what, "linux.netDevices");
		assert_non_null(strstr(error.why, i < ARRAY_SIZE(rows) ? rows[i].words : "needs a network namespace"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_moved),    cmocka_unit_test(run_kept_name),
		cmocka_unit_test(run_templates), cmocka_unit_test(run_undone),
		cmocka_unit_test(run_undone_late), cmocka_unit_test(run_own_namespace),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests_name("oci/net_devices", tests, NULL, NULL);
}
