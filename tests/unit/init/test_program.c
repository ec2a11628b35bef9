/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/macros.h"
#include "init/sealed.h"
#include "kernel/init_calls.h"
#include "ns_child.h"
#include "plan/channel.h"

/*
 * The real inro-init as PID 1 of real PID namespaces. This program is also the command in some of
 * them (see main()). Waiting is bounded by alarm(2): a test that hangs is killed by it.
 */

struct box {
	pid_t pid; /* of inro-init */
	int channel;
	int in, out; /* the command's standard input and output; one terminal with a pty */
};

static const char *self;

static _Noreturn void become_init(int channel, int in, int out, bool pty, char **args)
{
	struct inro_error error = { 0 };
	int program = sealed_program("inro-init", inro_init_program, inro_init_program_size, &error);

	if (pty) {
		setsid();
		ioctl(in, TIOCSCTTY, 0);
	}
	channel = fcntl(channel, F_DUPFD_CLOEXEC, 100);
	program = fcntl(program, F_DUPFD_CLOEXEC, 100);
	dup2(in, 0);
	dup2(out, 1);
	if (pty)
		dup2(out, 2);
	dup2(channel, 3);
	sys_close_range(4, ~0U, CLOSE_RANGE_CLOEXEC);
	sys_clear_signal_mask();
	sys_execveat(program, "", args, environ, AT_EMPTY_PATH);
	_exit(99);
}

static void start_with(struct box *box, bool pty, uint64_t flags, char **args)
{
	int channel[2], in[2] = { -1, -1 }, out[2] = { -1, -1 };

	alarm(60);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	if (pty) {
		assert_int_equal(openpty(&in[1], &in[0], NULL, NULL, NULL), 0);
		out[0] = in[1];
		out[1] = in[0];
	} else {
		assert_int_equal(pipe2(in, O_CLOEXEC), 0);
		assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	}
	/* An ordinary user may make a PID namespace only in a user namespace. */
	box->pid = child_fork(flags | (geteuid() == 0 || !flags ? 0 : CLONE_NEWUSER));
	assert_true(box->pid >= 0);
	if (box->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		become_init(channel[1], in[0], out[1], pty, args);
	}
	close(channel[1]);
	close(in[0]);
	if (!pty)
		close(out[1]);
	box->channel = channel[0];
	box->in = in[1];
	box->out = out[0];
}

#define start(box, ...) start_with(box, false, CLONE_NEWPID, (char *[]){ "inro-init", __VA_ARGS__, NULL })
#define start_pty(box, ...) \
	start_with(box, true, CLONE_NEWPID, (char *[]){ "inro-init", "-t", __VA_ARGS__, NULL })

/* The next message, which must be of that type. */
static struct channel_message hear(struct box *box, uint32_t type)
{
	struct channel_message message = { 0 };
	ssize_t n = read(box->channel, &message, sizeof(message));

	assert_true(n >= CHANNEL_SHORT);
	assert_int_equal(message.type, type);
	return message;
}

/* A line of the command's output. */
static const char *line(struct box *box)
{
	static char text[256];
	size_t n = 0;

	while (n < sizeof(text) - 1 && read(box->out, text + n, 1) == 1 && text[n] != '\n')
		n++;
	text[n] = '\0';
	if (n > 0 && text[n - 1] == '\r')
		text[n - 1] = '\0';
	return text;
}

/* Read until a line is TEXT; a terminal echoes, and a shell says things, before. */
static void await_line(struct box *box, const char *text)
{
	while (strcmp(line(box), text) != 0)
		;
}

static void type(struct box *box, const char *text)
{
	assert_int_equal(fd_write_all(box->in, text, strlen(text)), 0);
}

static int end(struct box *box)
{
	int status = child_result(box->pid);

	fd_close(box->channel);
	fd_close(box->in);
	if (box->out != box->in)
		fd_close(box->out);
	alarm(0);
	return status;
}

