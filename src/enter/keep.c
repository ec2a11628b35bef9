/* SPDX-License-Identifier: Apache-2.0 */

/*
 * New namespaces need a process to come from, for a moment: a child is cloned in all of them, they
 * are opened by its pidfd, and it ends. A PID namespace must not get a process that way, since that
 * would be its PID 1, and its end the namespace's: the child leaves for a new one with unshare(2),
 * which then waits for its first process. Unless a small init is wanted: then the child is that, and
 * stays.
 *
 * Root's names are mounts. Who may not mount has a holder: a process of one's own, outside of the
 * namespaces, that holds descriptors and does nothing.
 */

#include "enter/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "enter/become.h"
#include "idmap/write.h"
#include "init/sealed.h"
#include "kernel/syscalls.h"
#include "ns/kept.h"
#include "ns/open.h"
#include "state/record.h"

static bool may_mount(void)
{
	return geteuid() == 0;
}

static int start_of(int proc_fd, pid_t pid, uint64_t *ret)
{
	cleanup_close int dir = procfs_open_pid(proc_fd, pid);
	struct procfs_stat stat;
	int r = dir < 0 ? dir : procfs_read_stat(dir, &stat);

	if (r == 0)
		*ret = stat.start_ticks;
	return r;
}

/* Child-safe. Out of the caller's session, terminal, directory and descriptors. */
static void go_background(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	(void)!chdir("/");
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
}

/* No mount of a new mount namespace shall come back to the old one. */
static void close_mounts(unsigned kinds)
{
	if (kinds & NS_BIT(NS_MNT))
		become_set_propagation(1UL << 18 /* MS_PRIVATE */, NULL);
}

/* The init of a kept PID namespace: once told to go on, a program that only reaps. */
static _Noreturn void be_init(unsigned kinds, int program_fd, int fd)
{
	static char name[] = "inro-holder", *const argv[] = { name, NULL }, *const env[] = { NULL };
	char byte;

	(void)!recv(fd, &byte, 1, 0);
	go_background();
	close_mounts(kinds);
	/* Where it is refused (a masked /proc), inro enter --mount-proc can still be tried. */
	if (kinds & NS_BIT(NS_MNT))
		become_mount_proc("/proc", NULL);
	sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	sys_execveat(program_fd, "", argv, env, AT_EMPTY_PATH);
	sys_exit_group(125);
}

static _Noreturn void be_maker(unsigned kinds, int fd)
{
	int code = 0;
	char byte;

	close_mounts(kinds);
	if (kinds & NS_BIT(NS_PID) && unshare(CLONE_NEWPID) < 0)
		code = -errno;
	send(fd, &code, sizeof(code), MSG_NOSIGNAL);
	(void)!recv(fd, &byte, 1, 0);
	sys_exit_group(0);
}

struct maker {
	const struct keep *keep;
	unsigned kinds;
	pid_t pid;
	int pidfd, fd;
};

static int make_failed(const struct maker *maker, int code, const char *call, struct inro_error *error)
{
	char kinds[NS_KINDS_TEXT];

	fail_call(error, code, "make new namespaces:", call,
		  ns_kinds_format(maker->kinds, kinds, sizeof(kinds)));
	if (code == -EPERM && !(maker->kinds & NS_BIT(NS_USER))) {
		error_why(error, "an ordinary user has the right to it only in a user namespace of its own");
		error_hint(error, "add user to the kinds");
	} else if (code == -ENOSPC) {
		error_why(error, "a limit is reached, see /proc/sys/user/max_*_namespaces");
	} else if (code == -EINVAL) {
		ns_explain_absent(error, maker->kinds);
	}
	return code;
}

