/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The caller's terminal is raw meanwhile, and every key goes to the fresh one, whose own line
 * discipline knows what an interrupt is. Its slave stays open here, so that the master does not
 * answer EIO when the command closes its last; the end is told by the child alone.
 *
 * The pty comes from the devpts of the mount namespace that was joined, where there is one, so that
 * it has a name in there. What lies at /dev/ptmx may be anything: it is looked at before it is opened
 * for real.
 */

#include "enter/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/loop.h"
#include "kernel/syscalls.h"
#include "tty/pump.h"

static bool is_master(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2);
}

static int open_inner_master(int proc_fd)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	cleanup_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int found = root < 0 ? -errno : sys_openat2(root, "dev/ptmx", &how);
	char path[32];
	int fd;

	if (found < 0)
		return found;
	if (!is_master(found))
		return -ENODEV;
	snprintf(path, sizeof(path), "self/fd/%d", found);
	fd = openat(proc_fd, path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_slave(int master)
{
	int locked = 0, slave;

	if (ioctl(master, TIOCSPTLCK, &locked) < 0)
		return -errno;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return slave < 0 ? -errno : slave;
}

static void copy_modes(int slave)
{
	struct termios modes;
	struct winsize size;

	if (tcgetattr(0, &modes) == 0 && modes.c_lflag & ICANON)
		tcsetattr(slave, TCSANOW, &modes);
	if (ioctl(0, TIOCGWINSZ, &size) == 0)
		ioctl(slave, TIOCSWINSZ, &size);
}

int relay_open(struct relay *relay, int proc_fd, int spare_fd)
{
	int master = open_inner_master(proc_fd), slave = master < 0 ? master : open_slave(master);

	if (slave < 0) {
		fd_close(master);
		master = spare_fd;
		slave = master < 0 ? master : open_slave(master);
	} else {
		fd_close(spare_fd);
	}
	if (slave < 0) {
		fd_close(master);
		return slave;
	}
	relay->master_fd = master;
	relay->slave_fd = slave;
	relay->error_too = isatty(2);
	copy_modes(slave);
	return 0;
}

void relay_close(struct relay *relay)
{
	relay->master_fd = fd_close(relay->master_fd);
	relay->slave_fd = fd_close(relay->slave_fd);
}

int relay_enter(const struct relay *relay, uid_t owner, struct inro_error *error)
{
	if (setsid() < 0 && errno != EPERM)
		return error_raw(error, -errno, "setsid", NULL);
	if (ioctl(relay->slave_fd, TIOCSCTTY, 0) < 0)
		return error_raw(error, -errno, "ioctl TIOCSCTTY", NULL);
	/* For its user to open it again by name; where this is refused the descriptors still work. */
	(void)!fchown(relay->slave_fd, owner, (gid_t)-1);
	for (int fd = 0; fd < 2 + relay->error_too; fd++)
		if (dup2(relay->slave_fd, fd) < 0)
			return error_raw(error, -errno, "dup2", NULL);
	return 0;
}

/* One relay at work. */
struct work {
	struct relay *relay;
	struct child *child;
	struct loop *loop;
	struct pump *in, *out;
	int signal_fd;
	struct termios modes;
	bool raw, ended;
	int status;
};

static int output_done(void *data, enum pump_outcome outcome)
{
	struct work *work = data;

	if (outcome == PUMP_BROKEN && !work->ended)
		sys_pidfd_send_signal(work->child->pidfd, SIGHUP, NULL, 0);
	return work->ended;
}

static const struct pump_hooks input_hooks = { 0 };
static const struct pump_hooks output_hooks = { .done = output_done };

static int look(struct work *work)
{
	int r = child_look(work->child, &work->status);

	if (r <= 0)
		return r;
	work->ended = true;
	if (pump_is_done(work->out))
		return 1;
	r = pump_drain(work->out);
	return r != 0 ? r : pump_is_done(work->out);
}

static int on_signal(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	struct work *work = data;
	struct signalfd_siginfo info;
	siginfo_t told = { 0 };
	struct winsize size;

	(void)loop, (void)source, (void)events;
	while (read(work->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		told.si_signo = (int)info.ssi_signo;
		told.si_code = info.ssi_code;
		if (told.si_signo != SIGWINCH)
			child_signal(work->child, &told);
		else if (ioctl(0, TIOCGWINSZ, &size) == 0)
			ioctl(work->relay->master_fd, TIOCSWINSZ, &size);
	}
	return work->ended ? 0 : look(work);
}

static int add_pump(struct work *work, int proc_fd, bool in)
{
	int own = fcntl(work->relay->master_fd, F_DUPFD_CLOEXEC, 3), r;
	struct pump_end host, inner;

	if (own < 0)
		return -errno;
	r = pump_end_open(proc_fd, in ? 0 : 1, in ? O_RDONLY : O_WRONLY, &host);
	if (r < 0) {
		fd_close(own);
		return r;
	}
	inner = pump_end_own(own);
	if (in)
		return pump_new(work->loop, host, inner, &input_hooks, work, &work->in);
	return pump_new(work->loop, inner, host, &output_hooks, work, &work->out);
}

static int start(struct work *work, int proc_fd)
{
	struct termios modes;
	int r = loop_new(&work->loop);

	if (r < 0)
		return r;
	work->signal_fd = signalfd(-1, &work->child->mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (work->signal_fd < 0)
		return -errno;
	r = loop_add_fd(work->loop, work->signal_fd, EPOLLIN, on_signal, work, NULL);
	if (r == 0)
		r = add_pump(work, proc_fd, true);
	if (r == 0)
		r = add_pump(work, proc_fd, false);
	if (r == 0 && tcgetattr(0, &work->modes) == 0) {
		modes = work->modes;
		cfmakeraw(&modes);
		work->raw = tcsetattr(0, TCSANOW, &modes) == 0;
	}
	return r;
}

int relay_wait(struct relay *relay, int proc_fd, struct child *child, int *ret_status,
	       struct inro_error *error)
{
	struct work work = { .relay = relay, .child = child, .signal_fd = -EBADF };
	int r = start(&work, proc_fd);

	if (r == 0)
		r = look(&work);
	if (r == 0)
		r = loop_run(work.loop);
	if (work.raw)
		tcsetattr(0, TCSADRAIN, &work.modes);
	work.in = pump_free(work.in);
	work.out = pump_free(work.out);
	loop_free(work.loop);
	fd_close(work.signal_fd);
	if (r < 0) {
		sys_pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0);
		return fail_call(error, r, "relay the terminal", NULL, NULL);
	}
	r = child_result(child, &work.status, error);
	if (r == 0)
		*ret_status = work.status;
	return r;
}
