/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seq: an engine's part of a container's life, as small as it can be.
 *
 *   seq COMMAND [ARG…] , COMMAND [ARG…] , @wait , …
 *
 * Runs the commands one after the other and stops with the status of the first that fails. @wait
 * waits, as an engine's monitor does, until the containers that were left to it have ended: seq is
 * the subreaper of what its commands start. With --times N the first command is started N times at
 * once and they are waited for together; in its arguments % is replaced by the number.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(char **argv)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0) {
		perror("seq: vfork");
		exit(125);
	}
	return pid;
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void run(char **argv)
{
	pid_t pid = start(argv);
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			exit(125);
	if (status_of(status)) {
		fprintf(stderr, "seq: %s %s: status %d\n", argv[0], argv[1] ? argv[1] : "", status_of(status));
		exit(status_of(status));
	}
}

/* All children, also those of commands that have ended. The first bad status, or 0. */
static int wait_all(void)
{
	int status, bad = 0;

	for (;;) {
		if (waitpid(-1, &status, 0) >= 0)
			bad = bad ? bad : status_of(status);
		else if (errno != EINTR)
			return bad;
	}
}

static char *numbered(const char *word, int n)
{
	const char *mark = strchr(word, '%');
	char *made;

	if (!mark)
		return strdup(word);
	if (asprintf(&made, "%.*s%d%s", (int)(mark - word), word, n, mark + 1) < 0)
		return NULL;
	return made;
}

static void run_times(char **argv, int times)
{
	char *words[64];
	int n_words = 0, bad;

	for (int i = 0; i < times; i++) {
		for (n_words = 0; argv[n_words] && n_words < 63; n_words++)
			words[n_words] = numbered(argv[n_words], i);
		words[n_words] = NULL;
		start(words);
		while (n_words)
			free(words[--n_words]);
	}
	bad = wait_all();
	if (bad) {
		fprintf(stderr, "seq: one of %d ended with status %d\n", times, bad);
		exit(bad);
	}
}

int main(int argc, char **argv)
{
	int times = 1, first = 1;

	if (argc > 2 && strcmp(argv[1], "--times") == 0) {
		times = atoi(argv[2]);
		first = 3;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	while (first < argc) {
		int end = first;

		while (end < argc && strcmp(argv[end], ",") != 0)
			end++;
		argv[end] = NULL;
		if (strcmp(argv[first], "@wait") == 0)
			wait_all();
		else if (times > 1)
			run_times(argv + first, times);
		else
			run(argv + first);
		times = 1;
		first = end + 1;
	}
	return 0;
}
