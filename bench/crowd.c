/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A crowd of sleeping processes in many containers, made fast, for benchmarks and tests:
 *
 *	crowd CONTAINERS PROCESSES [LEVELS] [COMMAND…]
 *
 * Each container is a child with new pid, mnt, uts, ipc, net and cgroup namespaces (as an ordinary user: a user
 * namespace, too) and its share of the processes. With LEVELS the containers are inside each other, so
 * many deep. When all are there the line "ready" is written; at the end of standard input all are
 * ended. CROWD_NS=pid,uts chooses the kinds.
 */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned long flags_of(const char *text)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} kinds[] = {
		{ "pid", CLONE_NEWPID }, { "mnt", CLONE_NEWNS },  { "uts", CLONE_NEWUTS },	    { "ipc", CLONE_NEWIPC },
		{ "net", CLONE_NEWNET }, { "cgroup", 0x02000000 }, { "user", CLONE_NEWUSER },
	};
	unsigned long flags = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strstr(text, kinds[i].name))
			flags |= kinds[i].flag;
	return flags;
}

static void run(char **command)
{
	if (command && *command)
		execvp(command[0], command);
	for (;;)
		pause();
}

/* The container's PID 1: starts the others, says so, and waits. */
static int container(int ready_fd, int members, int levels, unsigned long flags, char **command)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 1; i < members; i++)
		if (fork() == 0)
			run(command);
	if (levels > 1) {
		if (unshare((int)flags) < 0)
			return 1;
		if (fork() == 0)
			return container(ready_fd, members, levels - 1, flags, command);
	} else if (write(ready_fd, "x", 1) != 1) {
		return 1;
	}
	run(NULL);
	return 0;
}

int main(int argc, char **argv)
{
	int containers = argc > 2 ? atoi(argv[1]) : 1, processes = argc > 2 ? atoi(argv[2]) : 1;
	int levels = argc > 3 ? atoi(argv[3]) : 1, ready[2];
	unsigned long flags = flags_of(getenv("CROWD_NS") ?: "pid,mnt,uts,ipc,net,cgroup");
	char byte;

	if (pipe(ready) < 0)
		return 1;
	if (geteuid() != 0)
		flags |= CLONE_NEWUSER;
	signal(SIGCHLD, SIG_DFL);
	for (int i = 0; i < containers; i++) {
		int members = (processes + i) / containers;
		pid_t pid = fork();

		if (pid < 0)
			return fprintf(stderr, "crowd: fork: %s\n", strerror(errno)), 1;
		if (pid > 0)
			continue;
		/* A monitor, as containers have one; it dies with the crowd. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		if (unshare((int)flags) < 0)
			return fprintf(stderr, "crowd: unshare: %s\n", strerror(errno)), 1;
		pid = fork();
		if (pid == 0)
			return container(ready[1], members > 1 ? members - 1 : 1, levels, flags,
					 argc > 4 ? argv + 4 : NULL);
		close(ready[1]);
		wait(NULL);
		return 0;
	}
	close(ready[1]);
	for (int i = 0; i < containers; i++)
		if (read(ready[0], &byte, 1) != 1)
			return fprintf(stderr, "crowd: not all came up\n"), 1;
	printf("ready\n");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
