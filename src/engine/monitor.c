/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The monitor of a detached container: a process that takes inro's place.
 *
 * It is forked twice, and before the container is made, so that the container is its child from the
 * first moment (nobody else could wait for it, and PDEATHSIG names the thread that cloned) and it
 * itself is nobody's here. It has a session of its own and no standard descriptors; it starts the
 * plan, tells the caller through a pipe how that went, and then lives as inro does in the
 * foreground: supervise() with the log in the terminal's place. Undoing the plan at the end writes
 * how the container ended into its record.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "engine/container.h"
#include "state/record.h"

enum { STANDARD_FDS = 3 };

struct report {
	int r;
	struct inro_detached detached;
	struct inro_error error;
};

/*
 * What the shell that called is reading or writing must not be held open. A program that uses the
 * library may have closed some of the three, so that new descriptors get their numbers.
 */
static int leave_terminal(void)
{
	cleanup_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int moved = null_fd < 0 ? -errno : fd_move_up(null_fd, STANDARD_FDS);

	if (moved < 0)
		return moved;
	null_fd = moved;
	for (int fd = 0; fd < STANDARD_FDS; fd++)
		if (dup2(null_fd, fd) < 0)
			return -errno;
	return 0;
}

static void fill(struct inro_detached *ret, const struct inro_container *container)
{
	const struct record *record = container->run.record;

	ret->pid = container->run.pid;
	ret->monitor = getpid();
	memcpy(ret->name, record->name, sizeof(record->name));
}

_Noreturn static void monitor(struct inro_plan *plan, int report_fd)
{
	struct inro_container *container = NULL;
	struct report report = { 0 };
	struct inro_result result;

	report.r = leave_terminal();
	if (report.r < 0)
		fail_call(&report.error, report.r, "detach", "dup2", "/dev/null");
	else
		report.r = inro_plan_start(plan, &container, &report.error);
	if (report.r == 0)
		fill(&report.detached, container);
	/* Whoever started it may be gone by now, which changes nothing. */
	fd_write_all(report_fd, &report, sizeof(report));
	fd_close(report_fd);
	if (report.r < 0)
		_exit(1);
	(void)!chdir("/");
	/* The container has what was to be passed on; whose pipe it is must see its end. */
	fd_close_inherited(STANDARD_FDS);
	inro_container_wait(container, &result, NULL);
	inro_container_free(container);
	_exit(0);
}

static int read_report(int fd, struct report *ret)
{
	size_t used = 0;

	while (used < sizeof(*ret)) {
		ssize_t n = read(fd, (char *)ret + used, sizeof(*ret) - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ECHILD;
		used += (size_t)n;
	}
	return 0;
}

static int fork_monitor(struct inro_plan *plan, int report_fd, struct inro_error *error)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return fail_call(error, -errno, "detach", "fork", NULL);
	if (pid == 0) {
		setsid();
		pid = fork();
		if (pid == 0)
			monitor(plan, report_fd);
		_exit(pid < 0 ? errno : 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0; /* somebody ignores SIGCHLD; the pipe tells the rest */
	if (WIFEXITED(status) && WEXITSTATUS(status))
		return fail_call(error, -WEXITSTATUS(status), "detach", "fork", NULL);
	return 0;
}

int inro_plan_detach(struct inro_plan *plan, struct inro_detached *ret, struct inro_error *error)
{
	cleanup_close int read_fd = -EBADF, write_fd = -EBADF;
	struct report report;
	int ends[2], r;

	if (!plan->plan->spec->detach)
		return fail_usage(error, "detach", "the spec does not say so (--detach)");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_call(error, -errno, "detach", "pipe2", NULL);
	read_fd = ends[0];
	write_fd = ends[1];
	/* Out of the way of what the monitor puts in the place of its caller's terminal. */
	r = fd_move_up(write_fd, STANDARD_FDS);
	if (r < 0)
		return fail_call(error, r, "detach", "fcntl", NULL);
	write_fd = r;
	r = fork_monitor(plan, write_fd, error);
	if (r < 0)
		return r;
	write_fd = fd_close(write_fd);
	r = read_report(read_fd, &report);
	if (r < 0)
		return fail_host(error, INRO_ERROR_HOST, r, "detach",
				 "the monitor ended before it had started the container");
	if (report.r < 0) {
		if (error)
			*error = report.error;
		return report.r;
	}
	*ret = report.detached;
	return 0;
}

bool inro_plan_is_detached(const struct inro_plan *plan)
{
	return plan->plan->spec->detach;
}
