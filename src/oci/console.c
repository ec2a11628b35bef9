/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The container's terminal, as a feature. With process.terminal the child makes a pty in its own
 * devpts. Who creates a container without staying gives a socket that takes its master; in the
 * foreground it is relayed to the caller's terminal, as `inro run` does it. Without a terminal the
 * descriptors 0, 1 and 2 are passed on as they are, and the container gets a session of its own.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/socket.h"
#include "oci/start.h"
#include "plan/feature.h"
#include "plan/run.h"
#include "tty/pty.h"
#include "tty/terminal.h"

extern const struct feature feature_oci_console;

struct console_args {
	struct winsize size; /* zero rows: not said */
	uint32_t uid;
	int socket_slot;
};

static int run_connect(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct console_args *args = step->args;
	int r = run_store(run, args->socket_slot, oci_socket_connect(step->object));

	return r < 0 ? error_raw(error, r, "connect", step->object) : 0;
}

static const struct step_kind kind_connect = {
	.name = "connect-console",
	.what = "connect to the console socket",
	.calls = "socket, connect",
	.run = run_connect,
};

/* The session's terminal is the slave; nobody's modes are there to be copied. Child-safe. */
static int run_control(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct console_args *args = step->args;
	int slave = run_fd(run, SLOT_PTY_SLAVE);

	if (setsid() < 0 && errno != EPERM)
		return error_raw(error, -errno, "setsid", NULL);
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return error_raw(error, -errno, "ioctl TIOCSCTTY", NULL);
	if (args->size.ws_row && ioctl(slave, TIOCSWINSZ, &args->size) < 0)
		return error_raw(error, -errno, "ioctl TIOCSWINSZ", NULL);
	(void)!fchown(slave, args->uid, (gid_t)-1);
	return 0;
}

static const struct step_kind kind_control = {
	.name = "control-console",
	.what = "take the console as the terminal of a new session",
	.calls = "setsid, ioctl, fchown",
	.run = run_control,
};

static int run_send_master(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct console_args *args = step->args;
	int r = oci_socket_send(run_fd(run, args->socket_slot), run_fd(run, SLOT_PTY_MASTER), "/dev/ptmx");

	run->slots[args->socket_slot] = fd_close(run->slots[args->socket_slot]);
	run->slots[SLOT_PTY_MASTER] = fd_close(run->slots[SLOT_PTY_MASTER]);
	run->slots[SLOT_PTY_SLAVE] = fd_close(run->slots[SLOT_PTY_SLAVE]);
	return r < 0 ? error_raw(error, r, "sendmsg", step->object) : 0;
}

static const struct step_kind kind_send_master = {
	.name = "send-console",
	.what = "send the console to",
	.calls = "sendmsg",
	.run = run_send_master,
};

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct oci_config *config = plan->spec->oci;
	const struct oci_start *start = config->start;
	bool terminal = config->process.terminal;

	if (start->console_socket && !terminal)
		return fail_usage(error, "--console-socket", "process.terminal is not set");
	if (start->console_socket && !start->waits)
		return fail_usage(error, "--console-socket", "is for a container that is detached");
	if (terminal && start->waits && !start->console_socket)
		return fail_usage(error, "process.terminal", "cannot allocate tty if runc will detach without setting "
							      "console socket (--console-socket)");
	plan->settled.tty = terminal ? TTY_NEW : TTY_NONE;
	return 0;
}

static void add_pty(struct plan *plan)
{
	if (plan->settled.own_devpts)
		plan_add(plan, STAGE_TTY, &kind_open_pty, NULL, "no input can be pushed into a fresh one", NULL);
	else
		plan_add(plan, STAGE_OPEN, &kind_open_host_pty, NULL, "the container has no devpts of its own", NULL);
}

/* The slave is 0, 1 and 2. */
static int add_stdio(struct plan *plan)
{
	static const struct stdio_args all = { { SLOT_PTY_SLAVE, SLOT_PTY_SLAVE, SLOT_PTY_SLAVE } };

	if (plan->settled.own_devpts && !plan->spec->oci->start->executes)
		plan_add(plan, STAGE_TTY, &kind_bind_console, "/dev/console", "programs expect one there", NULL);
	plan_add(plan, STAGE_TTY, &kind_set_stdio, NULL, "the terminal was asked for", &all);
	return 0;
}

static int add_relayed(struct plan *plan, struct inro_error *error)
{
	struct terminal_args *terminal = arena_alloc(&plan->arena, sizeof(*terminal));
	struct control_args *control = arena_alloc(&plan->arena, sizeof(*control));

	if (!terminal || !control)
		return fail_memory(error);
	terminal->pty = true;
	control->uid = plan->settled.uid;
	plan_add(plan, STAGE_OPEN, &kind_prepare_terminal, NULL, "they are restored at the end", terminal);
	add_pty(plan);
	plan_add(plan, STAGE_TTY, &kind_control_terminal, NULL, "job control needs one", control);
	plan_add(plan, STAGE_STARTED, &kind_relay, NULL, "the caller sees what the container writes", terminal);
	return add_stdio(plan);
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_config *config = plan->spec->oci;
	const struct oci_start *start = config->start;
	struct console_args *args;

	if (!config->process.terminal) {
		plan_add(plan, STAGE_TTY, &kind_new_session, NULL, "/dev/tty must not open the caller's", NULL);
		return 0;
	}
	if (!start->console_socket)
		return add_relayed(plan, error);
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args)
		return fail_memory(error);
	args->size.ws_row = config->process.rows;
	args->size.ws_col = config->process.columns;
	args->uid = plan->settled.uid;
	args->socket_slot = plan_slot(plan);
	plan_add(plan, STAGE_OPEN, &kind_connect, start->console_socket, "the console is sent there", args);
	add_pty(plan);
	plan_add(plan, STAGE_TTY, &kind_control, NULL, "job control needs one", args);
	plan_add(plan, STAGE_STARTED, &kind_send_master, start->console_socket, "who attaches has it from there", args);
	return add_stdio(plan);
}

const struct feature feature_oci_console = {
	.name = "console",
	.settle = settle,
	.resolve = resolve,
};
