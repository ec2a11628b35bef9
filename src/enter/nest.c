/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Each level is one process, PID 1 of its namespace, which clones the next and waits for it. It says
 * over a socket that it is there; the kernel adds the sender's PID as the receiver counts it, which
 * no process inside could know. The bottom waits until the picture of all levels is drawn, and then
 * is the command.
 *
 * If inro ends, so do all: the first level by its parent-death signal, and with the PID 1 of a
 * namespace everything in it and below. How the command ended is passed up in shared memory, since
 * a PID 1 cannot end itself by a signal.
 *
 * A procfs for each level is mounted by its own process, where DIR is; for an ordinary user, and so
 * for a user namespace, in a mount namespace that goes with the levels.
 */

#include "enter/nest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "enter/child.h"
#include "idmap/write.h"
#include "kernel/syscalls.h"

struct work {
	struct nest *want;
	struct child child;
	bool user;                             /* in a user namespace of its own */
	char uid_map[32], gid_map[32];
	char host_names[NEST_LEVELS + 1][8];
	const char *proc_dirs[NEST_LEVELS + 1];
	bool made_dir;                         /* proc_dir itself */
	unsigned n_dirs;                       /* of proc_dirs that were made */
	int fd, outer_fd;                      /* the levels' end of the socket, and inro's */
};

static int write_maps(const struct work *work, struct inro_error *error)
{
	const struct map_args maps = {
		.uids = work->uid_map, .uids_size = strlen(work->uid_map),
		.gids = work->gid_map, .gids_size = strlen(work->gid_map),
		.deny_setgroups = true,
	};
	cleanup_close int dir = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? error_raw(error, -errno, "open", "/proc/self") : maps_write_at(dir, &maps, error);
}

static int set_up_level(const struct work *work, unsigned level, struct inro_error *error)
{
	const struct nest *want = work->want;
	int r = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (level == 1 && work->user) {
		r = write_maps(work, error);
		if (r == 0)
			r = become_set_propagation(1UL << 18 /* MS_PRIVATE */, error);
	}
	if (r == 0 && want->uts && sethostname(work->host_names[level], strlen(work->host_names[level])) < 0)
		r = error_raw(error, -errno, "sethostname", work->host_names[level]);
	if (r == 0 && want->proc_dir)
		r = become_mount_proc(work->proc_dirs[level], error);
	if (r == 0 && send(work->fd, &level, sizeof(level), MSG_NOSIGNAL) < 0)
		r = error_raw(error, -errno, "send", NULL);
	return r;
}

/* The bottom: once the picture is drawn, the command with a procfs of its own. */
static int be_bottom(const struct work *work, struct inro_error *error)
{
	const struct become *become = &work->want->become;
	char byte;

	if (recv(work->fd, &byte, 1, 0) != 1 || !work->want->command)
		sys_exit_group(0);
	if (unshare(CLONE_NEWNS) == 0 && become_set_propagation(1UL << 18, NULL) == 0)
		become_mount_proc("/proc", NULL); /* refused where /proc is masked: then the old one is seen */
	return become_command(become, error);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the kernel writes to *pidfd */
static pid_t clone_level(const struct work *work, unsigned level, int *pidfd)
{
	struct clone_args args = { .flags = CLONE_NEWPID, .exit_signal = SIGCHLD };

	if (work->want->uts)
		args.flags |= CLONE_NEWUTS;
	if (level == 1 && work->user)
		args.flags |= CLONE_NEWUSER | CLONE_NEWNS;
	if (pidfd) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uint64_t)(uintptr_t)pidfd;
	}
	return sys_clone3(&args, sizeof(args));
}