/* How a command ends, over the channel and as exit status. */
static void ends(const char *script, int status, int exit_status)
{
	struct box box;

	start(&box, "--", "sh", "-c", (char *)script);
	hear(&box, CHANNEL_STARTED);
	assert_int_equal(hear(&box, CHANNEL_ENDED).status & ~0x80, status);
	assert_int_equal(end(&box), exit_status);
}

static void statuses(void **state)
{
	(void)state;
	ends("exit 0", 0, 0);
	ends("exit 7", 7 << 8, 7);
	ends("exit 255", 255 << 8, 255);
	ends("kill -9 $$", SIGKILL, 128 + SIGKILL);
	ends("kill -TERM $$", SIGTERM, 128 + SIGTERM);
	ends("ulimit -c 0; kill -SEGV $$", SIGSEGV, 128 + SIGSEGV);
	ends("kill -40 $$", 40, 128 + 40);
	/* PID 1 is not the command's to end. */
	ends("kill -9 1; kill -STOP 1; exit 3", 3 << 8, 3);
}

static void refuses(const char *name, enum inro_error_kind kind, int code, const char *object,
		    const char *why, int exit_status)
{
	struct channel_message message;
	struct box box;

	start(&box, "--", (char *)name);
	message = hear(&box, CHANNEL_ERROR);
	assert_int_equal(message.error.kind, kind);
	assert_int_equal(message.error.code, code);
	assert_string_equal(message.error.call, "execve");
	assert_string_equal(message.error.object, object);
	assert_non_null(strstr(message.error.why, why));
	assert_int_equal(end(&box), exit_status);
}

