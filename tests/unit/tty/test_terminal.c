/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>

#include "engine/box.h"

/*
 * Each test plays the terminal's user: it holds the master of an outer pty, on whose slave a
 * process in the role of inro runs a box, in a session of its own, as a shell's job would.
 */

struct role {
	enum tty_mode tty;
	const char *script;
	int stdin_fd, stdout_fd, stderr_fd; /* in place of the terminal; negative = the terminal */
	void (*main)(void *data);
};

struct outer {
	int master, slave;
	pid_t pid;
	struct inro_result *result; /* shared with the role */
	char text[65536];
	size_t used;
};

static void play(const struct role *role, struct inro_result *result)
{
	struct box box;

	if (role->stdin_fd >= 0)
		dup2(role->stdin_fd, 0);
	if (role->stdout_fd >= 0)
		dup2(role->stdout_fd, 1);
	if (role->stderr_fd >= 0)
		dup2(role->stderr_fd, 2);
	/* The user's side of the terminal and of the pipes. */
	sys_close_range(3, ~0U, 0);
	if (box_init(&box, role->tty) < 0)
		_exit(90);
	if (box_start(&box, role->main ? role->main : box_shell, (void *)role->script) < 0)
		_exit(91);
	if (box_wait(&box) < 0)
		_exit(92);
	*result = box.result;
	box_end(&box);
	_exit(box.result.status);
}

