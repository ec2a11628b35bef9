/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/setters.h"
#include "kernel/syscalls.h"
#include "oci/cgroup.h"
#include "oci/state.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_kill;

struct kill {
	bool all;
};

flag_setter(kill, all)

static const struct option_row options[] = {
	{ .name = "all", .letter = 'a', .form = OPTION_FLAG, .set = set_all, .help = "to every process in it" },
};

/* Engines look for these words. */
static int not_running(struct inro_error *error)
{
	return fail_host(error, INRO_ERROR_HOST, -ESRCH, "kill", "container not running");
}

static int send_signal(struct oci_call *call, const char *id, int number, bool all, struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_close int pidfd = -EBADF;
	bool killed = false;
	struct oci_state state;
	cleanup_close int state_fd = oci_state_find(call->root, id, false, &arena, &state, error);
	int r = state_fd;

	if (r < 0)
		return r;
	pidfd = oci_state_pidfd(&state);
	/*
	 * Where its PID namespace is not its own, but the host's or that of a pod, the end of init is not that
	 * of the others. And on v1 what is paused does not even end by that.
	 */
	if (all || (number == SIGKILL && (!state.own_pids || state.cgroup.v1.n > 0))) {
		r = oci_cgroup_kill(&state.cgroup, number);
		if (r == 0 && all)
			return 0;
		if (r < 0 && r != -ENOENT)
			return fail_call(error, r, "kill the container", "kill", id);
		killed = r == 0 && pidfd >= 0;
	}
	r = pidfd < 0 ? pidfd : sys_pidfd_send_signal(pidfd, number, NULL, 0);
	if (r == -ESRCH && killed)
		return 0;
	if (r == -ESRCH)
		return not_running(error);
	return r < 0 ? fail_call(error, r, "kill the container", "pidfd_send_signal", id) : 0;
}

static int kill_verb(struct oci_call *call, int argc, char **argv)
{
	struct kill want = { 0 };
	const struct oci_words words = { options, ARRAY_SIZE(options), &want, -1, false };
	struct inro_error error = { 0 };
	int number = SIGTERM, first, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r == 0 && (argc - first < 1 || argc - first > 2))
		r = fail_usage(&error, "kill", "takes a container id and a signal");
	if (r == 0 && argc - first == 2 && parse_signal(argv[first + 1], &number) < 0)
		r = fail_usage(&error, "kill", "'%s' is no signal", argv[first + 1]);
	if (r == 0)
		r = send_signal(call, argv[first], number, want.all, &error);
	return r < 0 ? oci_fail(call, &error, 1) : 0;
}

const struct oci_verb oci_verb_kill = {
	.name = "kill",
	.usage = "[--all] ID [SIGNAL]",
	.help = "send a signal (TERM) to a container's init",
	.run = kill_verb,
	VERB_OPTIONS(options),
};
