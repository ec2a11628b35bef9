/* SPDX-License-Identifier: Apache-2.0 */

/* inro kill: signals to processes inside of namespaces, and to whole PID namespaces. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/procfs.h"
#include "base/setters.h"
#include "cli/drain.h"
#include "cli/names.h"
#include "cli/verb.h"
#include "engine/pid1.h"
#include "kernel/syscalls.h"
#include "ns/pidmap.h"

extern const struct verb verb_kill;

struct cmd_kill {
	bool all, wait, quiet, help;
	int number;
	uint64_t timeout_ns; /* 0: none */
	struct names names;
};

flag_setter(cmd_kill, all)
flag_setter(cmd_kill, wait)
flag_setter(cmd_kill, quiet)
flag_setter(cmd_kill, help)

static int set_signal(void *object, const char *value, struct inro_error *error)
{
	if (parse_signal(value, &((struct cmd_kill *)object)->number) < 0)
		return fail_usage(error, "--signal", "there is no signal '%s'", value);
	return 0;
}

static int set_timeout(void *object, const char *value, struct inro_error *error)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0 || ns == 0)
		return fail_usage(error, "--timeout", "'%s' is no time (10s, 500ms)", value);
	((struct cmd_kill *)object)->timeout_ns = ns;
	return 0;
}

#define SECTION "Options"
static const struct option_row options[] = {
	{ .name = "signal", .letter = 's', .form = OPTION_VALUE, .argument = "SIGNAL", .section = SECTION,
	  .set = set_signal, .help = "this one, by name or number, instead of TERM",
	  .choices = "TERM|KILL|INT|HUP|QUIT|STOP|CONT|USR1|USR2" },
	{ .name = "all", .letter = 'a', .form = OPTION_FLAG, .section = SECTION, .set = set_all,
	  .help = "every process of the target's PID namespace",
	  .detail = "It is sent from inside of the namespace by one call, so that none is born meanwhile and "
		    "missed; then to its PID 1." },
	{ .name = "timeout", .letter = 't', .form = OPTION_VALUE, .argument = "TIME", .section = SECTION,
	  .set = set_timeout, .help = "wait so long for the end, then SIGKILL",
	  .detail = "With --all, and for a container, SIGKILL goes to its PID 1, and the kernel ends all the "
		    "others with it." },
	{ .name = "wait", .letter = 'w', .form = OPTION_FLAG, .section = SECTION, .set = set_wait,
	  .help = "return when they have ended" },
	{ .name = "quiet", .letter = 'q', .form = OPTION_FLAG, .section = SECTION, .set = set_quiet,
	  .help = "do not tell what a PID 1 ignores" },
	{ .name = "help", .letter = 'h', .form = OPTION_FLAG, .section = SECTION, .set = set_help,
	  .help = "this text" },
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

/* What a signal is sent to: a process, and with --all the PID namespace that it is the PID 1 of. */
struct victim {
	const char *text;
	int pidfd; /* owned; of PID 1 with --all; negative: the namespace has none */
	pid_t pid;
	int ns_fd; /* owned */
	bool stays; /* it drops the signal, and nothing else will end it */
};

static void victim_deinit(struct victim *victim)
{
	fd_close(victim->pidfd);
	fd_close(victim->ns_fd);
}

static int find(struct cmd_kill *cmd, const char *text, struct victim *ret, struct inro_error *error)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	struct victim victim = { .text = text, .pidfd = -EBADF, .ns_fd = -EBADF };
	int r = names_target(&cmd->names, text, &target, error);

	if (r < 0)
		return r;
	if (!cmd->all && target.pidfd < 0) {
		fail_usage(error, text, "this is a namespace, not a process");
		error_hint(error, "--all sends to every process of a PID namespace");
		return -EINVAL;
	}
	if (cmd->all) {
		victim.ns_fd = ns_target_ns(&target, NS_PID, error);
		if (victim.ns_fd < 0)
			return victim.ns_fd;
		if (drain_is_own(victim.ns_fd)) {
			victim_deinit(&victim);
			fail_usage(error, text, "its PID namespace is that of inro itself, or above it");
			error_hint(error, "name a process or a container inside of a PID namespace of its own");
			return -EINVAL;
		}
		victim.pidfd = pidmap_open(victim.ns_fd, 1, NULL);
		if (victim.pidfd >= 0)
			procfs_pid_of_pidfd(victim.pidfd, &victim.pid);
	} else {
		victim.pidfd = take_fd(&target.pidfd);
		victim.pid = target.pid;
	}
	*ret = victim;
	return 0;
}

