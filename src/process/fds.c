/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Descriptors: what the command gets, and nothing else. 0, 1 and 2 are the caller's, or what the
 * slots of the standard streams hold; --pass-fd adds others, under the same number or another.
 *
 * Numbers collide: a descriptor of inro's own may sit where one is to go, and of two that are to be
 * passed each may want the other's number. So it is done in three rounds. First everything that is
 * still needed is copied out of the way, above every number that will be given out. Then each
 * goes to its number. Last, what remains below is closed, and what is above is marked
 * close-on-exec: the channel, whose closing says that exec succeeded, must stay until then, and so
 * must whatever exec itself reads. A created container, which waits for its start, closes that too, but
 * for what it waits with.
 *
 * Which descriptors the slots hold is known only while the plan runs, so the child decides; the
 * plan prepared the table. Without --pass-fd that is one system call.
 *
 * With --init the channel stays open as descriptor 3, init's life line, so nothing else can be 3.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/parse.h"
#include "kernel/syscalls.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_fds;

enum {
	FIRST_FD = 3,
	LIFE_LINE_FD = 3, /* the channel, for inro's own init */
	MAX_FD = 1 << 20, /* fs.nr_open of an ordinary host */
	MAX_PASSED = 256,
};

/* One descriptor of the caller's: its number there, and inside. */
struct passed_fd {
	int from, to;
};

struct fds_spec {
	struct passed_fd *list;
	size_t n;
};

struct fds_args {
	const struct passed_fd *list; /* by rising `to` */
	size_t n;
	int *moved;     /* room for the copies, by index of the list */
	int threshold;  /* above every number that is given out */
	bool life_line;
};

/* The descriptors in slots below the threshold, so that nothing put there overwrites them. */
static int move_slots(struct run *run, const struct fds_args *args)
{
	for (int slot = 0; slot < run->plan->n_slots; slot++) {
		int fd = run_fd(run, slot), moved;

		/* Also a stream in another's place, such as a 1 that is to be 0. */
		if (fd < 0 || fd >= args->threshold)
			continue;
		moved = fcntl(fd, F_DUPFD_CLOEXEC, args->threshold);
		if (moved < 0)
			return -errno;
		run->slots[slot] = moved;
	}
	return 0;
}

static int copy_passed(const struct fds_args *args)
{
	for (size_t i = 0; i < args->n; i++) {
		args->moved[i] = args->list[i].from;
		if (args->list[i].from == args->list[i].to)
			continue;
		args->moved[i] = fcntl(args->list[i].from, F_DUPFD_CLOEXEC, args->threshold);
		if (args->moved[i] < 0)
			return -errno;
	}
	return 0;
}

static int place(int fd, int number)
{
	if (fd == number)
		return fcntl(fd, F_SETFD, 0) < 0 ? -errno : 0;
	return dup3(fd, number, 0) < 0 ? -errno : 0;
}

static int place_all(struct run *run, const struct fds_args *args)
{
	static const int streams[] = { SLOT_STDIN, SLOT_STDOUT, SLOT_STDERR };
	int r = 0;

	for (int i = 0; i < (int)ARRAY_SIZE(streams) && r == 0; i++)
		if (run_fd(run, streams[i]) >= 0)
			r = place(run_fd(run, streams[i]), i);
	for (size_t i = 0; i < args->n && r == 0; i++)
		r = place(args->moved[i], args->list[i].to);
	if (r == 0 && args->life_line && run_fd(run, SLOT_CHANNEL) >= 0) {
		r = place(run_fd(run, SLOT_CHANNEL), LIFE_LINE_FD);
		if (r == 0)
			run->slots[SLOT_CHANNEL] = LIFE_LINE_FD;
	}
	return r;
}

/*
 * Who waits to be started may wait for long, and somebody who may trace it can open what it has open, out of
 * another container in the same PID namespace, too: a directory of the host's would be a way out. And an
 * engine may wait for the end of file of what it has left open to us. So only what is needed for the rest of
 * the way stays, from NEXT on.
 */
