/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Hooks for programs that drive inro, with the names and meanings that bubblewrap gave them:
 *
 *	--info-fd   which process it is and which namespaces are new, as JSON, as soon as it exists;
 *	--block-fd  the command does not run before a byte, or the end of file, comes from there;
 *	--sync-fd   stays open while the container runs, so that its reader learns of the end.
 *
 * Together: a program reads the child's PID, sets up its network or cgroup from outside, then
 * closes its end of the block descriptor. It waits for the end of file on the info descriptor, so
 * that is closed on both sides at once.
 *
 * Opening /proc/PID/ns/net from outside takes a dumpable process, unless one is the host's root.
 * So the child turns dumpable for as long as it is blocked, where its PID namespace is new: then
 * there is no process of the container yet that could make use of it. Otherwise it stays as it is,
 * and only privileged drivers get in.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/procfs.h"
#include "ns/kind.h"
#include "plan/feature.h"
#include "plan/run.h"
#include "process/proc_child.h"

extern const struct feature feature_driver;

struct driver_spec {
	int block_fd, sync_fd, info_fd;
};

struct driver_args {
	int fd;
	int slot;        /* sync: where the copy is */
	uint32_t ns_new; /* info: what to tell */
	bool dumpable;   /* block: while it waits */
};

/* --sync-fd: a copy of one's own, so that the container's end closes the last one. */

static int run_hold_sync(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct driver_args *args = step->args;
	int fd = fcntl(args->fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return error_raw(error, -errno, "fcntl", NULL);
	return run_store(run, args->slot, fd);
}

static void undo_hold_sync(struct run *run, const struct step *step)
{
	const struct driver_args *args = step->args;

	run->slots[args->slot] = fd_close(run_fd(run, args->slot));
}

static const struct step_kind kind_hold_sync = {
	.name = "hold-sync-fd",
	.what = "hold the sync descriptor",
	.calls = "fcntl(F_DUPFD_CLOEXEC)",
	.run = run_hold_sync,
	.undo = undo_hold_sync,
};

/* --info-fd: in the parent, while the child waits for its release. */

/* "pid:[4026531836]" to its number. */
static int namespace_number(int pid_dir_fd, const char *name, uint64_t *ret)
{
	cleanup_close int ns_fd = procfs_open_at(pid_dir_fd, "ns", O_PATH | O_DIRECTORY);
	char link[64];
	const char *at;
	ssize_t n;

	if (ns_fd < 0)
		return ns_fd;
	n = readlinkat(ns_fd, name, link, sizeof(link) - 1);
	if (n < 0)
		return -errno;
	link[n] = '\0';
	at = strchr(link, '[');
	if (!at)
		return -EIO;
	*ret = strtoull(at + 1, NULL, 10);
	return 0;
}

static int format_info(const struct run *run, uint32_t kinds, struct buf *text)
{
	cleanup_close int dir_fd = proc_child_open(run);

	if (dir_fd < 0)
		return dir_fd;
	buf_printf(text, "{\n    \"child-pid\": %d", run->pid);
	for (int kind = 0; kind < NS_KINDS; kind++) {
		uint64_t number;
		int r;

		if (!(kinds & NS_BIT(kind)))
			continue;
		r = namespace_number(dir_fd, ns_kind_name(kind), &number);
		if (r < 0)
			return r;
		buf_printf(text, ",\n    \"%s-namespace\": %llu", ns_kind_name(kind),
			   (unsigned long long)number);
	}
	buf_puts(text, "\n}\n");
	return text->failed ? -ENOMEM : 0;
}

static int run_write_info(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct driver_args *args = step->args;
	cleanup_buf struct buf text = { 0 };
	int r = format_info(run, args->ns_new, &text);

	if (r < 0)
		return error_raw(error, r, "readlinkat", "/proc/PID/ns");
	r = fd_write_all(args->fd, text.data, text.used);
	if (r < 0)
		return error_raw(error, r, "write", NULL);
	fd_close(args->fd);
	return 0;
}

static void advise_write_info(const struct step *step, const struct plan *plan,
			      struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EXDEV)
		error_why(error, "what is mounted on /proc is the procfs of another PID namespace");
	else if (error->code == EPIPE)
		error_why(error, "its reader has gone");
}

static const struct step_kind kind_write_info = {
	.name = "write-info-fd",
	.what = "tell the child and its namespaces to descriptor",
	.calls = "readlinkat, write, close",
	.run = run_write_info,
	.advise = advise_write_info,
};

static int run_close_info(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct driver_args *args = step->args;

	(void)run;
	(void)error;
	close(args->fd);
	return 0;
}

static const struct step_kind kind_close_info = {
	.name = "close-info-fd",
	.what = "close the child's copy of descriptor",
	.calls = "close",
	.run = run_close_info,
};

/* --block-fd: in the child, as its last act but for giving up what it holds. */

