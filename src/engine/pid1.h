/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_PID1_H
#define ENGINE_PID1_H

/*
 * The PID 1 rule. To the kernel the first process of a PID namespace is an init: a signal for which
 * it has installed no handler is dropped, and only SIGKILL and SIGSTOP from outside reach it for
 * sure. A command that never meant to be an init so ignores Ctrl-C. inro, outside, looks whether
 * the signal will be dropped, and then does what the default action would have done.
 */

#include <stdbool.h>
#include <sys/types.h>

enum pid1_answer {
	PID1_TAKES,   /* it has a handler, or waits for it blocked (signalfd, sigwait) */
	PID1_IGNORES, /* it said expressly that it does not want it */
	PID1_DROPS,   /* the kernel drops it: no handler, not blocked in every thread */
};

/*
 * What becomes of signal NUMBER sent to the init of a PID namespace; PROC_FD is a procfs with the
 * caller's numbers. A negative errno where it cannot be seen (hidepid).
 */
int pid1_answer(int proc_fd, pid_t pid, int number);

/* Is it the init of its PID namespace? 1, 0, or a negative errno. Also of one that ended unreaped. */
int pid1_is_init(int proc_fd, pid_t pid);

#endif
