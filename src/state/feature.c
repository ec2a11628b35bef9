/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The record of a container, and what it is called. Every run writes one, so that `inro ps` shows it
 * and its name leads to it. For one without a name in the foreground that is a convenience: where no
 * record can be written (a full /run, a read-only one), it runs all the same.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "base/setters.h"
#include "plan/feature.h"
#include "plan/run.h"
#include "state/record.h"

extern const struct feature feature_state;

enum { SWEEP_AT_START = 4 };

struct state_spec {
	bool transient;
};

struct state_args {
	const char *path, *name, *command;
	bool detached, transient;
	uint32_t uid;
};

static int open_failed(struct inro_error *error, int code, const char *path)
{
	error_raw(error, code, "open", path);
	if (code == -EPERM)
		error_raw_kind(error, INRO_ERROR_STEP, "it is not the caller's alone: owner or mode (0700) differ");
	return code;
}

static int claim(struct run *run, const char *name, struct inro_error *error)
{
	pid_t pid = 0;
	int r = state_claim(run_fd(run, SLOT_STATE), run_fd(run, SLOT_HOST_PROC), name, &pid);

	if (r == -EEXIST && !pid)
		return fail_host(error, INRO_ERROR_HOST, r, "--name",
				 "the name '%s' is in use by a container of another PID namespace", name);
	if (r == -EEXIST)
		return fail_host(error, INRO_ERROR_HOST, r, "--name",
				 "the name '%s' is in use by a running container (PID %d)", name, pid);
	return r < 0 ? error_raw(error, r, "read", name) : 0;
}

static int run_open_state(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct state_args *args = step->args;
	int r = run_store(run, SLOT_STATE, state_open(args->path, true));

	if (r < 0)
		return open_failed(error, r, args->path);
	state_sweep(run_fd(run, SLOT_STATE), run_fd(run, SLOT_HOST_PROC), SWEEP_AT_START);
	if (args->name) {
		r = claim(run, args->name, error);
		if (r < 0)
			return r;
	}
	run->record = calloc(1, sizeof(*run->record));
	if (!run->record)
		return fail_memory(error);
	if (args->name)
		strncpy(run->record->name, args->name, sizeof(run->record->name) - 1);
	r = record_set_id(run->record);
	return r < 0 ? error_raw(error, r, "getrandom", NULL) : 0;
}

static void undo_open_state(struct run *run, const struct step *step)
{
	const struct state_args *args = step->args;

	run->slots[SLOT_STATE] = fd_close(run->slots[SLOT_STATE]);
	/* Nothing of ours stays in /tmp, where nobody tidies up; fails while there is another record. */
	if (strncmp(args->path, "/tmp/", 5) == 0)
		rmdir(args->path);
	free(run->record);
	run->record = NULL;
}

static int start_of(int proc_fd, pid_t pid, uint64_t *ret)
{
	cleanup_close int fd = procfs_open_pid(proc_fd, pid);
	struct procfs_stat stat;
	int r = fd < 0 ? fd : procfs_read_stat(fd, &stat);

	if (r == 0)
		*ret = stat.start_ticks;
	return r;
}

static int run_record(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct state_args *args = step->args;
	struct record *record = run->record;
	int proc_fd = run_fd(run, SLOT_HOST_PROC);
	int r;

	/* The optional step before it was not done. */
	if (!record)
		return 0;
	record->named = args->name != NULL;
	record->detached = args->detached;
	record->transient = args->transient;
	record->pid_ns = record_own_pid_ns(proc_fd);
	record->pid = run->pid;
	record->monitor = getpid();
	record->uid = args->uid;
	record->created_ns = clock_ns(CLOCK_REALTIME);
	record->command = args->command;
	r = start_of(proc_fd, run->pid, &record->pid_start);
	if (r == 0 && args->detached)
		r = start_of(proc_fd, record->monitor, &record->monitor_start);
	if (r < 0)
		return error_raw(error, r, "read", "/proc/PID/stat");
	r = record_write(run_fd(run, SLOT_STATE), proc_fd, record);
	if (r == -ENOENT) {
		/* Another one ended meanwhile, and took the empty directory with it. */
		fd_close(run->slots[SLOT_STATE]);
		r = run->slots[SLOT_STATE] = state_open(args->path, true);
		if (r >= 0)
			r = record_write(run_fd(run, SLOT_STATE), proc_fd, record);
	}
	if (r == -EEXIST)
		return fail_host(error, INRO_ERROR_HOST, r, "--name", "the name '%s' was taken meanwhile",
				 record->name);
	return r < 0 ? error_raw(error, r, "write", record->name) : 0;
}

