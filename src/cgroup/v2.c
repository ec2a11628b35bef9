/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The unified hierarchy. Its file cgroup.events holds "populated" and "frozen" and wakes pollers
 * (POLLPRI) when one changes, so that nothing here has to ask again and again. The order is: open,
 * read, and only if it is not yet so, poll; a change between the read and the poll is not missed,
 * since the kernel compares with what this open file has read.
 */

#include "cgroup/v2.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/controller.h"
#include "cgroup/dir.h"

static int set_controllers(int dir_fd, unsigned controllers, bool enabled)
{
	char text[512];
	ssize_t n = cgroup_read(dir_fd, "cgroup.subtree_control", text, sizeof(text));
	unsigned present;

	if (n < 0)
		return (int)n;
	present = cgroup_controllers_parse(text);
	controllers &= enabled ? ~present : present;
	/* One write each: a joint one fails as a whole, and would not tell which one it was. */
	for (enum cgroup_controller i = 0; i < CGROUP_CONTROLLERS; i++) {
		int r;

		if (!(controllers & CGROUP_BIT(i)))
			continue;
		snprintf(text, sizeof(text), "%c%s", enabled ? '+' : '-', cgroup_controller_name(i));
		r = cgroup_write(dir_fd, "cgroup.subtree_control", text);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup2_enable(int dir_fd, unsigned controllers)
{
	return set_controllers(dir_fd, controllers, true);
}

int cgroup2_disable(int dir_fd, unsigned controllers)
{
	return set_controllers(dir_fd, controllers, false);
}

int cgroup2_kill(int dir_fd)
{
	return cgroup_write(dir_fd, "cgroup.kill", "1");
}

static int wait_event(int dir_fd, const char *key, uint64_t wanted, int timeout_ms)
{
	const int64_t deadline = cgroup_now_ms() + timeout_ms;
	cleanup_close int fd = openat(dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLPRI };
		char text[256];
		uint64_t value;
		int64_t left;
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		int r;

		if (n < 0)
			return -errno;
		text[n] = '\0';
		r = cgroup_find_key(text, key, &value);
		if (r < 0 || value == wanted)
			return r;
		left = deadline - cgroup_now_ms();
		if (left <= 0)
			return -ETIME;
		if (poll(&poll_fd, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
}

int cgroup2_freeze(int dir_fd, bool frozen, int timeout_ms)
{
	int r = cgroup_write(dir_fd, "cgroup.freeze", frozen ? "1" : "0");

	return r < 0 ? r : wait_event(dir_fd, "frozen", frozen, timeout_ms);
}

int cgroup2_wait_empty(int dir_fd, int timeout_ms)
{
	int r = wait_event(dir_fd, "populated", 0, timeout_ms);

	/* A group that is gone is empty. */
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

int cgroup2_end(int dir_fd, int timeout_ms)
{
	int r = cgroup2_wait_empty(dir_fd, 0);

	if (r != -ETIME)
		return r;
	r = cgroup2_kill(dir_fd);
	return r < 0 ? r : cgroup2_wait_empty(dir_fd, timeout_ms);
}