/*
 * Say what the kernel will do with it. 1 where the signal has no effect. What is PID 1 here is so of
 * the caller's own namespace: from there not even SIGKILL reaches it.
 */
static int tell_if_dropped(const struct cmd_kill *cmd, const struct victim *victim)
{
	bool force = cmd->number == SIGKILL || cmd->number == SIGSTOP, inside = victim->pid == 1;
	const char *way = cmd->timeout_ns || inside ? "" : "; -s KILL ends it and all the others there";
	int proc_fd = cmd->names.containers.proc_fd, answer;
	char name[16];
	pid_t pid;

	if (cmd->number == 0 || cmd->number == SIGCONT || (force && !inside) ||
	    procfs_number(proc_fd, victim->pidfd, &pid) < 0 || pid1_is_init(proc_fd, pid) <= 0)
		return 0;
	if (force) {
		if (!cmd->quiet)
			verb_note("kill", "%s: process 1 is PID 1 of the namespace that inro is in: the kernel drops "
				  "even %s from inside; only from outside it ends", victim->text,
				  signal_name(cmd->number, name));
		return 1;
	}
	answer = pid1_answer(proc_fd, pid, cmd->number);
	if (answer != PID1_DROPS && answer != PID1_IGNORES)
		return 0;
	if (cmd->quiet)
		return 1;
	if (answer == PID1_DROPS)
		verb_note("kill", "%s: process %d is PID 1 of its namespace and has no handler for %s: the kernel "
			  "drops it%s", victim->text, victim->pid, signal_name(cmd->number, name), way);
	else
		verb_note("kill", "%s: process %d is PID 1 of its namespace and ignores %s%s", victim->text,
			  victim->pid, signal_name(cmd->number, name), way);
	return 1;
}

static int send_one(const struct cmd_kill *cmd, const struct victim *victim, struct inro_error *error)
{
	int r = sys_pidfd_send_signal(victim->pidfd, cmd->number, NULL, 0);

	if (r == -ESRCH)
		return fail_host(error, INRO_ERROR_HOST, r, "signal", "'%s' has ended", victim->text);
	if (r == -EPERM) {
		fail_call(error, r, "signal", "pidfd_send_signal", victim->text);
		error_why(error, "it is another user's");
		error_hint(error, "run as that user, or as root");
		return r;
	}
	return r < 0 ? fail_call(error, r, "signal", "pidfd_send_signal", victim->text) : 0;
}

/* All members first: a PID 1 that is told first may end, and they with it, before they hear of it. */
static int send_all(const struct cmd_kill *cmd, const struct victim *victim, struct inro_error *error)
{
	int r = 0;

	if (cmd->number != SIGKILL || victim->pidfd < 0)
		r = drain(victim->ns_fd, victim->text, cmd->number, error);
	if (r == 0 && victim->pidfd >= 0) {
		r = send_one(cmd, victim, error);
		/* It ended with its last child, as it should. */
		if (r == -ESRCH) {
			*error = (struct inro_error){ 0 };
			r = 0;
		}
	}
	return r;
}

/* 0 when it has ended, 1 when the time is over. UNTIL 0: for ever. */
static int await_end(const struct victim *victim, uint64_t until_ns)
{
	struct pollfd poll_fd = { .fd = victim->pidfd, .events = POLLIN };

	for (;;) {
		uint64_t now = until_ns ? clock_ns(CLOCK_BOOTTIME) : 0;
		struct timespec left = { 0 };
		int r;

		if (until_ns && until_ns > now) {
			left.tv_sec = (time_t)((until_ns - now) / 1000000000);
			left.tv_nsec = (long)((until_ns - now) % 1000000000);
		}
		r = ppoll(&poll_fd, 1, until_ns ? &left : NULL, NULL);
		if (r > 0)
			return 0;
		if (r == 0)
			return 1;
		if (errno != EINTR)
			return -errno;
	}
}

