/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The processes of a container: those of its cgroup and below. As a table they are shown by the host's
 * ps(1), of whose output the header and the lines of these processes are taken.
 */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/cgroup.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_ps;

struct ps {
	bool json;
};

struct listed {
	pid_t *pids;
	size_t n;
};

static int set_format(void *object, const char *value, struct inro_error *error)
{
	struct ps *ps = object;

	ps->json = strcmp(value, "json") == 0;
	if (!ps->json && strcmp(value, "table") != 0)
		return fail_usage(error, "--format", "'%s' is neither table nor json", value);
	return 0;
}

static const struct option_row options[] = {
	{ .name = "format",
	  .letter = 'f',
	  .form = OPTION_VALUE,
	  .argument = "FORMAT",
	  .set = set_format,
	  .help = "table or json" },
};

static void print_json(const struct listed *listed)
{
	printf("[");
	for (size_t i = 0; i < listed->n; i++)
		printf("%s%d", i ? "," : "", listed->pids[i]);
	printf("]\n");
}

/* The which-th word of the header is PID; -1 where there is none. */
static int find_column(const char *header)
{
	int column = 0;

	for (const char *at = header + strspn(header, " "); *at && *at != '\n'; column++) {
		size_t n = strcspn(at, " \n");

		if (n == 3 && memcmp(at, "PID", 3) == 0)
			return column;
		at += n;
		at += strspn(at, " ");
	}
	return -1;
}

static bool is_listed(const struct listed *listed, const char *line, int column)
{
	pid_t pid;

	line += strspn(line, " ");
	for (int i = 0; i < column; i++) {
		line += strcspn(line, " \n");
		line += strspn(line, " ");
	}
	pid = (pid_t)strtol(line, NULL, 10);
	for (size_t i = 0; i < listed->n; i++)
		if (listed->pids[i] == pid)
			return true;
	return false;
}

static int print_lines(FILE *from, const struct listed *listed, struct inro_error *error)
{
	cleanup_free char *line = NULL;
	size_t size = 0;
	int column;

	if (getline(&line, &size, from) < 0)
		return fail_host(error, INRO_ERROR_HOST, -ENODATA, "ps", "ps printed nothing");
	column = find_column(line);
	if (column < 0)
		return fail_usage(error, "ps", "couldn't find PID field in ps output");
	fputs(line, stdout);
	while (getline(&line, &size, from) >= 0)
		if (is_listed(listed, line, column))
			fputs(line, stdout);
	return 0;
}

/* Run ps, which writes to FD. */
static int spawn_ps(char **words, int fd, pid_t *ret)
{
	static const char *const paths[] = { "/usr/bin/ps", "/bin/ps" };
	char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "COLUMNS=4096", NULL };
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	posix_spawn_file_actions_adddup2(&actions, fd, 1);
	r = ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(paths) && r == ENOENT; i++)
		r = posix_spawn(ret, paths[i], &actions, NULL, words, env);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int print_table(const struct listed *listed, int argc, char **argv, struct inro_error *error)
{
	char *words[64] = { "ps", "-ef" };
	int fds[2], status, r;
	FILE *from;
	pid_t pid;

	if (argc > (int)ARRAY_SIZE(words) - 2)
		return fail_usage(error, "ps", "has too many words for ps");
	for (int i = 0; i < argc; i++)
		words[1 + i] = argv[i];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return fail_call(error, -errno, "run ps", "pipe2", NULL);
	r = spawn_ps(words, fds[1], &pid);
	fd_close(fds[1]);
	from = r < 0 ? NULL : fdopen(fds[0], "r");
	if (!from) {
		fd_close(fds[0]);
		return fail_call(error, r < 0 ? r : -ENOMEM, "run ps", "posix_spawn",
				 "/usr/bin/ps");
	}
	r = print_lines(from, listed, error);
	fclose(from);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r;
}

static int list(struct oci_call *call, const char *id, struct listed *ret, struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_state state;
	cleanup_close int state_fd = oci_state_find(call->root, id, false, &arena, &state, error);
	int r = state_fd;

	if (r < 0)
		return r;
	r = oci_cgroup_pids(&state.cgroup, &ret->pids, &ret->n);
	if (r == -ENOENT)
		return fail_host(error, INRO_ERROR_HOST, r, "ps",
				 "container %s has no cgroup by which its processes "
				 "are known",
				 id);
	return r < 0 ? fail_call(error, r, "list the processes of", "read", id) : 0;
}

static int ps(struct oci_call *call, int argc, char **argv)
{
	struct ps want = { 0 };
	const struct oci_words words = { options, ARRAY_SIZE(options), &want, -1, true };
	struct listed listed = { 0 };
	struct inro_error error = { 0 };
	int first, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r == 0 && first == argc)
		r = fail_usage(&error, "ps", "needs a container id");
	if (r == 0)
		r = list(call, argv[first], &listed, &error);
	if (r == 0 && want.json)
		print_json(&listed);
	else if (r == 0)
		r = print_table(&listed, argc - first - 1, argv + first + 1, &error);
	free(listed.pids);
	return r < 0 ? oci_fail(call, &error, 1) : 0;
}

const struct oci_verb oci_verb_ps = {
	.name = "ps",
	.usage = "[--format table|json] ID [PS OPTIONS]",
	.help = "list the processes of a container",
	.run = ps,
	VERB_OPTIONS(options),
};
