/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The terminal is the caller's: other jobs of the same shell use it, too. inro takes it only while
 * its own process group is in the foreground. A shell sends SIGCONT to a stopped job that it brings
 * to the foreground, but nothing to one that runs, so a terminal that is another's is looked at
 * again by a timer.
 *
 * With a fresh pty the caller's terminal is raw: every key, the interrupt character included, goes
 * to the pty, whose own line discipline acts on it. inro sees the interrupt character pass by, and
 * knows from the pty's modes and its foreground group whether PID 1 will be signalled
 * (run_interrupted() has the rest).
 *
 * inro keeps a descriptor of the pty's slave side: while one is open, the master never answers EIO
 * because the container has closed its last, perhaps to open the terminal again. The end is told by
 * the pidfd alone; what was written before it is then in the master's buffer, whose read flushes
 * what the kernel still had under way, and EAGAIN says that there is no more.
 */

#include "tty/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/loop.h"
#include "inro/run.h"
#include "state/log.h"
#include "state/record.h"
#include "tty/pump.h"

enum { AWAY_NS = 300 * 1000 * 1000, HANGUP_GRACE_NS = 2000 * 1000 * 1000 };

struct output {
	struct terminal *terminal;
	struct pump *pump;
	int stream;
	bool pty;
};

struct terminal {
	struct run *run;
	struct terminal_start start;
	bool pty;
	bool modes_fd_is_tty; /* standard input is a terminal, whose modes are ours to change */
	int size_fd;          /* the descriptor that tells the size; negative */
	bool raw;
	bool quoted;          /* the last input character was the one that quotes the next */
	struct pump *input;
	struct output outputs[3];
	unsigned n_outputs, n_done;
	bool draining;
	struct loop_source *away_timer;
	struct log *log;
};

const struct terminal_start *terminal_start(const struct run *run)
{
	return &run->terminal->start;
}

bool terminal_is_new(const struct run *run)
{
	return run->terminal && run->terminal->pty;
}

static int run_prepare(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct terminal_args *args = step->args;
	const struct facts *facts = run->plan->facts;
	struct terminal *terminal = calloc(1, sizeof(*terminal));

	if (!terminal)
		return fail_memory(error);
	terminal->run = run;
	terminal->pty = args->pty;
	terminal->size_fd = -EBADF;
	run->terminal = terminal;
	if (args->log)
		return 0;
	for (int fd = 2; fd >= 0; fd--)
		if (facts->is_tty[fd])
			terminal->size_fd = fd;
	if (facts->is_tty[0])
		terminal->modes_fd_is_tty = terminal->start.has_modes =
			tcgetattr(0, &terminal->start.modes) == 0;
	if (terminal->size_fd >= 0)
		terminal->start.has_size = ioctl(terminal->size_fd, TIOCGWINSZ, &terminal->start.size) == 0;
	return 0;
}

static void undo_prepare(struct run *run, const struct step *step)
{
	(void)step;
	terminal_stop(run);
	free(run->terminal);
	run->terminal = NULL;
}

/* Is it this process's turn to use the terminal? One that does not control us is anyone's. */
static bool in_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group < 0 || group == getpgrp();
}

static void make_raw(struct terminal *terminal)
{
	struct termios modes = terminal->start.modes;

	if (terminal->raw)
		return;
	/* The user may have changed the modes while inro was stopped: these are to be restored. */
	if (tcgetattr(0, &modes) == 0)
		terminal->start.modes = modes;
	cfmakeraw(&modes);
	terminal->raw = tcsetattr(0, TCSANOW, &modes) == 0;
}

static int try_again(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	struct terminal *terminal = data;

	(void)loop, (void)source, (void)events;
	return terminal_attach(terminal->run);
}

static int wait_for_turn(struct terminal *terminal)
{
	if (terminal->away_timer)
		return loop_source_again(terminal->away_timer, AWAY_NS);
	return loop_add_timer(terminal->run->loop, AWAY_NS, try_again, terminal, &terminal->away_timer);
}

int terminal_attach(struct run *run)
{
	struct terminal *terminal = run->terminal;

	if (!terminal || terminal->draining)
		return 0;
	terminal_resize(run);
	if (!terminal->input || pump_is_done(terminal->input))
		return 0;
	if (terminal->modes_fd_is_tty && !in_foreground(0)) {
		int r = pump_pause(terminal->input, true);

		return r < 0 ? r : wait_for_turn(terminal);
	}
	if (terminal->pty && terminal->modes_fd_is_tty)
		make_raw(terminal);
	return pump_pause(terminal->input, false);
}