static void exec_failures(void **state)
{
	char dir[] = "/tmp/inro-test-XXXXXX", plain[64], script[64], text[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(plain, sizeof(plain), "%s/plain", dir);
	snprintf(script, sizeof(script), "%s/script", dir);
	snprintf(text, sizeof(text), "%s/text", dir);
	close(open(plain, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	close(open(script, O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
	close(open(text, O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
	assert_int_equal(truncate(text, 10), 0);
	assert_int_equal(fd_write_file_at(AT_FDCWD, script, "#!/nonexistent/interpreter\n"), 0);

	refuses("no-such-program", INRO_ERROR_NOT_FOUND, ENOENT, "no-such-program", "", 127);
	refuses("/no/such/program", INRO_ERROR_NOT_FOUND, ENOENT, "/no/such/program", "", 127);
	refuses("/etc/passwd/sh", INRO_ERROR_NOT_FOUND, ENOTDIR, "/etc/passwd/sh", "", 127);
	refuses("", INRO_ERROR_NOT_FOUND, ENOENT, "", "", 127);
	refuses(script, INRO_ERROR_NOT_FOUND, ENOENT, script, "interpreter", 127);
	refuses(plain, INRO_ERROR_NOT_EXECUTABLE, EACCES, plain, "no executable file", 126);
	refuses("/", INRO_ERROR_NOT_EXECUTABLE, EACCES, "/", "", 126);
	refuses(text, INRO_ERROR_NOT_EXECUTABLE, ENOEXEC, text, "#!", 126);
	unlink(plain);
	unlink(script);
	unlink(text);
	rmdir(dir);
}

static void path_search(void **state)
{
	char *old = strdup(getenv("PATH") ? getenv("PATH") : "/bin:/usr/bin");
	struct box box;

	(void)state;
	/* Past a directory that is none, and one that is not there. */
	setenv("PATH", "/etc/passwd:/nonexistent::/usr/bin:/bin", 1);
	start(&box, "--", "sh", "-c", "exit 3");
	hear(&box, CHANNEL_STARTED);
	assert_int_equal(end(&box), 3);
	setenv("PATH", "", 1);
	refuses("no-such-program", INRO_ERROR_NOT_FOUND, ENOENT, "no-such-program", "", 127);
	setenv("PATH", old, 1);
	free(old);
	/* Another name than the program's. */
	start(&box, "-p", "/bin/sh", "--", "my-name", "-c", "echo $0");
	assert_string_equal(line(&box), "my-name");
	assert_int_equal(end(&box), 0);
	start(&box, "-p", "sh", "--", "my-name", "-c", "echo $0");
	assert_string_equal(line(&box), "my-name");
	assert_int_equal(end(&box), 0);
}

/* The children that a process has, zombies as well. */
static int count_children(pid_t pid)
{
	char path[64], text[8192];
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	assert_true(fd_read_file_at(AT_FDCWD, path, text, sizeof(text)) >= 0);
	for (const char *at = text; *at; at++)
		n += *at == ' ';
	return n;
}

static void reaps_orphans(void **state)
{
	struct box box;

	(void)state;
	start(&box, "--", "sh", "-c",
	      "i=0; while [ $i -lt 200 ]; do (true & true &) ; i=$((i+1)); done; echo made; read x");
	assert_string_equal(line(&box), "made");
	while (count_children(box.pid) != 1)
		usleep(1000);
	type(&box, "\n");
	assert_int_equal(end(&box), 0);
}

/* As the command: print each signal that comes, with the value of a queued one. */
static int report_signals(void)
{
	struct signalfd_siginfo info;
	int fd;

	init_set_mask(~0ULL, NULL);
	fd = init_signalfd(~0ULL, 0);
	dprintf(1, "ready\n");
	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		dprintf(1, "%u %d\n", info.ssi_signo, info.ssi_code == SI_QUEUE ? info.ssi_int : 0);
		if (info.ssi_signo == SIGTERM)
			return 0;
	}
	return 1;
}

static void forwards_every_signal(void **state)
{
	struct box box;
	char expected[32];

	(void)state;
	start(&box, "--", (char *)self, "report-signals");
	assert_string_equal(line(&box), "ready");
	for (int number = 64; number >= 1; number--) {
		if (number == SIGKILL || number == SIGSTOP || number == SIGTERM)
			continue;
		assert_int_equal(kill(box.pid, number), 0);
		snprintf(expected, sizeof(expected), "%d 0", number);
		assert_string_equal(line(&box), expected);
	}
	assert_int_equal(sigqueue(box.pid, SIGRTMIN + 5, (union sigval){ .sival_int = 4711 }), 0);
	snprintf(expected, sizeof(expected), "%d 4711", SIGRTMIN + 5);
	assert_string_equal(line(&box), expected);
	assert_int_equal(kill(box.pid, SIGTERM), 0);
	assert_string_equal(line(&box), "15 0");
	hear(&box, CHANNEL_STARTED);
	assert_int_equal(hear(&box, CHANNEL_ENDED).status, 0);
	assert_int_equal(end(&box), 0);
}

static void stops_and_goes_on(void **state)
{
	struct box box;
	int status;

	(void)state;
	/* Its whole group stops and goes on; init itself never stops. */
	start(&box, "--", "sh", "-c", "sh -c 'echo there; read x; echo $x'; exit 4");
	assert_string_equal(line(&box), "there");
	assert_int_equal(kill(box.pid, SIGTSTP), 0);
	assert_int_equal(kill(box.pid, SIGCONT), 0);
	assert_int_equal(waitpid(box.pid, &status, WNOHANG | WUNTRACED), 0);
	type(&box, "on\n");
	assert_string_equal(line(&box), "on");
	assert_int_equal(end(&box), 4);
}

/* TERM is seen by what is left, and awaited; then the status is the command's. */
static void drains(void **state)
{
	struct box box;

	(void)state;
	start(&box, "-d", "60000", "--", "sh", "-c",
	      "sh -c 'trap \"echo left; exit\" TERM; echo ready; while :; do sleep 0.01; done' 2>/dev/null & "
	      "read x; echo ending; exit 7");
	assert_string_equal(line(&box), "ready");
	type(&box, "\n");
	assert_string_equal(line(&box), "ending");
	assert_string_equal(line(&box), "left");
	assert_string_equal(line(&box), "");
	assert_int_equal(end(&box), 7);
}

static void drains_stopped(void **state)
{
	struct box box;

	(void)state;
	start(&box, "-d", "60000", "--", "sh", "-c", "sleep 1000 & kill -STOP $!; exit 6");
	assert_int_equal(end(&box), 6);
}

/* What ignores TERM is killed when the time is over, or at once when somebody insists. */
static void kills_after_draining(void **state)
{
	static const char script[] =
		"trap '' TERM HUP INT; sh -c 'echo ready; while :; do sleep 1000; done' & exit 8";
	static const int insisting[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP };
	struct box box;

	(void)state;
	start(&box, "-d", "50", "--", "sh", "-c", (char *)script);
	assert_int_equal(end(&box), 8);
	start(&box, "-d", "0", "--", "sh", "-c", (char *)script);
	assert_int_equal(end(&box), 8);
	for (size_t i = 0; i < ARRAY_SIZE(insisting); i++) {
		start(&box, "-d", "100000000", "--", "sh", "-c", (char *)script);
		assert_string_equal(line(&box), "ready");
		hear(&box, CHANNEL_STARTED);
		hear(&box, CHANNEL_ENDED);
		/* USR1 is not insisting. */
		assert_int_equal(kill(box.pid, SIGUSR1), 0);
		assert_int_equal(kill(box.pid, insisting[i]), 0);
		assert_int_equal(end(&box), 8);
	}
}

static void life_line(void **state)
{
	struct box box;

	(void)state;
	start(&box, "-d", "60000", "--", "sh", "-c", "sleep 1000 & echo ready; exec sleep 1000");
	assert_string_equal(line(&box), "ready");
	box.channel = fd_close(box.channel);
	assert_int_equal(end(&box), 128 + SIGTERM);

	start(&box, "-d", "50", "--", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1000; done");
	assert_string_equal(line(&box), "ready");
	box.channel = fd_close(box.channel);
	assert_int_equal(end(&box), 128 + SIGKILL);
}

/* What comes over the channel is not obeyed, whatever it is. */
static void deaf_channel(void **state)
{
	struct box box;

	(void)state;
	start(&box, "--", "sh", "-c", "echo ready; read x; exit 9");
	assert_string_equal(line(&box), "ready");
	assert_int_equal(write(box.channel, "12345678901234567890", 20), 20);
	type(&box, "\n");
	assert_int_equal(end(&box), 9);
}

/* Init holds nothing open: the end of what the command closes is seen. */
static void holds_nothing(void **state)
{
	struct box box;
	char byte;

	(void)state;
	start(&box, "--", "sh", "-c", "exec >&- 2>&-; read x; exit 2");
	assert_int_equal(read(box.out, &byte, 1), 0);
	type(&box, "\n");
	assert_int_equal(end(&box), 2);
	/* And nothing of init's is open in the command: 0, 1, 2 and the directory that is read. */
	start(&box, "--", "sh", "-c", "ls /proc/self/fd | wc -l");
	assert_string_equal(line(&box), "4");
	assert_int_equal(end(&box), 0);
}

static void only_as_pid_1(void **state)
{
	struct box box;

	(void)state;
	start_with(&box, false, 0, (char *[]){ "inro-init", "--", "true", NULL });
	assert_non_null(strstr(hear(&box, CHANNEL_ERROR).error.why, "PID 1"));
	assert_int_equal(end(&box), 125);
	start(&box, "-x", "--", "true");
	assert_int_equal(end(&box), 125);
	start(&box, "--");
	assert_int_equal(end(&box), 125);
}

/* A terminal of the container's own. */
static void interrupt_from_terminal(void **state)
{
	struct box box;

	(void)state;
	start_pty(&box, "--", "sh", "-c", "trap 'exit 42' INT; echo ready; while :; do sleep 0.01; done");
	await_line(&box, "ready");
	type(&box, "\003");
	hear(&box, CHANNEL_STARTED);
	assert_int_equal(hear(&box, CHANNEL_ENDED).status, 42 << 8);
	assert_int_equal(end(&box), 42);

	start_pty(&box, "--", "sleep", "1000");
	hear(&box, CHANNEL_STARTED);
	type(&box, "\003");
	assert_int_equal(hear(&box, CHANNEL_ENDED).status, SIGINT);
	assert_int_equal(end(&box), 128 + SIGINT);
}

/* While what is left is drained, an interrupt typed at the terminal ends the waiting. */
static void interrupt_while_draining(void **state)
{
	struct box box;

	(void)state;
	start_pty(&box, "-d", "100000000", "--", "sh", "-c",
		  "trap '' TERM INT HUP; sh -c 'echo ready; while :; do sleep 1000; done' & exit 5");
	hear(&box, CHANNEL_STARTED);
	hear(&box, CHANNEL_ENDED);
	await_line(&box, "ready");
	/* The terminal becomes init's a moment after it told of the end. */
	for (pid_t group = 0; group != box.pid;)
		assert_int_equal(ioctl(box.in, TIOCGPGRP, &group), 0);
	type(&box, "\003");
	assert_int_equal(end(&box), 5);
}

static void resumes_what_the_terminal_stopped(void **state)
{
	struct box box;

	(void)state;
	start_pty(&box, "--", "sh", "-c", "kill -TSTP $$; echo back; kill -TTIN $$; echo again; exit 3");
	await_line(&box, "back");
	await_line(&box, "again");
	assert_int_equal(end(&box), 3);
	start_pty(&box, "--", "sh", "-c", "echo ready; read x; echo got $x");
	await_line(&box, "ready");
	type(&box, "\032");
	type(&box, "it\n");
	await_line(&box, "got it");
	assert_int_equal(end(&box), 0);
}

static void job_control_in_a_shell(void **state)
{
	struct box box;

	(void)state;
	if (access("/bin/bash", X_OK) < 0) {
		skip_because("bash is not there");
	}
	start_pty(&box, "--", "bash", "--norc", "--noediting", "-i");
	type(&box, "PS1=; stty -echo\n");
	type(&box, "sh -c 'kill -STOP $$; echo back'; echo stopped $?\n");
	await_line(&box, "stopped 147");
	type(&box, "fg; echo done $?\n");
	await_line(&box, "back");
	await_line(&box, "done 0");
	type(&box, "exit 11\n");
	assert_int_equal(end(&box), 11);
}

int main(int argc, char **argv)
{
	static char path[4096];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses),
		cmocka_unit_test(exec_failures),
		cmocka_unit_test(path_search),
		cmocka_unit_test(reaps_orphans),
		cmocka_unit_test(forwards_every_signal),
		cmocka_unit_test(stops_and_goes_on),
		cmocka_unit_test(drains),
		cmocka_unit_test(drains_stopped),
		cmocka_unit_test(kills_after_draining),
		cmocka_unit_test(life_line),
		cmocka_unit_test(deaf_channel),
		cmocka_unit_test(holds_nothing),
		cmocka_unit_test(only_as_pid_1),
		cmocka_unit_test(interrupt_from_terminal),
		cmocka_unit_test(interrupt_while_draining),
		cmocka_unit_test(resumes_what_the_terminal_stopped),
		cmocka_unit_test(job_control_in_a_shell),
	};

	if (argc > 1 && strcmp(argv[1], "report-signals") == 0)
		return report_signals();
	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		return 1;
	self = path;
	return cmocka_run_group_tests_name("init/program", tests, NULL, NULL);
}
