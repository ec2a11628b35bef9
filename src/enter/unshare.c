/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where no fork is asked for the process itself leaves its namespaces and becomes the command: one
 * unshare(2), one execve(2). With a fork the child is born in all of them by one clone3(2), and the
 * parent stays outside, where it has its rights.
 *
 * Some things can only be done from outside (outside.h). With a fork the parent does them; without,
 * a helper process does, which is forked before. Either way the one inside says when it is there, and
 * waits for the answer.
 *
 * A time namespace with offsets is left for and then joined, since they must be written before
 * anybody is in it. One without is joined, too: only since 6.3 would exec do that by itself.
 *
 * A user namespace that shall belong to somebody else is made by a process that has become that
 * user; this one writes its maps, joins it, and makes the other namespaces in there.
 */

#include "enter/unshare.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "enter/child.h"
#include "enter/maps.h"
#include "enter/outside.h"
#include "kernel/syscalls.h"
#include "ns/join.h"
#include "ns/open.h"

struct work {
	struct unshare *want;
	struct map_args maps;
	enum map_writer writer;
	struct outside outside;
	struct ns_join owned; /* the user namespace that was made for somebody else */
	unsigned kinds;       /* what is still to be made */
	int meeting_fd;       /* the end of the one inside; -EBADF where nobody must be waited for */
};

/* What the one outside answers; what it was asked is one byte. */
struct answer {
	int code;
	struct inro_error error;
};

static int write_own_maps(const struct work *work, struct inro_error *error)
{
	cleanup_close int proc_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (proc_fd < 0)
		return error_raw(error, -errno, "open", "/proc/self");
	return maps_write_at(proc_fd, &work->maps, error);
}

static int set_clocks(const char *text, struct inro_error *error)
{
	cleanup_close int fd = -EBADF;
	int r;

	r = text ? fd_write_file_at(AT_FDCWD, "/proc/self/timens_offsets", text) : 0;
	if (r < 0)
		return error_raw(error, r, "write", "/proc/self/timens_offsets");
	fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_raw(error, -errno, "open", "/proc/self/ns/time_for_children");
	return setns(fd, CLONE_NEWTIME) < 0 ? error_raw(error, -errno, "setns", "time") : 0;
}

/* Tell the one outside that all is made, and wait until it has done its part. */
static int meet(const struct work *work, struct inro_error *error)
{
	struct answer answer;
	ssize_t n;

	if (work->meeting_fd < 0)
		return 0;
	if (send(work->meeting_fd, "", 1, MSG_NOSIGNAL) < 0)
		return error_raw(error, -errno, "send", NULL);
	do
		n = recv(work->meeting_fd, &answer, sizeof(answer), 0);
	while (n < 0 && errno == EINTR);
	if (n < (ssize_t)sizeof(answer))
		return error_raw(error, n < 0 ? -errno : -EPIPE, "recv", NULL);
	if (answer.code < 0 && error)
		*error = answer.error;
	return answer.code;
}

/* The other side of it. PID is the one inside. */
static void attend(const struct work *work, int fd, pid_t pid)
{
	struct answer answer = { 0 };
	char byte;
	ssize_t n;

	do
		n = recv(fd, &byte, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return;
	answer.code = outside_work(&work->outside, pid, &answer.error);
	send(fd, &answer, sizeof(answer), MSG_NOSIGNAL);
}

/* Inside of everything that was made: the rest, up to the command. */
static int go_on(const struct work *work, struct inro_error *error)
{
	int r = 0;

	if (work->writer == MAP_BY_ITSELF)
		r = write_own_maps(work, error);
	if (r == 0 && work->kinds & NS_BIT(NS_TIME))
		r = set_clocks(work->want->clocks, error);
	if (r == 0)
		r = meet(work, error);
	return r < 0 ? r : become_command(&work->want->become, error);
}

static int make_failed(const struct work *work, int code, const char *call, struct inro_error *error)
{
	char kinds[NS_KINDS_TEXT];

	ns_kinds_format(work->want->kinds, kinds, sizeof(kinds));
	fail_call(error, code, "make new namespaces:", call, kinds);
	if (code == -EPERM && !(work->want->kinds & NS_BIT(NS_USER))) {
		error->kind = INRO_ERROR_DENIED;
		error_why(error, "it takes CAP_SYS_ADMIN, which an ordinary user has only in a user namespace "
				 "of its own");
		error_hint(error, "add --user (-U), or --map-root-user (-r) to be root in it");
	} else if (code == -EPERM) {
		error->kind = INRO_ERROR_DENIED;
		error_why(error, "user namespaces are refused: in a chroot, to a user whose ids are not mapped, "
				 "or by a setting of this host");
		error_hint(error, "see sysctl kernel.unprivileged_userns_clone "
				  "kernel.apparmor_restrict_unprivileged_userns");
	} else if (code == -ENOSPC) {
		error_why(error, "a limit is reached: 32 PID or user namespaces inside each other, or "
				 "/proc/sys/user/max_*_namespaces");
	} else if (code == -EINVAL && !ns_explain_absent(error, work->want->kinds)) {
		error_why(error, "this process has left its PID namespace already");
	}
	return code;
}

static int in_place(struct work *work, struct inro_error *error)
{
	int pair[2] = { -EBADF, -EBADF };
	pid_t self = getpid(), helper = 0;
	int r;

	if (outside_needed(&work->outside)) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
			return fail_call(error, -errno, "start a helper", "socketpair", NULL);
		helper = fork();
		if (helper < 0)
			return fail_call(error, -errno, "start a helper", "fork", NULL);
		if (helper == 0) {
			fd_close(pair[1]);
			attend(work, pair[0], self);
			sys_exit_group(0);
		}
		fd_close(pair[0]);
		work->meeting_fd = pair[1];
	}
	if (work->owned.kinds)
		r = ns_join_now(&work->owned, NS_ALL, error);
	else
		r = 0;
	if (r == 0 && unshare((int)ns_kinds_to_flags(work->kinds)) < 0)
		r = make_failed(work, -errno, "unshare", error);
	if (r == 0)
		r = go_on(work, error);
	work->meeting_fd = fd_close(work->meeting_fd);
	/* Only on failure: a command finds that helper among its children, ended. */
	if (helper > 0)
		waitpid(helper, NULL, 0);
	return r;
}