/* The PID 1 of a level above the bottom: reaps all, and ends with the level below. */
static _Noreturn void attend_level(const struct work *work, pid_t below)
{
	struct child_shared *shared = work->child.shared;
	int status;
	pid_t pid;

	fd_close(work->fd);
	do
		pid = waitpid(-1, &status, __WALL);
	while (pid != below && (pid > 0 || errno == EINTR));
	if (pid == below && !shared->ended) {
		shared->status = status;
		shared->ended = true;
	}
	sys_exit_group(0);
}

static _Noreturn void be_level(const struct work *work, unsigned level)
{
	struct inro_error *error = &work->child.shared->error;
	pid_t below;
	int r;

	for (;; level++) {
		r = set_up_level(work, level, error);
		if (r == 0 && level == work->want->n)
			r = be_bottom(work, error);
		if (r < 0)
			break;
		below = clone_level(work, level + 1, NULL);
		if (below < 0) {
			error_raw(error, below, "clone3", work->host_names[level + 1]);
			break;
		}
		if (below > 0)
			attend_level(work, below);
	}
	sys_exit_group(125);
}

/* One level says that it is there: which, and its PID here. 0 where no more will come. */
/* NOLINTNEXTLINE(readability-non-const-parameter): recvmsg(2) writes to *ret_level */
static int receive(int fd, unsigned *ret_level, pid_t *ret_pid)
{
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec bytes = { .iov_base = ret_level, .iov_len = sizeof(*ret_level) };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header;
	struct ucred sender;
	ssize_t n;

	do
		n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	header = CMSG_FIRSTHDR(&message);
	if (n != sizeof(*ret_level) || !header || header->cmsg_type != SCM_CREDENTIALS)
		return 0;
	memcpy(&sender, CMSG_DATA(header), sizeof(sender));
	*ret_pid = sender.pid;
	return 1;
}

static int gather(const struct work *work, struct nest_view *view, struct inro_error *error)
{
	cleanup_close int proc_fd = procfs_open();
	unsigned level;
	pid_t pid;

	if (proc_fd < 0)
		return fail_call(error, proc_fd, "look at the levels", "open", "/proc");
	*view = (struct nest_view){ .n = work->want->n, .own = getpid() };
	for (unsigned n = 0; n < view->n; n++) {
		if (!receive(work->outer_fd, &level, &pid) || level == 0 || level > view->n)
			return -ECHILD; /* the child says why */
		view->level[level].pid = pid;
	}
	for (level = 1; level <= view->n; level++) {
		int r = pidmap_levels(proc_fd, view->level[level].pid, &view->level[level].levels);

		if (r < 0)
			return fail_call(error, r, "look at the levels", "read", "/proc/PID/status");
	}
	return 0;
}

static int make_dirs(struct work *work, struct inro_error *error)
{
	const char *dir = work->want->proc_dir;

	if (!dir)
		return 0;
	if (mkdir(dir, 0755) == 0)
		work->made_dir = true;
	else if (errno != EEXIST)
		return fail_call(error, -errno, "make the directory", "mkdir", dir);
	for (unsigned level = 1; level <= work->want->n; level++) {
		work->proc_dirs[level] = arena_printf(&work->want->arena, "%s/%u", dir, level);
		if (!work->proc_dirs[level])
			return fail_memory(error);
		if (mkdir(work->proc_dirs[level], 0755) < 0)
			return fail_call(error, -errno, "make the directory", "mkdir", work->proc_dirs[level]);
		work->n_dirs = level;
	}
	return 0;
}

/* Nothing is left: mounts that were made here, and directories. */
static void remove_dirs(const struct work *work)
{
	for (unsigned level = 1; level <= work->n_dirs; level++) {
		if (!work->user)
			sys_umount2(work->proc_dirs[level], MNT_DETACH | UMOUNT_NOFOLLOW);
		rmdir(work->proc_dirs[level]);
	}
	if (work->made_dir)
		rmdir(work->want->proc_dir);
}