static void open_outer(struct outer *outer, const struct role *role)
{
	const struct winsize size = { .ws_row = 33, .ws_col = 77 };
	int locked = 0;

	memset(outer, 0, sizeof(*outer));
	outer->result = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(outer->result, MAP_FAILED);
	outer->master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(outer->master >= 0);
	assert_int_equal(ioctl(outer->master, TIOCSPTLCK, &locked), 0);
	outer->slave = ioctl(outer->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(outer->slave >= 0);
	assert_int_equal(ioctl(outer->master, TIOCSWINSZ, &size), 0);
	fflush(NULL);
	outer->pid = fork();
	if (outer->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		ioctl(outer->slave, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++)
			dup2(outer->slave, fd);
		play(role, outer->result);
	}
}

static struct role in_terminal(enum tty_mode tty, const char *script)
{
	return (struct role){ .tty = tty, .script = script, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 };
}

/* Read what the terminal shows until TEXT is there. */
static void expect(struct outer *outer, const char *text)
{
	while (!strstr(outer->text, text)) {
		struct pollfd poll_fd = { .fd = outer->master, .events = POLLIN };
		ssize_t n;

		if (poll(&poll_fd, 1, 20000) <= 0)
			fail_msg("waited for '%s', the terminal shows '%s'", text, outer->text);
		n = read(outer->master, outer->text + outer->used, sizeof(outer->text) - 1 - outer->used);
		if (n <= 0)
			fail_msg("waited for '%s', the terminal ended after '%s'", text, outer->text);
		outer->used += (size_t)n;
	}
}

static void type(struct outer *outer, const char *keys)
{
	assert_int_equal(write(outer->master, keys, strlen(keys)), strlen(keys));
}

static void await_raw(struct outer *outer, bool raw)
{
	struct termios modes;

	for (int tries = 0; tries < 5000; tries++) {
		assert_int_equal(tcgetattr(outer->slave, &modes), 0);
		if (!(modes.c_lflag & ICANON) == raw)
			return;
		usleep(1000);
	}
	fail_msg("the terminal is %sraw", raw ? "not " : "");
}

/* Its exit status; and the terminal must be as it was. */
static int close_outer(struct outer *outer)
{
	struct termios modes;
	int status;

	assert_int_equal(waitpid(outer->pid, &status, 0), outer->pid);
	assert_int_equal(tcgetattr(outer->slave, &modes), 0);
	assert_true(modes.c_lflag & ICANON);
	assert_true(modes.c_lflag & ECHO);
	assert_true(modes.c_oflag & OPOST);
	close(outer->master);
	close(outer->slave);
	munmap(outer->result, 4096);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void fresh_terminal(void **state)
{
	const struct role role = in_terminal(
		TTY_NEW, "test -t 0 && test -t 1 && test -t 2 && stty size; read x; echo got $x; exit 4");
	struct outer outer;

	(void)state;
	open_outer(&outer, &role);
	expect(&outer, "33 77");
	await_raw(&outer, true);
	type(&outer, "a word\r");
	expect(&outer, "got a word");
	assert_int_equal(close_outer(&outer), 4);
}

static void resized(void **state)
{
	const struct role role = in_terminal(
		TTY_NEW, "trap 'stty size; exit 9' WINCH; echo ready; while :; do sleep 0.01; done");
	const struct winsize size = { .ws_row = 50, .ws_col = 123 };
	struct outer outer;

	(void)state;
	open_outer(&outer, &role);
	expect(&outer, "ready");
	await_raw(&outer, true);
	assert_int_equal(ioctl(outer.master, TIOCSWINSZ, &size), 0);
	expect(&outer, "50 123");
	assert_int_equal(close_outer(&outer), 9);
}

/* A PID 1 without any handler (a shell with -c has one for SIGINT). */
static void idle(void *data)
{
	(void)data;
	if (write(1, "ready\n", 6) != 6)
		_exit(99);
	for (;;)
		pause();
}

static struct role idle_in_terminal(enum tty_mode tty)
{
	struct role role = in_terminal(tty, NULL);

	role.main = idle;
	return role;
}

static void interrupt_without_handler(void **state)
{
	const struct role role = idle_in_terminal(TTY_NEW);
	struct inro_result result;
	struct outer outer;
	siginfo_t info;

	(void)state;
	open_outer(&outer, &role);
	expect(&outer, "ready");
	await_raw(&outer, true);
	type(&outer, "\003");
	assert_int_equal(waitid(P_PID, (id_t)outer.pid, &info, WEXITED | WNOWAIT), 0);
	result = *outer.result;
	assert_int_equal(close_outer(&outer), 130);
	assert_int_equal(result.end, INRO_END_INTERRUPTED);
	assert_int_equal(result.signal, SIGINT);
	assert_true(result.by_terminal);
}

static void quit_without_handler(void **state)
{
	const struct role role = idle_in_terminal(TTY_NEW);
	struct outer outer;

	(void)state;
	open_outer(&outer, &role);
	expect(&outer, "ready");
	await_raw(&outer, true);
	type(&outer, "\034");
	assert_int_equal(close_outer(&outer), 131);
}

/* The shell's handler is there when the key is pressed, and gone when the signal arrives. */
static void interrupt_across_exec(void **state)
{
	const struct role role = in_terminal(TTY_NEW, "echo ready; exec sleep 100");

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct outer outer;

		open_outer(&outer, &role);
		expect(&outer, "ready");
		await_raw(&outer, true);
		type(&outer, "\003");
		assert_int_equal(close_outer(&outer), 130);
	}
}

static void interrupt_with_handler(void **state)
{
	const struct role role = in_terminal(
		TTY_NEW, "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.01; done");
	struct outer outer;

	(void)state;
	open_outer(&outer, &role);
	expect(&outer, "ready");
	await_raw(&outer, true);
	type(&outer, "\003");
	expect(&outer, "caught");
	assert_int_equal(close_outer(&outer), 5);
}

/* In raw mode the character is only a byte; quoted in a line it is, too. */
static void interrupt_as_a_byte(void **state)
{
	const struct role raw = in_terminal(
		TTY_NEW, "stty raw -echo; echo ready; head -c1 | od -An -tx1; stty sane; exit 6");
	const struct role quoted = in_terminal(TTY_NEW, "echo ready; head -n1 | od -An -tx1; exit 7");
	struct outer outer;

	(void)state;
	open_outer(&outer, &raw);
	expect(&outer, "ready");
	await_raw(&outer, true);
	type(&outer, "\003");
	expect(&outer, "03");
	assert_int_equal(close_outer(&outer), 6);
	open_outer(&outer, &quoted);
	expect(&outer, "ready");
	await_raw(&outer, true);
	type(&outer, "\026\003\r");
	expect(&outer, "03 0a");
	assert_int_equal(close_outer(&outer), 7);
}

/* Read what comes, slowly at first, and count the bytes of the last, long output. */
static size_t count_all(struct outer *outer, char wanted)
{
	char block[4096];
	size_t count = 0;
	ssize_t n;

	close(outer->slave);
	usleep(100000);
	/* EIO once the role has closed the last descriptor of the slave. */
	while ((n = read(outer->master, block, sizeof(block))) > 0)
		for (ssize_t i = 0; i < n; i++)
			count += block[i] == wanted;
	outer->slave = ioctl(outer->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return count;
}

static void nothing_lost_from_pty(void **state)
{
	const struct role role = in_terminal(TTY_NEW, "head -c 300000 /dev/zero | tr '\\0' x");
	struct outer outer;

	(void)state;
	open_outer(&outer, &role);
	assert_int_equal(count_all(&outer, 'x'), 300000);
	assert_int_equal(close_outer(&outer), 0);
}

static void nothing_lost_from_pipes(void **state)
{
	const struct role role =
		in_terminal(TTY_NONE, "head -c 300000 /dev/zero | tr '\\0' x; head -c 50000 /dev/zero | tr '\\0' x >&2");
	struct outer outer;

	(void)state;
	open_outer(&outer, &role);
	assert_int_equal(count_all(&outer, 'x'), 350000);
	assert_int_equal(close_outer(&outer), 0);
}

static void no_terminal(void **state)
{
	const struct role role = in_terminal(
		TTY_NONE, "for fd in 0 1 2; do test -t $fd && exit 20; done; (: </dev/tty) 2>/dev/null && exit 21; "
			  "echo ready; cat; echo end; exit 3");
	struct outer outer;

	(void)state;
	open_outer(&outer, &role);
	expect(&outer, "ready");
	type(&outer, "line\n\004");
	expect(&outer, "line\r\nline\r\nend");
	assert_int_equal(close_outer(&outer), 3);
}

static void on_signal(int number)
{
	(void)number;
}

/* A PID 1 that takes the signal and goes on, and another process that is ended by it. */
static void two_processes(void *data)
{
	int status;
	pid_t pid;

	signal(SIGINT, on_signal);
	pid = fork();
	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		idle(data);
	}
	while (waitpid(pid, &status, 0) != pid)
		;
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 99);
}