static int wait_for_byte(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char byte;
	ssize_t n;

	/* poll first: the descriptor may be one that does not block. */
	do {
		n = poll(&wait, 1, -1);
		if (n > 0)
			n = read(fd, &byte, 1);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	return n < 0 ? -errno : 0;
}

static int run_block(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct driver_args *args = step->args;
	int r;

	(void)run;
	if (args->dumpable && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return error_raw(error, -errno, "prctl", NULL);
	r = wait_for_byte(args->fd);
	if (args->dumpable && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_raw(error, -errno, "prctl", NULL);
	return r < 0 ? error_raw(error, r, "read", NULL) : 0;
}

static void tell_block(const struct step *step, struct buf *text)
{
	const struct driver_args *args = step->args;

	if (args->dumpable)
		buf_puts(text, "dumpable meanwhile, so that the driver may open its namespaces");
}

static const struct step_kind kind_block = {
	.name = "block-on-fd",
	.what = "wait for a byte or the end of file from descriptor",
	.calls = "poll, read",
	.run = run_block,
	.tell = tell_block,
};

static void init(void *part)
{
	struct driver_spec *spec = part;

	spec->block_fd = spec->sync_fd = spec->info_fd = -EBADF;
}

static int parse_fd(const char *option, const char *value, int *ret, struct inro_error *error)
{
	uint32_t number;

	if (parse_u32(value, &number) < 0 || number > INT32_MAX)
		return fail_usage(error, option, "'%s' is not a descriptor", value);
	*ret = (int)number;
	return 0;
}

static int set_block_fd(void *object, const char *value, struct inro_error *error)
{
	struct driver_spec *part = spec_part(object, &feature_driver);

	return parse_fd("--block-fd", value, &part->block_fd, error);
}

static int set_sync_fd(void *object, const char *value, struct inro_error *error)
{
	struct driver_spec *part = spec_part(object, &feature_driver);

	return parse_fd("--sync-fd", value, &part->sync_fd, error);
}

static int set_info_fd(void *object, const char *value, struct inro_error *error)
{
	struct driver_spec *part = spec_part(object, &feature_driver);

	return parse_fd("--info-fd", value, &part->info_fd, error);
}

static const struct option_row options[] = {
	{
		.name = "block-fd",
		.form = OPTION_VALUE,
		.argument = "FD",
		.help = "wait for a byte or the end of FD before it runs",
		.section = "The run",
		.set = set_block_fd,
		.rare = true,
	},
	{
		.name = "sync-fd",
		.form = OPTION_VALUE,
		.argument = "FD",
		.help = "keep FD open while the container runs",
		.section = "The run",
		.set = set_sync_fd,
		.rare = true,
	},
	{
		.name = "info-fd",
		.form = OPTION_VALUE,
		.argument = "FD",
		.help = "write its PID and namespaces to FD as JSON",
		.section = "The run",
		.set = set_info_fd,
		.detail =
			"{\"child-pid\": N, \"pid-namespace\": N, ...}, with each namespace that "
			"is new, before the command runs. FD is closed then; see --status-fd for "
			"more.",
		.rare = true,
	},
};

static int check_open(const char *option, int fd, struct inro_error *error)
{
	if (fd >= 0 && fcntl(fd, F_GETFD) < 0)
		return fail_usage(error, option, "descriptor %d is not open", fd);
	return 0;
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	const struct driver_spec *part = spec_part(spec, &feature_driver);
	int r = check_open("--block-fd", part->block_fd, error);

	(void)facts;
	if (r == 0)
		r = check_open("--sync-fd", part->sync_fd, error);
	return r < 0 ? r : check_open("--info-fd", part->info_fd, error);
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct driver_spec *part = spec_part(plan->spec, &feature_driver);

	(void)error;
	/* Its namespaces can be read only while it waits and is still dumpable. */
	if (part->info_fd >= 0)
		plan->settled.wait_release = true;
	return 0;
}

/* A step for FD, if one was given: its arguments, to be completed. */
static int add(struct plan *plan, enum stage stage, const struct step_kind *kind, int fd,
	       const char *why, const struct driver_args *template)
{
	struct driver_args *args;
	const char *text;

	if (fd < 0)
		return 0;
	args = arena_copy(&plan->arena, template, sizeof(*template));
	text = arena_printf(&plan->arena, "%d", fd);
	if (!args || !text)
		return -ENOMEM;
	args->fd = fd;
	plan_add(plan, stage, kind, text, why, args);
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct driver_spec *part = spec_part(plan->spec, &feature_driver);
	const struct driver_args template = {
		.slot = part->sync_fd >= 0 ? plan_slot(plan) : SLOT_NONE,
		.ns_new = plan->settled.ns_new,
		.dumpable = plan->settled.ns_new & NS_BIT(NS_PID),
	};
	int r = add(plan, STAGE_OPEN, &kind_hold_sync, part->sync_fd,
		    "its reader waits for the end", &template);

	if (r == 0)
		r = add(plan, STAGE_MAP, &kind_write_info, part->info_fd, "asked for", &template);
	if (r == 0)
		r = add(plan, STAGE_GUARD, &kind_close_info, part->info_fd,
			"its reader waits for the end of file", &template);
	if (r == 0)
		r = add(plan, STAGE_FDS, &kind_block, part->block_fd,
			"a driver has work to do before", &template);
	if (r == 0 && part->block_fd >= 0)
		plan->steps[plan->n_steps - 1].may_block = true;
	return r < 0 ? fail_memory(error) : 0;
}

const struct feature feature_driver = {
	.name = "driver",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct driver_spec),
	.init = init,
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};