static int close_but_needed(struct run *run, int next)
{
	const int needed[] = { SLOT_CHANNEL, run->plan->wait_slot, run->plan->word_slot };
	int kept[ARRAY_SIZE(needed)], r = 0;

	for (int i = 0; i < (int)ARRAY_SIZE(needed); i++) {
		int fd = run_fd(run, needed[i]), j = i;

		for (; j > 0 && kept[j - 1] > fd; j--)
			kept[j] = kept[j - 1];
		kept[j] = fd;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kept) && r == 0; i++) {
		if (kept[i] > next)
			r = sys_close_range((unsigned)next, (unsigned)kept[i] - 1, 0);
		next = kept[i] >= next ? kept[i] + 1 : next;
	}
	for (int slot = 0; slot < run->plan->n_slots; slot++) {
		bool is_kept = false;

		for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
			is_kept |= slot == needed[i];
		if (!is_kept)
			run->slots[slot] = -EBADF;
	}
	return r < 0 ? r : sys_close_range((unsigned)next, UINT_MAX, 0);
}

/* Close what lies between the numbers that are kept; mark what lies above them. */
static int close_rest(struct run *run, const struct fds_args *args)
{
	int next = FIRST_FD + args->life_line, r = 0;

	for (size_t i = 0; i < args->n && r == 0; i++) {
		int kept = args->list[i].to;

		if (kept > next)
			r = sys_close_range((unsigned)next, (unsigned)kept - 1, 0);
		next = kept + 1;
	}
	if (r == 0 && run->plan->wait_slot != SLOT_NONE)
		return close_but_needed(run, next);
	return r < 0 ? r : sys_close_range((unsigned)next, UINT_MAX, CLOSE_RANGE_CLOEXEC);
}

static int run_place_fds(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct fds_args *args = step->args;
	int r = move_slots(run, args);

	if (r == 0)
		r = copy_passed(args);
	if (r < 0)
		return error_raw(error, r, "fcntl(F_DUPFD_CLOEXEC)", NULL);
	r = place_all(run, args);
	if (r < 0)
		return error_raw(error, r, "dup3", NULL);
	r = close_rest(run, args);
	return r < 0 ? error_raw(error, r, "close_range", NULL) : 0;
}

static void tell_place_fds(const struct step *step, struct buf *text)
{
	const struct fds_args *args = step->args;

	buf_puts(text, "kept: 0, 1, 2");
	if (args->life_line)
		buf_printf(text, ", %d (init's life line)", LIFE_LINE_FD);
	for (size_t i = 0; i < args->n; i++) {
		buf_printf(text, ", %d", args->list[i].to);
		if (args->list[i].from != args->list[i].to)
			buf_printf(text, " (the caller's %d)", args->list[i].from);
	}
}

static void advise_place_fds(const struct step *step, const struct plan *plan,
			     struct inro_error *error)
{
	const struct fds_args *args = step->args;

	(void)plan;
	if (error->code == EBADF && strncmp(error->call, "fcntl", 5) == 0) {
		error_why(error, "a descriptor that is to be passed on is not open");
	} else if (error->code == EINVAL || error->code == EMFILE || error->code == EBADF) {
		error_why(error,
			  "descriptors above %d are needed, and the limit of open files is lower",
			  args->threshold);
		error_hint(error,
			   "raise it (--ulimit nofile), or pass descriptors under lower numbers");
	} else if (error->code == EPERM) {
		error_why(error, "a seccomp filter forbids it");
		error_hint(
			error,
			"allow close_range and dup3 in the profile, or keep no_new_privs, with "
			"which the filter comes last");
	}
}

static const struct step_kind kind_place_fds = {
	.name = "place-fds",
	.what = "close descriptors that are not passed on",
	.calls = "fcntl, dup3, close_range",
	.run = run_place_fds,
	.tell = tell_place_fds,
	.advise = advise_place_fds,
};

static int add_fd(struct spec *spec, int from, int to, struct inro_error *error)
{
	struct fds_spec *part = spec_part(spec, &feature_fds);
	struct passed_fd *added;

	/* The later word wins: a number inside is one descriptor only. */
	for (size_t i = 0; i < part->n; i++) {
		if (part->list[i].to == to) {
			part->list[i].from = from;
			return 0;
		}
	}
	if (part->n == MAX_PASSED)
		return fail_usage(error, "--pass-fd", "more than %d descriptors", MAX_PASSED);
	added = arena_grow(&spec->arena, &part->list, &part->n, sizeof(*added));
	if (!added)
		return fail_memory(error);
	*added = (struct passed_fd){ .from = from, .to = to };
	return 0;
}

