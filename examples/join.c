/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Joining: join FILE... -- COMMAND [ARG...]. Each file is a namespace, such as /proc/1234/ns/uts;
 * of which kind, the file says itself. The command takes this program's place.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <inro/ns.h>

static int fail(const struct inro_error *error)
{
	char text[1024];

	inro_error_format(error, text, sizeof(text));
	fprintf(stderr, "%s\n", text);
	return inro_error_status(error);
}

int main(int argc, char **argv)
{
	int fds[INRO_NS_KINDS], n = 0, i = 1;
	struct inro_error error = { 0 };
	enum inro_ns_kind kind;

	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (n == INRO_NS_KINDS)
			return fprintf(stderr, "one of each kind\n"), 2;
		fds[n] = inro_ns_open_file(AT_FDCWD, argv[i], &kind, &error);
		if (fds[n++] < 0)
			return fail(&error);
		printf("%d joins %s\n", getpid(), inro_ns_kind_name(kind));
	}
	if (i + 1 >= argc)
		return fprintf(stderr, "usage: %s FILE... -- COMMAND [ARG...]\n", argv[0]), 2;
	fflush(stdout);
	if (inro_ns_join(fds, (size_t)n, &error) < 0)
		return fail(&error);
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
}
