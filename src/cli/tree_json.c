/* SPDX-License-Identifier: Apache-2.0 */

/* The tree for programs: all of it, nothing folded, children within their parents. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/json.h"
#include "cli/tree.h"

static void add_process(const struct tree *tree, const struct forest_process *process, struct users *users,
			struct buf *buf)
{
	char command[4096];

	buf_printf(buf, "{\"pid\": %d, \"pids\": [", process->pid);
	for (int i = 0; i < process->n_levels; i++)
		buf_printf(buf, "%s%d", i ? ", " : "", process->pids[i]);
	buf_printf(buf, "], \"ppid\": %d, \"uid\": %u, \"user\": ", process->ppid, process->uid);
	json_add_string(buf, users_name(users, process->uid));
	buf_printf(buf, ", \"state\": \"%c\", \"ns\": ", process->state);
	if (process->ns)
		buf_printf(buf, "%ju", (uintmax_t)process->ns);
	else
		buf_puts(buf, "null");
	buf_printf(buf, ", \"enters\": %s, \"name\": ", tree_enters(tree, process) ? "true" : "false");
	json_add_string(buf, tree_enters(tree, process) ? tree_title(tree, process) : NULL);
	buf_puts(buf, ", \"command\": ");
	json_add_string(buf, tree_command(tree, process, command));
	buf_puts(buf, ", \"children\": [");
}

/* Without recursion, as a chain can be long. */
static void add_tree(const struct tree *tree, const struct forest_process *top, struct users *users, struct buf *buf)
{
	const struct forest_process *at = top;

	for (;;) {
		add_process(tree, at, users, buf);
		if (at->child) {
			buf_puts(buf, "\n");
			at = at->child;
			continue;
		}
		while (at != top && !at->next) {
			buf_puts(buf, "]}");
			at = at->parent;
		}
		buf_puts(buf, "]}");
		if (at == top)
			return;
		buf_puts(buf, ",\n");
		at = at->next;
	}
}

int tree_json(const struct tree *tree, struct users *users)
{
	struct buf buf = { 0 };
	int r = 0;

	buf_printf(&buf, "{\"kind\": \"%s\", \"ns\": ", ns_kind_name(tree->kind));
	if (tree->top_ns)
		buf_printf(&buf, "%ju", (uintmax_t)tree->top_ns);
	else
		buf_puts(&buf, "null");
	buf_puts(&buf, ", \"processes\": [");
	for (size_t i = 0; i < tree->n_tops; i++) {
		buf_puts(&buf, i ? ",\n" : "\n");
		add_tree(tree, tree->tops[i], users, &buf);
	}
	buf_puts(&buf, "\n]}\n");
	if (buf.failed)
		r = -ENOMEM;
	else if (fwrite(buf_text(&buf), 1, buf.used, stdout) != buf.used || fflush(stdout) == EOF)
		r = -errno;
	buf_deinit(&buf);
	return r;
}
