/* SPDX-License-Identifier: Apache-2.0 */

/*
 * newuidmap and newgidmap: setuid programs that check /etc/subuid and /etc/subgid and write the
 * map of a process that is the caller's. Started by absolute path, with an empty environment and
 * nothing but standard descriptors. They do not depend on each other, so both run at once.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "idmap/write.h"

struct helper {
	const char *path;
	pid_t pid;
	int output_fd; /* what it says; its standard output and error */
};

static int spawn_with(const char *path, char *const argv[], int output_fd,
		      posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, pid_t *ret)
{
	static char *const no_environment[] = { NULL };
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, output_fd, 1);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, output_fd, 2);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(actions, 3);
	if (r == 0)
		r = posix_spawnattr_setsigmask(attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(attributes, &all);
	if (r == 0)
		r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawn(ret, path, actions, attributes, argv, no_environment);
	return -r;
}

static int helper_start(struct helper *helper, char *const argv[], struct inro_error *error)
{
	cleanup_close int write_fd = -EBADF;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_raw(error, -errno, "pipe2", NULL);
	helper->output_fd = ends[0];
	write_fd = ends[1];
	r = -posix_spawn_file_actions_init(&actions);
	if (r == 0) {
		r = -posix_spawnattr_init(&attributes);
		if (r == 0) {
			r = spawn_with(helper->path, argv, write_fd, &actions, &attributes, &helper->pid);
			posix_spawnattr_destroy(&attributes);
		}
		posix_spawn_file_actions_destroy(&actions);
	}
	if (r < 0)
		helper->pid = 0;
	return r < 0 ? error_raw(error, r, "posix_spawn", helper->path) : 0;
}

/* Wait for its end; what it said becomes the cause. */
static int helper_finish(struct helper *helper, struct inro_error *error)
{
	char said[200];
	size_t used = 0;
	ssize_t n;
	int status = 0;
	pid_t r;

	if (helper->pid <= 0)
		return 0;
	do {
		n = read(helper->output_fd, said + used, sizeof(said) - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && used < sizeof(said) - 1) || (n < 0 && errno == EINTR));
	said[used] = '\0';
	said[strcspn(said, "\n")] = '\0';
	do
		r = waitpid(helper->pid, &status, 0);
	while (r < 0 && errno == EINTR);
	/* ECHILD: the caller ignores SIGCHLD, so the kernel keeps no status. What it said decides. */
	if (r < 0 && used == 0)
		return 0;
	if (r > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (error->kind == INRO_ERROR_NONE) {
		error_raw(error, -EPERM, NULL, helper->path);
		error_why(error, "it ended with %s %d%s%s",
			  r > 0 && WIFSIGNALED(status) ? "signal" : "status",
			  r > 0 && WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
			  used ? " and said: " : "", said);
	}
	return -EPERM;
}

int maps_run_helpers(const struct map_args *args, pid_t pid, struct inro_error *error)
{
	struct helper users = { .path = args->newuidmap, .output_fd = -EBADF };
	struct helper groups = { .path = args->newgidmap, .output_fd = -EBADF };
	int r, r_users, r_groups;

	if (users.path)
		snprintf(args->uid_argv[1], 16, "%d", (int)pid);
	if (groups.path)
		snprintf(args->gid_argv[1], 16, "%d", (int)pid);
	r = users.path ? helper_start(&users, args->uid_argv, error) : 0;
	if (r == 0 && groups.path)
		r = helper_start(&groups, args->gid_argv, error);
	r_users = helper_finish(&users, error);
	r_groups = helper_finish(&groups, error);
	fd_close(users.output_fd);
	fd_close(groups.output_fd);
	return r < 0 ? r : r_users < 0 ? r_users : r_groups;
}
