/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/utsname.h>

#include "feature_child.h"
#include "oci/config.h"
#include "skip.h"

extern const struct feature feature_oci_sysctl, feature_procfs;

static struct oci_config config;
static struct oci_namespace namespaces[3];
static struct oci_sysctl sysctls[3];

static void start(struct trial *trial)
{
	static const enum ns_kind kinds[] = { NS_IPC, NS_NET, NS_UTS };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		namespaces[i] = (struct oci_namespace){ .kind = kinds[i] };
	config = (struct oci_config){ .linux_ = { .namespaces = namespaces, .n_namespaces = 3, .sysctls = sysctls,
						  .n_sysctls = 3 } };
	TRIAL_INIT(trial, &feature_procfs, &feature_oci_sysctl);
	trial->spec.oci = &config;
	trial->clone_flags = CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS;
}

static void map(struct trial *trial)
{
	trial_write_maps(trial, 0, 1);
}

static bool holds(const char *path, const char *expected)
{
	char text[64];

	return fd_read_file_at(AT_FDCWD, path, text, sizeof(text)) > 0 && strcmp(text, expected) == 0;
}

static int check(struct trial *trial)
{
	struct utsname names;

	(void)trial;
	if (!holds("/proc/sys/net/ipv4/ip_unprivileged_port_start", "77\n"))
		return 10;
	if (!holds("/proc/sys/net/ipv4/conf/lo/forwarding", "1\n"))
		return 11;
	uname(&names);
	return strcmp(names.domainname, "example.org") != 0 ? 12 : 0;
}

static void settings_of_own_namespaces(void **state)
{
	char before[64];
	struct trial trial;

	(void)state;
	start(&trial);
	sysctls[0] = (struct oci_sysctl){ "net.ipv4.ip_unprivileged_port_start", "77" };
	sysctls[1] = (struct oci_sysctl){ "net/ipv4/conf/lo/forwarding", "1" };
	sysctls[2] = (struct oci_sysctl){ "kernel.domainname", "example.org" };
	trial.between = map;
	trial.check = check;
	assert_true(fd_read_file_at(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", before,
				    sizeof(before)) > 0);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	assert_true(holds("/proc/sys/net/ipv4/ip_unprivileged_port_start", before));
	trial_deinit(&trial);
}

static void refuses(const char *key, const char *words)
{
	struct trial trial;

	start(&trial);
	config.linux_.n_sysctls = 1;
	sysctls[0] = (struct oci_sysctl){ key, "1" };
	assert_int_equal(trial_plan(&trial, true), -EINVAL);
	assert_non_null(strstr(trial.error.why, words));
	trial_deinit(&trial);
}

static void what_is_the_hosts(void **state)
{
	struct trial trial;

	(void)state;
	refuses("kernel.panic", "not in a separate kernel namespace");
	refuses("vm.swappiness", "not in a separate kernel namespace");
	refuses("kernel.msgmaxx", "not in a separate kernel namespace");
	refuses("net.", "no name");
	refuses("", "no name");
	refuses("net/../kernel/panic", "no name");
	refuses("net..ipv4", "no name");
	refuses("fs.mqueue.", "no name");
	refuses("kernel.hostname", "hostname");
	refuses("user.max_user_namespaces", "hosts user namespace");
	/* One that is "joined" and is where the caller is. */
	start(&trial);
	namespaces[1].path = "/proc/self/ns/net";
	config.linux_.n_sysctls = 1;
	sysctls[0] = (struct oci_sysctl){ "net.ipv4.ip_forward", "1" };
	assert_int_equal(trial_plan(&trial, true), -EINVAL);
	assert_non_null(strstr(trial.error.why, "is the host's"));
	trial_deinit(&trial);
}

/* The first separator is the separator. */
static void dots_and_slashes(void **state)
{
	struct trial trial;
	const char *const *path;

	(void)state;
	start(&trial);
	sysctls[0] = (struct oci_sysctl){ "net.ipv4.conf.eth0/1.forwarding", "1" };
	sysctls[1] = (struct oci_sysctl){ "net/ipv4/conf/eth0.1/forwarding", "1" };
	sysctls[2] = (struct oci_sysctl){ "fs.mqueue.msg_max", "5" };
	assert_int_equal(trial_plan(&trial, true), 0);
	for (size_t i = 1; i < 3; i++) {
		path = trial.plan.steps[i].args;
		assert_string_equal(*path, "sys/net/ipv4/conf/eth0.1/forwarding");
	}
	trial_deinit(&trial);
}

static void a_value_that_the_kernel_refuses(void **state)
{
	struct trial trial;

	(void)state;
	start(&trial);
	config.linux_.n_sysctls = 1;
	sysctls[0] = (struct oci_sysctl){ "net.ipv4.ip_unprivileged_port_start", "-7" };
	trial.between = map;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 121);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_of_own_namespaces),
		cmocka_unit_test(what_is_the_hosts),
		cmocka_unit_test(dots_and_slashes),
		cmocka_unit_test(a_value_that_the_kernel_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