static int open_socket(struct work *work, struct inro_error *error)
{
	int pair[2], on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_call(error, -errno, "start", "socketpair", NULL);
	work->outer_fd = pair[0];
	work->fd = pair[1];
	if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return fail_call(error, -errno, "start", "setsockopt", "SO_PASSCRED");
	return 0;
}

static void explain(const struct work *work, struct inro_error *error)
{
	unsigned level = 0;

	become_explain(error);
	if (strcmp(error->call, "clone3") != 0) {
		if (!error->what[0])
			strcpy(error->what, "set up the levels:");
		return;
	}
	sscanf(error->object, "h%u", &level);
	error->object[0] = '\0';
	snprintf(error->what, sizeof(error->what), "make level %u of %u", level, work->want->n);
	if (error->code == ENOSPC) {
		error_why(error, "the kernel allows %d PID namespaces inside each other below the first, and "
				 "only %u more here", NEST_LEVELS, level - 1);
		error_hint(error, "either this shell is nested already, or /proc/sys/user/max_pid_namespaces is "
				  "low");
	} else if (error->code == EPERM) {
		error_why(error, "user namespaces are refused, in a chroot or by a setting of this host");
	}
}

static int start(struct work *work, struct inro_error *error)
{
	int pid;

	work->child.is_init = true;
	pid = clone_level(work, 1, &work->child.pidfd);
	if (pid == -EPERM && !work->user) {
		work->user = true;
		pid = clone_level(work, 1, &work->child.pidfd);
	}
	if (pid == 0) {
		fd_close(work->outer_fd);
		sigaction(SIGCHLD, &work->child.old_chld, NULL);
		be_level(work, 1);
	}
	work->fd = fd_close(work->fd);
	if (pid < 0) {
		fail_call(error, pid, "", "clone3", work->host_names[1]);
		return pid;
	}
	work->child.pid = pid;
	return 0;
}

static int run(struct work *work, int *ret_status, struct inro_error *error)
{
	struct nest *want = work->want;
	struct nest_view view;
	int r = start(work, error), looked;

	if (r < 0)
		return r;
	looked = gather(work, &view, error);
	if (looked == 0) {
		work->child.watched = view.level[view.n].pid;
		if (want->ready)
			want->ready(want->data, &view);
		send(work->outer_fd, "", 1, MSG_NOSIGNAL);
	} else if (looked != -ECHILD) {
		sys_pidfd_send_signal(work->child.pidfd, SIGKILL, NULL, 0);
	}
	work->outer_fd = fd_close(work->outer_fd);
	r = child_wait(&work->child, ret_status, looked == 0 || looked == -ECHILD ? error : NULL);
	if (r == 0 && looked == -ECHILD)
		return fail_call(error, -ECHILD, "make the levels", NULL, "they ended before all were there");
	return looked < 0 && looked != -ECHILD ? looked : r;
}

int nest_run(struct nest *want, int *ret_status, struct inro_error *error)
{
	struct work work = { .want = want, .fd = -EBADF, .outer_fd = -EBADF, .user = geteuid() != 0 };
	int r;

	snprintf(work.uid_map, sizeof(work.uid_map), "0 %u 1\n", geteuid());
	snprintf(work.gid_map, sizeof(work.gid_map), "0 %u 1\n", getegid());
	for (unsigned level = 1; level <= NEST_LEVELS; level++)
		snprintf(work.host_names[level], sizeof(work.host_names[level]), "h%u", level);
	r = child_init(&work.child, CHILD_FORWARD_ALL, error);
	if (r < 0)
		return r;
	want->become.mask = &work.child.old_mask;
	want->become.death_signal = SIGKILL;
	r = make_dirs(&work, error);
	if (r == 0)
		r = open_socket(&work, error);
	if (r == 0) {
		r = run(&work, ret_status, error);
		if (r < 0)
			explain(&work, error);
	}
	fd_close(work.fd);
	fd_close(work.outer_fd);
	remove_dirs(&work);
	child_deinit(&work.child);
	return r;
}
