/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"

/*
 * Theory of operation
 *
 * Three hundred containers are readable only if what is alike is shown once. Two subtrees are alike
 * when they have the same commands and the same namespaces beginning at the same places; arguments,
 * numbers and the order of children do not count. So each subtree gets a hash of that, from the
 * leaves up, and siblings of one hash are one group:
 *
 * - leaves of a group become one line, "worker × 4";
 * - of other groups with three members or more the first is shown, the rest is one line with the
 *   names of their containers.
 *
 * On a host with namespaces below the processes that have nothing to do with any of them are not
 * what one looks for: their children are not shown, and more than a few siblings become one line.
 *
 * The order of lines is that of parents, then PIDs. A picture of great depth is cut, since the
 * recursion must end (a hostile chain of processes can be as long as there are PIDs).
 */

enum { DEPTH = 120, FEW = 3, ALIKE = 3 };

struct tree_note {
	uint64_t hash;
	bool has_box;   /* a box begins here or below */
	uint32_t below; /* how many processes */
	const struct forest_process *box_first; /* the first that enters, here or below */
};

struct group;

/* What is drawn below one parent, in order. */
struct item {
	const struct forest_process *process; /* NULL: several that are summed up in TEXT */
	const char *text;
	const struct group *alike; /* it stands for all of them, or NULL */
};

struct items {
	struct item *list;
	size_t n;
};

void tree_deinit(struct tree *tree)
{
	ns_titles_deinit(&tree->titles);
	forest_deinit(&tree->forest);
	arena_deinit(&tree->arena);
}

static struct tree_note *note_of(const struct tree *tree, const struct forest_process *process)
{
	return &tree->notes[process - tree->forest.processes];
}

bool tree_enters(const struct tree *tree, const struct forest_process *process)
{
	/* Those at the top have no parent here; they begin a box where they are not in the top's. */
	return process->enters && (process->parent || process->ns != tree->top_ns);
}

static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	return (value ^ value >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
}

