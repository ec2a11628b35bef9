/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Running hooks.
 *
 * The same code runs them for the parent and inside the container's child, between clone and exec,
 * where nothing may be allocated or formatted: so a hook is prepared first, down to the words of its
 * errors and the state that it will read. Only the number of the container's process is not known
 * then; the state is cut in two where it goes.
 *
 * The state is written before the hook exists, into a pipe that holds it all, or into a file in
 * memory where it is larger than any pipe. So nobody has to write to a hook that does not read: no
 * SIGPIPE, no waiting in two directions. Its end is that of its own process, by a pidfd. A daemon
 * that it leaves behind, with our standard error still open, is not waited for.
 *
 * A hook shares our memory until it executes, so that nothing is copied and the reason for which it
 * could not be executed is simply there. A seccomp filter that the container's child has put on
 * itself may refuse clone3(2); then the old clone(2) makes a copy, and that reason is known by the
 * status 127 alone.
 *
 * It is a process group of its own, so that a timeout ends what it started too, and dies with us.
 */

#include "oci/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "oci/read.h"
#include "oci/verb.h"

extern char **environ;

enum {
	NOT_EXECUTED = 127,
	BLIND_WAIT_MS = 5, /* how often to look where there is no pidfd to wait on */
};

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* A number that no process has, for finding its place in the state. No string can hold this. */
#define PID_MARK INT_MAX
static const char pid_mark[] = "\"pid\":2147483647";

static int split_state(struct arena *arena, const struct hook_context *context, struct hook_ready *ret)
{
	const char *text = oci_state_json(context->state, context->status, PID_MARK, arena);
	const char *at = text ? strstr(text, pid_mark) : NULL;

	if (!at)
		return -ENOMEM;
	ret->head = text;
	ret->n_head = (size_t)(at - text);
	ret->tail = at + strlen(pid_mark);
	ret->n_tail = strlen(ret->tail);
	return 0;
}

/* The list itself is what arena and configuration hold; execve(2) does not write to it. */
static char *const *arguments(struct arena *arena, const struct oci_hook *hook)
{
	const char **args;

	if (hook->args.n)
		return (char *const *)hook->args.list;
	args = arena_array(arena, 2, sizeof(*args));
	if (args)
		args[0] = hook->path;
	return (char *const *)args;
}

int hook_prepare(struct arena *arena, const struct oci_hook_list *list, size_t index,
		 const struct hook_context *context, struct hook_ready *ret, struct inro_error *error)
{
	static const char *const no_env[] = { NULL };
	const struct oci_hook *hook = &list->list[index];
	struct hook_ready ready = {
		.path = hook->path,
		.argv = arguments(arena, hook),
		.workdir = context->workdir,
		.umask = context->umask,
	};

	if (!hook->path || hook->path[0] != '/') {
		char what[64];

		snprintf(what, sizeof(what), "hooks.%s[%zu].path", context->name, index);
		return fail_usage(error, what, "'%s' is not absolute", hook->path ? hook->path : "");
	}
	ready.label = arena_printf(arena, "hook #%zu (%s) %s", index + 1, context->name, hook->path);
	if (!ready.label || !ready.argv || split_state(arena, context, &ready) < 0)
		return fail_memory(error);
	ready.envp = (char *const *)context->env;
	if (hook->env_set)
		ready.envp = (char *const *)(hook->env.n ? hook->env.list : no_env);
	if (hook->timeout_s.set)
		ready.timeout_ns = hook->timeout_s.value < UINT64_MAX / NS_PER_S ?
					   hook->timeout_s.value * NS_PER_S : UINT64_MAX;
	*ret = ready;
	return 0;
}

