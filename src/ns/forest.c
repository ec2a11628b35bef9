/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/forest.h"

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
#include "ns/mounts.h"

/*
 * Theory of operation
 *
 * One read of PID/status tells all but the namespace: parent, user, name, and the numbers by level.
 * It costs the kernel some ten microseconds, so two threads share the processes, as in ns/scan.c.
 *
 * For PID namespaces most links need not be read. A parent is in the PID namespace of its child or
 * in one above: whoever is orphaned gets a new parent there, too. So a child with as many levels as
 * its parent is in the same namespace, and only one with more asks for its link. That also tells
 * where a namespace begins when its link may not be read.
 */

void forest_deinit(struct forest *forest)
{
	arena_deinit(&forest->arena);
	*forest = (struct forest){ 0 };
}

static int compare_pid(const void *a, const void *b)
{
	const struct forest_process *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

struct forest_process *forest_find(const struct forest *forest, pid_t pid)
{
	const struct forest_process key = { .pid = pid };

	if (!forest->n)
		return NULL;
	return bsearch(&key, forest->processes, forest->n, sizeof(key), compare_pid);
}

/* Behind "NAME:\t" at the beginning of a line, from FROM on; NULL where it is not there. */
static const char *field(const char *from, const char *name)
{
	const char *at = strstr(from, name);

	return at ? at + strlen(name) : NULL;
}

/* The kernel writes "\n" in a name as "\\n", so a line of status cannot be forged by one. */
static void parse_status(const char *text, struct forest_process *process)
{
	const char *at = text;
	size_t length;

	if (strncmp(at, "Name:\t", 6) != 0)
		return;
	length = strcspn(at + 6, "\n");
	memcpy(process->comm, at + 6, length < sizeof(process->comm) ? length : sizeof(process->comm) - 1);
	at = field(at, "\nState:\t");
	if (!at)
		return;
	process->state = *at;
	at = field(at, "\nPPid:\t");
	if (at)
		process->ppid = (pid_t)strtol(at, NULL, 10);
	at = at ? field(at, "\nUid:\t") : NULL;
	if (at)
		sscanf(at, "%*u %u", &process->uid);
	at = at ? field(at, "\nNSpid:\t") : NULL;
	while (at && process->n_levels < PROCFS_LEVELS && *at >= '0' && *at <= '9') {
		char *end;

		process->pids[process->n_levels++] = (pid_t)strtol(at, &end, 10);
		at = *end == '\t' ? end + 1 : end;
	}
}

struct work {
	struct forest *forest;
	int proc_fd;
	enum ns_kind kind;
	atomic_size_t next;
};

static void read_status(const struct work *work, struct forest_process *process)
{
	cleanup_close int fd = -EBADF;
	char path[32], text[4096];

	snprintf(path, sizeof(path), "%d/status", process->pid);
	fd = openat(work->proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || procfs_read_status_text(fd, text, sizeof(text)) <= 0)
		return;
	parse_status(text, process);
	/* A kernel without PID namespaces. */
	if (process->state && process->n_levels == 0)
		process->pids[process->n_levels++] = process->pid;
}

static void read_link(const struct work *work, struct forest_process *process)
{
	char path[48], text[64];
	enum ns_kind kind;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/%s", process->pid, ns_kind_table[work->kind].proc_path);
	n = readlinkat(work->proc_fd, path, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = '\0';
	ns_parse_link(text, &kind, &process->ns, NULL);
}

static void *read_slices(void *data)
{
	enum { SLICE = 64 };
	struct work *work = data;
	size_t n = work->forest->n;

	for (;;) {
		size_t from = atomic_fetch_add(&work->next, SLICE);

		if (from >= n)
			return NULL;
		for (size_t i = from; i < from + SLICE && i < n; i++) {
			read_status(work, &work->forest->processes[i]);
			if (work->kind != NS_PID)
				read_link(work, &work->forest->processes[i]);
		}
	}
}

static void read_all(struct work *work)
{
	enum { WORTH_IT = 300 };
	sigset_t all, old;
	pthread_t thread;
	bool second = false;

	if (work->forest->n >= WORTH_IT && sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		second = pthread_create(&thread, NULL, read_slices, work) == 0;
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	read_slices(work);
	if (second)
		pthread_join(thread, NULL);
}

/* Those that could be read, without gaps. */
static void drop_ended(struct forest *forest)
{
	size_t n = 0;

	for (size_t i = 0; i < forest->n; i++)
		if (forest->processes[i].state)
			forest->processes[n++] = forest->processes[i];
	forest->n = n;
}

/* Rising PIDs are put in front from the last on, so that the lists rise. */
static void link_up(struct forest *forest)
{
	for (size_t i = forest->n; i-- > 0;) {
		struct forest_process *process = &forest->processes[i];
		struct forest_process *parent = process->ppid ? forest_find(forest, process->ppid) : NULL;
		struct forest_process **list = &forest->roots;

		/* A number may have been used again while we read: no process is its own ancestor. */
		for (struct forest_process *above = parent; above; above = above->parent)
			if (above == process)
				parent = NULL;
		if (parent)
			list = &parent->child;
		process->parent = parent;
		process->next = *list;
		*list = process;
	}
}

/* Without recursion: a chain can be as long as there are PIDs. */
struct forest_process *forest_next(const struct forest_process *process, const struct forest_process *top)
{
	if (process->child)
		return process->child;
	while (process != top && !process->next)
		process = process->parent;
	return process == top ? NULL : process->next;
}

/* PID: a border is where there are more levels. */
static void find_pid_border(const struct work *work, struct forest_process *at)
{
	at->enters = !at->parent || at->parent->n_levels != at->n_levels;
	if (at->enters && at->state != 'Z')
		read_link(work, at);
	else if (at->parent)
		at->ns = at->parent->ns;
}

/*
 * Others: where the links differ. What has none to be seen (a zombie has left its namespaces, of
 * others' processes they are hidden) is taken to be where its parent is.
 */
static void find_border(struct forest_process *at, ino_t top_ns)
{
	if (!at->ns)
		at->ns = at->parent ? at->parent->ns : top_ns;
	at->enters = !at->parent || at->parent->ns != at->ns;
}

/* Where the first processes probably are whose links cannot be seen: with those that can, or with us. */
static ino_t guess_top(const struct work *work)
{
	struct forest_process self = { .pid = getpid() };

	for (const struct forest_process *root = work->forest->roots; root; root = root->next)
		if (root->ns && root->n_levels == 1)
			return root->ns;
	read_link(work, &self);
	return self.ns;
}

static void find_borders(struct work *work)
{
	struct forest *forest = work->forest;
	ino_t top_ns = work->kind == NS_PID ? 0 : guess_top(work);

	for (struct forest_process *root = forest->roots; root; root = root->next) {
		for (struct forest_process *at = root; at; at = forest_next(at, root)) {
			forest->n_denied += work->kind != NS_PID && !at->ns && at->state != 'Z';
			if (work->kind == NS_PID)
				find_pid_border(work, at);
			else
				find_border(at, top_ns);
			forest->n_denied += work->kind == NS_PID && !at->ns && at->state != 'Z';
		}
	}
}

static int fill(struct forest *forest, int proc_fd, enum ns_kind kind, const pid_t *pids, size_t n)
{
	struct work work = { .forest = forest, .proc_fd = proc_fd, .kind = kind };

	forest->processes = arena_array(&forest->arena, n + 1, sizeof(*forest->processes));
	if (!forest->processes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		forest->processes[i].pid = pids[i];
	forest->n = n;
	read_all(&work);
	drop_ended(forest);
	if (forest->n)
		qsort(forest->processes, forest->n, sizeof(*forest->processes), compare_pid);
	link_up(forest);
	find_borders(&work);
	return 0;
}

int forest_read(enum ns_kind kind, const pid_t *pids, size_t n, struct forest *ret, struct inro_error *error)
{
	static const char what[] = "read the processes in";
	cleanup_forest struct forest forest = { 0 };
	cleanup_close int proc_fd = procfs_open();
	cleanup_free int *all = NULL;
	int r = proc_fd < 0 ? proc_fd : 0;

	if (r == 0 && !pids) {
		r = procfs_list(proc_fd, &all, &n);
		pids = all;
	}
	if (r == 0)
		r = fill(&forest, proc_fd, kind, pids, n);
	if (r == -ENOMEM)
		return fail_memory(error);
	if (r < 0)
		return fail_call(error, r, what, NULL, "/proc");
	forest.sight = procfs_look(proc_fd);
	*ret = forest;
	forest = (struct forest){ 0 };
	return 0;
}
