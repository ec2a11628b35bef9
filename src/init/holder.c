/* SPDX-License-Identifier: Apache-2.0 */

/*
 * inro-holder: PID 1 of a PID namespace that is kept under a name, and nothing else. It reaps what
 * is orphaned to it, and ends on TERM or INT. Embedded and executed from a sealed memfd like
 * inro-init, so that nothing inside can reach the host's own binary through it.
 */

#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	sigset_t set;
	int number;

	prctl(PR_SET_NAME, "inro-holder");
	/* Blocked, since PID 1 never gets a signal for which it has neither a handler nor a mask. */
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	while ((number = sigwaitinfo(&set, NULL)) < 0 || number == SIGCHLD)
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	return 0;
}
