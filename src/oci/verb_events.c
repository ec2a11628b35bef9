/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines of JSON about what a container uses: once (--stats), or every so often until it ends, with a
 * line whenever the kernel kills one of its processes for want of memory. On v2 memory.events wakes
 * an inotify when it changes; v1 has an eventfd for it.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/setters.h"
#include "cgroup/dir.h"
#include "oci/cgroup_stats.h"
#include "oci/json_out.h"
#include "oci/verb.h"

#include <fcntl.h>

extern const struct oci_verb oci_verb_events;

struct events {
	bool stats;
	uint64_t interval_ns;
};

flag_setter(events, stats)

static int set_interval(void *object, const char *value, struct inro_error *error)
{
	struct events *events = object;

	if (parse_duration(value, &events->interval_ns) < 0 || events->interval_ns == 0)
		return fail_usage(error, "--interval", "'%s' is no time span (5s)", value);
	return 0;
}

static const struct option_row options[] = {
	{ .name = "stats",
	  .form = OPTION_FLAG,
	  .set = set_stats,
	  .help = "print once what it has used" },
	{ .name = "interval",
	  .form = OPTION_VALUE,
	  .argument = "SPAN",
	  .set = set_interval,
	  .help = "between two lines (5s)" },
};

/* Each at once, and to its reader: where nobody takes them, nothing is watched any more. */
static int print_line(const struct buf *line)
{
	if (line->failed)
		return -ENOMEM;
	return printf("%s}\n", buf_text(line)) < 0 || fflush(stdout) != 0 ? -errno : 0;
}

static int print_stats(const char *id, const struct oci_cgroup_dirs *dirs)
{
	cleanup_buf struct buf line = { 0 };

	buf_puts(&line, "{\"type\":\"stats\",\"id\":");
	json_out_string(&line, id);
	buf_puts(&line, ",\"data\":");
	oci_cgroup_stats(dirs, &line);
	return print_line(&line);
}

static int print_oom(const char *id)
{
	cleanup_buf struct buf line = { 0 };

	buf_puts(&line, "{\"type\":\"oom\",\"id\":");
	json_out_string(&line, id);
	return print_line(&line);
}

static uint64_t count_ooms(const struct oci_cgroup_dirs *dirs)
{
	int fd = oci_cgroup_dir(dirs, OCI_MEMORY);
	uint64_t n = 0;

	cgroup_read_key(fd, fd == dirs->v2 ? "memory.events" : "memory.oom_control", "oom_kill",
			&n);
	return n;
}

/* What becomes readable when there may have been one; -EBADF where nothing tells. */
static int watch_ooms(const struct oci_cgroup_dirs *dirs, const struct oci_cgroup_place *place)
{
	int dir_fd = oci_cgroup_dir(dirs, OCI_MEMORY);
	cleanup_close int fd = -EBADF, control = -EBADF;
	char text[4200];

	if (dir_fd < 0)
		return -EBADF;
	if (dir_fd == dirs->v2) {
		fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		snprintf(text, sizeof(text), "%s/memory.events", place->v2);
		return fd >= 0 && inotify_add_watch(fd, text, IN_MODIFY) >= 0 ? take_fd(&fd)
									      : -EBADF;
	}
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	control = cgroup_open_file(dir_fd, "memory.oom_control", O_RDONLY);
	snprintf(text, sizeof(text), "%d %d", fd, control);
	return fd >= 0 && control >= 0 && cgroup_write(dir_fd, "cgroup.event_control", text) == 0
		       ? take_fd(&fd)
		       : -EBADF;
}

static void empty(int fd)
{
	char buffer[4096];

	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
}

static int watch(const struct oci_state *state, const struct events *want,
		 const struct oci_cgroup_dirs *dirs)
{
	cleanup_close int pidfd = oci_state_pidfd(state);
	cleanup_close int oom_fd = watch_ooms(dirs, &state->cgroup);
	struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
				{ .fd = oom_fd, .events = POLLIN } };
	const int64_t interval_ms = (int64_t)(want->interval_ns / 1000000);
	int64_t next = cgroup_now_ms() + interval_ms;
	uint64_t seen = count_ooms(dirs);
	int r = 0;

	while (pidfd >= 0) {
		int64_t left = next - cgroup_now_ms();
		int n = poll(fds, ARRAY_SIZE(fds),
			     left < 0           ? 0
			     : left > INT32_MAX ? INT32_MAX
						: (int)left);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && fds[1].revents)
			empty(oom_fd);
		for (uint64_t now = count_ooms(dirs); r == 0 && seen < now; seen++)
			r = print_oom(state->id);
		if (r < 0 || (n > 0 && fds[0].revents))
			return r;
		if (cgroup_now_ms() < next)
			continue;
		next += interval_ms;
		r = print_stats(state->id, dirs);
		if (r < 0)
			return r;
	}
	return 0;
}

static int tell(struct oci_call *call, const char *id, const struct events *want,
		struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_cgroup_dirs struct oci_cgroup_dirs dirs = { .v2 = -EBADF };
	struct oci_state state;
	cleanup_close int state_fd = oci_state_find(call->root, id, false, &arena, &state, error);
	int r = state_fd;

	if (r < 0)
		return r;
	if (oci_state_status(state_fd, &state) == OCI_STOPPED)
		return fail_host(error, INRO_ERROR_HOST, -ESRCH, "events",
				 "container with id %s is not running", id);
	r = oci_cgroup_open(&state.cgroup, &dirs);
	if (r < 0)
		return fail_host(error, INRO_ERROR_HOST, r, "events",
				 "container %s has no cgroup that counts", id);
	r = want->stats ? print_stats(id, &dirs) : watch(&state, want, &dirs);
	return r < 0 ? fail_call(error, r, "print what the container uses", "write", id) : 0;
}

static int events(struct oci_call *call, int argc, char **argv)
{
	struct events want = { .interval_ns = 5000000000ULL };
	const struct oci_words words = { options, ARRAY_SIZE(options), &want, 1, false };
	struct inro_error error = { 0 };
	int first, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r == 0)
		r = tell(call, argv[first], &want, &error);
	return r < 0 ? oci_fail(call, &error, 1) : 0;
}

const struct oci_verb oci_verb_events = {
	.name = "events",
	.usage = "[--stats] [--interval SPAN] ID",
	.help = "print what a container uses, as JSON lines",
	.run = events,
	VERB_OPTIONS(options),
};
