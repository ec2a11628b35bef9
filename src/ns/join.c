/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/join.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"
#include "ns/open.h"
#include "ns/pidmap.h"

/*
 * Theory of operation
 *
 * In which order? setns(2) asks for CAP_SYS_ADMIN over the namespace to be joined, and for some
 * kinds also for capabilities in the caller's own user namespace. Entering a user namespace gives
 * the capabilities of that one and takes those of the old. Hence:
 *
 * - Someone with privilege outside (root) must join first what belongs outside, the user namespace
 *   last: a container with the host's network is such a case.
 * - Someone without (the ordinary user who owns the user namespace) must join the user namespace
 *   first, and only then has the right to the others.
 * - With mixed owners it takes both: as much as possible, then the user namespace, then the rest.
 *
 * The kernel knows the best order itself: setns(pidfd, mask), 5.8, joins several namespaces of one
 * process at once, all or nothing, judging each with the rights both before and after. There are
 * cases (a mount namespace that belongs to the middle one of three nested user namespaces) in which
 * no order of single calls works and this does. So it is tried first wherever the kinds come from
 * one process; then come two passes of single calls around the user namespace.
 *
 * The mount namespace is joined last in its pass. It changes root and working directory, and while
 * everything here goes by descriptor, an error in between leaves the caller where it can be
 * diagnosed.
 *
 * Kernel's traps: joining one's own user namespace is EINVAL, so what is the same is left away
 * beforehand; a thread among several may not join mnt and user (EINVAL) nor time (EUSERS); a
 * process that shares its fs_struct not mnt (EINVAL).
 *
 * Nobody comes back from a user namespace: the caller would need rights outside that it no longer
 * has. And what is made anew belongs to the user namespace of who makes it. So where a user
 * namespace is joined and more is made, or its PID namespace joined by its ordinary owner, a helper
 * joins and clones for the caller (CLONE_PARENT), and ends.
 *
 * A PID namespace whose init has died can still be joined, only the next fork fails, with a most
 * misleading ENOMEM. That its PID 1 cannot be found holds also for one that has had no process yet,
 * and that one can very well be joined. The two differ in what a clone with a chosen PID of 2
 * answers: EINVAL where there has never been a PID 1, ENOMEM (or EPERM) where there was. It is asked
 * by a short-lived child that joined it for its own children, and makes no process unless a PID 1
 * came up in the same moment.
 */

void ns_join_init(struct ns_join *join)
{
	*join = (struct ns_join)NS_JOIN_NULL;
}

void ns_join_deinit(struct ns_join *join)
{
	fd_close(join->pidfd);
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		fd_close(join->ns_fd[kind]);
	ns_join_init(join);
}

static void put(struct ns_join *join, enum ns_kind kind, int fd)
{
	fd_close(join->ns_fd[kind]);
	join->ns_fd[kind] = fd;
	join->kinds |= NS_BIT(kind);
	join->group_kinds &= ~NS_BIT(kind);
}

int ns_join_add_fd(struct ns_join *join, enum ns_kind kind, int fd, struct inro_error *error)
{
	int r = ns_fd_check(fd, kind);

	if (r < 0) {
		fail_host(error, INRO_ERROR_HOST, r, "join a namespace",
			  "what was opened is no %s namespace", ns_kind_name(kind));
		fd_close(fd);
		return r;
	}
	put(join, kind, fd);
	return 0;
}

/* Which of two groups from one process should be joined in one call: the one with user, then the larger. */
static bool better_group(unsigned kinds, unsigned than)
{
	if ((kinds ^ than) & NS_BIT(NS_USER))
		return kinds & NS_BIT(NS_USER);
	return __builtin_popcount(kinds) > __builtin_popcount(than);
}

/* Are both pidfds of the same process (thread)? */
static bool same_process(int a_fd, int b_fd)
{
	struct statfs fs;
	pid_t a, b;

	if (b_fd < 0)
		return false;
	/* Since 6.9 each has an inode of its own; before, all share one, and none is of a thread. */
	if (fstatfs(a_fd, &fs) == 0 && fs.f_type == PID_FS_MAGIC)
		return fd_same_file(a_fd, b_fd);
	/* One number belongs to one process as long as both are open and it has not ended. */
	return procfs_pid_of_pidfd(a_fd, &a) == 0 && procfs_pid_of_pidfd(b_fd, &b) == 0 && a == b;
}

