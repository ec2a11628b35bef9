/* SPDX-License-Identifier: Apache-2.0 */

/*
 * inro-init: PID 1 of a container, for `inro run --init`. A program of its own, built small and
 * static against musl, embedded in inro, and executed from a sealed memfd, so that nothing inside
 * can change it.
 *
 *	inro-init [-d MS] [-t | -s] [-p PATH] -- NAME ARGS...
 *
 *	-d MS    how long what is left may take to end once the command has (2000)
 *	-t       the container has a terminal of its own: the command leads its foreground
 *	-s       the terminal is shared with the caller: the command stays in its process group
 *	-p PATH  what to execute, where NAME is only what it is to be called
 *
 * It starts the command, says so over the channel (descriptor 3, plan/channel.h), and then:
 *
 *	reaps      everything that is orphaned to it, by waitid(P_ALL): waiting for one child alone
 *	           would hang for ever on processes that were put into the namespace from outside
 *	forwards   every signal but KILL and STOP, which no process sees, to the command, with the
 *	           value of a queued one; TSTP, TTIN, TTOU and CONT to its whole process group
 *	resumes    with -t, a command that was stopped from the terminal: there is no shell around it
 *	           to bring it back, and as PID 1 itself it could not have been stopped either
 *	drains     when the command has ended, or inro has (end of file of the channel): TERM and CONT
 *	           to everything, then it waits until nothing is left or the time is over, or until a
 *	           second TERM, INT, QUIT or HUP comes. Then it exits, and the kernel kills the rest.
 *	exits      with the command's status, 128 + n for signal n; the channel got the exact one
 *
 * All signals are blocked for good and taken from a signalfd: a blocked signal is never dropped by
 * the rule that PID 1 ignores what it has no handler for, and there are no handlers to race with.
 * The mask goes around the C library, which keeps three signals for itself.
 *
 * It runs under the same seccomp filter as the command. The calls that it makes: execve, arch_prctl
 * and set_tid_address (start of the C library), getpid, prctl, fcntl, rt_sigprocmask, signalfd4,
 * vfork or clone, setpgid, ioctl(TIOCSPGRP), access, close_range or close, waitid, poll, read,
 * write, kill, rt_sigqueueinfo, clock_gettime, exit_group. Where close_range, rt_sigqueueinfo or
 * prctl are refused, it does without.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "kernel/init_calls.h"
#include "plan/channel.h"

enum {
	CHANNEL_FD = 3,
	FAILED = 125, /* inro's own failure, as everywhere */
	DEFAULT_DRAIN_MS = 2000,
	LOOK_AGAIN_MS = 50, /* for processes that are not our children, whose end sends nothing */
};

struct init {
	/* From the command line. */
	int drain_ms;
	bool own_terminal, shared_terminal;
	const char *path;
	char **args;

	int channel_fd, signal_fd, tty_fd;
	uint64_t old_mask;
	pid_t pid;  /* the command; -1 before */
	int status; /* its wait status, once it has ended */
	bool ended, draining;
	int64_t deadline_ms;