void terminal_detach(struct run *run)
{
	struct terminal *terminal = run->terminal;

	if (!terminal)
		return;
	if (terminal->input)
		pump_pause(terminal->input, true);
	/* In the background another job has set the modes that it wants. */
	if (terminal->raw && in_foreground(0))
		tcsetattr(0, TCSANOW, &terminal->start.modes);
	terminal->raw = false;
}

bool terminal_resize(struct run *run)
{
	struct terminal *terminal = run->terminal;
	struct winsize size;

	if (!terminal || !terminal->pty || terminal->size_fd < 0)
		return false;
	if (ioctl(terminal->size_fd, TIOCGWINSZ, &size) == 0)
		ioctl(run_fd(run, SLOT_PTY_MASTER), TIOCSWINSZ, &size);
	return true;
}

/* The signal that this character makes on the pty, or 0. */
static int signal_of(struct terminal *terminal, const struct termios *modes, cc_t byte)
{
	if (terminal->quoted) {
		terminal->quoted = false;
		return 0;
	}
	if (byte == _POSIX_VDISABLE)
		return 0;
	if ((modes->c_lflag & (ICANON | IEXTEN)) == (ICANON | IEXTEN) && byte == modes->c_cc[VLNEXT])
		terminal->quoted = true;
	else if (byte == modes->c_cc[VINTR])
		return SIGINT;
	else if (byte == modes->c_cc[VQUIT])
		return SIGQUIT;
	return 0;
}

static void watch_input(void *data, const char *bytes, size_t size)
{
	struct terminal *terminal = data;
	struct run *run = terminal->run;
	int master = run_fd(run, SLOT_PTY_MASTER);
	struct termios modes;

	if (!terminal->pty)
		return;
	/* Whatever ends the container now is not an interrupt of a while ago. */
	run_interrupted(run, 0, false);
	if (tcgetattr(master, &modes) < 0 || !(modes.c_lflag & ISIG))
		return;
	for (size_t i = 0; i < size; i++) {
		int number = signal_of(terminal, &modes, (cc_t)bytes[i]);

		if (number)
			run_interrupted(run, number, tcgetpgrp(master) == getpgid(run->pid));
	}
}

/* Standard input ended, though it was no terminal: the pty's reader is told so as a person would. */
static size_t end_of_input(void *data, char last, char ret_bytes[static 4])
{
	struct terminal *terminal = data;
	struct termios modes;
	size_t n = 0;

	if (!terminal->pty || tcgetattr(run_fd(terminal->run, SLOT_PTY_MASTER), &modes) < 0 ||
	    !(modes.c_lflag & ICANON))
		return 0;
	/* The first one behind an unfinished line only hands that line over. */
	if (last && last != '\n')
		ret_bytes[n++] = (char)modes.c_cc[VEOF];
	ret_bytes[n++] = (char)modes.c_cc[VEOF];
	return n;
}

static bool input_is_away(void *data, int fd)
{
	struct terminal *terminal = data;

	return terminal->modes_fd_is_tty && !in_foreground(fd) && wait_for_turn(terminal) == 0;
}

static int output_done(void *data, enum pump_outcome outcome)
{
	struct output *output = data;
	struct terminal *terminal = output->terminal;

	terminal->n_done++;
	if (terminal->draining)
		return terminal->n_done == terminal->n_outputs;
	/* A broken pipe reaches the writer by itself; a terminal that nobody watches is hung up. */
	if (outcome == PUMP_BROKEN && output->pty)
		return run_end(terminal->run, INRO_END_INTERRUPTED, SIGHUP, HANGUP_GRACE_NS);
	return 0;
}

static const struct pump_hooks input_hooks = {
	.seen = watch_input,
	.trailer = end_of_input,
	.away = input_is_away,
};

static void keep_output(void *data, const char *bytes, size_t size)
{
	struct output *output = data;

	log_add(output->terminal->log, output->stream, bytes, size);
}

static const struct pump_hooks log_hooks = { .sink = keep_output, .done = output_done };
static const struct pump_hooks output_hooks = { .done = output_done };

