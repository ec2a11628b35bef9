/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Everything is opened before anything is joined: targets, the namespaces, what is taken on of the
 * target, the directories. Then all is joined, in an order that works (ns/join.h), and only then comes
 * the child, where there must be one: a PID namespace is entered by birth, and a fresh terminal needs
 * somebody outside of it. The parent is then in the namespaces as well, all but the PID namespace, so
 * that nobody in there can see it, and it is not dumpable.
 *
 * The child dies with its parent, and gets its signals. Otherwise the command takes this process's
 * place.
 */

#include "enter/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/procfs.h"
#include "enter/child.h"
#include "enter/follow.h"
#include "enter/relay.h"
#include "kernel/syscalls.h"
#include "ns/open.h"
#include "ns/scan.h"

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

struct work {
	struct enter *want;
	const struct ns_target *process; /* the target that is a process; NULL */
	struct ns_join join;
	struct follow follow;
	int proc_fd;
	struct relay relay;
};

/* nsenter's PID:INODE, where INODE is that of a pidfd of the process: it, and no other since. */
static bool open_by_inode(const char *text, struct ns_target *ret)
{
	const char *colon = strchr(text, ':');
	uint64_t inode;
	char number[16];
	struct stat st;
	pid_t pid;

	if (!colon || (size_t)(colon - text) >= sizeof(number) || parse_u64(colon + 1, &inode) < 0)
		return false;
	memcpy(number, text, (size_t)(colon - text));
	number[colon - text] = '\0';
	if (parse_pid(number, &pid) < 0 || ns_target_set_process(ret, pid, 0) < 0)
		return false;
	if (fstat(ret->pidfd, &st) == 0 && st.st_ino == inode)
		return true;
	ns_target_deinit(ret);
	return false;
}

static int open_sources(struct work *work, struct inro_error *error)
{
	struct enter *want = work->want;

	for (size_t i = 0; i < want->n_sources; i++) {
		struct enter_source *source = &want->sources[i];
		int r = 0;

		source->target = (struct ns_target)NS_TARGET_NULL;
		if (!open_by_inode(source->text, &source->target))
			r = ns_target_open(source->text, want->names, &source->target, error);
		if (r < 0) {
			want->n_sources = i;
			return r;
		}
		if (source->target.pidfd >= 0)
			work->process = &source->target;
	}
	return 0;
}

/* Which of a target's namespaces; a kind that the kernel lacks is passed over where all are meant. */
static int join_source(struct work *work, const struct ns_target *target, unsigned kinds, unsigned optional,
		       struct inro_error *error)
{
	int r = ns_target_join(target, kinds, &work->join, error);

	if (r != -EOPNOTSUPP || !(kinds & optional))
		return r;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		if (!(kinds & NS_BIT(kind)))
			continue;
		r = ns_target_join(target, NS_BIT(kind), &work->join, error);
		if (r == -EOPNOTSUPP && optional & NS_BIT(kind))
			continue;
		if (r < 0)
			return r;
	}
	if (error)
		*error = (struct inro_error){ 0 };
	return 0;
}

static int no_source(const struct work *work, unsigned missing, struct inro_error *error)
{
	char kinds[NS_KINDS_TEXT];

	ns_kinds_format(missing, kinds, sizeof(kinds));
	if (work->want->n_sources == 0) {
		fail_usage(error, kinds, "of which process?");
		error_hint(error, "name a target: --target PID, or --net=FILE");
	} else {
		fail_host(error, INRO_ERROR_HOST, -ENOENT, "enter",
			  "the target is no process, and holds no namespace of kind: %s", kinds);
	}
	return -ENOENT;
}

