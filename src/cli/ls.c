/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"
#include "ns/kind.h"
#include "ns/scan.h"

static const struct {
	struct table_column column;
	const char *alias; /* as lsns calls it */
	unsigned flags;  /* what the scan must look for */
	const char *help;
	bool of_process; /* what ls_look() looks for */
} column_table[LS_COLUMNS] = {
	[LS_NS] = { { "NS", TABLE_NUMBER, false, false }, NULL, 0, "its number: the inode" },
	[LS_TYPE] = { { "TYPE", TABLE_TEXT, false, false }, "KIND", 0, "its kind" },
	[LS_PATH] = { { "PATH", TABLE_TEXT, false, false }, NULL, NS_SCAN_MOUNTS,
		      "a file of it: where it is mounted, or that of its first process" },
	[LS_NPROCS] = { { "NPROCS", TABLE_NUMBER, false, false }, NULL, 0, "how many processes are in it" },
	[LS_PID] = { { "PID", TABLE_NUMBER, false, false }, NULL, 0, "the lowest of them; or of one that holds it" },
	[LS_PPID] = { { "PPID", TABLE_NUMBER, false, false }, NULL, 0, "the parent of that process", true },
	[LS_COMMAND] = { { "COMMAND", TABLE_LAST, false, false }, NULL, 0, "what it runs", true },
	[LS_UID] = { { "UID", TABLE_NUMBER, false, false }, NULL, 0, "who runs it, as a number", true },
	[LS_USER] = { { "USER", TABLE_TEXT, false, false }, NULL, 0, "the same, as a name", true },
	[LS_PARENT] = { { "PARENT", TABLE_NUMBER, false, false }, "PNS", NS_SCAN_RELATIONS,
			"the namespace above it (of pid and user)" },
	[LS_OWNER] = { { "OWNER", TABLE_NUMBER, false, false }, "ONS", NS_SCAN_RELATIONS,
		       "the user namespace that owns it" },
	[LS_OWNER_UID] = { { "OWNERUID", TABLE_NUMBER, false, false }, NULL, NS_SCAN_RELATIONS,
			   "who made it (of user)" },
	[LS_NSFS] = { { "NSFS", TABLE_TEXT, false, false }, NULL, NS_SCAN_MOUNTS, "where it is mounted" },
	[LS_NAME] = { { "NAME", TABLE_TEXT, false, false }, NULL, 0, "container, kept name, or name of ip netns" },
	[LS_HELD] = { { "HELD", TABLE_TEXT, false, false }, NULL, 0, "what holds it" },
	[LS_NSID] = { { "NSID", TABLE_NUMBER, false, false }, NULL, NS_SCAN_RELATIONS,
		      "the number that is never used again (Linux 6.18)" },
};

const struct ls_columns ls_usual = { 7, { LS_NS, LS_TYPE, LS_NPROCS, LS_PID, LS_USER, LS_NAME, LS_COMMAND } };
const struct ls_columns ls_all = { LS_COLUMNS, { LS_NS, LS_TYPE, LS_PATH, LS_NPROCS, LS_PID, LS_PPID, LS_UID,
						 LS_USER, LS_PARENT, LS_OWNER, LS_OWNER_UID, LS_NSFS, LS_NSID,
						 LS_HELD, LS_NAME, LS_COMMAND } };

static int find_column(const char *name, size_t length)
{
	for (int i = 0; i < LS_COLUMNS; i++) {
		const char *known = column_table[i].column.name, *alias = column_table[i].alias;

		if (strlen(known) == length && strncasecmp(known, name, length) == 0)
			return i;
		if (alias && strlen(alias) == length && strncasecmp(alias, name, length) == 0)
			return i;
	}
	return -EINVAL;
}

int ls_columns_parse(const char *text, struct ls_columns *ret, struct inro_error *error)
{
	struct ls_columns columns = { 0 };

	if (*text == '+') {
		columns = ls_usual;
		text++;
	}
	for (;;) {
		size_t length = strcspn(text, ",");
		int column = find_column(text, length);

		if (column < 0 || columns.n == ARRAY_SIZE(columns.list)) {
			fail_usage(error, "--output", "there is no column '%.*s'", (int)length, text);
			error_hint(error, "inro ls --list-columns tells which there are");
			return -EINVAL;
		}
		columns.list[columns.n++] = (enum ls_column)column;
		if (!text[length])
			break;
		text += length + 1;
	}
	*ret = columns;
	return 0;
}

unsigned ls_columns_flags(const struct ls_columns *columns)
{
	unsigned flags = 0;

	for (size_t i = 0; i < columns->n; i++)
		flags |= column_table[columns->list[i]].flags;
	return flags;
}

void ls_columns_describe(void)
{
	for (int i = 0; i < LS_COLUMNS; i++)
		printf("%10s  %s\n", column_table[i].column.name, column_table[i].help);
}

struct table *ls_table(const struct ls_columns *columns, bool json, struct arena *arena)
{
	struct table_column *chosen = arena_array(arena, columns->n, sizeof(*chosen));

	if (!chosen)
		return NULL;
	for (size_t i = 0; i < columns->n; i++) {
		chosen[i] = column_table[columns->list[i]].column;
		/* In a tree the lines come before the number. */
		if (!json && i == 0)
			chosen[i].type = TABLE_TEXT;
		if (i + 1 == columns->n && chosen[i].type == TABLE_TEXT)
			chosen[i].type = TABLE_LAST;
	}
	return table_new(chosen, columns->n, "namespaces", json);
}