/* Our end of the container's side for descriptor FD: its pipe, or the pty's master. */
static int inner_end(struct run *run, const struct terminal_args *args, int fd, struct pump_end *ret)
{
	int own;

	if (args->pipe_slots[fd] != SLOT_NONE)
		own = take_fd(&run->slots[args->pipe_slots[fd]]);
	else
		own = fcntl(run_fd(run, SLOT_PTY_MASTER), F_DUPFD_CLOEXEC, 3);
	if (own < 0)
		return -errno;
	*ret = pump_end_own(own);
	return 0;
}

static int add_pump(struct run *run, const struct terminal_args *args, int fd)
{
	struct terminal *terminal = run->terminal;
	struct output *output = &terminal->outputs[terminal->n_outputs];
	struct pump_end host = { .fd = -EBADF }, inner;
	int r = 0;

	if (!args->log)
		r = pump_end_open(run_fd(run, SLOT_HOST_PROC), fd, fd == 0 ? O_RDONLY : O_WRONLY, &host);

	if (r < 0)
		return r;
	r = inner_end(run, args, fd, &inner);
	if (r < 0) {
		fd_close(host.fd);
		return r;
	}
	if (fd == 0)
		return pump_new(run->loop, host, inner, &input_hooks, terminal, &terminal->input);
	output->terminal = terminal;
	output->stream = fd;
	output->pty = args->pipe_slots[fd] == SLOT_NONE;
	r = pump_new(run->loop, inner, host, args->log ? &log_hooks : &output_hooks, output, &output->pump);
	terminal->n_outputs += r == 0;
	return r;
}

static int run_relay(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct terminal_args *args = step->args;

	/* The container's ends: while they were open here, the end of its output could not be seen. */
	for (int slot = SLOT_STDIN; slot <= SLOT_STDERR; slot++)
		run->slots[slot] = fd_close(run->slots[slot]);
	if (args->log) {
		int r = log_open(run_fd(run, SLOT_STATE), run->record->id, &run->terminal->log);

		if (r < 0)
			return error_raw(error, r, "openat", "logs");
	}
	for (int fd = 0; fd < 3; fd++) {
		bool through_pty = args->pty && fd < 2;
		int r;

		if (!through_pty && args->pipe_slots[fd] == SLOT_NONE)
			continue;
		r = add_pump(run, args, fd);
		if (r < 0)
			return error_raw(error, r, "epoll_ctl", NULL);
	}
	/* Nothing is read before terminal_attach() knows whose turn it is. */
	return run->terminal->input ? pump_pause(run->terminal->input, true) : 0;
}

static void undo_relay(struct run *run, const struct step *step)
{
	(void)step;
	terminal_stop(run);
}

int terminal_drain(struct run *run)
{
	struct terminal *terminal = run->terminal;

	if (!terminal)
		return 1;
	terminal->input = pump_free(terminal->input);
	terminal->draining = true;
	for (unsigned i = 0; i < terminal->n_outputs; i++) {
		int r = pump_drain(terminal->outputs[i].pump);

		if (r < 0)
			return r;
	}
	return terminal->n_done == terminal->n_outputs;
}

void terminal_stop(struct run *run)
{
	struct terminal *terminal = run->terminal;

	if (!terminal)
		return;
	terminal_detach(run);
	terminal->input = pump_free(terminal->input);
	for (unsigned i = 0; i < terminal->n_outputs; i++)
		terminal->outputs[i].pump = pump_free(terminal->outputs[i].pump);
	terminal->n_outputs = terminal->n_done = 0;
	terminal->away_timer = loop_source_remove(terminal->away_timer);
	terminal->log = log_close(terminal->log);
}

static void tell_relay(const struct step *step, struct buf *text)
{
	static const char *const names[] = { "standard input", "standard output", "standard error" };
	const struct terminal_args *args = step->args;
	const char *comma = "";

	if (args->log)
		buf_puts(text, "to the log: ");
	if (args->pty) {
		buf_puts(text, "the terminal");
		comma = ", ";
	}
	for (int fd = 0; fd < 3; fd++) {
		if (args->pipe_slots[fd] == SLOT_NONE)
			continue;
		buf_printf(text, "%s%s", comma, names[fd]);
		comma = ", ";
	}
}

const struct step_kind kind_prepare_terminal = {
	.name = "prepare-terminal",
	.what = "note the terminal's modes and size",
	.calls = "ioctl TCGETS, TIOCGWINSZ",
	.run = run_prepare,
	.undo = undo_prepare,
};

const struct step_kind kind_relay = {
	.name = "relay",
	.what = "relay",
	.calls = "epoll_ctl, read, write",
	.run = run_relay,
	.undo = undo_relay,
	.tell = tell_relay,
};