/* The terminal's signal goes to the whole group, as if it were the terminal's own. */
static void interrupt_without_terminal(void **state)
{
	struct role role = in_terminal(TTY_NONE, NULL);
	struct inro_result result;
	struct outer outer;
	siginfo_t info;

	(void)state;
	role.main = two_processes;
	open_outer(&outer, &role);
	expect(&outer, "ready");
	type(&outer, "\003");
	assert_int_equal(waitid(P_PID, (id_t)outer.pid, &info, WEXITED | WNOWAIT), 0);
	result = *outer.result;
	assert_int_equal(close_outer(&outer), 130);
	assert_true(result.by_terminal);
}

/* A descriptor that is no terminal stays the caller's own; standard error keeps apart. */
static void passed_through(void **state)
{
	struct role role = in_terminal(TTY_AUTO, "echo out; echo err >&2; cat; test -t 0 && exit 20; exit 2");
	char text[64] = "";
	struct outer outer;
	int out[2], in[2];

	(void)state;
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	role.stdin_fd = in[0];
	role.stdout_fd = out[1];
	open_outer(&outer, &role);
	close(in[0]);
	close(out[1]);
	assert_int_equal(write(in[1], "in\n", 3), 3);
	close(in[1]);
	expect(&outer, "err\r\n");
	assert_string_equal(outer.text, "err\r\n");
	assert_int_equal(close_outer(&outer), 2);
	assert_int_equal(read(out[0], text, sizeof(text) - 1), 7);
	assert_string_equal(text, "out\nin\n");
	close(out[0]);
}

/* A fresh terminal where standard input is a file: its end is told as a person would tell it. */
static void forced_with_a_file(void **state)
{
	struct role role = in_terminal(TTY_NEW, "stty -echo; cat; echo end; exit 3");
	struct outer outer;
	int in[2];

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(write(in[1], "no newline", 10), 10);
	close(in[1]);
	role.stdin_fd = in[0];
	open_outer(&outer, &role);
	close(in[0]);
	expect(&outer, "end");
	assert_non_null(strstr(outer.text, "no newline"));
	assert_int_equal(close_outer(&outer), 3);
}

/* The caller's terminal goes away: SIGHUP, which this PID 1 would drop. */
static void hung_up(void **state)
{
	const struct role role = idle_in_terminal(TTY_NEW);
	struct outer outer;
	int status;

	(void)state;
	open_outer(&outer, &role);
	expect(&outer, "ready");
	await_raw(&outer, true);
	close(outer.slave);
	close(outer.master);
	assert_int_equal(waitpid(outer.pid, &status, 0), outer.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 129);
	munmap(outer.result, 4096);
}

/* Killed from outside while the terminal is raw. */
static void restored_on_sigterm(void **state)
{
	const struct role role = idle_in_terminal(TTY_NEW);
	struct outer outer;

	(void)state;
	open_outer(&outer, &role);
	expect(&outer, "ready");
	await_raw(&outer, true);
	assert_int_equal(kill(outer.pid, SIGTERM), 0);
	assert_int_equal(close_outer(&outer), 143);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_terminal),
		cmocka_unit_test(resized),
		cmocka_unit_test(interrupt_without_handler),
		cmocka_unit_test(quit_without_handler),
		cmocka_unit_test(interrupt_across_exec),
		cmocka_unit_test(interrupt_with_handler),
		cmocka_unit_test(interrupt_as_a_byte),
		cmocka_unit_test(nothing_lost_from_pty),
		cmocka_unit_test(nothing_lost_from_pipes),
		cmocka_unit_test(no_terminal),
		cmocka_unit_test(interrupt_without_terminal),
		cmocka_unit_test(passed_through),
		cmocka_unit_test(forced_with_a_file),
		cmocka_unit_test(hung_up),
		cmocka_unit_test(restored_on_sigterm),
	};

	return cmocka_run_group_tests_name("tty/terminal", tests, NULL, NULL);
}