/* --timeout and --wait, once all have been sent to. */
static int see_end(const struct cmd_kill *cmd, const struct victim *victim, uint64_t until_ns,
		   struct inro_error *error)
{
	int r = 0;

	if (victim->pidfd < 0)
		return 0;
	if (until_ns) {
		r = await_end(victim, until_ns);
		if (r > 0) {
			r = sys_pidfd_send_signal(victim->pidfd, SIGKILL, NULL, 0);
			r = r == -ESRCH ? 0 : r;
		}
	}
	/* After SIGKILL the end is certain, and soon. */
	if (r == 0 && (cmd->wait || until_ns))
		r = await_end(victim, 0);
	return r < 0 ? fail_call(error, r, "wait for the end of", "pidfd_send_signal", victim->text) : 0;
}

static int kill_all(struct cmd_kill *cmd, struct victim *victims, int n, struct inro_error *error)
{
	uint64_t until_ns;
	int r = 0, dropped = 0;

	for (int i = 0; i < n && r == 0; i++) {
		bool drops = victims[i].pidfd >= 0 && tell_if_dropped(cmd, &victims[i]) > 0;

		r = cmd->all ? send_all(cmd, &victims[i], error) : send_one(cmd, &victims[i], error);
		victims[i].stays = drops && !cmd->all && !cmd->timeout_ns;
		dropped |= victims[i].stays;
	}
	until_ns = cmd->timeout_ns ? clock_ns(CLOCK_BOOTTIME) + cmd->timeout_ns : 0;
	/* What drops it never ends by it: do not wait for that. */
	for (int i = 0; i < n && r == 0; i++)
		if (!victims[i].stays)
			r = see_end(cmd, &victims[i], until_ns, error);
	return r < 0 ? r : dropped;
}

static int act(struct cmd_kill *cmd, char **words, int n, struct inro_error *error)
{
	struct victim *victims = calloc((size_t)n + 1, sizeof(*victims));
	int found = 0, r = names_open(&cmd->names, error);

	if (!victims)
		return fail_memory(error);
	/* All are found before the first is sent to. */
	for (; found < n && r == 0; found += r == 0)
		r = find(cmd, words[found], &victims[found], error);
	if (r == 0)
		r = kill_all(cmd, victims, n, error);
	while (found > 0)
		victim_deinit(&victims[--found]);
	free(victims);
	return r;
}

/* "-9", "-KILL", as the shell's own kill takes it. */
static void take_old_form(struct cmd_kill *cmd, int *argc, char ***argv)
{
	if (*argc > 0 && (*argv)[0][0] == '-' && (*argv)[0][1] && (*argv)[0][1] != '-' &&
	    ((*argv)[0][1] <= '9' || ((*argv)[0][1] >= 'A' && (*argv)[0][1] <= 'Z')) &&
	    parse_signal((*argv)[0] + 1, &cmd->number) == 0) {
		++*argv;
		--*argc;
	}
}

static int cmd_kill(const struct verb *verb, int argc, char **argv)
{
	struct cmd_kill cmd = { .number = SIGTERM };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1, .mixed = true };
	struct inro_error error = { 0 };
	int operand, r;

	take_old_form(&cmd, &argc, &argv);
	r = options_parse(&parser, argv, argc, &operand, &error);
	if (r == 0 && cmd.help) {
		verb_help(verb, true);
		return 0;
	}
	if (r == 0 && operand == argc)
		r = fail_usage(&error, "kill", "needs a target: a PID, NAME:PID, or a container's name");
	if (r == 0)
		r = act(&cmd, argv + operand, argc - operand, &error);
	names_close(&cmd.names);
	return r < 0 ? verb_fail(verb->name, &error) : r;
}

const struct verb verb_kill = {
	.name = "kill",
	.usage = "[OPTIONS] TARGET…",
	.help = "signal a process inside, a container, or all of a PID namespace",
	.about = "Send a signal (TERM) to processes: by PID, by PID in a namespace (web:7), to PID 1 of a\n"
		 "container, or with --all to all of its PID namespace. Where the target is a PID 1 that\n"
		 "ignores the signal, that is said, and the exit status is 1.",
	.run = cmd_kill,
	.tables = tables,
	.operands = "@target",
};
