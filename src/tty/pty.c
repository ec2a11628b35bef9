/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where the pty comes from. A pty belongs to the devpts mount whose ptmx was opened. One of the
 * container's own devpts has a name inside (tty(1) works, /dev/console can be bound to it) and is
 * owned by the container's ids, so the child opens it there, by descriptor, and hands the master to
 * inro. The slave comes from TIOCGPTPEER, never by its name. A container that has no devpts of its
 * own gets one of the host's, which inro opens beforehand; it works, but has no name inside.
 *
 * The session. A container that gets no terminal still gets a session of its own: /dev/tty would
 * otherwise open the caller's terminal. Only a shared terminal keeps the caller's session.
 */

#include "tty/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "plan/run.h"
#include "tty/terminal.h"

#ifndef DEVPTS_SUPER_MAGIC
#define DEVPTS_SUPER_MAGIC 0x1cd1
#endif

/* Is it a pty's master, of a devpts? */
static int check_master(int fd)
{
	struct stat status;
	struct statfs fs;

	if (fstat(fd, &status) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(5, 2))
		return -ENODEV;
	return 0;
}

/* Unlock the pty of MASTER and open its slave. Child-safe. */
static int open_slave(int master)
{
	int locked = 0;
	int slave;

	if (ioctl(master, TIOCSPTLCK, &locked) < 0)
		return -errno;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return slave < 0 ? -errno : slave;
}

static int open_both(struct run *run, int dir_fd, const char *path, struct inro_error *error)
{
	int r = run_store(run, SLOT_PTY_MASTER, openat(dir_fd, path, O_RDWR | O_NOCTTY | O_CLOEXEC));

	if (r < 0)
		return error_raw(error, -errno, "openat", path);
	r = check_master(run_fd(run, SLOT_PTY_MASTER));
	if (r < 0)
		return error_raw(error, r, "fstat", path);
	r = run_store(run, SLOT_PTY_SLAVE, open_slave(run_fd(run, SLOT_PTY_MASTER)));
	return r < 0 ? error_raw(error, r, "ioctl TIOCGPTPEER", path) : 0;
}

static int run_open_host_pty(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)step;
	return open_both(run, AT_FDCWD, "/dev/ptmx", error);
}

static void undo_open_host_pty(struct run *run, const struct step *step)
{
	(void)step;
	run->slots[SLOT_PTY_SLAVE] = fd_close(run->slots[SLOT_PTY_SLAVE]);
	run->slots[SLOT_PTY_MASTER] = fd_close(run->slots[SLOT_PTY_MASTER]);
}