/* The later of two targets counts, for what it can answer for; one that names its kinds, for them. */
static int join_sources(struct work *work, struct inro_error *error)
{
	struct enter *want = work->want;
	unsigned left = want->kinds | (want->all ? NS_ALL : 0), optional = want->all ? ~want->kinds : 0;

	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		if (want->files[kind])
			left &= ~NS_BIT(kind);
	for (int named = 1; named >= 0; named--) {
		for (size_t i = want->n_sources; i-- > 0;) {
			const struct enter_source *source = &want->sources[i];
			unsigned kinds = named ? source->kinds : left & ns_target_kinds(&source->target);
			int r;

			if (!kinds || (!named && source->kinds))
				continue;
			r = join_source(work, &source->target, kinds, named ? 0 : optional, error);
			if (r < 0)
				return r;
			left &= ~kinds;
		}
	}
	left &= ~optional;
	return left ? no_source(work, left, error) : 0;
}

/* ":NUMBER", the number that a namespace never shares with a later one. */
static int open_unique(enum ns_kind kind, const char *text, struct inro_error *error)
{
	const struct ns_scan_options options = { .kinds = NS_ALL, .flags = NS_SCAN_EVERYTHING };
	cleanup_ns_graph struct ns_graph graph = { 0 };
	uint64_t id;
	int r;

	if (parse_u64(text, &id) < 0)
		return fail_usage(error, ns_kind_name(kind), "'%s' is no number of a namespace", text);
	r = ns_scan(&options, &graph, error);
	for (size_t i = 0; i < graph.n_nodes && r == 0; i++)
		if (graph.nodes[i]->unique == id && graph.nodes[i]->kind == kind)
			return ns_scan_open(&graph, graph.nodes[i], error);
	if (r < 0)
		return r;
	fail_host(error, INRO_ERROR_HOST, -ENOENT, "find the namespace",
		  "no %s namespace that can be seen here has the number %s", ns_kind_name(kind), text);
	error_hint(error, "these numbers are there since Linux 6.18; inodes (4026532204) are always");
	return -ENOENT;
}

static int join_file(struct work *work, enum ns_kind kind, const char *text, struct inro_error *error)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	int fd, r;

	if (text[0] == ':') {
		fd = open_unique(kind, text + 1, error);
	} else {
		r = ns_target_open(text, work->want->names, &target, error);
		fd = r < 0 ? r : ns_target_ns(&target, kind, error);
	}
	return fd < 0 ? fd : ns_join_add_fd(&work->join, kind, fd, error);
}

static int join_socket(struct work *work, struct inro_error *error)
{
	static const char what[] = "find the network namespace of the socket";
	cleanup_close int fd = -EBADF;
	int ns_fd;

	if (!work->process)
		return fail_usage(error, "--net-socket", "needs a target that is a process");
	fd = sys_pidfd_getfd(work->process->pidfd, work->want->net_socket, 0);
	if (fd < 0)
		return fail_call(error, fd, what, "pidfd_getfd", NULL);
	ns_fd = ioctl(fd, SIOCGSKNS);
	if (ns_fd < 0) {
		int code = -errno;

		fail_call(error, code, what, "ioctl SIOCGSKNS", NULL);
		if (code == -ENOTTY || code == -ENOTSOCK)
			error_why(error, "that descriptor of the target is no socket");
		return code;
	}
	fcntl(ns_fd, F_SETFD, FD_CLOEXEC);
	return ns_join_add_fd(&work->join, NS_NET, ns_fd, error);
}

static int join_user_parent(struct work *work, struct inro_error *error)
{
	enum ns_kind kind = NS_USER;
	int fd;

	while (!(work->join.kinds & NS_BIT(kind))) {
		kind = (kind + 1) % NS_KINDS;
		if (kind == NS_USER)
			return fail_usage(error, "--user-parent", "of which namespace? none is named");
	}
	fd = ns_userns(work->join.ns_fd[kind], error);
	return fd < 0 ? fd : ns_join_add_fd(&work->join, NS_USER, fd, error);
}

static int gather_namespaces(struct work *work, struct inro_error *error)
{
	struct enter *want = work->want;
	int r = join_sources(work, error);

	for (enum ns_kind kind = 0; kind < NS_KINDS && r == 0; kind++)
		if (want->files[kind])
			r = join_file(work, kind, want->files[kind], error);
	if (r == 0 && want->net_socket >= 0)
		r = join_socket(work, error);
	if (r == 0 && want->user_parent)
		r = join_user_parent(work, error);
	return r == 0 ? ns_join_prepare(&work->join, error) : r;
}