	/* What the vfork child leaves when exec fails. */
	volatile int exec_errno;
	const char *volatile exec_path;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A message that cannot be delivered is for nobody: inro has gone, which the main loop will see. */
static void say(const struct init *init, const struct channel_message *message)
{
	size_t size = message->type == CHANNEL_ERROR ? sizeof(*message) : CHANNEL_SHORT;
	ssize_t n;

	do
		n = write(init->channel_fd, message, size);
	while (n < 0 && errno == EINTR);
}

static void copy_text(char *field, size_t size, const char *text)
{
	size_t length = strlen(text);

	/* A path that is too long loses its front. */
	if (length >= size)
		text += length - (size - 1);
	strncpy(field, text, size - 1);
}

static _Noreturn void give_up(const struct init *init, enum inro_error_kind kind, int code,
			      const char *call, const char *object, const char *why)
{
	struct channel_message message = { .type = CHANNEL_ERROR, .step = -1 };

	message.error.kind = kind;
	message.error.code = code;
	copy_text(message.error.call, sizeof(message.error.call), call);
	copy_text(message.error.object, sizeof(message.error.object), object);
	copy_text(message.error.why, sizeof(message.error.why), why);
	say(init, &message);
	_exit(kind == INRO_ERROR_NOT_FOUND ? 127 : kind == INRO_ERROR_NOT_EXECUTABLE ? 126 : FAILED);
}

/* Starting the command. */

/* The best that was met on the way: which place, and why it was not executed. */
struct attempt {
	int code;
	char path[4096];
};

/*
 * Try one place; returns whether to look further. As execvp(3) does, what is not there is passed
 * over, and that something was forbidden is remembered in case nothing else is found.
 */
static bool try_path(const struct init *init, const char *path, bool last, struct attempt *best)
{
	int code;

	execve(path, init->args, environ);
	code = errno;
	/* A directory that may not be searched has nothing in it, as far as can be told. */
	if ((code == ENOENT || code == ENOTDIR || code == EACCES) && !last && access(path, F_OK) < 0)
		return true;
	best->code = code;
	if (path != best->path)
		copy_text(best->path, sizeof(best->path), path);
	return best->code == EACCES;
}

static void search_path(const struct init *init, const char *name, struct attempt *best)
{
	static char path[4096];
	const char *dirs = getenv("PATH");
	size_t length = strlen(name);

	if (!dirs)
		dirs = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	for (;;) {
		size_t dir_length = strcspn(dirs, ":");

		if (dir_length + length + 3 <= sizeof(path)) {
			char *at = path;

			if (dir_length == 0)
				*at++ = '.';
			memcpy(at, dirs, dir_length);
			at += dir_length;
			*at++ = '/';
			memcpy(at, name, length + 1);
			if (!try_path(init, path, false, best))
				return;
		}
		if (!dirs[dir_length])
			return;
		dirs += dir_length + 1;
	}
}

/* The vfork child: shares memory with PID 1, which waits until it has executed or exited. */
static _Noreturn void run_command(struct init *init)
{
	static struct attempt best;
	const char *name = init->path ? init->path : init->args[0];

	if (!init->shared_terminal)
		setpgid(0, 0);
	/* All signals are blocked here, SIGTTOU too, so that a background process may do this. */
	if (init->tty_fd >= 0) {
		pid_t group = getpid();

		ioctl(init->tty_fd, TIOCSPGRP, &group);
	}
	init_set_mask(init->old_mask, NULL);
	best.code = ENOENT;
	copy_text(best.path, sizeof(best.path), name);
	if (strchr(name, '/') || !*name)
		try_path(init, best.path, true, &best);
	else
		search_path(init, name, &best);
	/* Only now: what is said here before a successful exec would be believed. */
	init->exec_path = best.path;
	init->exec_errno = best.code;
	_exit(FAILED);
}

static _Noreturn void exec_failed(const struct init *init)
{
	switch (init->exec_errno) {
	case ENOENT:
		give_up(init, INRO_ERROR_NOT_FOUND, ENOENT, "execve", init->exec_path,
			strchr(init->exec_path, '/') && access(init->exec_path, F_OK) == 0 ?
				"it exists, but the interpreter that it names does not, inside" :
				"");
	case ENOTDIR:
	case ENAMETOOLONG:
		give_up(init, INRO_ERROR_NOT_FOUND, init->exec_errno, "execve", init->exec_path, "");
	case EACCES:
		give_up(init, INRO_ERROR_NOT_EXECUTABLE, EACCES, "execve", init->exec_path,
			"it is no executable file, or a mount there is noexec");
	case ENOEXEC:
		give_up(init, INRO_ERROR_NOT_EXECUTABLE, ENOEXEC, "execve", init->exec_path,
			"neither a binary nor a script with #!");
	default:
		give_up(init, INRO_ERROR_NOT_EXECUTABLE, init->exec_errno, "execve", init->exec_path, "");
	}
}

/*
 * What init would hold open nobody could see the end of: pipes to and from the command, sockets
 * passed to it. All but the channel, the signals and the terminal go.
 */
static void close_others(const struct init *init)
{
	unsigned next = 0;
	bool refused = false;

	for (;;) {
		unsigned keep = ~0U;
		const int kept[] = { init->channel_fd, init->signal_fd, init->tty_fd };

		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (kept[i] >= 0 && (unsigned)kept[i] >= next && (unsigned)kept[i] < keep)
				keep = (unsigned)kept[i];
		if (init_close_range(next, keep - 1) < 0)
			refused = true;
		if (keep == ~0U)
			break;
		next = keep + 1;
	}
	for (int fd = 0; refused && fd < CHANNEL_FD; fd++)
		if (fd != init->tty_fd && fd != init->signal_fd)
			close(fd);
}

static int find_terminal(void)
{
	for (int fd = 0; fd < CHANNEL_FD; fd++) {
		pid_t group;

		/* Answers only for the terminal that is this session's own. */
		if (ioctl(fd, TIOCGPGRP, &group) == 0)
			return fcntl(fd, F_DUPFD_CLOEXEC, CHANNEL_FD + 1);
	}
	return -1;
}

static void start_command(struct init *init)
{
	const struct channel_message started = { .type = CHANNEL_STARTED };
	pid_t pid = vfork();

	if (pid == 0)
		run_command(init);
	if (pid < 0)
		give_up(init, INRO_ERROR_STEP, errno, "vfork", "",
			errno == EAGAIN ? "a limit of processes is reached" : "");
	if (init->exec_errno)
		exec_failed(init);
	init->pid = pid;
	close_others(init);
	say(init, &started);
}

/* Once it runs. */

static void signal_group(const struct init *init, int number)
{
	kill(init->shared_terminal ? init->pid : -init->pid, number);
}

static void give_terminal(const struct init *init, pid_t group)
{
	if (init->tty_fd >= 0)
		ioctl(init->tty_fd, TIOCSPGRP, &group);
}

/* Everything in this PID namespace but init itself: one call, and no fork can slip through. */
static bool signal_all(int number)
{
	return kill(-1, number) == 0 || errno != ESRCH;
}

static int exit_status(const struct init *init)
{
	if (!init->ended)
		return 128 + SIGKILL;
	return WIFEXITED(init->status) ? WEXITSTATUS(init->status) : 128 + WTERMSIG(init->status);
}

static void drain(struct init *init)
{
	if (init->draining)
		return;
	init->draining = true;
	/* Now an interrupt typed at the terminal comes here, and ends the waiting. */
	give_terminal(init, getpid());
	init->deadline_ms = now_ms() + init->drain_ms;
	if (signal_all(SIGTERM))
		signal_all(SIGCONT);
}

static void command_ended(struct init *init, const siginfo_t *info)
{
	struct channel_message message = { .type = CHANNEL_ENDED };

	if (info->si_code == CLD_EXITED)
		init->status = (info->si_status & 0xff) << 8;
	else
		init->status = info->si_status | (info->si_code == CLD_DUMPED ? 0x80 : 0);
	init->ended = true;
	message.status = init->status;
	say(init, &message);
	drain(init);
}

static void command_stopped(const struct init *init, int number)
{
	if (!init->own_terminal || number == SIGSTOP)
		return;
	give_terminal(init, init->pid);
	signal_group(init, SIGCONT);
}

static void reap(struct init *init)
{
	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (info.si_pid == 0)
			return;
		if (info.si_pid != init->pid || init->ended)
			continue;
		if (info.si_code == CLD_STOPPED)
			command_stopped(init, info.si_status);
		else if (info.si_code != CLD_TRAPPED)
			command_ended(init, &info);
	}
}