static int start_maker(struct maker *maker, struct inro_error *error)
{
	unsigned kinds = maker->kinds & ~(maker->keep->init ? 0 : NS_BIT(NS_PID));
	struct clone_args args = {
		.flags = ns_kinds_to_flags(kinds) | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&maker->pidfd,
		.exit_signal = SIGCHLD,
	};
	cleanup_close int program = -EBADF, inner = -EBADF;
	int pair[2];

	if (maker->keep->init) {
		program = sealed_program("inro-holder", inro_holder_program, inro_holder_program_size, error);
		if (program < 0)
			return program;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_call(error, -errno, "make new namespaces", "socketpair", NULL);
	maker->fd = pair[0];
	inner = pair[1];
	maker->pid = sys_clone3(&args, sizeof(args));
	if (maker->pid < 0)
		return make_failed(maker, maker->pid, "clone3", error);
	if (maker->pid > 0)
		return 0;
	fd_close(maker->fd);
	if (maker->keep->init)
		be_init(maker->kinds, program, inner);
	be_maker(maker->kinds, inner);
}

/* Root's user namespace has its ids as they are; an ordinary user is root in it. */
static int map_ids(const struct maker *maker, struct inro_error *error)
{
	cleanup_close int dir = procfs_open_pid(maker->keep->proc_fd, maker->pid);
	char uids[32] = "0 0 65536\n", gids[32] = "0 0 65536\n";
	struct map_args maps = { .uids = uids, .gids = gids, .deny_setgroups = !may_mount() };

	if (!may_mount()) {
		snprintf(uids, sizeof(uids), "0 %u 1\n", geteuid());
		snprintf(gids, sizeof(gids), "0 %u 1\n", getegid());
	}
	maps.uids_size = strlen(uids);
	maps.gids_size = strlen(gids);
	return dir < 0 ? error_raw(error, dir, "open", "/proc/PID") : maps_write_at(dir, &maps, error);
}

static int take_made(const struct maker *maker, struct kept *kept, struct inro_error *error)
{
	int code = 0, r = 0;

	if (!maker->keep->init && recv(maker->fd, &code, sizeof(code), 0) != sizeof(code))
		code = -ECHILD;
	if (code < 0)
		return make_failed(maker, code, "unshare", error);
	if (maker->kinds & NS_BIT(NS_USER))
		r = map_ids(maker, error);
	for (enum ns_kind kind = 0; kind < NS_KINDS && r >= 0; kind++) {
		bool unborn = kind == NS_PID && !maker->keep->init;

		if (!(maker->kinds & NS_BIT(kind)))
			continue;
		r = ns_open_pidfd(maker->pidfd, kind, unborn ? NS_OPEN_FOR_CHILDREN : 0, error);
		if (r == -ENOENT && unborn)
			error_hint(error, "before Linux 6.11 a PID namespace can only be kept with --init");
		if (r < 0)
			return r;
		kept->ns_fd[kind] = r;
		kept->kinds |= NS_BIT(kind);
	}
	if (r >= 0 && maker->keep->init) {
		kept->init = maker->pid;
		r = start_of(maker->keep->proc_fd, maker->pid, &kept->init_start);
	}
	return r < 0 ? r : 0;
}

/*
 * A maker ends once nobody holds the other end of its channel; an init goes on. It holds its own end
 * until it has mounted and executes: whoever enters after us shall find all of it done.
 */
static void end_maker(struct maker *maker, bool failed)
{
	char byte;

	if (maker->pid > 0 && maker->keep->init && failed)
		sys_pidfd_send_signal(maker->pidfd, SIGKILL, NULL, 0);
	if (maker->pid > 0 && maker->keep->init && !failed) {
		shutdown(maker->fd, SHUT_WR);
		(void)!recv(maker->fd, &byte, 1, 0);
	}
	maker->fd = fd_close(maker->fd);
	if (maker->pid > 0 && (failed || !maker->keep->init))
		waitpid(maker->pid, NULL, 0);
	maker->pidfd = fd_close(maker->pidfd);
}

static int take_target(const struct keep *keep, struct kept *kept, struct inro_error *error)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	unsigned kinds = keep->kinds;
	int r = ns_target_open(keep->target, keep->names, &target, error);

	if (r < 0)
		return r;
	if (!kinds)
		kinds = target.kinds ? target.kinds : NS_ALL;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		cleanup_close int own = -EBADF;
		int fd;

		if (!(kinds & NS_BIT(kind)))
			continue;
		fd = ns_target_ns(&target, kind, error);
		if (fd == -EOPNOTSUPP && !keep->kinds)
			continue;
		if (fd < 0)
			return fd;
		own = keep->kinds ? -EBADF : ns_open_self(kind, 0, NULL);
		/* What everybody here is in need not be kept, unless it is asked for. */
		if (own >= 0 && ns_same(own, fd) == 1) {
			fd_close(fd);
			continue;
		}
		kept->ns_fd[kind] = fd;
		kept->kinds |= NS_BIT(kind);
	}
	if (error)
		*error = (struct inro_error){ 0 };
	if (!kept->kinds)
		return fail_host(error, INRO_ERROR_HOST, -EINVAL, "keep",
				 "'%s' has no namespace that is not this process's own", keep->target);
	return 0;
}