static int open_dir(const char *path, int *ret, struct inro_error *error)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail_call(error, -errno, "open the directory", "open", path);
	*ret = fd;
	return 0;
}

static int gather_follow(struct work *work, struct inro_error *error)
{
	struct enter *want = work->want;
	pid_t number;
	int r;

	if (!want->follow)
		return 0;
	if (!work->process) {
		fail_usage(error, "enter", "only a process has a root, a directory, ids and the like to be "
					   "taken on; the target is none");
		error_hint(error, "name a process, or leave the option out");
		return -EINVAL;
	}
	r = procfs_number(work->proc_fd, work->process->pidfd, &number);
	if (r < 0)
		return fail_call(error, r, "take on of the target", "open", "/proc/PID");
	return follow_read(work->proc_fd, number, want->follow,
			   work->join.kinds & NS_BIT(NS_USER), &want->arena, &work->follow, error);
}

static void settle_ids(struct work *work)
{
	struct enter *want = work->want;
	struct become *become = &want->become;

	if (want->follow & FOLLOW_UID) {
		become->set_uid = true;
		become->uid = work->follow.uid;
	}
	if (want->follow & FOLLOW_GID) {
		become->set_gid = become->drop_groups = true;
		become->gid = work->follow.gid;
	}
	/* In another user namespace the caller's own ids are nobody's; root is what most have. */
	if (want->preserve || !(work->join.kinds & NS_BIT(NS_USER)))
		return;
	become->keep_own = !become->set_uid && !become->set_gid;
	become->drop_groups = become->set_uid = become->set_gid = true;
}

static int settle(struct work *work, struct inro_error *error)
{
	struct enter *want = work->want;
	struct become *become = &want->become;
	struct follow *follow = &work->follow;
	int r = 0;

	if (want->root)
		r = open_dir(want->root, &follow->root_fd, error);
	if (r == 0 && want->wd)
		r = open_dir(want->wd, &follow->wd_fd, error);
	if (r < 0)
		return r;
	settle_ids(work);
	become->root_fd = follow->root_fd;
	become->wd_fd = follow->wd_fd;
	become->cgroup_fds = follow->cgroup_fds;
	become->n_cgroup_fds = follow->n_cgroup_fds;
	become->proc_fd = work->proc_fd;
	become->label = follow->label;
	become->label_file = follow->label_file;
	become->caps = want->follow & FOLLOW_CAPS ? &follow->caps : NULL;
	become->no_new_privs |= want->follow & FOLLOW_NNP && follow->no_new_privs;
	become->keep_caps &= (work->join.kinds & NS_BIT(NS_USER)) != 0;
	return program_prepare(&want->arena, want->words, follow->env ? follow->env : want->env,
			       &become->program, error);
}

static bool wants_tty(const struct work *work)
{
	const unsigned foreign = NS_BIT(NS_MNT) | NS_BIT(NS_PID) | NS_BIT(NS_USER);

	if (work->want->tty == ENTER_TTY_NEW)
		return true;
	return work->want->tty == ENTER_TTY_AUTO && !work->want->no_fork && work->join.kinds & foreign &&
	       isatty(0) && isatty(1);
}

static int enter_mounts(const struct work *work, struct inro_error *error)
{
	/* A procfs of its own is no business of the namespace that was joined. */
	if (!work->want->become.proc_dir)
		return 0;
	return unshare(CLONE_NEWNS) < 0 ? error_raw(error, -errno, "unshare", "mnt") : 0;
}

static _Noreturn void be_child(struct work *work, struct child *child, int outer_fd)
{
	struct inro_error *error = &child->shared->error;
	const struct become *become = &work->want->become;
	int r = 0;

	fd_close(outer_fd);
	sigaction(SIGCHLD, &child->old_chld, NULL);
	if (work->relay.slave_fd >= 0)
		r = relay_enter(&work->relay, become->set_uid ? become->uid : geteuid(), error);
	if (r == 0)
		r = enter_mounts(work, error);
	if (r == 0)
		r = become_command(become, error);
	if (error->kind == INRO_ERROR_NONE)
		error_raw(error, r, NULL, NULL);
	sys_exit_group(125);
}