static void forward(const struct init *init, const struct signalfd_siginfo *info)
{
	int number = (int)info->ssi_signo;
	siginfo_t queued = { 0 };

	switch (number) {
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGCONT:
		signal_group(init, number);
		return;
	default:
		break;
	}
	if (info->ssi_code == SI_QUEUE) {
		queued.si_signo = number;
		queued.si_code = SI_QUEUE;
		queued.si_pid = getpid();
		queued.si_uid = info->ssi_uid;
		queued.si_value.sival_ptr = (void *)(uintptr_t)info->ssi_ptr;
		if (init_queue_signal(init->pid, number, &queued) == 0)
			return;
	}
	kill(init->pid, number);
}

static void take_signal(struct init *init, const struct signalfd_siginfo *info)
{
	int number = (int)info->ssi_signo;

	if (number == SIGCHLD && info->ssi_code > 0) {
		reap(init);
		return;
	}
	/* Its own: a broken channel (SIGPIPE), or what a terminal sends whose session it leads. */
	if (info->ssi_pid == (uint32_t)getpid() && info->ssi_code <= 0)
		return;
	/* Typed at a shared terminal: the whole group has it already, the command too. */
	if (init->shared_terminal && info->ssi_code == SI_KERNEL)
		return;
	if (!init->draining)
		forward(init, info);
	else if (number == SIGTERM || number == SIGINT || number == SIGQUIT || number == SIGHUP)
		_exit(exit_status(init));
}

