/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PID namespaces inside each other: levels N. The program starts itself in a new namespace, N times.
 * The last one sends a byte through a socket that all of them were handed on; then the first looks at
 * all of them, prints the numbers that each has, from here inwards, and closes its end: the last one
 * ends, and so one after the other.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <inro/ns.h>
#include <inro/pid.h>
#include <inro/run.h>

/* A plan that runs this program in a new PID namespace, with LEFT levels still to make. */
static int plan_level(struct inro_spec *spec, const char *left, const char *pipe_fd,
		      struct inro_plan **ret, struct inro_error *error)
{
	const char *const command[] = { "/proc/self/exe", left, pipe_fd, NULL };
	int r = inro_spec_set(spec, "preset", "none", error);

	if (r == 0)
		r = inro_spec_set(spec, "ns", "user,pid", error);
	/* All of the environment: the program may need it to find its library. */
	if (r == 0)
		r = inro_spec_set(spec, "env-all", "true", error);
	if (r == 0)
		r = inro_spec_set_environment(spec, (const char *const *)environ, error);
	if (r == 0)
		r = inro_spec_set(spec, "pass-fd", pipe_fd, error);
	if (r == 0)
		r = inro_spec_set_args(spec, command, error);
	return r < 0 ? r : inro_plan_new(spec, ret, error);
}

static void print_levels(struct inro_container *container, struct inro_error *error)
{
	int ns = inro_ns_open_pidfd(inro_container_pidfd(container), INRO_NS_PID, 0, error);
	struct inro_pid_member *members = NULL;
	struct inro_pid_level levels[INRO_PID_LEVELS];
	size_t n_members = 0;

	if (ns < 0 || inro_pid_members(ns, &members, &n_members, error) < 0)
		return;
	for (size_t i = 0; i < n_members; i++) {
		int n = inro_pid_levels(members[i].here, levels, error);

		for (int level = 0; level < n; level++)
			printf("%s%d", level ? " > " : "", levels[level].pid);
		printf("\n");
	}
	free(members);
	close(ns);
}

int main(int argc, char **argv)
{
	struct inro_error error = { 0 };
	struct inro_result result = { 0 };
	struct inro_spec *spec = inro_spec_new();
	struct inro_plan *plan = NULL;
	struct inro_container *container = NULL;
	int n = argc > 1 ? atoi(argv[1]) : 0, ends[2] = { -1, -1 };
	char left[12], pipe_fd[12], byte = 0;

	if (argc == 2 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return perror("socketpair"), 1;
	snprintf(left, sizeof(left), "%d", n - 1);
	snprintf(pipe_fd, sizeof(pipe_fd), "%s", argc > 2 ? argv[2] : "");
	if (argc == 2)
		snprintf(pipe_fd, sizeof(pipe_fd), "%d", ends[1]);
	if (argc > 2 && n == 0)
		return write(atoi(pipe_fd), "!", 1) == 1 ? (int)read(atoi(pipe_fd), &byte, 1) : 1;
	if (plan_level(spec, left, pipe_fd, &plan, &error) == 0 &&
	    inro_plan_start(plan, &container, &error) == 0) {
		close(ends[1]);
		/* Where no byte comes, the one below has said what went wrong. */
		if (argc == 2 && read(ends[0], &byte, 1) == 1)
			print_levels(container, &error);
		close(ends[0]);
		inro_container_wait(container, &result, &error);
	}
	inro_container_free(container);
	inro_plan_free(plan);
	inro_spec_free(spec);
	if (error.kind == INRO_ERROR_NONE)
		return result.status;
	char text[1024];
	inro_error_format(&error, text, sizeof(text));
	fprintf(stderr, "%s\n", text);
	return inro_error_status(&error);
}