static int clone_failed(const struct work *work, int code, struct inro_error *error)
{
	if (code == -ENOMEM && work->join.kinds & NS_BIT(NS_PID))
		return ns_join_fail_dead(error);
	return fail_call(error, code, "start the command", "clone3", NULL);
}

static int with_child(struct work *work, int *ret_status, struct inro_error *error)
{
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	struct become *become = &work->want->become;
	struct child child;
	int ends[2], r = child_init(&child, CHILD_FORWARD_ALL, error);

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		r = fail_call(error, -errno, "start the command", "pipe2", NULL);
		child_deinit(&child);
		return r;
	}
	become->mask = &child.old_mask;
	become->death_signal = SIGKILL;
	become->parent_fd = ends[0];
	args.pidfd = (uint64_t)(uintptr_t)&child.pidfd;
	child.pid = sys_clone3(&args, sizeof(args));
	if (child.pid == 0)
		be_child(work, &child, ends[1]);
	fd_close(ends[0]);
	if (child.pid < 0)
		r = clone_failed(work, child.pid, error);
	else if (work->relay.slave_fd >= 0)
		r = relay_wait(&work->relay, work->proc_fd, &child, ret_status, error);
	else
		r = child_wait(&child, ret_status, error);
	fd_close(ends[1]);
	child_deinit(&child);
	return r;
}

static int join_and_run(struct work *work, int *ret_status, struct inro_error *error)
{
	struct enter *want = work->want;
	bool tty = wants_tty(work);
	bool fork = tty || (ns_join_needs_child(&work->join) && !want->no_fork);
	int spare = tty ? open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC) : -EBADF;
	int r;

	/* Before anything in there can see this process. */
	if (work->join.kinds)
		prctl(PR_SET_DUMPABLE, 0);
	r = ns_join_now(&work->join, NS_ALL, error);
	if (r < 0) {
		fd_close(spare);
		return r;
	}
	if (tty) {
		r = relay_open(&work->relay, work->proc_fd, spare);
		if (r < 0)
			return fail_call(error, r, "open a fresh terminal", "open", "/dev/ptmx");
	}
	if (fork)
		return with_child(work, ret_status, error);
	r = enter_mounts(work, error);
	return r < 0 ? r : become_command(&want->become, error);
}

static int check(const struct enter *want, struct inro_error *error)
{
	bool some = want->all || want->kinds || want->net_socket >= 0 || want->user_parent;

	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		some |= want->files[kind] != NULL;
	for (size_t i = 0; i < want->n_sources; i++)
		some |= want->sources[i].kinds != 0;
	if (some || want->follow)
		return 0;
	fail_usage(error, "", "no target, and no namespace");
	error_hint(error, "inro enter TARGET [COMMAND…] enters all namespaces of TARGET");
	return -EINVAL;
}

int enter_run(struct enter *want, int *ret_status, struct inro_error *error)
{
	struct work work = { .want = want, .follow = FOLLOW_NULL, .relay = RELAY_NULL };
	int r = check(want, error);

	if (r < 0)
		return r;
	ns_join_init(&work.join);
	work.proc_fd = procfs_open();
	if (work.proc_fd < 0)
		r = fail_call(error, work.proc_fd, "enter", "open", "/proc");
	if (r == 0)
		r = open_sources(&work, error);
	else
		want->n_sources = 0;
	if (r == 0)
		r = gather_namespaces(&work, error);
	if (r == 0)
		r = gather_follow(&work, error);
	if (r == 0)
		r = settle(&work, error);
	if (r == 0)
		r = join_and_run(&work, ret_status, error);
	if (r < 0)
		become_explain(error);
	if (r < 0 && !error->what[0])
		strcpy(error->what, "enter:");
	for (size_t i = 0; i < want->n_sources; i++)
		ns_target_deinit(&want->sources[i].target);
	relay_close(&work.relay);
	follow_deinit(&work.follow);
	ns_join_deinit(&work.join);
	fd_close(work.proc_fd);
	return r;
}
