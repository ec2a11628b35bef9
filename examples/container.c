/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A first container: container NAME [COMMAND]. PID, UTS, IPC and mount namespaces, a host name, and
 * a shell. Parent and child meet at a pipe: the shell waits until the parent has had its say.
 */

#include <stdio.h>
#include <unistd.h>

#include <inro/run.h>

#define SCRIPT "read -r go <&3; exec 3<&-; echo \"child:  I am $$ on $(uname -n)\"; exec ${0:-sh}"

static int prepare(struct inro_spec *spec, const char *name, const char *command, int pipe_fd,
		   struct inro_error *error)
{
	const char *const args[] = { "sh", "-c", SCRIPT, command, NULL };
	const char *const options[][2] = {
		{ "preset", "none" },
		{ "ns", "user,pid,uts,ipc,mnt" },
		{ "map", "root" },
		{ "proc", "/proc" },
		{ "hostname", name },
	};
	char pass[32];
	int r = 0;

	snprintf(pass, sizeof(pass), "%d:3", pipe_fd);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && r == 0; i++)
		r = inro_spec_set(spec, options[i][0], options[i][1], error);
	if (r == 0)
		r = inro_spec_set(spec, "pass-fd", pass, error);
	return r < 0 ? r : inro_spec_set_args(spec, args, error);
}

int main(int argc, char **argv)
{
	struct inro_error error = { 0 };
	struct inro_result result = { 0 };
	struct inro_spec *spec = inro_spec_new();
	struct inro_plan *plan = NULL;
	struct inro_container *container = NULL;
	int ends[2];

	if (argc < 2 || pipe(ends) < 0)
		return fprintf(stderr, "usage: %s NAME [COMMAND]\n", argv[0]), 2;
	if (prepare(spec, argv[1], argc > 2 ? argv[2] : "sh", ends[0], &error) == 0 &&
	    inro_plan_new(spec, &plan, &error) == 0 &&
	    inro_plan_start(plan, &container, &error) == 0) {
		printf("parent: the child is %d here\n", inro_container_pid(container));
		fflush(stdout);
		close(ends[0]);
		if (write(ends[1], "\n", 1) < 0)
			perror("pipe");
		inro_container_wait(container, &result, &error);
	}
	inro_container_free(container);
	inro_plan_free(plan);
	inro_spec_free(spec);
	if (error.kind != INRO_ERROR_NONE) {
		char text[1024];

		inro_error_format(&error, text, sizeof(text));
		fprintf(stderr, "%s\n", text);
		return inro_error_status(&error);
	}
	return result.status;
}