/* The digits of a number at the end of a buffer; where they begin. No stdio here. */
static char *digits(char *end, unsigned number)
{
	*--end = '\0';
	do {
		*--end = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	return end;
}

/* "exited with status 3", "was killed by signal 9": words around a number. */
static int fail_number(const struct hook_ready *hook, int code, const char *why, unsigned number, const char *unit,
		       struct inro_error *error)
{
	char end[12], text[80];
	const char *const parts[] = { why, digits(end + sizeof(end), number), unit };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		for (const char *at = parts[i]; *at && n < sizeof(text) - 1; at++)
			text[n++] = *at;
	text[n] = '\0';
	error_raw(error, code, NULL, hook->label);
	if (error) {
		error->code = 0; /* the words say it all */
		error_raw_kind(error, error->kind, text);
	}
	return code;
}

/* Write the state into FD, which has room for it. */
static int put_state(int fd, const struct hook_ready *hook, const char *number, size_t size)
{
	static const char key[] = "\"pid\":";
	const struct iovec parts[] = {
		/* Without a process, the comma before its place goes with it. */
		{ (void *)hook->head, *number ? hook->n_head : hook->n_head - 1 },
		{ (void *)key, *number ? sizeof(key) - 1 : 0 },
		{ (void *)number, strlen(number) },
		{ (void *)hook->tail, hook->n_tail },
	};
	ssize_t n = writev(fd, parts, ARRAY_SIZE(parts));

	return n < 0 ? -errno : (size_t)n < size ? -EIO : 0;
}

/* A file in memory, for a state that is larger than a pipe may be. */
static int memory_input(const struct hook_ready *hook, const char *number, size_t size)
{
	cleanup_close int fd = sys_memfd_create("state", MFD_CLOEXEC);
	int r = fd < 0 ? fd : put_state(fd, hook, number, size);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : take_fd(&fd);
}

/* What the hook will read from: the whole state, and the end of file behind it. */
static int open_input(const struct hook_ready *hook, pid_t pid)
{
	char end[12], none[] = "", *number = pid > 0 ? digits(end + sizeof(end), (unsigned)pid) : none;
	size_t size = pid > 0 ? hook->n_head + 6 + strlen(number) + hook->n_tail : hook->n_head - 1 + hook->n_tail;
	int fds[2], r = 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	/* Every pipe holds a page; a user who has many may get no more. */
	if (size > 4096 && (size > INT_MAX || (fcntl(fds[1], F_GETPIPE_SZ) < (int)size &&
					       fcntl(fds[1], F_SETPIPE_SZ, (int)size) < (int)size))) {
		fd_close(fds[0]);
		fds[0] = memory_input(hook, number, size);
		r = fds[0] < 0 ? fds[0] : 0;
	} else {
		r = put_state(fds[1], hook, number, size);
	}
	fd_close(fds[1]);
	if (r == 0)
		return fds[0];
	fd_close(fds[0]);
	return r;
}

struct spawn {
	const struct hook_ready *hook;
	int input_fd, pidfd;
	volatile int code; /* why it was not executed: written by the child, in our memory */
	const char *volatile call;
};

/* The child, on our memory and our stack: it leaves by exec or exit. */
static __attribute__((noinline, noreturn, no_sanitize("address"))) void become_hook(struct spawn *spawn)
{
	const struct hook_ready *hook = spawn->hook;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	setpgid(0, 0);
	if (hook->umask >= 0)
		umask((mode_t)hook->umask);
	spawn->call = "dup2";
	spawn->code = dup2(spawn->input_fd, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ? -errno : 0;
	if (spawn->code == 0) {
		spawn->call = "close_range";
		spawn->code = sys_close_range(STDERR_FILENO + 1, UINT_MAX, 0);
	}
	if (spawn->code == 0 && hook->workdir) {
		spawn->call = "chdir";
		spawn->code = chdir(hook->workdir) < 0 ? -errno : 0;
	}
	if (spawn->code == 0) {
		sys_clear_signal_mask();
		spawn->call = "execve";
		spawn->code = sys_execveat(AT_FDCWD, hook->path, hook->argv, hook->envp, 0);
	}
	sys_exit_group(NOT_EXECUTED);
}

static __attribute__((noinline, no_sanitize("address"))) pid_t spawn_hook(struct spawn *spawn)
{
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&spawn->pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = sys_clone3_vfork(&args, sizeof(args));

	if (pid == 0)
		become_hook(spawn);
	if (pid > 0)
		return pid;
	spawn->pidfd = -EBADF;
	if (pid != -ENOSYS && pid != -EPERM && pid != -EACCES)
		return pid;
	pid = sys_fork();
	if (pid == 0)
		become_hook(spawn);
	if (pid > 0)
		spawn->pidfd = sys_pidfd_open(pid, 0);
	return pid;
}

/* The signals that end the runtime, where they are blocked and so would wait for the hook. */
static int open_ending(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	sigset_t blocked, ending;
	bool any = false;

	if (sigprocmask(SIG_BLOCK, NULL, &blocked) < 0)
		return -errno;
	sigemptyset(&ending);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (sigismember(&blocked, numbers[i]) != 1)
			continue;
		sigaddset(&ending, numbers[i]);
		any = true;
	}
	return any ? signalfd(-1, &ending, SFD_CLOEXEC) : -EBADF;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == pid;
}

/* How long poll(2) may sleep until END; without a pidfd it is looked again soon. */
static int sleep_ms(uint64_t end, int pidfd)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), left_ms = end > now ? (end - now + NS_PER_MS - 1) / NS_PER_MS : 0;

	if (pidfd < 0)
		return left_ms < BLIND_WAIT_MS ? (int)left_ms : BLIND_WAIT_MS;
	return end == UINT64_MAX ? -1 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

/* Until it has ended (0), has taken too long (-ETIMEDOUT), or we should end (-EINTR). */
static int await_end(const struct hook_ready *hook, const struct spawn *spawn, pid_t pid)
{
	cleanup_close int ending_fd = open_ending();
	uint64_t begin = clock_ns(CLOCK_MONOTONIC), end = UINT64_MAX;

	if (hook->timeout_ns && hook->timeout_ns < UINT64_MAX - begin)
		end = begin + hook->timeout_ns;
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = spawn->pidfd, .events = POLLIN },
			{ .fd = ending_fd, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), sleep_ms(end, spawn->pidfd)) < 0 && errno != EINTR)
			return -errno;
		if (spawn->pidfd < 0 ? has_ended(pid) : fds[0].revents != 0)
			return 0;
		if (fds[1].revents)
			return -EINTR;
		if (clock_ns(CLOCK_MONOTONIC) >= end)
			return -ETIMEDOUT;
	}
}

