/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pid.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/procfs.h"
#include "cli/ns_titles.h"
#include "cli/table.h"
#include "cli/unseen.h"
#include "ns/open.h"
#include "ns/pidmap.h"

void pid_list_deinit(struct pid_list *list)
{
	free(list->pids);
	*list = (struct pid_list){ 0 };
}

int pid_list_add(struct pid_list *list, const char *text, struct inro_error *error)
{
	int pid;

	if (parse_pid(text, &pid) < 0)
		return fail_usage(error, text, "this is no PID");
	if (list->n == list->size) {
		size_t size = list->size ? 2 * list->size : 64;
		pid_t *grown = realloc(list->pids, size * sizeof(*grown));

		if (!grown)
			return fail_memory(error);
		list->pids = grown;
		list->size = size;
	}
	list->pids[list->n++] = pid;
	return 0;
}

/* The process group or session of a process, by its number here; 0 where that cannot be told. */
static pid_t leader_of(int proc_fd, pid_t pid, enum pid_what what)
{
	cleanup_close int dir = procfs_open_pid(proc_fd, pid);
	struct procfs_status status;

	if (dir < 0 || procfs_read_status(dir, &status) < 0)
		return 0;
	return what == PID_GROUP ? status.ns_pgid[0] : status.ns_sid[0];
}

/* By way of the numbers here. */
static int translate(const struct pid_translation *translation, const struct pid_list *list, pid_t *ret)
{
	int r;

	if (translation->what == PID_ITSELF && (translation->from_fd >= 0 || translation->to_fd >= 0))
		return pidmap_many(translation->from_fd, translation->to_fd, list->pids, list->n, ret);
	r = pidmap_many(translation->from_fd, -EBADF, list->pids, list->n, ret);
	for (size_t i = 0; i < list->n && r >= 0 && translation->what != PID_ITSELF; i++)
		ret[i] = ret[i] ? leader_of(translation->proc_fd, ret[i], translation->what) : 0;
	return r < 0 || translation->to_fd < 0 ? r : pidmap_many(-EBADF, translation->to_fd, ret, list->n, ret);
}

static int print_all(const struct pid_translation *translation, const struct pid_list *list, const pid_t *found)
{
	cleanup_buf struct buf buf = { 0 };
	bool missing = false;

	if (translation->json)
		buf_puts(&buf, "{\"pids\": [");
	for (size_t i = 0; i < list->n; i++) {
		missing |= found[i] == 0;
		if (translation->json)
			buf_printf(&buf, "%s\n  {\"given\": %d, \"pid\": ", i ? "," : "", list->pids[i]);
		if (found[i])
			buf_printf(&buf, "%d", found[i]);
		else
			buf_puts(&buf, translation->json ? "null" : "-");
		buf_puts(&buf, translation->json ? "}" : "\n");
	}
	if (translation->json)
		buf_puts(&buf, "\n]}\n");
	if (buf.failed)
		return -ENOMEM;
	if (fwrite(buf_text(&buf), 1, buf.used, stdout) != buf.used || fflush(stdout) == EOF)
		return -errno;
	return missing;
}

int pid_translate_all(const struct pid_translation *translation, const struct pid_list *list,
		      struct inro_error *error)
{
	cleanup_free pid_t *found = calloc(list->n + 1, sizeof(*found));
	int r = found ? 0 : -ENOMEM;

	/* Groups and sessions are read there, by the numbers here. */
	if (translation->what != PID_ITSELF && procfs_look(translation->proc_fd).foreign) {
		fail_host(error, INRO_ERROR_HOST, -EOPNOTSUPP, "translate PIDs",
			  "/proc was mounted for another PID namespace than inro's own");
		error_hint(error, "mount a procfs of this one (--mount-proc, where unshare made it)");
		return -EOPNOTSUPP;
	}
	if (r == 0)
		r = translate(translation, list, found);
	if (r >= 0)
		r = print_all(translation, list, found);
	if (r == -ENOMEM)
		return fail_memory(error);
	return r < 0 ? fail_call(error, r, "translate PIDs", NULL, NULL) : r;
}

