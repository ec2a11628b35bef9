/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The public face of PID translation, <inro/pid.h>.
 */

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "inro/pid.h"
#include "ns/open.h"
#include "ns/pidmap.h"
#include "ns/scan.h"

static_assert(INRO_PID_LEVELS == PROCFS_LEVELS, "levels");

/* Why a number could not be translated, WHY where there is none. Returns CODE. */
static int explain(struct inro_error *error, int code, int pidns_fd, pid_t pid, const char *why)
{
	char object[16];

	snprintf(object, sizeof(object), "%d", pid);
	fail_call(error, code, "translate PID", NULL, object);
	if (ns_fd_check(pidns_fd, NS_PID) < 0)
		error_why(error, "the descriptor is of no PID namespace");
	else if (code == -ESRCH)
		error_why(error, "%s", why);
	else if (code == -EACCES)
		error_why(error, "before Linux 6.11 it takes the right to trace that process");
	return code;
}

int inro_pid_from(int pidns_fd, pid_t pid, pid_t *ret, struct inro_error *error)
{
	int r = pidmap_from(pidns_fd, pid, ret);

	return r < 0 ? explain(error, r, pidns_fd, pid, "no process has that number there") : 0;
}

int inro_pid_to(int pidns_fd, pid_t pid, pid_t *ret, struct inro_error *error)
{
	int r = pidmap_to(pidns_fd, pid, ret);

	return r < 0 ? explain(error, r, pidns_fd, pid,
			       "no process here has it, or it has no number there")
		     : 0;
}

int inro_pid_translate(int from_fd, int to_fd, const pid_t pids[], size_t n, pid_t ret[],
		       struct inro_error *error)
{
	int found = pidmap_many(from_fd, to_fd, pids, n, ret);

	if (found >= 0)
		return found;
	fail_call(error, found, "translate PIDs", NULL, NULL);
	if ((from_fd >= 0 && ns_fd_check(from_fd, NS_PID) < 0) ||
	    (to_fd >= 0 && ns_fd_check(to_fd, NS_PID) < 0))
		error_why(error, "a descriptor is of no PID namespace");
	return found;
}

int inro_pid_open(int pidns_fd, pid_t pid, struct inro_error *error)
{
	return pidmap_open(pidns_fd, pid, error);
}

int inro_pid_levels(pid_t pid, struct inro_pid_level ret[INRO_PID_LEVELS], struct inro_error *error)
{
	cleanup_close int proc_fd = procfs_open();
	struct pid_levels levels;
	int r = proc_fd < 0 ? proc_fd : pidmap_levels(proc_fd, pid, &levels);

	if (proc_fd < 0)
		return fail_call(error, proc_fd, "translate PIDs by", "open", "/proc");
	if (r < 0) {
		char object[16];

		snprintf(object, sizeof(object), "%d", pid);
		fail_call(error, r, "read the levels of process", NULL, object);
		if (r == -ESRCH)
			error_why(error, "there is no such process");
		return r;
	}
	for (int i = 0; i < levels.n; i++) {
		ret[i] = (struct inro_pid_level){
			.tgid = levels.level[i].tgid,
			.pid = levels.level[i].pid,
			.pgid = levels.level[i].pgid,
			.sid = levels.level[i].sid,
			.inode = levels.level[i].ns.ino,
		};
	}
	return levels.n;
}

int inro_pid_members(int pidns_fd, struct inro_pid_member **ret, size_t *ret_n,
		     struct inro_error *error)
{
	cleanup_free struct ns_member *members = NULL;
	struct inro_pid_member *list;
	size_t n;
	int r = ns_scan_members(pidns_fd, &members, &n, error);

	if (r < 0)
		return r;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return fail_memory(error);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct inro_pid_member){ .here = members[i].pid,
						    .inside = members[i].inner };
	*ret = list;
	*ret_n = n;
	return 0;
}
