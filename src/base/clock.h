/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/*
 * What a clock shows, in nanoseconds: CLOCK_MONOTONIC for what something took, CLOCK_BOOTTIME for
 * waits in which sleep of the machine counts, CLOCK_REALTIME for people. Child-safe.
 */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif
