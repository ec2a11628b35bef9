/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_HOOKS_H
#define OCI_HOOKS_H

/*
 * Running hooks. Each runs to its end before the next; the state of the container comes as JSON on
 * its standard input, its standard output and error are the runtime's standard error.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "oci/config.h"
#include "oci/state.h"

struct arena;
struct inro_error;
struct oci_call;

/* A hook with all that running it takes, so that it can be run where nothing may be allocated. */
struct hook_ready {
	const char *label; /* "hook #1 (createRuntime) /path" */
	const char *path;
	char *const *argv, *const *envp;
	const char *workdir;     /* NULL: where the runtime is */
	const char *head, *tail; /* the state, around the number of the process */
	size_t n_head, n_tail;
	uint64_t timeout_ns; /* 0 = none */
	int umask;           /* negative: the runtime's own */
};

/* What is the same for all hooks of a list. */
struct hook_context {
	const char *name; /* "createRuntime" */
	const struct oci_state *state;
	enum oci_status status;
	const char *const *env; /* where a hook names none; NULL-terminated, and as long-lived as ARENA */
	const char *workdir;
	int umask;
};

/* Prepare hook INDEX of a list, in ARENA. -EINVAL for one without an absolute path, or -ENOMEM. */
int hook_prepare(struct arena *arena, const struct oci_hook_list *list, size_t index,
		 const struct hook_context *context, struct hook_ready *ret, struct inro_error *error);

/*
 * Run it and wait for its end: 0 where it exited with 0. PID goes into the state; 0 leaves it away.
 * Child-safe. -ETIMEDOUT when it took longer than it may and was killed, -EINTR when a signal that
 * should end the runtime came (where those are blocked) and it was killed for that, -ECHILD when it
 * failed, or the errno of what could not be done.
 */
int hook_run(const struct hook_ready *hook, pid_t pid, struct inro_error *error);

/*
 * For the verbs: run all hooks of LIST with the state as it is, in the runtime's environment. The
 * first that fails ends it with the error filled; with WARN_ONLY a failure is a warning (CALL) and
 * the next one runs, and 0 is returned.
 */
int oci_hooks_run(const struct oci_hook_list *list, const char *name, const struct oci_state *state,
		  enum oci_status status, bool warn_only, struct oci_call *call, struct inro_error *error);

/*
 * The two that belong to verbs, read from what the state keeps of config.json. A failing poststart hook is
 * an error, for which the container is to be ended; poststop hooks only warn.
 */
int oci_hooks_poststart(const struct oci_state *state, struct oci_call *call, struct inro_error *error);
void oci_hooks_poststop(const struct oci_state *state, struct oci_call *call);

#endif