/* What its end says. WAITED: how waiting for it ended. */
static int judge(const struct hook_ready *hook, int waited, const siginfo_t *info, struct inro_error *error)
{
	if (waited == -ETIMEDOUT)
		return fail_number(hook, waited, "was killed, since it took longer than its timeout of ",
				   (unsigned)(hook->timeout_ns / NS_PER_S), " s", error);
	if (waited == -EINTR) {
		error_raw(error, waited, NULL, hook->label);
		error_raw_kind(error, INRO_ERROR_STEP, "a signal came that ends the runtime");
		return waited;
	}
	if (waited < 0)
		return error_raw(error, waited, "poll", hook->label);
	if (info->si_code != CLD_EXITED)
		return fail_number(hook, -ECHILD, "was killed by signal ", (unsigned)info->si_status, "", error);
	return info->si_status == 0 ? 0 :
				      fail_number(hook, -ECHILD, "exited with status ", (unsigned)info->si_status,
						  "", error);
}

int hook_run(const struct hook_ready *hook, pid_t pid, struct inro_error *error)
{
	cleanup_close int input_fd = open_input(hook, pid);
	struct spawn spawn = { .hook = hook, .input_fd = input_fd, .pidfd = -EBADF };
	siginfo_t info = { 0 };
	int waited = 0;
	pid_t child;

	if (input_fd < 0)
		return error_raw(error, input_fd, "pipe2", hook->label);
	/* Where an engine had it ignored, the kernel would forget how the hook ended. */
	sys_reset_signal(SIGCHLD);
	child = spawn_hook(&spawn);
	input_fd = fd_close(input_fd);
	if (child < 0)
		return error_raw(error, child, "clone3", hook->label);
	if (spawn.code == 0)
		waited = await_end(hook, &spawn, child);
	if (waited < 0) {
		kill(-child, SIGKILL);
		kill(child, SIGKILL);
	}
	while (waitid(P_PID, (id_t)child, &info, WEXITED) < 0 && errno == EINTR)
		;
	fd_close(spawn.pidfd);
	if (spawn.code < 0)
		return error_raw(error, spawn.code, spawn.call, hook->label);
	return judge(hook, waited, &info, error);
}

static int run_one(struct arena *arena, const struct oci_hook_list *list, size_t index,
		   const struct hook_context *context, struct inro_error *error)
{
	struct hook_ready hook;
	int r = hook_prepare(arena, list, index, context, &hook, error);

	return r < 0 ? r : hook_run(&hook, context->state->pid, error);
}

int oci_hooks_run(const struct oci_hook_list *list, const char *name, const struct oci_state *state,
		  enum oci_status status, bool warn_only, struct oci_call *call, struct inro_error *error)
{
	const struct hook_context context = {
		.name = name,
		.state = state,
		.status = status,
		.env = (const char *const *)environ,
		.workdir = state->bundle,
		.umask = -1,
	};
	cleanup_arena struct arena arena = { 0 };
	int r = 0;

	for (size_t i = 0; i < list->n && r == 0; i++) {
		struct inro_error failed = { 0 };
		char text[1024];

		r = run_one(&arena, list, i, &context, warn_only ? &failed : error);
		if (r == 0 || !warn_only)
			continue;
		inro_error_format(&failed, text, sizeof(text));
		oci_warn(call, "%s", text);
		r = 0;
	}
	return r;
}

/* 1 with the hooks that the state keeps, 0 where it has none. */
static int kept_hooks(const struct oci_state *state, struct arena *arena, struct oci_hooks *ret, struct inro_error *error)
{
	int r;

	if (!state->hooks_json)
		return 0;
	*ret = (struct oci_hooks){ 0 };
	r = oci_read_hooks(state->hooks_json, strlen(state->hooks_json), arena, ret, error);
	return r < 0 ? r : 1;
}

int oci_hooks_poststart(const struct oci_state *state, struct oci_call *call, struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_hooks hooks;
	int r = kept_hooks(state, &arena, &hooks, error);

	return r <= 0 ? r : oci_hooks_run(&hooks.poststart, "poststart", state, OCI_RUNNING, false, call, error);
}

void oci_hooks_poststop(const struct oci_state *state, struct oci_call *call)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_state stopped = *state;
	struct oci_hooks hooks;

	stopped.pid = 0;
	if (kept_hooks(state, &arena, &hooks, NULL) > 0)
		oci_hooks_run(&hooks.poststop, "poststop", &stopped, OCI_STOPPED, true, call, NULL);
}
