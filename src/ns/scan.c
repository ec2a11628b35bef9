/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "ns/pidmap.h"
#include "ns/scan_internal.h"

/*
 * Theory of operation
 *
 * With ten thousand processes the system calls are all that counts, so their number is kept low:
 *
 * - One readlink per process and kind, relative to an open /proc. The text has the number of the
 *   namespace; stat would make the kernel create an inode of nsfs for it first, and costs double.
 * - A namespace is looked at once, through its first process: who runs it, what its parent and its
 *   owner are. Processes are counted by a hash table.
 * - A second thread halves the time, since readlinks of different processes do not disturb each
 *   other. Both take slices of the list of PIDs and write into one array, at places of their own;
 *   everything after that is done by the caller's thread alone. More threads gain little: directory
 *   locks. They exist for the time of the call only, with all signals blocked.
 *
 * The scan is no snapshot. A process that ends meanwhile leaves empty places and is counted as
 * ended; a PID that is used again in between shows the namespaces of either process. Whoever then
 * acts on a process opens a pidfd and looks again.
 *
 * Other users' processes may not be looked at without CAP_SYS_PTRACE: the first link says EACCES,
 * and the process is counted as denied.
 */

/* Columns: the eight kinds, then pid_for_children and time_for_children. */
enum { COLUMN_PID_CHILDREN = NS_KINDS, COLUMN_TIME_CHILDREN, COLUMNS };

/* What a process' row says where it has no numbers. */
enum { ROW_ENDED = 1, ROW_DENIED = 2 };

struct column {
	char tail[24]; /* "/ns/pid_for_children" */
	size_t tail_length;
	size_t skip; /* up to the number in "pid:[4026531836]" */
};

struct collect {
	struct scan *scan;
	struct column columns[COLUMNS];
	unsigned wanted; /* bit mask of columns */
	bool has_self;   /* the caller is in this procfs */
	uint32_t (*rows)[COLUMNS];
	atomic_size_t next;
};

static size_t put_number(char *to, unsigned value)
{
	char digits[12];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	for (size_t i = 0; i < n; i++)
		to[i] = digits[n - 1 - i];
	return n;
}

