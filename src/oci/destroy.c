/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/destroy.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "oci/cgroup.h"
#include "oci/hooks.h"

enum { END_TIMEOUT_MS = 30000 };

int oci_kill_init(const struct oci_state *state, struct inro_error *error)
{
	cleanup_close int pidfd = oci_state_pidfd(state);
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	int n, r;

	if (pidfd == -ESRCH)
		return 0;
	if (pidfd < 0)
		return fail_call(error, pidfd, "kill the container", "pidfd_open", state->id);
	r = sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	if (r == -ESRCH)
		return 0;
	if (r < 0)
		return fail_call(error, r, "kill the container", "pidfd_send_signal", state->id);
	/* On v1 it may be frozen, by itself too; and then so is all that could freeze it again. */
	if (state->cgroup.v1.n > 0)
		oci_cgroup_kill(&state->cgroup, SIGKILL);
	do
		n = poll(&ended, 1, END_TIMEOUT_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return fail_host(error, INRO_ERROR_HOST, -ETIME, "kill the container",
				 "its init has not ended within %d seconds of SIGKILL", END_TIMEOUT_MS / 1000);
	return 0;
}

int oci_destroy(struct oci_call *call, int root_fd, int state_fd, const char *id, const struct oci_state *state,
		struct inro_error *error)
{
	int r, second;

	r = oci_kill_init(state, error);
	/* What still runs, or is there, must be known to whoever tries again. */
	if (r < 0)
		return r;
	second = state->pid ? oci_cgroup_remove(&state->cgroup) : oci_cgroup_remove_left(&state->cgroup);
	if (second < 0)
		r = fail_call(error, second, "remove the cgroup of", "unlinkat", id);
	if (second == -ETIME)
		error_why(error, "a process in it has not ended within 30 seconds of SIGKILL");
	if (r < 0)
		return r;
	if (state->rdt_dir)
		rmdir(state->rdt_dir);
	second = oci_state_remove(root_fd, id, state_fd);
	oci_hooks_poststop(state, call);
	return second < 0 ? fail_call(error, second, "remove the state of", "unlinkat", id) : 0;
}