static int set_pass_fd(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	const char *colon = strchrnul(value, ':');
	char *first = arena_strndup(&spec->arena, value, (size_t)(colon - value));
	uint32_t from, to;

	if (!first)
		return fail_memory(error);
	if (parse_u32(first, &from) < 0 || parse_u32(*colon ? colon + 1 : first, &to) < 0 ||
	    from >= MAX_FD || to >= MAX_FD)
		return fail_usage(error, "--pass-fd", "'%s' is not a descriptor or two, N or N:AS",
				  value);
	if (to < FIRST_FD) {
		fail_usage(error, "--pass-fd", "%u is a standard stream inside", to);
		error_hint(error, "redirect it where inro is started");
		return -EINVAL;
	}
	return add_fd(spec, (int)from, (int)to, error);
}

/* As the engines' runtimes have it: N descriptors from 3 on. */
static int set_preserve_fds(void *object, const char *value, struct inro_error *error)
{
	uint32_t n;
	int r = 0;

	if (parse_u32(value, &n) < 0 || n > MAX_PASSED)
		return fail_usage(error, "--preserve-fds",
				  "'%s' is not a number of descriptors up to %d", value,
				  MAX_PASSED);
	for (int fd = FIRST_FD; fd < FIRST_FD + (int)n && r == 0; fd++)
		r = add_fd(object, fd, fd, error);
	return r;
}

static const struct option_row options[] = {
	{
		.name = "pass-fd",
		.form = OPTION_VALUE,
		.argument = "N[:AS]",
		.help = "pass an open descriptor on, as that number",
		.section = "Process",
		.set = set_pass_fd,
		.detail = "All others but 0, 1 and 2 are closed.",
		.repeats = true,
		.rare = true,
	},
	{
		.name = "preserve-fds",
		.form = OPTION_VALUE,
		.argument = "N",
		.help = "pass N descriptors on, from 3 upwards",
		.section = "Process",
		.set = set_preserve_fds,
		.repeats = true,
		.rare = true,
	},
};

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	const struct fds_spec *part = spec_part(spec, &feature_fds);

	(void)facts;
	for (size_t i = 0; i < part->n; i++) {
		if (fcntl(part->list[i].from, F_GETFD) >= 0)
			continue;
		fail_usage(error, "--pass-fd", "descriptor %d is not open", part->list[i].from);
		error_hint(error, "in a shell: inro run --pass-fd %d ... %d<FILE",
			   part->list[i].from, part->list[i].from);
		return -EINVAL;
	}
	return 0;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct fds_spec *part = spec_part(plan->spec, &feature_fds);

	for (size_t i = 0; i < part->n && plan->spec->process.init; i++) {
		if (part->list[i].to != LIFE_LINE_FD)
			continue;
		fail_usage(error, "--pass-fd", "with --init, descriptor %d is init's own",
			   LIFE_LINE_FD);
		error_hint(error, "pass it under another number: --pass-fd %d:%d",
			   part->list[i].from, LIFE_LINE_FD + 1);
		return -EINVAL;
	}
	return 0;
}

static void sort(struct passed_fd *list, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct passed_fd taken = list[i];
		size_t j = i;

		for (; j > 0 && list[j - 1].to > taken.to; j--)
			list[j] = list[j - 1];
		list[j] = taken;
	}
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct fds_spec *part = spec_part(plan->spec, &feature_fds);
	struct passed_fd *list = arena_copy(&plan->arena, part->list, part->n * sizeof(*list));
	struct fds_args *args = arena_alloc(&plan->arena, sizeof(*args));
	int *moved = arena_array(&plan->arena, part->n, sizeof(*moved));

	if (!list || !args || !moved)
		return fail_memory(error);
	sort(list, part->n);
	args->list = list;
	args->n = part->n;
	args->moved = moved;
	args->life_line = plan->spec->process.init;
	args->threshold = FIRST_FD + args->life_line;
	if (part->n && list[part->n - 1].to >= args->threshold)
		args->threshold = list[part->n - 1].to + 1;
	plan_add(plan, STAGE_FDS, &kind_place_fds, NULL,
		 "no descriptor of the host's that was not passed on may be open inside", args);
	return 0;
}

const struct feature feature_fds = {
	.name = "fds",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct fds_spec),
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};