int ns_join_add_pidfd(struct ns_join *join, int pidfd, unsigned kinds, struct inro_error *error)
{
	int fds[NS_KINDS];
	int r = 0;

	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		fds[kind] = -EBADF;
		if (!(kinds & NS_BIT(kind)) || r < 0)
			continue;
		fds[kind] = ns_open_pidfd(pidfd, kind, 0, error);
		if (fds[kind] < 0)
			r = fds[kind];
	}
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		if (r < 0)
			fd_close(fds[kind]);
		else if (kinds & NS_BIT(kind))
			put(join, kind, fds[kind]);
	}
	if (r == 0 && same_process(pidfd, join->pidfd)) {
		join->group_kinds |= kinds;
		return 0;
	}
	if (r < 0 || !better_group(kinds, join->group_kinds))
		return r;
	r = fcntl(pidfd, F_DUPFD_CLOEXEC, 3);
	if (r < 0)
		return fail_call(error, -errno, "keep the pidfd of", "fcntl", "the process");
	fd_close(join->pidfd);
	join->pidfd = r;
	join->group_kinds = kinds;
	return 0;
}

int ns_join_add_self(struct ns_join *join, unsigned kinds, struct inro_error *error)
{
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		int fd;

		if (!(kinds & NS_BIT(kind)))
			continue;
		fd = ns_open_self(kind, kind == NS_PID ? NS_OPEN_FOR_CHILDREN : 0, error);
		if (fd < 0)
			return fd;
		put(join, kind, fd);
	}
	return 0;
}

static void leave_away(struct ns_join *join, enum ns_kind kind)
{
	join->ns_fd[kind] = fd_close(join->ns_fd[kind]);
	join->kinds &= ~NS_BIT(kind);
	join->group_kinds &= ~NS_BIT(kind);
}

/* Is the PID namespace the caller's own or one below it? */
static bool is_below_own(int pidns_fd)
{
	cleanup_close int own = ns_open_self(NS_PID, 0, NULL);
	cleanup_close int at = fcntl(pidns_fd, F_DUPFD_CLOEXEC, 3);

	if (own < 0)
		return true;
	while (at >= 0) {
		int parent;

		if (ns_same(at, own) == 1)
			return true;
		parent = ioctl(at, NS_GET_PARENT);
		fd_close(at);
		at = parent < 0 ? -EBADF : parent;
	}
	return false;
}

static const char join_pid[] = "join the PID namespace";

/* The kernel's own answer, ENOMEM, would send people looking for memory. */
int ns_join_fail_dead(struct inro_error *error)
{
	fail_host(error, INRO_ERROR_HOST, -ESRCH, join_pid,
		  "its PID 1 has ended; such a namespace takes no process any more");
	error_hint(error, "leave out the pid namespace, or start anew");
	return -ESRCH;
}

static int check_pid(const struct ns_join *join, struct inro_error *error)
{
	int fd = join->ns_fd[NS_PID];

	if (!is_below_own(fd)) {
		fail_host(error, INRO_ERROR_HOST, -EINVAL, join_pid,
			  "it is neither the caller's own nor one inside of it");
		error_hint(error, "start from a PID namespace that holds it, such as the host's");
		return -EINVAL;
	}
	if (ns_pid_state(fd) != NS_PID_DEAD)
		return 0;
	return ns_join_fail_dead(error);
}

int ns_join_prepare(struct ns_join *join, struct inro_error *error)
{
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		cleanup_close int own = -EBADF;

		if (!(join->kinds & ~join->others & NS_BIT(kind)))
			continue;
		own = ns_open_self(kind, kind == NS_PID ? NS_OPEN_FOR_CHILDREN : 0, NULL);
		if (own >= 0 && ns_same(own, join->ns_fd[kind]) == 1)
			leave_away(join, kind);
	}
	return join->kinds & NS_BIT(NS_PID) ? check_pid(join, error) : 0;
}