static _Noreturn void be_child(struct work *work, struct child *child)
{
	struct inro_error *error = &child->shared->error;
	int r = 0;

	if (work->kinds & NS_BIT(NS_TIME) && unshare(CLONE_NEWTIME) < 0)
		r = error_raw(error, -errno, "unshare", "time");
	if (r == 0)
		r = go_on(work, error);
	if (error->kind == INRO_ERROR_NONE)
		error_raw(error, r, NULL, NULL);
	sys_exit_group(125);
}

static pid_t clone_child(struct work *work, struct child *child, struct inro_error *error)
{
	struct clone_args args = {
		.flags = ns_kinds_to_flags(work->kinds & ~NS_BIT(NS_TIME)) | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&child->pidfd,
		.exit_signal = SIGCHLD,
	};
	enum ns_kind kind = NS_KINDS;
	pid_t pid;

	if (work->owned.kinds)
		pid = ns_join_clone(&work->owned, &args, &kind);
	else
		pid = sys_clone3(&args, sizeof(args));
	if (pid < 0 && kind < NS_KINDS)
		return ns_join_explain(&work->owned, kind, pid, error);
	return pid < 0 ? make_failed(work, pid, "clone3", error) : pid;
}

static int with_child(struct work *work, int *ret_status, struct inro_error *error)
{
	struct unshare *want = work->want;
	cleanup_close int outer = -EBADF, inner = -EBADF;
	struct child child;
	int pair[2], r;

	r = child_init(&child, want->forward ? CHILD_FORWARD_BREAK : CHILD_IGNORE_BREAK, error);
	if (r < 0)
		return r;
	/* Also where nobody must be waited for: its end of file tells that the parent has ended. */
	if (outside_needed(&work->outside) || want->kill_signal) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
			r = fail_call(error, -errno, "start the command", "socketpair", NULL);
			goto out;
		}
		outer = pair[0];
		inner = pair[1];
		work->meeting_fd = outside_needed(&work->outside) ? inner : -EBADF;
	}
	want->become.mask = &child.old_mask;
	want->become.death_signal = want->kill_signal;
	want->become.parent_fd = inner;
	child.pid = clone_child(work, &child, error);
	if (child.pid == 0) {
		fd_close(outer);
		sigaction(SIGCHLD, &child.old_chld, NULL);
		be_child(work, &child);
	}
	if (child.pid < 0) {
		r = child.pid;
		goto out;
	}
	inner = fd_close(inner);
	child.is_init = work->kinds & NS_BIT(NS_PID);
	if (work->meeting_fd >= 0)
		attend(work, outer, child.pid);
	r = child_wait(&child, ret_status, error);
out:
	child_deinit(&child);
	return r;
}

/* What a process of the owner's says: 0, or the negative errno of a call. */
struct owner_word {
	int code;
	char call[16];
};

static struct owner_word make_user_namespace(const struct unshare *want)
{
	int r = sys_setgroups(0, NULL);

	if (r < 0)
		return (struct owner_word){ r, "setgroups" };
	r = sys_setresgid(want->owner_gid);
	if (r < 0)
		return (struct owner_word){ r, "setresgid" };
	r = sys_setresuid(want->owner_uid);
	if (r < 0)
		return (struct owner_word){ r, "setresuid" };
	return (struct owner_word){ unshare(CLONE_NEWUSER) < 0 ? -errno : 0, "unshare" };
}

