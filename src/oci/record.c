/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a container leaves for later calls, as a feature: the FIFOs at which its init waits, its
 * state.json, the pid file and the pidfd that an engine asked for.
 *
 * The state is written as soon as there is a process, while that sets itself up: hooks may ask for
 * it, and a `delete --force` finds whom to kill if this process is killed. Cgroups are made before
 * that, so their place is written down first of all.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "engine/call.h"
#include "oci/socket.h"
#include "oci/start.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_record;

struct record_args {
	const struct oci_start *start;
	int exec_slot, word_slot;
};

static int make_fifo(int dir_fd, const char *name, mode_t mode)
{
	/* O_RDWR, so that neither end waits for the other. */
	int fd = mkfifoat(dir_fd, name, mode) < 0 ? -1 : openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

static int run_make_fifos(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct record_args *args = step->args;
	int state_fd = args->start->state_fd;
	cleanup_close int both = -EBADF;
	int r = run_store(run, args->exec_slot, make_fifo(state_fd, OCI_NEW_FIFO, 0600));

	if (r < 0)
		return error_raw(error, r, "mkfifoat", OCI_EXEC_FIFO);
	both = make_fifo(state_fd, OCI_WORD_FIFO, 0600);
	if (both < 0)
		return error_raw(error, both, "mkfifoat", OCI_WORD_FIFO);
	/* A writing end alone, so that its closing is the end of file. */
	r = run_store(run, args->word_slot, openat(state_fd, OCI_WORD_FIFO, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
	return r < 0 ? error_raw(error, -errno, "openat", OCI_WORD_FIFO) : 0;
}

static const struct step_kind kind_make_fifos = {
	.name = "make-fifos",
	.what = "make the FIFOs",
	.calls = "mkfifoat, openat",
	.run = run_make_fifos,
};

static int run_mark_new(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct record_args *args = step->args;

	(void)run;
	return mknodat(args->start->state_fd, OCI_NEW_FIFO, S_IFREG | 0600, 0) < 0 ?
		       error_raw(error, -errno, "mknodat", OCI_NEW_FIFO) : 0;
}

static const struct step_kind kind_mark_new = {
	.name = "mark-new",
	.what = "mark it as being created:",
	.calls = "mknodat",
	.run = run_mark_new,
};

static int run_mark_done(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct record_args *args = step->args;

	(void)run;
	return unlinkat(args->start->state_fd, OCI_NEW_FIFO, 0) < 0 ?
		       error_raw(error, -errno, "unlinkat", OCI_NEW_FIFO) : 0;
}

static const struct step_kind kind_mark_done = {
	.name = "mark-running",
	.what = "call it running: no more",
	.calls = "unlinkat",
	.run = run_mark_done,
};

static int run_write_place(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct record_args *args = step->args;

	(void)run;
	return oci_state_write_place(args->start->state_fd, &args->start->state->cgroup, error);
}

static const struct step_kind kind_write_place = {
	.name = "write-place",
	.what = "write down the place of its cgroups in",
	.calls = "openat, write",
	.run = run_write_place,
};

static int run_write_state(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct record_args *args = step->args;
	struct oci_state *state = args->start->state;
	cleanup_close int dir_fd = procfs_open_pid(run_fd(run, SLOT_HOST_PROC), run->pid);
	struct procfs_stat stat;
	int r = dir_fd < 0 ? dir_fd : procfs_read_stat(dir_fd, &stat);

	if (r < 0)
		return error_raw(error, r, "read", "/proc/PID/stat");
	state->pid = run->pid;
	state->pid_start = stat.start_ticks;
	state->created_ns = clock_ns(CLOCK_REALTIME);
	return oci_state_write(args->start->state_fd, state, error);
}

static const struct step_kind kind_write_state = {
	.name = "write-state",
	.what = "write down its state in",
	.calls = "openat, write, renameat",
	.run = run_write_state,
};

static int run_show_fifo(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct record_args *args = step->args;
	int fd = args->start->state_fd;

	(void)run;
	return renameat(fd, OCI_NEW_FIFO, fd, OCI_EXEC_FIFO) < 0 ? error_raw(error, -errno, "renameat", OCI_EXEC_FIFO) :
								   0;
}

static const struct step_kind kind_show_fifo = {
	.name = "show-fifo",
	.what = "call it created:",
	.calls = "renameat",
	.run = run_show_fifo,
};

/* Decimal, without a newline; never half of it to be seen. */
static int write_pid_file(const char *path, pid_t pid, struct inro_error *error)
{
	const char *slash = strrchr(path, '/');
	char dir[4096] = ".", hidden[300], text[16];
	cleanup_close int dir_fd = -EBADF, fd = -EBADF;
	const char *name = slash ? slash + 1 : path;
	int r;

	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	snprintf(hidden, sizeof(hidden), ".%s", name);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return error_raw(error, -errno, "open", dir);
	fd = openat(dir_fd, hidden, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	snprintf(text, sizeof(text), "%d", pid);
	r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
	if (r == 0 && renameat(dir_fd, hidden, dir_fd, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir_fd, hidden, 0);
	return r < 0 ? error_raw(error, r, "write", path) : 0;
}

static int run_pid_file(struct run *run, const struct step *step, struct inro_error *error)
{
	return write_pid_file(step->object, run->pid, error);
}

static const struct step_kind kind_pid_file = {
	.name = "pid-file",
	.what = "write its PID to",
	.calls = "openat, write, renameat",
	.run = run_pid_file,
};

static int run_send_pidfd(struct run *run, const struct step *step, struct inro_error *error)
{
	int r = oci_socket_send_fd(step->object, run->pidfd, "pidfd");

	return r < 0 ? error_raw(error, r, "sendmsg", step->object) : 0;
}

static const struct step_kind kind_send_pidfd = {
	.name = "send-pidfd",
	.what = "send its pidfd to",
	.calls = "connect, sendmsg",
	.run = run_send_pidfd,
};

static void add_wait(struct plan *plan, struct record_args *args)
{
	args->exec_slot = plan_slot(plan);
	args->word_slot = plan_slot(plan);
	plan_add(plan, STAGE_OPEN, &kind_make_fifos, NULL, "its init waits there to be started", args);
	plan_find_command(plan);
	plan_await_start(plan, args->exec_slot, args->word_slot);
	plan_add(plan, STAGE_STARTED, &kind_show_fifo, OCI_EXEC_FIFO, "all is made", args);
}

/* Nobody waits at a FIFO, and yet it runs only when its command does. */
static void add_marks(struct plan *plan, struct record_args *args)
{
	plan_add(plan, STAGE_OPEN, &kind_mark_new, OCI_NEW_FIFO, "until its command runs", args);
	plan_add(plan, STAGE_STARTED, &kind_mark_done, OCI_NEW_FIFO, "its command runs", args);
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_start *start = plan->spec->oci->start;
	struct record_args *args = arena_alloc(&plan->arena, sizeof(*args));
	struct oci_state *state = start->state;

	if (!args)
		return fail_memory(error);
	args->start = start;
	if (!start->executes) {
		state->ns_kinds = plan->settled.ns_new | plan->settled.ns_join;
		state->own_pids = plan->settled.ns_new & NS_BIT(NS_PID);
		state->host_root = plan->settled.host_root;
	}
	/* All that is made before there is a state.json. */
	if (!start->executes && (state->cgroup.v2 || state->cgroup.v1.n))
		plan_add(plan, STAGE_OPEN, &kind_write_place, OCI_PLACE_FILE,
			 "killed on the way, what it made is found there", args);
	if (!start->executes)
		plan_add(plan, STAGE_MEANWHILE, &kind_write_state, OCI_STATE_FILE, "later calls find it there", args);
	if (start->waits && !start->executes)
		add_wait(plan, args);
	else if (!start->executes)
		add_marks(plan, args);
	if (start->pid_file)
		plan_add(plan, STAGE_STARTED, &kind_pid_file, start->pid_file, "asked for by --pid-file", NULL);
	if (start->pidfd_socket)
		plan_add(plan, STAGE_STARTED, &kind_send_pidfd, start->pidfd_socket, "asked for by --pidfd-socket", NULL);
	return 0;
}

const struct feature feature_oci_record = {
	.name = "record",
	.resolve = resolve,
};