static uint64_t hash_text(const char *text)
{
	uint64_t hash = UINT64_C(1469598103934665603);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

/* Parents come before their children in this order, so backwards all children are done first. */
static int note_all(struct tree *tree)
{
	size_t n = 0, size = tree->forest.n + 1;
	const struct forest_process **order = arena_array(&tree->arena, size, sizeof(*order));

	tree->notes = arena_array(&tree->arena, size, sizeof(*tree->notes));
	if (!order || !tree->notes)
		return -ENOMEM;
	for (const struct forest_process *root = tree->forest.roots; root; root = root->next)
		order[n++] = root;
	for (size_t i = 0; i < n; i++)
		for (const struct forest_process *child = order[i]->child; child; child = child->next)
			order[n++] = child;
	while (n-- > 0) {
		const struct forest_process *process = order[n];
		struct tree_note *note = note_of(tree, process), *up;
		bool enters = tree_enters(tree, process);

		/* PID 1 is like no other, nor is who has joined. */
		note->hash = mix(note->hash + mix(hash_text(process->comm) + enters +
						  2 * (process->pids[process->n_levels - 1] == 1)));
		note->has_box |= enters;
		if (enters)
			note->box_first = process;
		if (!process->parent)
			continue;
		up = note_of(tree, process->parent);
		up->hash += mix(note->hash);
		up->has_box |= note->has_box;
		up->below += note->below + 1;
		if (note->box_first)
			up->box_first = note->box_first;
	}
	return 0;
}

const char *tree_title(const struct tree *tree, const struct forest_process *process)
{
	const struct named *named = names_of_pid(tree->names, process->pid);
	const struct ns_node key = { .ino = process->ns };

	if (named && tree_enters(tree, process))
		return named->name;
	return process->ns ? ns_titles_get(&tree->titles, &key) : NULL;
}

const char *tree_command(const struct tree *tree, const struct forest_process *process, char buffer[static 4096])
{
	cleanup_close int dir = procfs_open_pid(tree->proc_fd, process->pid);

	if (dir < 0 || procfs_read_command(dir, buffer, 4096) < 0)
		snprintf(buffer, 4096, "%s", process->comm);
	return buffer;
}

/* "web-2, web-3, web-4 … web-300": what the boxes in a folded group are called. */
static const char *name_group(struct tree *tree, const struct forest_process **members, size_t n)
{
	enum { SHOWN = 3 };
	cleanup_buf struct buf buf = { 0 };

	buf_printf(&buf, "%zu more like it", n);
	for (size_t i = 0; i < n; i++) {
		const struct forest_process *first = note_of(tree, members[i])->box_first;
		const char *title;

		if (i >= SHOWN && i + 1 < n)
			continue;
		buf_puts(&buf, i == 0 ? ": " : i <= SHOWN ? ", " : tree->ascii ? " ... " : " … ");
		title = first ? tree_title(tree, first) : NULL;
		if (title)
			buf_puts(&buf, title);
		else
			buf_printf(&buf, "%d", (first ? first : members[i])->pid);
	}
	return buf.failed ? NULL : arena_strdup(&tree->arena, buf_text(&buf));
}

/* Siblings that are alike, in their order. */
struct group {
	const struct forest_process **members;
	size_t n;
};

struct groups {
	struct group *list;
	size_t n;
};

static int add_member(struct tree *tree, struct group *group, const struct forest_process *member)
{
	size_t n = group->n;

	/* One, two, four, …: the array is full. */
	if ((n & (n - 1)) == 0) {
		const struct forest_process **grown = arena_array(&tree->arena, n ? 2 * n : 1, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		if (n)
			memcpy(grown, group->members, n * sizeof(*grown));
		group->members = grown;
	}
	group->members[group->n++] = member;
	return 0;
}

/* Has it nothing to do with any box, in a picture that is about boxes? */
static bool is_aside(const struct tree *tree, const struct forest_process *process)
{
	return !note_of(tree, process)->has_box;
}

/*
 * Bring what is alike together, at the place of the first of it. With ASIDE nothing below of what has no box
 * will be shown, so the command alone counts there.
 */
static int gather(struct tree *tree, const struct forest_process *const *children, size_t n, bool aside,
		  struct groups *ret)
{
	cleanup_hash struct hash by_hash = { 0 };
	struct groups groups = { .list = arena_array(&tree->arena, n + 1, sizeof(*groups.list)) };

	if (!groups.list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		uint64_t key = tree->whole ? (uint64_t)i + 1 : note_of(tree, children[i])->hash;
		struct group *group;

		if (aside && is_aside(tree, children[i]))
			key = hash_text(children[i]->comm);
		group = hash_get(&by_hash, key);
		if (!group) {
			group = &groups.list[groups.n++];
			if (hash_put(&by_hash, key, group) < 0)
				return -ENOMEM;
		}
		if (add_member(tree, group, children[i]) < 0)
			return -ENOMEM;
	}
	*ret = groups;
	return 0;
}

static int add_item(struct tree *tree, struct items *items, const struct forest_process *process, const char *text,
		    const struct group *alike)
{
	struct item *item = arena_grow(&tree->arena, &items->list, &items->n, sizeof(*item));

	if (!item)
		return -ENOMEM;
	*item = (struct item){ process, text, alike };
	return 0;
}

static int add_group(struct tree *tree, struct items *items, const struct group *group, bool aside)
{
	const struct forest_process *first = group->members[0];
	size_t shown = group->n >= ALIKE ? 1 : group->n;
	const char *text;

	/* Leaves are one line, boxes and trees may be more. */
	if ((aside || !first->child) && is_aside(tree, first) && group->n > 1)
		return add_item(tree, items, first, NULL, group);
	for (size_t i = 0; i < shown; i++)
		if (add_item(tree, items, group->members[i], NULL, NULL) < 0)
			return -ENOMEM;
	if (shown == group->n)
		return 0;
	text = name_group(tree, group->members + 1, group->n - 1);
	return text ? add_item(tree, items, NULL, text, NULL) : -ENOMEM;
}

/* "23 others: cron, sshd × 3, …" */
static int add_others(struct tree *tree, struct items *items, const struct groups *groups)
{
	enum { SHOWN = 8 };
	cleanup_buf struct buf names = { 0 };
	size_t n_names = 0, total = 0;
	const char *text;

	for (size_t i = 0; i < groups->n; i++) {
		const struct group *group = &groups->list[i];

		if (!is_aside(tree, group->members[0]))
			continue;
		for (size_t j = 0; j < group->n; j++)
			total += note_of(tree, group->members[j])->below + 1;
		if (n_names++ >= SHOWN)
			continue;
		buf_printf(&names, "%s%s", n_names > 1 ? ", " : "", group->members[0]->comm);
		if (group->n > 1)
			buf_printf(&names, " %s %zu", tree->ascii ? "x" : "×", group->n);
	}
	text = names.failed ? NULL :
			      arena_printf(&tree->arena, "%zu others: %s%s", total, buf_text(&names),
					   n_names <= SHOWN ? "" : tree->ascii ? ", ..." : ", …");
	return text ? add_item(tree, items, NULL, text, NULL) : -ENOMEM;
}

/* With ASIDE, what has nothing to do with boxes, and is more than a few, becomes one line at the end. */
static int add_items(struct tree *tree, const struct groups *groups, bool aside, struct items *items)
{
	size_t n_aside = 0;
	bool many;
	int r = 0;

	for (size_t i = 0; i < groups->n && aside; i++)
		n_aside += is_aside(tree, groups->list[i].members[0]);
	many = n_aside > FEW;
	for (size_t i = 0; i < groups->n && r == 0; i++)
		if (!many || !is_aside(tree, groups->list[i].members[0]))
			r = add_group(tree, items, &groups->list[i], aside);
	return r == 0 && many ? add_others(tree, items, groups) : r;
}

static int lay_out(struct tree *tree, const struct forest_process *const *children, size_t n,
		   const struct tree_frame *frame, struct tree_box *box, unsigned depth);

static struct tree_line *add_line(struct tree *tree)
{
	return arena_grow(&tree->arena, &tree->lines, &tree->n_lines, sizeof(*tree->lines));
}

static const struct tree_frame *add_frame(struct tree *tree, const struct tree_frame *left, int type,
					  const struct tree_box *box)
{
	struct tree_frame *frame = arena_alloc(&tree->arena, sizeof(*frame));

	if (frame)
		*frame = (struct tree_frame){ .left = left, .type = (unsigned)type, .box = box };
	return frame;
}

static int lay_out_children(struct tree *tree, const struct forest_process *process,
			    const struct tree_frame *frame, struct tree_box *box, unsigned depth)
{
	const struct forest_process **children;
	size_t n = 0;

	for (const struct forest_process *child = process->child; child; child = child->next)
		n++;
	if (n == 0)
		return 0;
	children = arena_array(&tree->arena, n, sizeof(*children));
	if (!children)
		return -ENOMEM;
	n = 0;
	for (const struct forest_process *child = process->child; child; child = child->next)
		children[n++] = child;
	return lay_out(tree, children, n, frame, box, depth + 1);
}

/* Where the host has namespaces below, its own processes are not what one looks for. */
static bool is_about_boxes(const struct tree *tree)
{
	return tree->host && !tree->whole && tree->n_boxes > 0;
}

/* Kernel threads are never what one looks for. */
static bool is_hidden_below(const struct tree *tree, const struct forest_process *process, const struct tree_box *box)
{
	if (tree->host && !tree->whole && process->pid == 2 && strcmp(process->comm, "kthreadd") == 0)
		return true;
	return !box && is_about_boxes(tree) && is_aside(tree, process);
}

static int lay_out_item(struct tree *tree, const struct item *item, const struct tree_frame *frame,
			struct tree_box *box, bool last, unsigned depth)
{
	struct tree_line *line = add_line(tree);
	bool top = depth == 0, hidden;
	struct tree_box *own = NULL;

	if (!line)
		return -ENOMEM;
	*line = (struct tree_line){ .frame = frame, .process = item->process, .text = item->text };
	if (item->alike) {
		line->alike = item->alike->members;
		line->n_alike = item->alike->n;
	}
	line->connector = top ? CONNECT_NONE : last ? CONNECT_LAST : CONNECT_MORE;
	if (!item->process)
		return 0;
	if (tree_enters(tree, item->process)) {
		own = arena_alloc(&tree->arena, sizeof(*own));
		if (!own)
			return -ENOMEM;
		*own = (struct tree_box){ .first = item->process, .depth = box ? box->depth + 1 : 0,
					  .first_line = tree->n_lines - 1 };
		line->opens = own;
	}
	hidden = item->alike || depth >= DEPTH || (!own && is_hidden_below(tree, item->process, box));
	if (hidden)
		line->n_below = item->alike ? 0 : note_of(tree, item->process)->below;
	if (!top)
		frame = add_frame(tree, frame, last ? FRAME_BLANK : FRAME_PIPE, NULL);
	if (own || !top)
		frame = add_frame(tree, frame, own ? FRAME_BOX : FRAME_GAP, own);
	if ((own || !top) && !frame)
		return -ENOMEM;
	if (!hidden && lay_out_children(tree, item->process, frame, own ? own : box, depth) < 0)
		return -ENOMEM;
	if (own)
		own->last_line = tree->n_lines - 1;
	return 0;
}

/*
 * A long way down to the first box, each process with one child (shells, timeouts, supervisors): how
 * many may be left away before *last, which is shown again.
 */
static size_t count_between(const struct tree *tree, const struct forest_process *first,
			    const struct forest_process **last)
{
	size_t n = 0;

	for (*last = first; !tree_enters(tree, *last); *last = (*last)->child, n++)
		if (!(*last)->child || (*last)->child->next || tree_enters(tree, (*last)->child))
			break;
	return n;
}

static int lay_out_between(struct tree *tree, const struct forest_process *first, const struct forest_process *last,
			   size_t n_between, const struct tree_frame *frame, unsigned depth)
{
	enum { SHOWN = 6 };
	cleanup_buf struct buf buf = { 0 };
	struct tree_line *line = add_line(tree);
	size_t n = 0;

	buf_printf(&buf, "%zu between: ", n_between);
	for (; first != last && n < SHOWN; first = first->child)
		buf_printf(&buf, "%s%s", n++ ? ", " : "", first->comm);
	buf_puts(&buf, first == last ? "" : tree->ascii ? ", ..." : ", …");
	if (!line || buf.failed)
		return -ENOMEM;
	*line = (struct tree_line){ .frame = frame, .connector = CONNECT_LAST,
				    .text = arena_strdup(&tree->arena, buf_text(&buf)) };
	frame = add_frame(tree, add_frame(tree, frame, FRAME_BLANK, NULL), FRAME_GAP, NULL);
	if (!line->text || !frame)
		return -ENOMEM;
	return lay_out(tree, &last, 1, frame, NULL, depth + 1);
}

static int lay_out(struct tree *tree, const struct forest_process *const *children, size_t n,
		   const struct tree_frame *frame, struct tree_box *box, unsigned depth)
{
	bool aside = depth > 0 && !box && is_about_boxes(tree);
	const struct forest_process *last;
	struct items items = { 0 };
	struct groups groups;
	int r;

	if (aside && n == 1) {
		size_t n_between = count_between(tree, children[0], &last);

		if (n_between >= FEW)
			return lay_out_between(tree, children[0], last, n_between, frame, depth);
	}
	r = gather(tree, children, n, aside, &groups);
	if (r == 0)
		r = add_items(tree, &groups, aside, &items);
	for (size_t i = 0; i < items.n && r == 0; i++)
		r = lay_out_item(tree, &items.list[i], frame, box, i + 1 == items.n, depth);
	return r;
}

int tree_lay_out(struct tree *tree)
{
	int r = note_all(tree);

	for (size_t i = 0; i < tree->n_tops && r == 0; i++)
		tree->n_boxes += note_of(tree, tree->tops[i])->has_box;
	return r < 0 ? r : lay_out(tree, tree->tops, tree->n_tops, NULL, NULL, 0);
}