/* A process of the owner's makes the user namespace, and holds it until it is joined. */
static _Noreturn void be_owner(const struct unshare *want, int fd)
{
	const struct owner_word word = make_user_namespace(want);
	char byte;

	send(fd, &word, sizeof(word), MSG_NOSIGNAL);
	(void)!recv(fd, &byte, 1, 0);
	sys_exit_group(0);
}

static int owner_failed(const struct work *work, const struct owner_word *word, struct inro_error *error)
{
	if (strcmp(word->call, "unshare") == 0)
		return make_failed(work, word->code, word->call, error);
	fail_call(error, word->code, "make a user namespace for", word->call, "--owner");
	if (word->code == -EPERM || word->code == -EINVAL)
		error_why(error, "this process may not become that user");
	return word->code;
}

static int take_owned(struct work *work, pid_t pid, int fd, struct inro_error *error)
{
	const struct outside maps_only = {
		.maps = work->writer == MAP_BY_NOBODY ? NULL : &work->maps,
		.files = (const char *const[NS_KINDS]){ 0 },
	};
	cleanup_close int pidfd = sys_pidfd_open(pid, 0);
	struct owner_word word = { 0 };
	int user_fd, r;

	if (recv(fd, &word, sizeof(word), 0) != sizeof(word))
		return fail_call(error, -EPIPE, "make a user namespace for", "recv", "--owner");
	if (word.code < 0)
		return owner_failed(work, &word, error);
	if (pidfd < 0)
		return fail_call(error, pidfd, "make a user namespace for", "pidfd_open", "--owner");
	r = outside_work(&maps_only, pid, error);
	user_fd = r < 0 ? r : ns_open_pidfd(pidfd, NS_USER, 0, error);
	return user_fd < 0 ? user_fd : ns_join_add_fd(&work->owned, NS_USER, user_fd, error);
}

static int make_owned(struct work *work, struct inro_error *error)
{
	cleanup_close int outer = -EBADF, inner = -EBADF;
	int pair[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_call(error, -errno, "make a user namespace for", "socketpair", "--owner");
	outer = pair[0];
	inner = pair[1];
	pid = fork();
	if (pid < 0)
		return fail_call(error, -errno, "make a user namespace for", "fork", "--owner");
	if (pid == 0) {
		fd_close(outer);
		be_owner(work->want, inner);
	}
	inner = fd_close(inner);
	r = take_owned(work, pid, outer, error);
	outer = fd_close(outer);
	waitpid(pid, NULL, 0);
	work->writer = MAP_BY_NOBODY;
	work->kinds &= ~NS_BIT(NS_USER);
	return r;
}

static int prepare(struct work *work, struct inro_error *error)
{
	struct unshare *want = work->want;
	int r = 0;

	if (want->kinds & NS_BIT(NS_USER))
		r = unshare_maps(want, &work->maps, &work->writer, error);
	if (r == 0 && want->owner_set)
		r = make_owned(work, error);
	if (r < 0)
		return r;
	if (work->writer == MAP_BY_OUTSIDE || work->writer == MAP_BY_HELPER)
		work->outside.maps = &work->maps;
	work->outside.maps_by_helper = work->writer == MAP_BY_HELPER;
	return 0;
}

static void explain(const struct work *work, struct inro_error *error)
{
	become_explain(error);
	if (strcmp(error->object, "/proc/self/timens_offsets") == 0 && error->code == ERANGE)
		error_why(error, "a clock would be negative, or would run over its 64 bits");
	if (strcmp(error->object, "setgroups") == 0 || strcmp(error->object, "uid_map") == 0 ||
	    strcmp(error->object, "gid_map") == 0)
		error_why(error, error->code == EINVAL ? "the ranges overlap, or are more than 340" :
							 "an id is mapped that the caller does not have");
	if (error->code == ENOENT && work->want->become.root && error->kind == INRO_ERROR_NOT_FOUND)
		error_hint(error, "it is looked for below --root %s", work->want->become.root);
	if (!error->what[0])
		snprintf(error->what, sizeof(error->what), "set up the namespaces:");
}

int unshare_run(struct unshare *want, int *ret_status, struct inro_error *error)
{
	struct work work = {
		.want = want,
		.kinds = want->kinds,
		.outside = { .files = want->files, .for_children = !want->fork },
		.meeting_fd = -EBADF,
	};
	int r;

	ns_join_init(&work.owned);
	r = prepare(&work, error);
	if (r == 0)
		r = want->fork ? with_child(&work, ret_status, error) : in_place(&work, error);
	if (r < 0)
		explain(&work, error);
	ns_join_deinit(&work.owned);
	return r;
}
