/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include "feature_child.h"

extern const struct feature feature_net;

/* Loopback is up, and there is nothing else. */
static int check_loopback(struct trial *trial)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct if_nameindex *names = if_nameindex();
	struct ifaddrs *list;

	(void)trial;
	for (struct if_nameindex *at = names; at && at->if_index; at++)
		if (strcmp(at->if_name, "lo") != 0 && strcmp(at->if_name, "tunl0") != 0 &&
		    strcmp(at->if_name, "sit0") != 0)
			return 1;
	if_freenameindex(names);
	if (getifaddrs(&list) < 0)
		return 2;
	for (struct ifaddrs *at = list; at; at = at->ifa_next)
		if (strcmp(at->ifa_name, "lo") == 0 && !(at->ifa_flags & IFF_UP))
			return 3;
	freeifaddrs(list);
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : 4;
}

static void loopback(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_net);
	trial.clone_flags = CLONE_NEWNET | CLONE_NEWUSER;
	trial.check = check_loopback;
	assert_int_equal(trial_set(&trial, "net", "none"), 0);
	assert_int_equal(trial_plan(&trial, false), 0);
	assert_true(trial.plan.settled.ns_new & NS_BIT(NS_NET));
	assert_int_equal(trial.plan.n_steps, 1);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void modes(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_net);
	trial.plan.settled.ns_new = NS_ALL;
	assert_int_equal(trial_set(&trial, "network", "host"), 0);
	assert_int_equal(trial_plan(&trial, false), 0);
	assert_false(trial.plan.settled.ns_new & NS_BIT(NS_NET));
	assert_int_equal(trial.plan.n_steps, 0);
	assert_int_equal(trial_set(&trial, "net", "web"), 0);
	assert_int_equal(trial.spec.net, NET_JOIN);
	assert_string_equal(trial.spec.net_target, "web");
	assert_int_equal(trial_set(&trial, "net", ""), -EINVAL);
	assert_string_equal(trial.error.what, "--net");
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(loopback), cmocka_unit_test(modes) };

	return cmocka_run_group_tests_name("net/net", tests, NULL, NULL);
}