/* The number in the link, or 0 and errno. */
static uint32_t read_number(int proc_fd, const char *path, size_t skip)
{
	char text[64];
	ssize_t n = readlinkat(proc_fd, path, text, sizeof(text));
	uint32_t value = 0;

	if (n < 0)
		return 0;
	for (ssize_t i = (ssize_t)skip; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		value = value * 10 + (uint32_t)(text[i] - '0');
	return value;
}

static void collect_one(struct collect *collect, size_t index)
{
	uint32_t *row = collect->rows[index];
	char path[64];
	size_t length = put_number(path, (unsigned)collect->scan->pids[index]);

	for (int i = 0; i < COLUMNS; i++) {
		const struct column *column = &collect->columns[i];

		if (!(collect->wanted & 1U << i))
			continue;
		memcpy(path + length, column->tail, column->tail_length + 1);
		row[i] = read_number(collect->scan->proc_fd, path, column->skip);
		/* A namespace for children that was never entered has no number; all others do. */
		if (row[i] == 0 && i < NS_KINDS) {
			memset(row, 0, sizeof(*collect->rows));
			row[0] = errno == EACCES || errno == EPERM ? ROW_DENIED : ROW_ENDED;
			return;
		}
	}
}

static void *collect_slices(void *data)
{
	enum { SLICE = 64 };
	struct collect *collect = data;
	size_t n = collect->scan->n_pids;

	for (;;) {
		size_t from = atomic_fetch_add(&collect->next, SLICE);

		if (from >= n)
			return NULL;
		for (size_t i = from; i < from + SLICE && i < n; i++)
			collect_one(collect, i);
	}
}

static bool second_thread_pays(const struct scan *scan)
{
	enum { WORTH_IT = 500 };

	if (scan->options->n_threads)
		return scan->options->n_threads > 1;
	return scan->n_pids >= WORTH_IT && sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

static void collect_rows(struct collect *collect)
{
	sigset_t all, old;
	pthread_t thread;
	bool second = false;

	if (second_thread_pays(collect->scan)) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		second = pthread_create(&thread, NULL, collect_slices, collect) == 0;
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	collect_slices(collect);
	if (second)
		pthread_join(thread, NULL);
}

static void set_column(struct collect *collect, int index, const char *name, enum ns_kind kind)
{
	struct column *column = &collect->columns[index];
	char path[64];

	snprintf(column->tail, sizeof(column->tail), "/ns/%s", name);
	column->tail_length = strlen(column->tail);
	column->skip = strlen(ns_kind_name(kind)) + 2;
	/* What this kernel lacks would look like a process that has ended. */
	snprintf(path, sizeof(path), "self%s", column->tail);
	if (!collect->has_self ||
	    faccessat(collect->scan->proc_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		collect->wanted |= 1U << index;
}

static void set_columns(struct collect *collect)
{
	const struct ns_scan_options *options = collect->scan->options;

	collect->has_self =
		faccessat(collect->scan->proc_fd, "self", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
		faccessat(collect->scan->proc_fd, "self/ns", F_OK, 0) == 0;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		const char *children = ns_kind_table[kind].children_name;

		if (!(options->kinds & NS_BIT(kind)))
			continue;
		set_column(collect, (int)kind, ns_kind_name(kind), kind);
		if (!(collect->wanted & NS_BIT(kind)))
			collect->scan->graph->absent |= NS_BIT(kind);
		if (children && options->flags & NS_SCAN_CHILDREN)
			set_column(collect,
				   kind == NS_PID ? COLUMN_PID_CHILDREN : COLUMN_TIME_CHILDREN,
				   children, kind);
	}
}

int scan_note(struct scan *scan, struct ns_node *node, enum ns_holder holder,
	      struct ns_process *process, const char *open_path)
{
	node->holders |= holder;
	if (process && !node->first)
		node->first = process;
	if (!node->open_path && *open_path) {
		node->open_path = arena_strdup(&scan->graph->arena, open_path);
		if (!node->open_path)
			return -ENOMEM;
	}
	return 0;
}

static int add_process(struct scan *scan, struct ns_process *process, const struct column *columns,
		       const uint32_t *row)
{
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		struct ns_process *previous = process > scan->graph->processes ? process - 1 : NULL;
		struct ns_node *node;

		if (row[kind] == 0)
			continue;
		/* Mostly it is where the one before was. */
		node = previous ? previous->ns[kind] : NULL;
		if (!node || node->ino != row[kind])
			node = ns_graph_add(scan->graph, kind, row[kind]);
		if (!node)
			return -ENOMEM;
		process->ns[kind] = node;
		if (node->n_processes++ == 0) {
			char path[64] = "";

			if (!node->open_path)
				snprintf(path, sizeof(path), "%d%s", process->pid,
					 columns[kind].tail);
			if (scan_note(scan, node, NS_BY_PROCESS, process, path) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int add_processes(struct scan *scan, const struct collect *collect)
{
	struct ns_graph *graph = scan->graph;

	graph->processes = arena_array(&graph->arena, scan->n_pids + 1, sizeof(*graph->processes));
	if (!graph->processes)
		return -ENOMEM;
	for (size_t i = 0; i < scan->n_pids; i++) {
		const uint32_t *row = collect->rows[i];
		struct ns_process *process = &graph->processes[graph->n_processes];

		if (row[0] == ROW_DENIED || row[0] == ROW_ENDED) {
			*(row[0] == ROW_DENIED ? &graph->n_denied : &graph->n_ended) += 1;
			continue;
		}
		process->pid = scan->pids[i];
		if (add_process(scan, process, collect->columns, row) < 0)
			return -ENOMEM;
		graph->n_processes++;
	}
	return 0;
}

/* Once all processes are there: namespaces that are only waiting for their first process. */
static int add_children(struct scan *scan, const struct collect *collect)
{
	struct ns_process *process = scan->graph->processes;

	for (size_t i = 0; i < scan->n_pids; i++) {
		const uint32_t *row = collect->rows[i];

		if (row[0] == ROW_DENIED || row[0] == ROW_ENDED)
			continue;
		for (int column = COLUMN_PID_CHILDREN; column < COLUMNS; column++) {
			enum ns_kind kind = column == COLUMN_PID_CHILDREN ? NS_PID : NS_TIME;
			struct ns_node *node;
			char path[64];

			if (row[column] == 0 || row[column] == row[kind])
				continue;
			snprintf(path, sizeof(path), "%d%s", process->pid,
				 collect->columns[column].tail);
			node = ns_graph_add(scan->graph, kind, row[column]);
			if (!node || scan_note(scan, node, NS_BY_CHILDREN, process, path) < 0)
				return -ENOMEM;
		}
		process++;
	}
	return 0;
}

static int scan_processes(struct scan *scan)
{
	struct collect collect = { .scan = scan };
	int r = procfs_list(scan->proc_fd, &scan->pids, &scan->n_pids);

	if (r < 0)
		return r;
	collect.rows = calloc(scan->n_pids + 1, sizeof(*collect.rows));
	if (!collect.rows)
		return -ENOMEM;
	set_columns(&collect);
	collect_rows(&collect);
	r = add_processes(scan, &collect);
	if (r == 0 && scan->options->flags & NS_SCAN_CHILDREN)
		r = add_children(scan, &collect);
	free(collect.rows);
	return r;
}

static int scan_all(struct scan *scan)
{
	static const struct {
		unsigned flags;
		int (*run)(struct scan *scan);
	} parts[] = {
		{ NS_SCAN_THREADS, scan_threads },
		{ NS_SCAN_FDS | NS_SCAN_SOCKETS, scan_fds },
		{ NS_SCAN_MOUNTS | NS_SCAN_ALL_MOUNTS, scan_mounts },
		{ NS_SCAN_RELATIONS, scan_relations },
		{ NS_SCAN_DETAILS | NS_SCAN_PROCESSES, scan_details },
	};
	int r = scan_processes(scan);

	for (size_t i = 0; i < ARRAY_SIZE(parts) && r == 0; i++)
		if (scan->options->flags & parts[i].flags)
			r = parts[i].run(scan);
	ns_graph_sort(scan->graph);
	return r;
}

int ns_scan(const struct ns_scan_options *options, struct ns_graph *ret, struct inro_error *error)
{
	cleanup_ns_graph struct ns_graph graph = { .kinds = options->kinds };
	cleanup_close int proc_fd = procfs_open();
	struct scan scan = { .options = options, .graph = &graph, .proc_fd = proc_fd };
	int r;

	if (proc_fd < 0) {
		fail_call(error, proc_fd, "look for namespaces in", "open", "/proc");
		if (proc_fd == -ENODEV)
			error_why(error, "what is mounted there is not procfs");
		error_hint(error, "mount a procfs there");
		return proc_fd;
	}
	graph.sight = procfs_look(proc_fd);
	r = scan_all(&scan);
	free(scan.pids);
	if (r == -ENOMEM)
		return fail_memory(error);
	if (r < 0)
		return fail_call(error, r, "look for namespaces in", NULL, "/proc");
	*ret = graph;
	graph = (struct ns_graph){ 0 };
	return 0;
}

/* The members, by a procfs of theirs: its numbers are the inner ones. */
static int members_inside(int pidns_fd, struct ns_member *members, const int *pids, size_t n,
			  size_t *ret_n)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		int r = pidmap_from(pidns_fd, pids[i], &members[used].pid);

		if (r < 0 && r != -ESRCH)
			return r;
		members[used].inner = pids[i];
		used += r == 0;
	}
	*ret_n = used;
	return 0;
}

/* The members, by asking each process of the host. */
static int members_outside(int pidns_fd, struct ns_member *members, const int *pids, size_t n,
			   size_t *ret_n)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		int r = pidmap_to(pidns_fd, pids[i], &members[used].inner);

		if (r < 0 && r != -ESRCH && r != -EACCES)
			return r;
		members[used].pid = pids[i];
		used += r == 0;
	}
	*ret_n = used;
	return 0;
}

static int compare_inner(const void *a, const void *b)
{
	const struct ns_member *left = a, *right = b;

	return (left->inner > right->inner) - (left->inner < right->inner);
}

int ns_scan_members(int pidns_fd, struct ns_member **ret, size_t *ret_n, struct inro_error *error)
{
	static const char what[] = "list the processes of the PID namespace in";
	cleanup_close int inner = procfs_open_pidns(pidns_fd);
	cleanup_close int outer = inner < 0 ? procfs_open() : -EBADF;
	cleanup_free struct ns_member *members = NULL;
	cleanup_free int *pids = NULL;
	size_t n = 0;
	int r;

	if (inner < 0 && outer < 0)
		return fail_call(error, outer, what, "open", "/proc");
	/* Its numbers are not those that can be asked for. */
	if (inner < 0 && procfs_look(outer).foreign) {
		fail_host(error, INRO_ERROR_HOST, -EOPNOTSUPP,
			  "list the processes of the PID namespace",
			  "/proc was mounted for another PID namespace than inro's own");
		error_hint(error,
			   "mount a procfs of this one (--mount-proc, where unshare made it)");
		return -EOPNOTSUPP;
	}
	r = procfs_list(inner < 0 ? outer : inner, &pids, &n);
	if (r < 0)
		return fail_call(error, r, what, "getdents", "/proc");
	members = calloc(n + 1, sizeof(*members));
	if (!members)
		return fail_memory(error);
	r = inner < 0 ? members_outside(pidns_fd, members, pids, n, &n)
		      : members_inside(pidns_fd, members, pids, n, &n);
	if (r < 0)
		return fail_call(error, r, what, "NS_GET_PID", "/proc");
	if (n)
		qsort(members, n, sizeof(*members), compare_inner);
	*ret = take_ptr(members);
	*ret_n = n;
	return 0;
}
