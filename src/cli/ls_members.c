/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ls_members.h"

#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "cli/unseen.h"
#include "cli/users.h"
#include "kernel/syscalls.h"
#include "ns/open.h"
#include "ns/scan.h"

/*
 * The processes of a PID namespace come from a procfs of that namespace alone where the kernel has
 * that, so that the price depends on their number and not on the host's. For the other kinds every
 * process of the host is asked.
 */

static const struct table_column columns[] = {
	{ "PID", TABLE_NUMBER, false, false },	 { "INSIDE", TABLE_NUMBER, false, false },
	{ "PPID", TABLE_NUMBER, false, false },	 { "UID", TABLE_NUMBER, true, false },
	{ "USER", TABLE_TEXT, false, false },	 { "STATE", TABLE_TEXT, false, false },
	{ "COMMAND", TABLE_LAST, false, false },
};

struct lister {
	struct table *table;
	int proc_fd;
	bool foreign; /* /proc has other numbers than the caller, and those are shown */
	size_t n_denied;
	struct users users;
};

static int add_process(struct lister *lister, pid_t pid, pid_t inside)
{
	cleanup_close int dir = procfs_open_pid(lister->proc_fd, pid);
	char here[16], there[16], parent[16], uid[16], state[2] = "";
	struct procfs_status status;
	char command[4096];

	/* It has ended since. */
	if (dir < 0 || procfs_read_status(dir, &status) < 0 ||
	    procfs_read_command(dir, command, sizeof(command)) < 0)
		return 0;
	if (!inside)
		inside = status.ns_pid[status.n_levels - 1];
	state[0] = status.state;
	snprintf(here, sizeof(here), "%d", pid);
	snprintf(there, sizeof(there), "%d", inside);
	snprintf(parent, sizeof(parent), "%d", status.ppid);
	snprintf(uid, sizeof(uid), "%u", status.uid[1]);
	return table_add(lister->table, (const char *[]){ here, there, parent, uid,
							  users_name(&lister->users, status.uid[1]), state, command });
}

/* By the number here, which a foreign /proc does not have. */
static int add_member(struct lister *lister, const struct ns_member *member)
{
	cleanup_close int pidfd = lister->foreign ? sys_pidfd_open(member->pid, 0) : -EBADF;
	pid_t number = member->pid;

	if (lister->foreign && (pidfd < 0 || procfs_number(lister->proc_fd, pidfd, &number) < 0))
		return 0;
	return add_process(lister, number, member->inner);
}

static int add_pidns(struct lister *lister, int ns_fd, struct inro_error *error)
{
	cleanup_free struct ns_member *members = NULL;
	size_t n;
	int r = ns_scan_members(ns_fd, &members, &n, error);

	for (size_t i = 0; i < n && r == 0; i++)
		if (add_member(lister, &members[i]) < 0)
			r = fail_memory(error);
	return r;
}

static int add_others(struct lister *lister, int ns_fd, enum ns_kind kind, struct inro_error *error)
{
	const struct ns_scan_options scan = { .kinds = NS_BIT(kind) };
	cleanup_ns_graph struct ns_graph graph = { 0 };
	struct ns_id id;
	int r = ns_fd_id_short(ns_fd, &id);

	if (r < 0)
		return fail_call(error, r, "list the processes", "fstat", NULL);
	r = ns_scan(&scan, &graph, error);
	for (size_t i = 0; i < graph.n_processes && r == 0; i++) {
		const struct ns_process *process = &graph.processes[i];

		if (process->ns[kind]->ino == id.ino && add_process(lister, process->pid, 0) < 0)
			r = fail_memory(error);
	}
	lister->n_denied = graph.n_denied;
	return r;
}

/* Which kind is meant: the one that was asked for, the target's only one, or pid. */
static int kind_of(const struct ls_members *options, const struct ns_target *target, enum ns_kind *ret,
		   struct inro_error *error)
{
	unsigned kinds = options->kinds;

	if (!kinds)
		kinds = target->pidfd < 0 && __builtin_popcount(target->kinds) == 1 ? target->kinds : NS_BIT(NS_PID);
	if (__builtin_popcount(kinds) != 1)
		return fail_usage(error, "--type", "the processes of one namespace can be listed: name one kind");
	*ret = (enum ns_kind)__builtin_ctz(kinds);
	return 0;
}

int ls_members(const struct ls_members *options, struct names *names, const char *text, struct inro_error *error)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	struct lister lister = { .proc_fd = names->containers.proc_fd };
	struct procfs_sight sight = procfs_look(lister.proc_fd);
	cleanup_close int ns_fd = -EBADF;
	enum ns_kind kind = NS_PID;
	int r = names_target(names, text, &target, error);

	if (r == 0)
		r = kind_of(options, &target, &kind, error);
	if (r < 0)
		return r;
	ns_fd = ns_target_ns(&target, kind, error);
	if (ns_fd < 0)
		return ns_fd;
	lister.foreign = sight.foreign;
	lister.table = table_new(columns, ARRAY_SIZE(columns), "processes", options->json);
	if (!lister.table)
		return fail_memory(error);
	table_style(lister.table, options->style);
	r = kind == NS_PID ? add_pidns(&lister, ns_fd, error) : add_others(&lister, ns_fd, kind, error);
	if (r == 0) {
		r = table_print(lister.table);
		if (r < 0)
			fail_call(error, r, "list the processes", "write", NULL);
	}
	if (r == 0 && !options->quiet)
		unseen_note("ls", lister.n_denied, sight);
	users_deinit(&lister.users);
	table_free(lister.table);
	return r;
}