static _Noreturn void hold(const struct kept *kept)
{
	go_background();
	prctl(PR_SET_NAME, "inro-keep");
	/* Out of the way of the numbers first, since one may have the other's. */
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		int fd = kept->ns_fd[kind] < 0 ? -1 : fcntl(kept->ns_fd[kind], F_DUPFD, 64);

		sys_close_range((unsigned)KEPT_FD(kind), (unsigned)KEPT_FD(kind), 0);
		if (fd >= 0)
			dup2(fd, KEPT_FD(kind));
	}
	sys_close_range(3, KEPT_FD(0) - 1, 0);
	/* Last of all the pipe: its end tells that the descriptors are in their places. */
	sys_close_range(KEPT_FD(NS_KINDS), ~0U, 0);
	for (;;)
		pause();
}

static int start_holder(const struct keep *keep, struct kept *kept, struct inro_error *error)
{
	cleanup_close int ready = -EBADF, done = -EBADF;
	int fds[NS_KINDS], ends[2];
	struct kept copy;
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_call(error, -errno, "start a holder", "pipe2", NULL);
	ready = ends[0];
	/* Above the numbers that hold() uses, so that it closes none of them. */
	done = fcntl(ends[1], F_DUPFD_CLOEXEC, 32);
	fd_close(ends[1]);
	if (done < 0)
		return fail_call(error, -errno, "start a holder", "fcntl", NULL);
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		fds[kind] = kept->ns_fd[kind] < 0 ? -EBADF : fcntl(kept->ns_fd[kind], F_DUPFD_CLOEXEC, 32);
		if (kept->ns_fd[kind] >= 0 && fds[kind] < 0)
			return fail_call(error, -errno, "start a holder", "fcntl", NULL);
	}
	copy = *kept;
	memcpy(copy.ns_fd, fds, sizeof(fds));
	kept->holder = fork();
	if (kept->holder == 0)
		hold(&copy);
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		fd_close(fds[kind]);
	if (kept->holder < 0)
		return fail_call(error, -errno, "start a holder", "fork", NULL);
	done = fd_close(done);
	(void)!read(ready, &byte, 1);
	return start_of(keep->proc_fd, kept->holder, &kept->holder_start);
}

static int check_name(const struct keep *keep, struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	struct record record;
	char path[96];

	if (!kept_name_ok(keep->name)) {
		fail_usage(error, keep->name, "this is no name");
		error_hint(error, "letters, digits and _.+- (the first a letter, a digit or _), not digits alone, "
				  "at most 64");
		return -EINVAL;
	}
	if (record_read(keep->state_fd, keep->name, &arena, &record) == 0 &&
	    record_state(&record, keep->proc_fd) != RECORD_STALE)
		return fail_host(error, INRO_ERROR_HOST, -EEXIST, "keep", "a container is called '%s'",
				 keep->name);
	snprintf(path, sizeof(path), "/run/netns/%s", keep->name);
	if (access(path, F_OK) == 0) {
		fail_host(error, INRO_ERROR_HOST, -EEXIST, "keep", "ip netns has that name already: %s", path);
		error_hint(error, "inro enter %s enters it as it is", keep->name);
		return -EEXIST;
	}
	return 0;
}

static int settle_kinds(const struct keep *keep, unsigned *ret, struct inro_error *error)
{
	unsigned kinds = keep->kinds;

	if (!kinds)
		kinds = NS_ALL & ~NS_BIT(NS_TIME) & ~(may_mount() ? NS_BIT(NS_USER) : 0);
	if (keep->init && keep->target)
		return fail_usage(error, "--init", "an init can only be put into a new PID namespace");
	if (keep->init && !(kinds & NS_BIT(NS_PID)))
		return fail_usage(error, "--init", "needs pid among the kinds");
	*ret = kinds;
	return 0;
}

int keep_run(const struct keep *keep, struct inro_error *error)
{
	struct maker maker = { .keep = keep, .pidfd = -EBADF, .fd = -EBADF };
	cleanup_close int dir_fd = -EBADF;
	cleanup_kept struct kept kept = KEPT_NULL;
	int r = check_name(keep, error);

	if (r == 0)
		r = settle_kinds(keep, &maker.kinds, error);
	if (r < 0)
		return r;
	dir_fd = kept_open_dir(keep->state_fd, true);
	if (dir_fd < 0)
		return fail_call(error, dir_fd, "keep", "mkdirat", "the directory of names");
	if (keep->target) {
		r = take_target(keep, &kept, error);
	} else {
		r = start_maker(&maker, error);
		if (r == 0)
			r = take_made(&maker, &kept, error);
	}
	if (r == 0 && !may_mount())
		r = start_holder(keep, &kept, error);
	if (r == 0)
		r = kept_add(dir_fd, keep->name, &kept, error);
	end_maker(&maker, r < 0);
	if (r < 0 && kept.holder > 0)
		kill(kept.holder, SIGKILL);
	return r;
}
