/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What becomes of a signal that inro gets.
 *
 * Sent by a process (kill(1), a service manager): passed on to PID 1 alone, which is what the
 * sender meant. Made by the terminal (SI_KERNEL: Ctrl-C where no pty lies between, a hang-up): the
 * terminal would have sent it to the whole foreground group, so it goes to PID 1's group. With a
 * shared terminal the kernel has done just that already. Then the PID 1 rule for those four that
 * people end programs with.
 *
 * SIGTSTP stops the container and then inro itself, by the very signal, so that the shell sees a
 * stopped job; SIGCONT wakes both. SIGWINCH of the terminal sets the pty's size. SIGPIPE and
 * SIGXFSZ are blocked because a write of inro's may cause them, SIGTTIN and SIGTTOU because the
 * terminal module looks itself whose turn it is; none of the four is passed on. Signals that tell of
 * a fault are left alone.
 */

#include "engine/signals.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "engine/supervise.h"
#include "tty/terminal.h"

static const int forwarded[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
	SIGIO,  SIGPWR, SIGCONT, SIGTSTP, SIGWINCH, SIGSTKFLT,
};

static void fill_forwarded(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
		sigaddset(set, forwarded[i]);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		sigaddset(set, number);
}

static bool pipe_is_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

/*
 * Of containers that live at once the first to start need not be the last to be freed: what was
 * there before the first comes back after the last. The mask is a thread's own.
 */
static _Thread_local unsigned blocked;
static _Thread_local struct signals_saved outermost;

void signals_block(struct signals_saved *ret)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t set;

	fill_forwarded(&set);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGXFSZ);
	sigaddset(&set, SIGTTIN);
	sigaddset(&set, SIGTTOU);
	ret->pipe_was_pending = pipe_is_pending();
	pthread_sigmask(SIG_BLOCK, &set, &ret->mask);
	/* An ignored SIGCHLD makes the kernel forget how children ended. */
	sigaction(SIGCHLD, NULL, &ret->child);
	if (ret->child.sa_handler == SIG_IGN || (ret->child.sa_flags & SA_NOCLDWAIT))
		sigaction(SIGCHLD, &standard, NULL);
	if (blocked++ == 0)
		outermost = *ret;
}

void signals_restore(const struct signals_saved *saved)
{
	const struct timespec now = { 0 };
	sigset_t set;

	if (blocked > 1) {
		blocked--;
		return;
	}
	saved = blocked == 1 ? &outermost : saved;
	blocked = 0;
	sigaction(SIGCHLD, &saved->child, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	if (!saved->pipe_was_pending && sigismember(&saved->mask, SIGPIPE) == 0)
		while (sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &saved->mask, NULL);
}

int signals_open(bool with_children)
{
	sigset_t set;
	int fd;

	fill_forwarded(&set);
	if (with_children) {
		sigset_t child;

		sigemptyset(&child);
		sigaddset(&child, SIGCHLD);
		pthread_sigmask(SIG_BLOCK, &child, NULL);
		sigaddset(&set, SIGCHLD);
	}
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Stop as the shell's job that inro is. In an orphaned group the kernel does not stop anyone. */
static int stop_job(struct supervisor *supervisor)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	terminal_detach(supervisor->run);
	supervise_stop(supervisor);
	raise(SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	supervise_continue(supervisor);
	return terminal_attach(supervisor->run);
}

static bool ends_programs(int number)
{
	return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
}

static int pass_on(struct supervisor *supervisor, int number, bool typed)
{
	struct run *run = supervisor->run;
	bool delivered = typed && run->plan->settled.tty == TTY_SHARE;
	int r;

	if (typed && (number == SIGINT || number == SIGQUIT))
		supervisor->typed = number;
	if (ends_programs(number)) {
		r = supervise_default_action(supervisor, number);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	if (delivered)
		return 0;
	r = supervise_send(supervisor, number, typed);
	return r == -ESRCH ? 0 : r;
}

int signals_handle(struct supervisor *supervisor, const struct signalfd_siginfo *info)
{
	int number = (int)info->ssi_signo;
	bool typed = info->ssi_code == SI_KERNEL;

	if (number == SIGCHLD) {
		supervise_reap_others(supervisor);
		return 0;
	}
	/* What is left is output that nobody takes; whoever wants inro to end means that. */
	if (supervisor->ended)
		return ends_programs(number);
	switch (number) {
	case SIGTSTP:
		return stop_job(supervisor);
	case SIGCONT:
		supervise_continue(supervisor);
		return terminal_attach(supervisor->run);
	case SIGWINCH:
		if (terminal_resize(supervisor->run) || typed)
			return 0;
		break;
	default:
		break;
	}
	return pass_on(supervisor, number, typed);
}