/* Who runs it. One call to the kernel since 6.13, which counts as we do; PID/status otherwise. */
static void look_at_user(struct ns_process *process, int proc_fd, bool foreign)
{
	struct kernel_pidfd_info info = { .mask = KERNEL_PIDFD_INFO_PID };
	cleanup_close int pidfd = foreign ? -EBADF : sys_pidfd_open(process->pid, 0), dir = -EBADF;
	struct procfs_status status;

	if (pidfd >= 0 && ioctl(pidfd, KERNEL_PIDFD_GET_INFO, &info) == 0) {
		process->uid = info.euid;
		process->ppid = (pid_t)info.ppid;
		return;
	}
	dir = procfs_open_pid(proc_fd, process->pid);
	if (dir < 0 || procfs_read_status(dir, &status) < 0)
		return;
	process->uid = status.uid[1];
	process->ppid = status.ppid;
}

static int look_at_command(struct ns_graph *graph, struct ns_process *process, int proc_fd)
{
	char path[32], command[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "%d/cmdline", process->pid);
	n = procfs_read_start_at(proc_fd, path, command, sizeof(command));
	while (n > 0 && command[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (command[i] == '\0')
			command[i] = ' ';
	/* A kernel thread, a zombie: its name. */
	if (n <= 0) {
		cleanup_close int dir = procfs_open_pid(proc_fd, process->pid);

		if (dir < 0 || procfs_read_command(dir, command, sizeof(command)) < 0)
			return 0;
	}
	process->command = arena_strdup(&graph->arena, command);
	return process->command ? 0 : -ENOMEM;
}

int ls_look(struct ns_graph *graph, const struct ls_columns *columns, int proc_fd, const struct ns_node *node)
{
	struct ns_process *first = node->first;
	bool wanted = false;

	for (size_t i = 0; i < columns->n; i++)
		wanted |= column_table[columns->list[i]].of_process;
	if (!wanted || !first || first->detailed)
		return 0;
	first->detailed = true;
	first->uid = UINT32_MAX;
	look_at_user(first, proc_fd, graph->sight.foreign);
	return look_at_command(graph, first, proc_fd);
}

static const char *format_holders(unsigned holders, char *text, size_t size)
{
	static const char *const names[] = { "process", "children", "thread", "fd", "mount", "socket", "relation" };
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names) && used < size; i++)
		if (holders & 1U << i)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "", names[i]);
	return text;
}

static const char *number(uint64_t value, char *text, size_t size)
{
	if (value == 0)
		return NULL;
	snprintf(text, size, "%" PRIu64, value);
	return text;
}

static const char *path_of(const struct ns_node *node, char *text, size_t size)
{
	if (node->path && !node->path_in)
		return node->path;
	if (!node->open_path || !(node->holders & ~(NS_BY_MOUNT | NS_BY_SOCKET | NS_BY_RELATION)))
		return NULL;
	snprintf(text, size, "/proc/%s", node->open_path);
	return text;
}

/* A user's number, or nothing where it is not known. */
static const char *uid_text(uint32_t uid, char *text, size_t size)
{
	if (uid == UINT32_MAX)
		return NULL;
	snprintf(text, size, "%u", uid);
	return text;
}

static const char *cell_of_process(const struct ls_row *row, enum ls_column column, char *text, size_t size)
{
	const struct ns_process *first = row->node->first;

	if (!first)
		return NULL;
	switch (column) {
	case LS_PID:
		return number((uint64_t)first->pid, text, size);
	case LS_PPID:
		snprintf(text, size, "%d", first->ppid);
		return first->command ? text : NULL;
	case LS_UID:
		return uid_text(first->uid, text, size);
	case LS_USER:
		return first->uid == UINT32_MAX ? NULL : users_name(row->users, first->uid);
	default:
		return first->command;
	}
}

static const char *cell_of(const struct ls_row *row, enum ls_column column, char *text, size_t size)
{
	const struct ns_node *node = row->node;

	switch (column) {
	case LS_NS:
		return number(node->ino, text, size);
	case LS_TYPE:
		return ns_kind_name(node->kind);
	case LS_PATH:
		return path_of(node, text, size);
	case LS_NPROCS:
		snprintf(text, size, "%u", node->n_processes);
		return text;
	case LS_PARENT:
		return node->parent ? number(node->parent->ino, text, size) : NULL;
	case LS_OWNER:
		return node->owner ? number(node->owner->ino, text, size) : NULL;
	case LS_OWNER_UID:
		return uid_text(node->owner_uid, text, size);
	case LS_NSFS:
		return node->path;
	case LS_NAME:
		return ns_titles_get(row->names, node);
	case LS_HELD:
		return format_holders(node->holders, text, size);
	case LS_NSID:
		return number(node->unique, text, size);
	default:
		return cell_of_process(row, column, text, size);
	}
}

int ls_add(struct table *table, const struct ls_columns *columns, const struct ls_row *row)
{
	const char *cells[ARRAY_SIZE(columns->list)];
	char texts[ARRAY_SIZE(columns->list)][64], first[256];

	for (size_t i = 0; i < columns->n; i++)
		cells[i] = cell_of(row, columns->list[i], texts[i], sizeof(texts[i]));
	if (*row->art) {
		snprintf(first, sizeof(first), "%s%s", row->art, cells[0] ? cells[0] : "");
		cells[0] = first;
	}
	return table_add(table, cells);
}