static void take_signals(struct init *init)
{
	struct signalfd_siginfo info[8];
	ssize_t n;

	while ((n = read(init->signal_fd, info, sizeof(info))) > 0)
		for (size_t i = 0; i < (size_t)n / sizeof(info[0]); i++)
			take_signal(init, &info[i]);
	/* Of several SIGCHLD at once, or one that somebody sent by hand before, a single one is left. */
	reap(init);
}

/* Nothing is expected from inro; its end is. */
static void take_channel(struct init *init)
{
	char byte[64];
	ssize_t n = read(init->channel_fd, byte, sizeof(byte));

	if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
		return;
	close(init->channel_fd);
	init->channel_fd = -1;
	drain(init);
}

/* How long to sleep; exits when there is nothing more to wait for. */
static int time_left(const struct init *init)
{
	int64_t left;

	if (!init->draining)
		return -1;
	left = init->deadline_ms - now_ms();
	if (left <= 0 || !signal_all(0))
		_exit(exit_status(init));
	return left < LOOK_AGAIN_MS ? (int)left : LOOK_AGAIN_MS;
}

static _Noreturn void live(struct init *init)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = init->signal_fd, .events = POLLIN },
			{ .fd = init->channel_fd, .events = POLLIN },
		};

		if (poll(fds, 2, time_left(init)) < 0 && errno != EINTR)
			_exit(FAILED);
		if (fds[0].revents)
			take_signals(init);
		if (fds[1].revents)
			take_channel(init);
	}
}

static bool parse_arguments(struct init *init, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "-t") == 0)
			init->own_terminal = true;
		else if (strcmp(argv[i], "-s") == 0)
			init->shared_terminal = true;
		else if (strcmp(argv[i], "-d") == 0 && i + 1 < argc)
			init->drain_ms = atoi(argv[++i]);
		else if (strcmp(argv[i], "-p") == 0 && i + 1 < argc)
			init->path = argv[++i];
		else
			return false;
	}
	init->args = argv + i + 1;
	return i + 1 < argc;
}

int main(int argc, char **argv)
{
	struct init init = {
		.drain_ms = DEFAULT_DRAIN_MS, .channel_fd = CHANNEL_FD, .tty_fd = -1, .pid = -1
	};

	/* Nobody inside may trace it, read its memory or reach its descriptors through /proc. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NAME, "inro-init", 0, 0, 0);
	if (fcntl(CHANNEL_FD, F_SETFD, FD_CLOEXEC) < 0)
		init.channel_fd = -1;
	/* kill(-1) anywhere but at the top of a PID namespace of our own would hit the host. */
	if (!parse_arguments(&init, argc, argv) || getpid() != 1)
		give_up(&init, INRO_ERROR_STEP, EINVAL, "inro-init", "",
			"it must be PID 1, and needs a command");
	if (init_set_mask(~0ULL, &init.old_mask) < 0)
		give_up(&init, INRO_ERROR_STEP, errno, "rt_sigprocmask", "", "");
	init.signal_fd = init_signalfd(~0ULL, SFD_CLOEXEC | SFD_NONBLOCK);
	if (init.signal_fd < 0)
		give_up(&init, INRO_ERROR_STEP, errno, "signalfd4", "",
			"a seccomp filter without what --init needs?");
	if (init.own_terminal)
		init.tty_fd = find_terminal();
	start_command(&init);
	live(&init);
}
