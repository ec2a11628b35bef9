/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNEL_INIT_CALLS_H
#define KERNEL_INIT_CALLS_H

/*
 * The raw system calls of inro-init, which is built with another C library than the rest. That
 * library keeps signals 32 to 34 for itself and leaves them out of every mask that goes through it.
 * Return what syscall(2) does: -1 and errno.
 */

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* rt_sigprocmask(SIG_SETMASK) with all 64 signals; OLD may be NULL. */
static inline int init_set_mask(uint64_t mask, uint64_t *old)
{
	return (int)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, old, sizeof(mask));
}

/* signalfd4(2), 2.6.27: a new descriptor for the signals of MASK. */
static inline int init_signalfd(uint64_t mask, int flags)
{
	return (int)syscall(SYS_signalfd4, -1, &mask, sizeof(mask), flags);
}

/* rt_sigqueueinfo(2): a signal with the value that its sender gave it. */
static inline int init_queue_signal(pid_t pid, int number, siginfo_t *info)
{
	return (int)syscall(SYS_rt_sigqueueinfo, pid, number, info);
}

/* close_range(2), 5.9. */
static inline int init_close_range(unsigned first, unsigned last)
{
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
	return first > last ? 0 : (int)syscall(SYS_close_range, first, last, 0);
}

#endif