static int run_open_pty(struct run *run, const struct step *step, struct inro_error *error)
{
	int r = open_both(run, run_fd(run, SLOT_PTS), "ptmx", error);
	struct statfs fs;

	(void)step;
	if (r < 0)
		return r;
	if (fstatfs(run_fd(run, SLOT_PTY_SLAVE), &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return error_raw(error, -ENODEV, "fstatfs", "ptmx");
	r = run_hand_back(run, SLOT_PTY_MASTER, run_fd(run, SLOT_PTY_MASTER));
	if (r == 0)
		r = run_hand_back(run, SLOT_PTY_SLAVE, run_fd(run, SLOT_PTY_SLAVE));
	return r < 0 ? error_raw(error, r, "sendmsg", NULL) : 0;
}

static void advise_open_pty(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step, (void)plan;
	if (error->code == ENOSPC)
		error_hint(error, "no pty is left: see /proc/sys/kernel/pty/max, or run with --tty=none");
	else
		error_hint(error, "--tty=none runs without a terminal");
}

static int run_new_session(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)run, (void)step;
	/* EPERM: it leads a session already. */
	if (setsid() < 0 && errno != EPERM)
		return error_raw(error, -errno, "setsid", NULL);
	return 0;
}

/* The caller's modes, unless they are some program's raw ones, in which no shell could be used. */
static void set_modes(const struct terminal_start *start, int slave)
{
	struct termios modes;

	if (start->has_modes && (start->modes.c_lflag & ICANON)) {
		tcsetattr(slave, TCSANOW, &start->modes);
	} else if (tcgetattr(slave, &modes) == 0) {
		modes.c_iflag |= IUTF8;
		tcsetattr(slave, TCSANOW, &modes);
	}
}

static int run_control_terminal(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct terminal_start *start = terminal_start(run);
	const struct control_args *args = step->args;
	int slave = run_fd(run, SLOT_PTY_SLAVE);

	int r = run_new_session(run, step, error);

	if (r < 0)
		return r;
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return error_raw(error, -errno, "ioctl TIOCSCTTY", NULL);
	set_modes(start, slave);
	if (start->has_size)
		ioctl(slave, TIOCSWINSZ, &start->size);
	/* For its user to open it again by name; where this is refused, the descriptors still work. */
	if (run->plan->settled.own_devpts)
		(void)!fchown(slave, args->uid, (gid_t)-1);
	return 0;
}

static int run_bind_console(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	};
	cleanup_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int target = root < 0 ? -errno : sys_openat2(root, "dev/console", &how);
	cleanup_close int tree = -EBADF;
	int r;

	(void)step;
	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return error_raw(error, target, "openat2", "/dev/console");
	tree = sys_open_tree(run_fd(run, SLOT_PTY_SLAVE), "",
			     AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return error_raw(error, tree, "open_tree", "/dev/console");
	r = sys_move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return r < 0 ? error_raw(error, r, "move_mount", "/dev/console") : 0;
}

static int run_open_pipes(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct pipe_args *args = step->args;

	for (int fd = 0; fd < 3; fd++) {
		int ends[2];

		if (args->pipes[fd].inner == SLOT_NONE)
			continue;
		if (pipe2(ends, O_CLOEXEC) < 0)
			return error_raw(error, -errno, "pipe2", NULL);
		run->slots[args->pipes[fd].inner] = ends[fd == 0 ? 0 : 1];
		run->slots[args->pipes[fd].outer] = ends[fd == 0 ? 1 : 0];
	}
	return 0;
}

static void undo_open_pipes(struct run *run, const struct step *step)
{
	const struct pipe_args *args = step->args;

	for (int fd = 0; fd < 3; fd++) {
		if (args->pipes[fd].inner == SLOT_NONE)
			continue;
		run->slots[args->pipes[fd].inner] = fd_close(run->slots[args->pipes[fd].inner]);
		run->slots[args->pipes[fd].outer] = fd_close(run->slots[args->pipes[fd].outer]);
	}
}

static int run_set_stdio(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct stdio_args *args = step->args;

	for (int fd = 0; fd < 3; fd++) {
		if (args->slots[fd] == SLOT_NONE)
			continue;
		if (dup2(run_fd(run, args->slots[fd]), fd) < 0)
			return error_raw(error, -errno, "dup2", NULL);
	}
	return 0;
}

static void tell_set_stdio(const struct step *step, struct buf *text)
{
	static const char *const names[] = { "input", "output", "error" };
	const struct stdio_args *args = step->args;
	const char *comma = "";

	for (int fd = 0; fd < 3; fd++) {
		if (args->slots[fd] == SLOT_NONE)
			continue;
		buf_printf(text, "%s%s %s", comma, names[fd],
			   args->slots[fd] == SLOT_PTY_SLAVE ? "from the terminal" : "by a pipe");
		comma = ", ";
	}
}

const struct step_kind kind_open_host_pty = {
	.name = "open-host-pty",
	.what = "open a terminal of the host's",
	.calls = "openat, ioctl TIOCGPTPEER",
	.run = run_open_host_pty,
	.undo = undo_open_host_pty,
	.advise = advise_open_pty,
};

const struct step_kind kind_open_pty = {
	.name = "open-pty",
	.what = "open a fresh terminal",
	.calls = "openat, ioctl TIOCGPTPEER, sendmsg",
	.run = run_open_pty,
	.advise = advise_open_pty,
};

const struct step_kind kind_new_session = {
	.name = "new-session",
	.what = "begin a session without a terminal",
	.calls = "setsid",
	.run = run_new_session,
};

const struct step_kind kind_control_terminal = {
	.name = "control-terminal",
	.what = "begin a session with the fresh terminal",
	.calls = "setsid, ioctl TIOCSCTTY, TCSETS, TIOCSWINSZ, fchown",
	.run = run_control_terminal,
};

const struct step_kind kind_bind_console = {
	.name = "bind-console",
	.what = "bind the terminal on",
	.calls = "openat2, open_tree, move_mount",
	.run = run_bind_console,
};

const struct step_kind kind_open_pipes = {
	.name = "open-pipes",
	.what = "open pipes in place of the terminal",
	.calls = "pipe2",
	.run = run_open_pipes,
	.undo = undo_open_pipes,
};

const struct step_kind kind_set_stdio = {
	.name = "set-stdio",
	.what = "set the standard descriptors:",
	.calls = "dup2",
	.run = run_set_stdio,
	.tell = tell_set_stdio,
};
