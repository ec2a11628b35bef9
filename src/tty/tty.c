/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The terminal of the container: which of the three ways, and what each adds to the plan.
 *
 *   new    a fresh pty, relayed to the caller's terminal, which turns raw for the time
 *   none   descriptors that are no terminals are passed on as they are; one that is a terminal is
 *          never handed in (the container could push input into it), its bytes go by a pipe
 *   share  the caller's terminal itself, with TIOCSTI and TIOCLINUX filtered
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "plan/feature.h"
#include "tty/pty.h"
#include "tty/terminal.h"

extern const struct feature feature_tty;

struct mode_name {
	const char *name;
	enum tty_mode mode;
};

static const struct mode_name mode_names[] = {
	{ "auto", TTY_AUTO }, { "new", TTY_NEW },   { "share", TTY_SHARE },
	{ "none", TTY_NONE },
};

static int set_tty(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;

	for (size_t i = 0; i < ARRAY_SIZE(mode_names); i++) {
		if (strcmp(value, mode_names[i].name) == 0) {
			spec->tty = mode_names[i].mode;
			return 0;
		}
	}
	return fail_usage(error, "--tty", "'%s' is none of auto, new, share, none", value);
}

/* -t of docker, podman and others. */
static int set_new_tty(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;

	(void)error;
	spec->tty = strcmp(value, "true") == 0 ? TTY_NEW : TTY_NONE;
	return 0;
}

/* Peers keep standard input open only when asked; here it always is. */
static int set_interactive(void *object, const char *value, struct inro_error *error)
{
	(void)object, (void)value, (void)error;
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "tty",
		.form = OPTION_VALUE,
		.argument = "MODE",
		.help = "terminal: auto, new, share, none",
		.section = "Terminal",
		.set = set_tty,
		.choices = "auto|new|share|none",
		.detail = "With auto, a fresh terminal is made when standard input and output are both one. "
			  "With none, a terminal is never handed in: its bytes go through pipes.",
	},
	{
		.name = "new-tty",
		.letter = 't',
		.form = OPTION_FLAG,
		.help = "as --tty new",
		.section = "Terminal",
		.set = set_new_tty,
		.rare = true,
	},
	{
		.name = "interactive",
		.letter = 'i',
		.form = OPTION_FLAG,
		.help = "accepted: standard input is always open",
		.section = "Terminal",
		.set = set_interactive,
		.rare = true,
	},
};

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	(void)spec, (void)error;
	for (int fd = 0; fd < 3; fd++)
		facts->is_tty[fd] = isatty(fd);
	facts->error_same_tty = facts->is_tty[1] && facts->is_tty[2] && fd_same_file(1, 2);
	return 0;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct facts *facts = plan->facts;
	enum tty_mode mode = plan->spec->tty;

	if (plan->spec->detach && mode == TTY_SHARE)
		return fail_usage(error, "--tty", "a detached container cannot share the terminal");
	if (mode == TTY_AUTO)
		mode = facts->is_tty[0] && facts->is_tty[1] ? TTY_NEW : TTY_NONE;
	/* Nobody would be there to see it. */
	if (plan->spec->detach)
		mode = TTY_NONE;
	plan->settled.tty = mode;
	/* Also where no descriptor is a terminal: /dev/tty opens that of the caller's session. */
	plan->settled.filter_tty_input = mode == TTY_SHARE;
	return 0;
}

/* Which descriptors need a pipe, and the slots of its two ends. */
static bool take_pipes(struct plan *plan, struct pipe_args *pipes, struct terminal_args *terminal,
		       struct stdio_args *stdio)
{
	const struct facts *facts = plan->facts;
	bool any = false;

	for (int fd = 0; fd < 3; fd++) {
		if (terminal->pty && (fd < 2 || facts->error_same_tty))
			continue;
		if (terminal->log ? fd == 0 : !facts->is_tty[fd])
			continue;
		pipes->pipes[fd].inner = stdio->slots[fd] = SLOT_STDIN + fd;
		pipes->pipes[fd].outer = terminal->pipe_slots[fd] = plan_slot(plan);
		any = true;
	}
	return any;
}

static void add_pty(struct plan *plan, struct control_args *control, struct stdio_args *stdio)
{
	bool own = plan->settled.own_devpts;

	if (own)
		plan_add(plan, STAGE_TTY, &kind_open_pty, NULL, "no input can be pushed into a fresh one", NULL);
	else
		plan_add(plan, STAGE_OPEN, &kind_open_host_pty, NULL, "the container has no devpts of its own",
			 NULL);
	control->uid = plan->settled.uid;
	plan_add(plan, STAGE_TTY, &kind_control_terminal, NULL, "job control needs one", control);
	if (own)
		plan_add(plan, STAGE_TTY, &kind_bind_console, "/dev/console", "programs expect one there", NULL);
	stdio->slots[0] = stdio->slots[1] = SLOT_PTY_SLAVE;
	if (plan->facts->error_same_tty)
		stdio->slots[2] = SLOT_PTY_SLAVE;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	struct terminal_args *terminal = arena_alloc(&plan->arena, sizeof(*terminal));
	struct control_args *control = arena_alloc(&plan->arena, sizeof(*control));
	struct stdio_args *stdio = arena_alloc(&plan->arena, sizeof(*stdio));
	struct pipe_args *pipes = arena_alloc(&plan->arena, sizeof(*pipes));
	bool piped;

	if (!terminal || !control || !stdio || !pipes)
		return fail_memory(error);
	/* The caller's session, which its terminal belongs to. */
	if (plan->settled.tty == TTY_SHARE)
		return 0;
	terminal->pty = plan->settled.tty == TTY_NEW;
	terminal->log = plan->spec->detach;
	piped = take_pipes(plan, pipes, terminal, stdio);
	if (terminal->pty || piped)
		plan_add(plan, STAGE_OPEN, &kind_prepare_terminal, NULL,
			 terminal->log ? "output is kept" : "they are restored at the end", terminal);
	if (piped)
		plan_add(plan, STAGE_OPEN, &kind_open_pipes, NULL,
			 terminal->log ? "output is kept by the monitor" : "a terminal is never handed in", pipes);
	if (terminal->pty)
		add_pty(plan, control, stdio);
	else
		plan_add(plan, STAGE_TTY, &kind_new_session, NULL, "/dev/tty must not open the caller's", NULL);
	if (terminal->pty || piped) {
		plan_add(plan, STAGE_TTY, &kind_set_stdio, NULL, "they are relayed", stdio);
		plan_add(plan, STAGE_STARTED, &kind_relay, NULL, "the caller sees what the container writes", terminal);
	}
	return 0;
}

const struct feature feature_tty = {
	.name = "tty",
	FEATURE_OPTIONS(options),
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};
