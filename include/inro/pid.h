/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INRO_PID_H
#define INRO_PID_H

/*
 * Translating PIDs between PID namespaces.
 *
 *	int ns = inro_ns_open("web", INRO_NS_PID, &error);
 *	pid_t here;
 *	inro_pid_from(ns, 7, &here, &error);
 *
 * "Here" is the caller's own PID namespace. Another is given by a descriptor (inro/ns.h), and must
 * be the caller's or below it. A thread's id is a PID too. A number may pass on to another process
 * as soon as its own has ended: to act on a process, open it with inro_pid_open().
 *
 * All functions return 0 (or what they say) or a negative errno, leave their outputs untouched on
 * failure, and fill *error, which may be NULL. The kernel translates since 6.11; before, the same
 * comes from procfs, which costs some ten microseconds a process and needs the rights of ptrace(2).
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <inro/error.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The PID here of what has PID inside the namespace. -ESRCH: nothing has. */
int inro_pid_from(int pidns_fd, pid_t pid, pid_t *ret, struct inro_error *error);

/* The PID inside the namespace of what has PID here. -ESRCH: no such process, or it has none there. */
int inro_pid_to(int pidns_fd, pid_t pid, pid_t *ret, struct inro_error *error);

/*
 * Translate N numbers of one namespace to another; a negative descriptor means here. ret[i] is 0
 * where there is no such process. Returns how many were found.
 */
int inro_pid_translate(int from_fd, int to_fd, const pid_t pids[], size_t n, pid_t ret[],
		       struct inro_error *error);

/* Open, as a pidfd, what has PID inside the namespace. -ESRCH: nothing has. */
int inro_pid_open(int pidns_fd, pid_t pid, struct inro_error *error);

/* The kernel's limit: 32 PID namespaces inside each other below the first. */
#define INRO_PID_LEVELS 33

struct inro_pid_level {
	pid_t tgid, pid; /* process, thread (the same for a process) */
	pid_t pgid, sid; /* process group, session; 0 where the leader is outside */
	uint64_t inode;  /* of its PID namespace; 0: unknown, for lack of rights */
};

/*
 * The numbers of a process at each level, from that of /proc (the caller's, usually) down to its
 * own. Returns how many levels there are. -ESRCH: no such process.
 */
int inro_pid_levels(pid_t pid, struct inro_pid_level ret[INRO_PID_LEVELS],
		    struct inro_error *error);

struct inro_pid_member {
	pid_t here, inside;
};

/*
 * The processes of a PID namespace and of those below it, by their number inside. *ret is for
 * free(3). With CAP_SYS_ADMIN, since 6.17, at a cost that depends on their number only.
 */
int inro_pid_members(int pidns_fd, struct inro_pid_member **ret, size_t *ret_n,
		     struct inro_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
