/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Leaving: leave NAME. It takes a new host name in new user and UTS namespaces, and tells which of
 * its namespaces are still those it began in. unshare(2) is called as it is: there is nothing that
 * a library could add to one call.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <inro/ns.h>

int main(int argc, char **argv)
{
	int before[INRO_NS_KINDS];
	char name[65] = "";

	if (argc != 2)
		return fprintf(stderr, "usage: %s NAME\n", argv[0]), 2;
	for (int kind = 0; kind < INRO_NS_KINDS; kind++)
		before[kind] = inro_ns_open_self((enum inro_ns_kind)kind, 0, NULL);
	printf("before: PID %d\n", getpid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWUTS) < 0 || sethostname(argv[1], strlen(argv[1])) < 0)
		return perror("unshare"), 1;
	gethostname(name, sizeof(name));
	printf("after:  PID %d, on %s\n", getpid(), name);
	for (int kind = 0; kind < INRO_NS_KINDS; kind++) {
		int now = inro_ns_open_self((enum inro_ns_kind)kind, 0, NULL);

		printf("%-6s  %s\n", inro_ns_kind_name((enum inro_ns_kind)kind),
		       inro_ns_same(before[kind], now) == 1 ? "the same" : "new");
	}
	return 0;
}
