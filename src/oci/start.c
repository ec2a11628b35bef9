/* SPDX-License-Identifier: Apache-2.0 */

#include "oci/start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/loop.h"
#include "engine/engine.h"
#include "engine/signals.h"
#include "engine/supervise.h"
#include "kernel/syscalls.h"
#include "oci/destroy.h"
#include "oci/feature_table.h"
#include "oci/hooks.h"
#include "oci/notify_socket.h"
#include "oci/read.h"
#include "oci/self.h"
#include "plan/feature.h"
#include "resolve/resolve.h"

enum { MAX_CONFIG = 64 << 20 };

define_cleanup(struct spec *, spec_free);
define_cleanup(struct plan *, plan_free);
#define cleanup_facts cleanup(facts_deinit)

/* The bundle as an absolute path without links, and its config.json. */
static int read_bundle(const struct oci_start *start, struct arena *arena, struct oci_config *ret,
		       struct inro_error *error)
{
	cleanup_free char *bundle = realpath(start->bundle ? start->bundle : ".", NULL);
	cleanup_free char *text = NULL;
	cleanup_close int fd = -EBADF;
	char path[PATH_MAX];
	size_t size = 0;
	int r;

	if (!bundle)
		return fail_call(error, -errno, "open the bundle", "realpath", start->bundle ? start->bundle : ".");
	snprintf(path, sizeof(path), "%s/config.json", bundle);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : fd_read_to_heap(fd, MAX_CONFIG, &text, &size);
	if (r < 0)
		return fail_call(error, r == -E2BIG ? -EFBIG : r, "read the container's configuration",
				 fd < 0 ? "open" : "read", path);
	r = oci_read_config(text, size, arena_strdup(arena, bundle), arena, ret, error);
	if (r == 0)
		ret->bundle = arena_strdup(arena, bundle);
	return r;
}

static void fill_state(const struct oci_start *start, const struct oci_config *config)
{
	struct oci_state *state = start->state;

	state->version = config->version;
	state->id = start->id;
	state->bundle = config->bundle;
	state->rootfs = config->root.path;
	state->owner = geteuid();
	state->annotations = config->annotations;
	state->n_annotations = config->n_annotations;
	state->process_json = config->process_json;
	state->hooks_json = config->hooks_json;
	state->resources_json = config->resources_json;
}

static void tell_notes(const struct oci_start *start, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_notes; i++)
		oci_warn(start->call, "%s", plan->notes[i]);
}

/* What is executed later changes nothing of the container, so it holds no lock. */
static int unlock(const struct oci_start *start, struct inro_error *error)
{
	/* The lock is on what the child has open, too: it does not go with this process. */
	if (start->executes || flock(start->state_fd, LOCK_UN) == 0)
		return 0;
	return fail_call(error, -errno, "unlock the state", "flock", start->id);
}

static void lock_again(const struct oci_start *start)
{
	if (!start->executes)
		start->state->cgroup.removed =
			oci_state_lock(start->root_fd, start->id, start->state_fd) == -ENOENT;
}

/* Walk the plan, and where nobody waits for anything else, stay with its process until that ends. */
static int walk(const struct oci_start *start, const struct plan *plan, int *ret_status, struct inro_error *error)
{
	struct signals_saved saved;
	struct inro_result result = { 0 };
	struct run run;
	int r = run_init(&run, plan);

	if (r == 0)
		r = loop_new(&run.loop);
	if (r < 0) {
		run_deinit(&run);
		return fail_call(error, r, "prepare the start", NULL, NULL);
	}
	run.result = &result;
	signals_block(&saved);
	r = engine_start(&run, error);
	if (r == 0 && unlock(start, error) < 0) {
		r = -error->code;
		engine_kill(&run);
		engine_undo(&run);
	}
	if (r == 0 && !start->waits) {
		r = supervise(&run, &result, error);
		lock_again(start);
		engine_undo(&run);
		*ret_status = result.status; /* as a shell would say it */
	}
	run.loop = loop_free(run.loop);
	signals_restore(&saved);
	run_deinit(&run);
	return r;
}

int oci_start_walk(const struct oci_start *start, struct spec *spec, int *ret_status, struct inro_error *error)
{
	cleanup(plan_free_ptr) struct plan *plan = NULL;
	cleanup_facts struct facts facts = { 0 };
	int r = facts_gather(spec, &facts, error);

	if (r == 0)
		r = resolve_plan(spec, &facts, &plan, error);
	if (r < 0)
		return r;
	tell_notes(start, plan);
	return walk(start, plan, ret_status, error);
}

static int make(const struct oci_start *start, const struct oci_config *config, int *ret_status,
		struct inro_error *error)
{
	cleanup(spec_free_ptr) struct spec *spec = NULL;
	int r = spec_new(oci_features, n_oci_features, &spec);

	if (r < 0)
		return fail_memory(error);
	r = oci_fill(spec, config, error);
	return r < 0 ? r : oci_start_walk(start, spec, ret_status, error);
}

/*
 * Was it for want of memory? Where the kernel killed it for that, what then failed is of no interest;
 * some system calls say so themselves.
 */
static void explain_memory(const struct oci_cgroup_place *place, struct inro_error *error)
{
	if (!place->was_oom && error->code == ENOMEM && place->memory_limit)
		error_why(error, "out of memory; the limit is %llu bytes", (unsigned long long)place->memory_limit);
	/* So says tmpfs of memory, too. */
	if (!place->was_oom && error->code == ENOSPC && place->memory_limit)
		error_why(error, "no room there, or out of memory; the limit is %llu bytes",
			  (unsigned long long)place->memory_limit);
	if (!place->was_oom)
		return;
	*error = (struct inro_error){ 0 };
	fail_host(error, INRO_ERROR_HOST, -ENOMEM, "start the container",
		  "container's init was killed: out of memory; the limit is %llu bytes",
		  (unsigned long long)place->memory_limit);
	error_hint(error, "raise linux.resources.memory.limit");
}

int oci_start_make(struct oci_start *start, int *ret_status, struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config = { 0 };
	struct oci_state state = { 0 };
	struct inro_error unprotected = { 0 };
	int protection, r;

	*ret_status = 0;
	start->state = &state;
	/* Before anything is read, which would be read twice; whether it has to be is known only then. */
	protection = oci_self_protect(oci_self_argv, &unprotected);
	r = read_bundle(start, &arena, &config, error);
	if (r < 0)
		return r;
	config.start = start;
	if (protection < 0 && oci_self_is_host_root(&config)) {
		*error = unprotected;
		return protection;
	}
	if (!start->waits && !config.process_set)
		return fail_usage(error, "process", "is required to run");
	start->root_fd = oci_state_root(start->call->root, true, error);
	start->state_fd = start->root_fd < 0 ? start->root_fd : oci_state_new(start->root_fd, start->id, error);
	if (start->state_fd < 0) {
		fd_close(start->root_fd);
		return start->state_fd;
	}
	fill_state(start, &config);
	r = oci_notify_prepare(start, &config, &arena, error);
	if (r == 0)
		r = make(start, &config, ret_status, error);
	if (r < 0)
		explain_memory(&state.cgroup, error);
	if (r < 0 || (!start->waits && !start->keep)) {
		int left = state.cgroup.left;

		/* As long as there are cgroups of its there is a state, which tells delete where. */
		if (left == 0)
			left = oci_state_remove(start->root_fd, start->id, start->state_fd);
		if (left < 0)
			oci_warn(start->call, "cannot remove the %s of %s: %s; use delete --force",
				 state.cgroup.left ? "cgroup" : "state", start->id, strerror(-left));
		/* Where it came as far as a process, hooks have been run that want their counterpart. */
		if (state.pid && !state.cgroup.removed)
			oci_hooks_poststop(&state, start->call);
	}
	start->state_fd = fd_close(start->state_fd);
	start->root_fd = fd_close(start->root_fd);
	return r;
}

/* ---- start ---- */

/* The word of an init that could not execute its command; 0 at the end of file, which is success. */
static int hear_word(int word_fd, int pidfd, struct inro_error *error)
{
	struct pollfd fds[] = { { .fd = word_fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	struct inro_error word;
	ssize_t n;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return fail_call(error, -errno, "hear the container", "poll", NULL);
		if (!fds[0].revents && !fds[1].revents)
			continue;
		n = read(word_fd, &word, sizeof(word));
		if (n == (ssize_t)sizeof(word)) {
			*error = word;
			return error->code ? -error->code : -EIO;
		}
		if (n == 0 || fds[1].revents)
			return 0;
	}
}

static int has_stopped(struct inro_error *error)
{
	return fail_host(error, INRO_ERROR_HOST, -ESRCH, "start", "cannot start a container that has stopped");
}

/* A byte for its init, which may end at this very moment: without a SIGPIPE then. */
static int let_go(int exec_fd)
{
	struct signals_saved saved;
	int r;

	signals_block(&saved);
	r = write(exec_fd, "0", 1) == 1 ? 0 : -errno;
	signals_restore(&saved);
	return r;
}

int oci_start_go(struct oci_call *call, int state_fd, const struct oci_state *state, struct inro_error *error)
{
	cleanup_close int pidfd = oci_state_pidfd(state), exec_fd = -EBADF, word_fd = -EBADF, notify_fd = -EBADF;
	int r = 0;

	if (pidfd < 0)
		return has_stopped(error);
	word_fd = openat(state_fd, OCI_WORD_FIFO, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	exec_fd = openat(state_fd, OCI_EXEC_FIFO, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (exec_fd < 0 && errno == ENOENT)
		return fail_host(error, INRO_ERROR_HOST, -EBUSY, "start",
				 "cannot start an already running container");
	/* Nobody reads: it ended since its pidfd was looked at. */
	if (exec_fd < 0 && errno == ENXIO)
		return has_stopped(error);
	if (exec_fd < 0 || word_fd < 0)
		return fail_call(error, -errno, "start", "openat", exec_fd < 0 ? OCI_EXEC_FIFO : OCI_WORD_FIFO);
	notify_fd = oci_notify_listen(state_fd, error);
	if (notify_fd < 0 && notify_fd != -ENOENT)
		return notify_fd;
	if (unlinkat(state_fd, OCI_EXEC_FIFO, 0) < 0)
		return fail_call(error, -errno, "start", "unlinkat", OCI_EXEC_FIFO);
	r = let_go(exec_fd);
	if (r < 0)
		return r == -EPIPE ? has_stopped(error) : fail_call(error, r, "start", "write", OCI_EXEC_FIFO);
	r = hear_word(word_fd, pidfd, error);
	unlinkat(state_fd, OCI_WORD_FIFO, 0);
	if (r < 0)
		return r;
	r = oci_hooks_poststart(state, call, error);
	if (r < 0)
		oci_kill_init(state, NULL);
	if (r < 0 || notify_fd < 0)
		return r;
	/* However long that takes, others may go on with the container. */
	flock(state_fd, LOCK_UN);
	oci_notify_wait(notify_fd, pidfd, state->pid, call);
	return 0;
}
