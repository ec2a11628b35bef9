/* SPDX-License-Identifier: Apache-2.0 */

/*
 * exec: another process in a container that is there. It is a start like any other, by a plan of its
 * own features (exec_features.def): the container's namespaces are joined from its init, and
 * what the container's process object says holds for what is not said here. All that is needed of
 * config.json is in the container's state; its filter is there as a program.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "caps/names.h"
#include "oci/exec_options.h"
#include "oci/feature_table.h"
#include "oci/read.h"
#include "oci/seccomp_file.h"
#include "oci/self.h"
#include "plan/feature.h"

extern const struct oci_verb oci_verb_exec;

enum { MAX_PROCESS = 16 << 20, STATUS_FAILED = 255 };

define_cleanup(struct spec *, spec_free);

/* What is kept of the container. */
struct kept {
	struct oci_state state;
	struct oci_filter filter;
	int pidfd;
};

static int make(const struct oci_exec *exec, struct oci_config *config, const struct kept *kept, int *ret_status,
		struct inro_error *error)
{
	cleanup(spec_free_ptr) struct spec *spec = NULL;
	int r = spec_new(oci_exec_features, n_oci_exec_features, &spec);

	if (r < 0)
		return fail_memory(error);
	spec->oci = config;
	spec->bare = true;
	spec->tty = TTY_NONE;
	spec->mounts.root.mode = ROOT_DIR; /* the host's own directories are of no interest */
	spec->name = exec->start.id;
	spec->process.host_env = (const char *const *)environ;
	spec->ns.process_kinds = kept->state.ns_kinds;
	spec->ns.process_fd = kept->pidfd;
	r = oci_fill_process(spec, config, error);
	return r < 0 ? r : oci_start_walk(&exec->start, spec, ret_status, error);
}

static int read_process_file(struct oci_exec *exec, struct oci_process *process, struct inro_error *error)
{
	cleanup_close int fd = open(exec->process_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	cleanup_free char *text = NULL;
	size_t size;
	int r = fd < 0 ? -errno : fd_read_to_heap(fd, MAX_PROCESS, &text, &size);

	if (r < 0)
		return fail_call(error, r, "read the process", fd < 0 ? "open" : "read", exec->process_file);
	return oci_read_process(text, size, &exec->arena, process, error);
}

static void warn_of_caps(const struct oci_exec *exec, const struct oci_process *process)
{
	cleanup_buf struct buf text = { 0 };
	uint64_t caps = oci_exec_void_caps(exec, process);

	if (!caps)
		return;
	caps_tell(caps, CAP_LAST_CAP, &text);
	oci_warn(exec->start.call, "--cap: user %u gets %s for set-user-ID programs and file capabilities alone, since "
		 "it is not inheritable in process.capabilities of the container",
		 process->uid, buf_text(&text));
}

/* The container's own process, but for the command and the terminal; then what was said. */
static int read_process(struct oci_exec *exec, const struct oci_state *state, char **words, int n_words,
			struct oci_process *ret, struct inro_error *error)
{
	int r = state->process_json ? oci_read_process(state->process_json, strlen(state->process_json), &exec->arena,
						       ret, error) :
				      0;

	if (r < 0)
		return r;
	ret->terminal = false;
	ret->rows = ret->columns = 0;
	ret->args = (struct oci_strings){ (const char *const *)words, (size_t)n_words };
	if (exec->process_file && n_words)
		return fail_usage(error, "--process", "has the command in it, and there is one behind the id, too");
	if (exec->process_file)
		r = read_process_file(exec, ret, error);
	if (r == 0 && ret->args.n == 0)
		r = fail_usage(error, "exec", "process args cannot be empty");
	if (r == 0 && oci_exec_apply(exec, ret) < 0)
		r = fail_memory(error);
	if (r == 0)
		warn_of_caps(exec, ret);
	return r;
}

/* May something be executed in it now? */
static int check_status(const struct oci_exec *exec, const struct oci_state *state, struct inro_error *error)
{
	switch (oci_state_status(exec->start.state_fd, state)) {
	case OCI_STOPPED:
		return fail_host(error, INRO_ERROR_HOST, -ESRCH, "exec", "cannot exec in a stopped container");
	case OCI_PAUSED:
		if (exec->ignore_paused)
			return 0;
		return fail_host(error, INRO_ERROR_HOST, -EBUSY, "exec",
				 "cannot exec in a paused container (use --ignore-paused to override)");
	case OCI_CREATING:
		return fail_host(error, INRO_ERROR_HOST, -EBUSY, "exec", "cannot exec in a container that is being made");
	default:
		return 0;
	}
}

static int read_kept(struct oci_exec *exec, struct kept *kept, struct inro_error *error)
{
	int r = oci_state_read(exec->start.state_fd, &exec->arena, &kept->state, error);

	if (r == 0 && kept->state.host_root)
		r = oci_self_protect(oci_self_argv, error);
	if (r == 0)
		r = check_status(exec, &kept->state, error);
	if (r < 0)
		return r;
	kept->pidfd = oci_state_pidfd(&kept->state);
	if (kept->pidfd < 0)
		return fail_host(error, INRO_ERROR_HOST, -ESRCH, "exec", "cannot exec in a stopped container");
	r = oci_filter_read(exec->start.state_fd, &exec->arena, &kept->filter, error);
	if (r == 0)
		exec->start.filter = &kept->filter;
	exec->start.state = &kept->state;
	return r == -ENOENT ? 0 : r;
}

static int run_in(struct oci_exec *exec, char **words, int n_words, int *ret_status, struct inro_error *error)
{
	struct oci_config config = { .start = &exec->start, .process_set = true };
	struct kept kept = { .pidfd = -EBADF };
	int r = read_kept(exec, &kept, error);

	config.bundle = kept.state.bundle;
	if (r == 0)
		r = read_process(exec, &kept.state, words, n_words, &config.process, error);
	if (r == 0)
		r = make(exec, &config, &kept, ret_status, error);
	fd_close(kept.pidfd);
	exec->start.state = NULL;
	exec->start.filter = NULL;
	return r;
}

static int exec_verb(struct oci_call *call, int argc, char **argv)
{
	struct oci_exec exec = { .start = { .call = call, .executes = true, .root_fd = -EBADF, .state_fd = -EBADF } };
	const struct oci_words words = { oci_exec_options, OCI_EXEC_OPTIONS, &exec, -1, true };
	struct inro_error error = { 0 };
	int first, status = 0, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r == 0 && first >= argc)
		r = fail_usage(&error, "exec", "needs a container id");
	if (r == 0) {
		exec.start.id = argv[first];
		exec.start.waits = exec.detach;
		r = exec.start.root_fd = oci_state_root(call->root, false, &error);
	}
	if (r >= 0)
		r = exec.start.state_fd = oci_state_open(exec.start.root_fd, exec.start.id, false, &error);
	if (r >= 0)
		r = run_in(&exec, argv + first + 1, argc - first - 1, &status, &error);
	fd_close(exec.start.state_fd);
	fd_close(exec.start.root_fd);
	arena_deinit(&exec.arena);
	return r < 0 ? oci_fail(call, &error, STATUS_FAILED) : status;
}

const struct oci_verb oci_verb_exec = {
	.name = "exec",
	.usage = "[OPTIONS] ID COMMAND [ARGUMENT…]",
	.help = "execute a command in a container",
	.run = exec_verb,
	.options = oci_exec_options,
	.n_options = OCI_EXEC_OPTIONS,
};