/* A detached container's record outlives it, to say how it ended. */
static void undo_record(struct run *run, const struct step *step)
{
	const struct state_args *args = step->args;
	struct record *record = run->record;

	if (!record)
		return;
	if (args->detached && !args->transient && run->result && run->result->wall_ns) {
		record->result = *run->result;
		record->ended_ns = clock_ns(CLOCK_REALTIME);
		if (record_replace(run_fd(run, SLOT_STATE), record) == 0)
			return;
	}
	record_remove(run_fd(run, SLOT_STATE), record);
}

static const struct step_kind kind_open_state = {
	.name = "open-state",
	.what = "open the directory of records",
	.calls = "open, getdents64",
	.run = run_open_state,
	.undo = undo_open_state,
};

static const struct step_kind kind_record = {
	.name = "record",
	.what = "write the container's record in",
	.calls = "openat, write, linkat",
	.run = run_record,
	.undo = undo_record,
};

static int set_name(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;

	if (!state_name_ok(value))
		return fail_usage(error, "--name",
				  "'%s' is no name: letters, digits and _.+- (the first a letter, a digit or _), "
				  "not digits alone, at most 64", value);
	spec->name = arena_strdup(&spec->arena, value);
	return spec->name ? 0 : fail_memory(error);
}

spec_flag_setter(detach, detach)
part_flag_setter(rm, state_spec, feature_state, transient)

static const struct option_row options[] = {
	{
		.name = "name",
		.form = OPTION_VALUE,
		.argument = "NAME",
		.help = "what the container is called",
		.section = "Life",
		.set = set_name,
	},
	{
		.name = "detach",
		.letter = 'd',
		.form = OPTION_FLAG,
		.help = "run it in the background, print its name",
		.section = "Life",
		.set = set_detach,
		.detail = "A small monitor stays with it, keeps its output (the last one to two MiB) and how it "
			  "ended, and enforces its limits.",
	},
	{
		.name = "rm",
		.form = OPTION_FLAG,
		.help = "with --detach: forget it when it has ended",
		.section = "Life",
		.set = set_rm,
		.rare = true,
	},
};

static const char *command_text(struct plan *plan)
{
	cleanup_buf struct buf buf = { 0 };

	for (size_t i = 0; plan->settled.args[i]; i++) {
		buf_puts(&buf, i ? " " : "");
		buf_add_quoted(&buf, plan->settled.args[i]);
	}
	return buf.failed ? NULL : arena_strdup(&plan->arena, buf_text(&buf));
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct state_spec *part = spec_part(plan->spec, &feature_state);
	struct state_args *args = arena_alloc(&plan->arena, sizeof(*args));
	bool needed = plan->spec->name || plan->spec->detach;
	struct step *step;

	if (!args)
		return fail_memory(error);
	args->path = state_path(&plan->arena, plan->facts->uid, plan->spec->process.host_env);
	args->command = command_text(plan);
	if (!args->path || !args->command)
		return fail_memory(error);
	args->name = plan->spec->name;
	args->detached = plan->spec->detach;
	args->transient = part->transient;
	args->uid = plan->facts->uid;
	/* A name is checked before anything is made; the rest need not hold up the start. */
	step = plan_add(plan, args->name ? STAGE_OPEN : STAGE_MEANWHILE, &kind_open_state, args->path,
			args->name ? "the name must be free" : "the container is recorded there", args);
	step->optional = !needed;
	step = plan_add(plan, STAGE_MEANWHILE, &kind_record, args->path, "ps and other verbs find it", args);
	step->optional = !needed;
	return 0;
}

const struct feature feature_state = {
	.name = "state",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct state_spec),
	.resolve = resolve,
};
