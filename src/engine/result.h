/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RESULT_H
#define ENGINE_RESULT_H

/* From what the kernel says of an ended process to struct inro_result. */

#include <signal.h>

#include "inro/run.h"

struct rusage;

/*
 * INFO is waitid's, USAGE what it used. END_NUMBER: the signal that inro ended it with, or 0; why
 * is in result->end already. TYPED: the last signal that came from the terminal, or 0.
 */
void result_fill(struct inro_result *result, const siginfo_t *info, const struct rusage *usage, int end_number,
		 int typed);

/*
 * Somebody else has reaped the child (a handler of SIGCHLD in the program that uses the library):
 * what its pidfd still tells. Since 6.15; -ECHILD before.
 */
int result_of_stolen(int pidfd, siginfo_t *ret);

#endif
