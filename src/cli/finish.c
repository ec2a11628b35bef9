/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/finish.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "enter/child.h"

int finish_like(int status)
{
	const struct rlimit no_core = { 0, 0 };
	int code = 0, number = child_end_signal(status, &code);
	sigset_t set;

	if (!number)
		return code;
	fflush(NULL);
	/* The command has left its core already, where it should. */
	setrlimit(RLIMIT_CORE, &no_core);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	return 128 + number;
}