/* The order of single calls. */
static const enum ns_kind join_order[NS_KINDS - 1] = {
	NS_CGROUP, NS_IPC, NS_UTS, NS_NET, NS_PID, NS_TIME, NS_MNT,
};

static int join_one(const struct ns_join *join, enum ns_kind kind)
{
	return setns(join->ns_fd[kind], (int)ns_kind_table[kind].clone_flag) < 0 ? -errno : 0;
}

/* Join what is in *left, except for the user namespace. The first failure is told. Child-safe. */
static int join_pass(const struct ns_join *join, unsigned *left, enum ns_kind *ret_kind)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(join_order); i++) {
		enum ns_kind kind = join_order[i];
		int r;

		if (!(*left & NS_BIT(kind)))
			continue;
		r = join_one(join, kind);
		if (r == 0) {
			*left &= ~NS_BIT(kind);
		} else if (result == 0) {
			result = r;
			*ret_kind = kind;
		}
	}
	return result;
}

int ns_join_prepared(const struct ns_join *join, unsigned mask, enum ns_kind *ret_kind)
{
	unsigned left = join->kinds & mask, group = join->group_kinds & mask;
	enum ns_kind failed = NS_USER;
	int r;

	if (group && setns(join->pidfd, (int)ns_kinds_to_flags(group)) == 0)
		left &= ~group;
	r = join_pass(join, &left, &failed);
	if (left & NS_BIT(NS_USER)) {
		r = join_one(join, NS_USER);
		if (r == 0)
			r = join_pass(join, &left, &failed);
		else
			failed = NS_USER;
	}
	if (r < 0 && ret_kind)
		*ret_kind = failed;
	return r;
}

/* What the helper of ns_join_clone() tells its parent. */
struct clone_answer {
	pid_t pid; /* or a negative errno */
	enum ns_kind kind;
	int pidfd;
};

/* The helper: join, clone a sibling, say which. Returns in the sibling only. */
static void help_clone(const struct ns_join *join, const struct clone_args *args,
		       volatile struct clone_answer *answer)
{
	struct clone_args sibling = *args;
	enum ns_kind kind = NS_KINDS;
	int pidfd = -EBADF;
	int r;

	/* Before anything of there can see it. */
	prctl(PR_SET_DUMPABLE, 0);
	r = ns_join_prepared(join, NS_ALL, &kind);
	if (r == 0) {
		sibling.flags |= CLONE_PARENT;
		sibling.exit_signal = 0; /* it is that of the helper: SIGCHLD */
		sibling.pidfd = (uintptr_t)&pidfd;
		r = sys_clone3(&sibling, sizeof(sibling));
		if (r == 0)
			return;
		kind = NS_KINDS;
	}
	answer->pidfd = pidfd;
	answer->kind = kind;
	answer->pid = r;
	sys_exit_group(0);
}

pid_t ns_join_clone(const struct ns_join *join, const struct clone_args *args,
		    enum ns_kind *ret_kind)
{
	/* With one table of descriptors the pidfd that the helper gets is the caller's too. */
	struct clone_args helper = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	struct clone_answer *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (ret_kind)
		*ret_kind = NS_KINDS;
	if (answer == MAP_FAILED)
		return -errno;
	*answer = (struct clone_answer){ .pid = -ECHILD, .kind = NS_KINDS, .pidfd = -EBADF };
	pid = sys_clone3(&helper, sizeof(helper));
	if (pid == 0) {
		help_clone(join, args, answer);
		munmap(answer, sizeof(*answer));
		return 0;
	}
	if (pid > 0) {
		/* ECHILD where SIGCHLD is ignored: then too it has ended. */
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		pid = answer->pid;
		if (pid > 0 && args->flags & CLONE_PIDFD)
			*(int *)(uintptr_t)args->pidfd = answer->pidfd;
		else if (ret_kind)
			*ret_kind = answer->kind;
	}
	munmap(answer, sizeof(*answer));
	return pid;
}

static void explain_denied(const struct ns_join *join, enum ns_kind kind, struct inro_error *error)
{
	if (error)
		error->kind = INRO_ERROR_DENIED;
	if (kind == NS_USER) {
		error_why(error, "it takes CAP_SYS_ADMIN in that user namespace: be its owner or "
				 "root, and outside of it");
		return;
	}
	error_why(error, "it takes CAP_SYS_ADMIN%s here and in the user namespace that owns it",
		  kind == NS_MNT ? " and CAP_SYS_CHROOT" : "");
	if (join->kinds & NS_BIT(NS_USER))
		error_hint(error, "run as root");
	else
		error_hint(error, "run as root, or join the target's user namespace too");
}

int ns_join_explain(const struct ns_join *join, enum ns_kind kind, int code,
		    struct inro_error *error)
{
	char what[64];

	snprintf(what, sizeof(what), "join the %s namespace", ns_kind_table[kind].long_name);
	fail_call(error, code, what, "setns", NULL);
	if (code == -EPERM) {
		explain_denied(join, kind, error);
	} else if (code == -EUSERS || (code == -EINVAL && (kind == NS_MNT || kind == NS_USER))) {
		error_why(error, "only a process with a single thread%s may",
			  kind == NS_TIME ? "" : ", that shares its root with no other");
		error_hint(error, "join before threads are started, or in a child");
	} else if (code == -EINVAL && kind == NS_PID) {
		error_why(error, "it is neither the caller's own nor one inside of it");
	} else if (code == -ENOMEM && kind == NS_PID) {
		ns_join_fail_dead(error);
	}
	return code;
}

int ns_join_now(const struct ns_join *join, unsigned mask, struct inro_error *error)
{
	enum ns_kind kind = NS_USER;
	int r = ns_join_prepared(join, mask, &kind);

	return r < 0 ? ns_join_explain(join, kind, r, error) : 0;
}

/* Into the namespace for children: what does a clone say, with a PID that only PID 1 can precede? */
static enum ns_pid_state probe_children(void)
{
	pid_t two = 2;
	/* Without an exit signal it stays hidden from the caller's SIGCHLD handler and wait(). */
	struct clone_args args = {
		.set_tid = (uint64_t)(uintptr_t)&two,
		.set_tid_size = 1,
	};
	pid_t pid = sys_clone3(&args, sizeof(args));

	switch (pid) {
	case 0:
		sys_exit_group(0);
	case -EINVAL:
		return NS_PID_UNBORN;
	case -ENOMEM:
	case -EPERM:
		return NS_PID_DEAD;
	case -EEXIST:
		return NS_PID_ALIVE;
	default:
		break;
	}
	if (pid < 0)
		return NS_PID_UNKNOWN;
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return NS_PID_ALIVE;
}

/* The same for any namespace, by a child that joins it for its children. */
static enum ns_pid_state probe_by_child(int pidns_fd)
{
	struct clone_args args = { .exit_signal = 0 };
	pid_t pid = sys_clone3(&args, sizeof(args));
	int status = 0;

	if (pid == 0) {
		if (setns(pidns_fd, CLONE_NEWPID) < 0)
			sys_exit_group(NS_PID_UNKNOWN);
		sys_exit_group(probe_children());
	}
	if (pid < 0)
		return NS_PID_UNKNOWN;
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? (enum ns_pid_state)WEXITSTATUS(status) : NS_PID_UNKNOWN;
}

static enum ns_pid_state probe(int pidns_fd)
{
	cleanup_close int own = ns_open_self(NS_PID, 0, NULL);
	cleanup_close int children = ns_open_self(NS_PID, NS_OPEN_FOR_CHILDREN, NULL);

	/* A child must not be born into an unborn namespace by the way: it would be its PID 1. */
	if (ns_same(children, pidns_fd) == 1)
		return probe_children();
	return ns_same(children, own) == 1 ? probe_by_child(pidns_fd) : NS_PID_UNKNOWN;
}

enum ns_pid_state ns_pid_state(int pidns_fd)
{
	cleanup_close int pidfd = -EBADF;
	pid_t init;
	int r = pidmap_from(pidns_fd, 1, &init);

	if (r < 0)
		return r == -ESRCH ? probe(pidns_fd) : NS_PID_UNKNOWN;
	/* A PID 1 that nobody has waited for yet is found, but has ended. */
	pidfd = sys_pidfd_open(init, 0);
	return pidfd < 0 || procfs_pidfd_ended(pidfd) ? NS_PID_DEAD : NS_PID_ALIVE;
}
