/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A new PID namespace with its procfs elsewhere: procfs DIR, as root. There is no mount namespace,
 * so what the child mounts everybody sees, and somebody must take it away again: the parent does. The
 * child waits at a pipe, descriptor 3, until the parent has said its line.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <inro/run.h>

static int child(const char *directory)
{
	char byte;

	if (read(3, &byte, 1) < 0 || close(3) < 0)
		return perror("pipe"), 1;
	printf("child:  my PID is %d, my parent's is %d\n", getpid(), getppid());
	fflush(stdout);
	if (mount("proc", directory, "proc", 0, NULL) < 0)
		return perror("mount"), 1;
	execlp("sh", "sh", NULL);
	return perror("sh"), 127;
}

/* The plan: this program again, as PID 1 of a new PID namespace and no other. */
static int prepare(struct inro_spec *spec, const char *directory, int pipe_fd,
		   struct inro_plan **ret, struct inro_error *error)
{
	const char *const command[] = { "/proc/self/exe", directory, "child", NULL };
	char pass[32];
	int r = inro_spec_set(spec, "preset", "none", error);

	snprintf(pass, sizeof(pass), "%d:3", pipe_fd);
	if (r == 0)
		r = inro_spec_set(spec, "ns", "pid", error);
	/* All of the environment: the program may need it to find its library. */
	if (r == 0)
		r = inro_spec_set(spec, "env-all", "true", error);
	if (r == 0)
		r = inro_spec_set_environment(spec, (const char *const *)environ, error);
	if (r == 0)
		r = inro_spec_set(spec, "pass-fd", pass, error);
	if (r == 0)
		r = inro_spec_set_args(spec, command, error);
	return r < 0 ? r : inro_plan_new(spec, ret, error);
}

static int start(const char *directory, const int ends[2], struct inro_result *result,
		 struct inro_error *error)
{
	struct inro_spec *spec = inro_spec_new();
	struct inro_plan *plan = NULL;
	struct inro_container *container = NULL;
	int r = prepare(spec, directory, ends[0], &plan, error);

	if (r == 0)
		r = inro_plan_start(plan, &container, error);
	if (r == 0) {
		printf("parent: the child's PID is %d\n", inro_container_pid(container));
		fflush(stdout);
		if (write(ends[1], "!", 1) < 0)
			perror("pipe");
		r = inro_container_wait(container, result, error);
	}
	inro_container_free(container);
	inro_plan_free(plan);
	inro_spec_free(spec);
	return r;
}

int main(int argc, char **argv)
{
	struct inro_result result = { 0 };
	struct inro_error error = { 0 };
	char text[1024];
	int ends[2];

	if (argc == 3 && strcmp(argv[2], "child") == 0)
		return child(argv[1]);
	if (argc != 2)
		return fprintf(stderr, "usage: %s DIR\n", argv[0]), 2;
	if (pipe(ends) < 0 || mkdir(argv[1], 0555) < 0)
		return perror(argv[1]), 1;
	if (start(argv[1], ends, &result, &error) < 0) {
		inro_error_format(&error, text, sizeof(text));
		fprintf(stderr, "%s\n", text);
	}
	umount2(argv[1], MNT_DETACH);
	rmdir(argv[1]);
	return error.kind ? inro_error_status(&error) : result.status;
}