static const struct table_column columns[] = {
	{ "LEVEL", TABLE_NUMBER, false, false }, { "NS", TABLE_NUMBER, false, false },
	{ "PID", TABLE_NUMBER, false, false },	 { "TID", TABLE_NUMBER, false, false },
	{ "PGID", TABLE_NUMBER, false, false },	 { "SID", TABLE_NUMBER, false, false },
	{ "NAME", TABLE_TEXT, false, false },
};

/* Names of PID namespaces that are kept, and of containers by their PID 1 where that can be told. */
static int find_titles(const struct names *names, const struct pid_levels *levels, struct ns_titles *titles,
		       struct ns_graph *graph)
{
	graph->kinds = NS_BIT(NS_PID);
	for (int i = 0; i < levels->n; i++)
		if (levels->level[i].ns.ino && !ns_graph_add(graph, NS_PID, levels->level[i].ns.ino))
			return -ENOMEM;
	/* Whose first process is in one of these namespaces, and nowhere deeper, is what it is called after. */
	for (size_t i = 0; i < names->n; i++) {
		struct pid_levels own;
		const struct ns_node *node;

		if (pidmap_levels(names->containers.proc_fd, names->list[i].pid, &own) < 0)
			continue;
		node = ns_graph_find(graph, own.level[own.n - 1].ns.ino);
		if (node && own.level[own.n - 1].pid == 1 &&
		    hash_put(&titles->by_ino, node->ino, (void *)names->list[i].name) < 0)
			return -ENOMEM;
	}
	return ns_titles_find(titles, names, graph);
}

static const char *number(long value, char text[static 24])
{
	if (value <= 0)
		return NULL;
	snprintf(text, 24, "%ld", value);
	return text;
}

static int add_level(struct table *table, const struct pid_levels *levels, int i, const struct ns_titles *titles)
{
	const struct ns_node key = { .ino = levels->level[i].ns.ino };
	char texts[6][24];
	const char *name = key.ino ? ns_titles_get(titles, &key) : NULL;

	if (!name && key.ino && ns_is_initial(NS_PID, key.ino))
		name = "host";
	snprintf(texts[0], sizeof(texts[0]), "%d", i);
	return table_add(table, (const char *[]){
					texts[0],
					number((long)key.ino, texts[1]),
					number(levels->level[i].tgid, texts[2]),
					levels->level[i].pid == levels->level[i].tgid ?
						NULL : number(levels->level[i].pid, texts[3]),
					number(levels->level[i].pgid, texts[4]),
					number(levels->level[i].sid, texts[5]),
					name,
				});
}

static int print_levels(const struct names *names, const struct pid_levels *levels, bool json)
{
	struct table_column shown[ARRAY_SIZE(columns)];
	struct ns_titles titles = { 0 };
	struct ns_graph graph = { 0 };
	struct table *table;
	int r = find_titles(names, levels, &titles, &graph);

	/* A process has no thread id of its own. */
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		shown[i] = columns[i];
	shown[3].json_only = levels->level[0].pid == levels->level[0].tgid;
	table = table_new(shown, ARRAY_SIZE(shown), "levels", json);
	r = r == 0 && !table ? -ENOMEM : r;
	for (int i = 0; i < levels->n && r == 0; i++)
		r = add_level(table, levels, i, &titles);
	if (r == 0)
		r = table_print(table);
	table_free(table);
	ns_titles_deinit(&titles);
	ns_graph_deinit(&graph);
	return r;
}

int pid_show_levels(const struct names *names, pid_t pid, bool json, bool one_line, struct inro_error *error)
{
	char object[16];
	struct pid_levels levels;
	int r = pidmap_levels(names->containers.proc_fd, pid, &levels);

	snprintf(object, sizeof(object), "%d", pid);
	if (r < 0)
		return fail_call(error, r, "look at process", NULL, object);
	if (!one_line || json) {
		/* Of a process of others there are the numbers alone. */
		unseen_note("pid", levels.denied, (struct procfs_sight){ 0 });
		r = print_levels(names, &levels, json);
		return r < 0 ? fail_call(error, r, "show the levels of process", NULL, object) : 0;
	}
	for (int i = 0; i < levels.n; i++)
		printf("%s%d", i ? " " : "", levels.level[i].pid);
	putchar('\n');
	return fflush(stdout) == EOF ? fail_call(error, -errno, "show the levels of process", "write", object) : 0;
}
