/* SPDX-License-Identifier: Apache-2.0 */

/*
 * NOTIFY_SOCKET. The host's socket is not shown to the container, which could then say anything to it in
 * the runtime's name (another main PID, for one). It gets a socket of the runtime's own, in a
 * directory that is mounted read-only at /run/notify; of what comes there, one thing is passed on: that it
 * is ready.
 *
 * The directory is mounted, and not the socket, since the call that makes a container is gone when
 * another starts it: `start` binds the socket, and it appears inside. Where one call does both, the
 * socket is listened to while the container runs.
 *
 * After READY=1 the host is told the main PID and then asked to close a descriptor (BARRIER=1), which it
 * does only when it has read what came before: a manager that reads it later could no longer see by
 * whom it was sent, once this process is gone.
 */

#include "oci/notify_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/loop.h"
#include "oci/socket.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_notify;

#define INSIDE_DIR "/run/notify"
#define SOCKET_NAME "notify.sock"

enum { BARRIER_TIMEOUT_MS = 30000, MAX_MESSAGE = 4096 };

static const char *host_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && *path ? path : NULL;
}

/* Add a mount behind all others: /run may be one of them. */
static int add_mount(struct oci_config *config, const char *source, struct arena *arena)
{
	static const char *const options[] = { "bind", "ro", "nosuid", "nodev", "noexec", NULL };
	struct oci_mount *mounts = arena_array(arena, config->n_mounts + 1, sizeof(*mounts));

	if (!mounts)
		return -ENOMEM;
	if (config->n_mounts)
		memcpy(mounts, config->mounts, config->n_mounts * sizeof(*mounts));
	mounts[config->n_mounts++] = (struct oci_mount){
		.destination = INSIDE_DIR,
		.type = "bind",
		.source = source,
		.options = { options, ARRAY_SIZE(options) - 1 },
	};
	config->mounts = mounts;
	return 0;
}

/* The last of a name counts. */
static int add_variable(struct oci_strings *env, struct arena *arena)
{
	const char **list = arena_array(arena, env->n + 2, sizeof(*list));

	if (!list)
		return -ENOMEM;
	if (env->n)
		memcpy(list, env->list, env->n * sizeof(*list));
	list[env->n] = "NOTIFY_SOCKET=" INSIDE_DIR "/" SOCKET_NAME;
	*env = (struct oci_strings){ list, env->n + 1 };
	return 0;
}

int oci_notify_prepare(const struct oci_start *start, struct oci_config *config, struct arena *arena,
		       struct inro_error *error)
{
	char link[64], path[PATH_MAX];
	const char *source;
	ssize_t n;

	if (!host_socket())
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", start->state_fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return fail_call(error, -errno, "find the state directory", "readlink", link);
	path[n] = '\0';
	/* Whoever the container's user is, it must come to the socket. */
	if (mkdirat(start->state_fd, OCI_NOTIFY_DIR, 0755) < 0)
		return fail_call(error, -errno, "make the directory of its NOTIFY_SOCKET", "mkdirat", path);
	source = arena_printf(arena, "%s/" OCI_NOTIFY_DIR, path);
	if (!source || add_mount(config, source, arena) < 0 || add_variable(&config->process.env, arena) < 0)
		return fail_memory(error);
	return 0;
}

int oci_notify_listen(int state_fd, struct inro_error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup_close int dir_fd = -EBADF, fd = -EBADF;

	if (!host_socket())
		return -ENOENT;
	dir_fd = openat(state_fd, OCI_NOTIFY_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		return errno == ENOENT ? -ENOENT : fail_call(error, -errno, "listen", "openat", OCI_NOTIFY_DIR);
	/* A path of any length fits so. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" SOCKET_NAME, dir_fd);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(dir_fd, SOCKET_NAME, 0777, 0) < 0)
		return fail_call(error, -errno, "listen to the container's NOTIFY_SOCKET", fd < 0 ? "socket" : "bind",
				 SOCKET_NAME);
	return take_fd(&fd);
}

/* Does a message have the line READY=1? It need not end with a NUL. */
static bool says_ready(const char *text, size_t size)
{
	static const char ready[] = "READY=1";

	while (size >= sizeof(ready) - 1) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;

		if (length == sizeof(ready) - 1 && memcmp(text, ready, length) == 0)
			return true;
		if (!end)
			return false;
		text = end + 1;
		size -= length + 1;
	}
	return false;
}

/* What is there now. 1: ready, 0: not yet. A descriptor that came along (a barrier's) is closed unseen. */
static int hear(int notify_fd)
{
	char message[MAX_MESSAGE];
	ssize_t n;

	while ((n = recv(notify_fd, message, sizeof(message), 0)) >= 0 || errno == EINTR)
		if (n > 0 && says_ready(message, (size_t)n))
			return 1;
	return 0;
}

/* Send to the host's socket: a path, or an abstract name that begins with "@". */
static int connect_host(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = host_socket();
	size_t length = strlen(path);
	cleanup_close int fd = -EBADF;

	if (length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	length += offsetof(struct sockaddr_un, sun_path) + (path[0] != '@');
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, (socklen_t)length) < 0)
		return -errno;
	return take_fd(&fd);
}

static int send_text(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Wait until what was sent has been read. One who does not know barriers closes what comes, too. */
static int send_barrier(int fd)
{
	struct pollfd closed = { 0 };
	int pair[2], n, r;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	r = oci_socket_send(fd, pair[1], "BARRIER=1");
	fd_close(pair[1]);
	closed.fd = pair[0];
	do
		n = r < 0 ? 0 : poll(&closed, 1, BARRIER_TIMEOUT_MS);
	while (n < 0 && errno == EINTR);
	fd_close(pair[0]);
	return r < 0 ? r : n == 0 ? -ETIMEDOUT : 0;
}

static int tell_host(pid_t pid)
{
	cleanup_close int fd = connect_host();
	char text[32];
	int r = fd < 0 ? fd : send_text(fd, "READY=1");

	if (r < 0 || !pid)
		return r;
	snprintf(text, sizeof(text), "MAINPID=%d", pid);
	r = send_text(fd, text);
	return r < 0 ? r : send_barrier(fd);
}

static void tell(pid_t pid, struct oci_call *call)
{
	int r = tell_host(pid);

	if (r < 0)
		oci_warn(call, "tell NOTIFY_SOCKET that the container is ready: %s", strerror(-r));
}

void oci_notify_wait(int notify_fd, int pidfd, pid_t pid, struct oci_call *call)
{
	struct pollfd fds[] = { { .fd = notify_fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		/* What one said before it ended counts. */
		if (fds[0].revents && hear(notify_fd)) {
			tell(pid, call);
			return;
		}
		if (fds[1].revents)
			return;
	}
}

/* ---- where one call makes the container and stays with it ---- */

struct notify_args {
	const struct oci_start *start;
	int slot;
};

static int run_listen(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct notify_args *args = step->args;
	int fd = oci_notify_listen(args->start->state_fd, error);

	return fd == -ENOENT ? 0 : run_store(run, args->slot, fd);
}

static const struct step_kind kind_listen = {
	.name = "notify-listen",
	.what = "listen to the container's NOTIFY_SOCKET",
	.calls = "socket, bind, chmod",
	.run = run_listen,
};

/* The manager watches this process, and not the container's. */
static int on_message(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	const struct run *run = data;
	const struct step *step = NULL;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < run->plan->n_steps; i++)
		if (run->plan->steps[i].kind == &kind_listen)
			step = &run->plan->steps[i];
	if (step) {
		const struct notify_args *args = step->args;

		if (!hear(run_fd(run, args->slot)))
			return 0;
		tell(0, args->start->call);
	}
	loop_source_remove(source);
	return 0;
}

static int run_relay(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct notify_args *args = step->args;
	int fd = run_fd(run, args->slot);
	int r = fd < 0 ? 0 : loop_add_fd(run->loop, fd, EPOLLIN, on_message, run, NULL);

	return r < 0 ? error_raw(error, r, "epoll_ctl", NULL) : 0;
}

static const struct step_kind kind_relay = {
	.name = "notify-relay",
	.what = "pass on when the container is ready",
	.calls = "epoll_ctl",
	.run = run_relay,
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_start *start = plan->spec->oci ? plan->spec->oci->start : NULL;
	struct notify_args *args;

	if (!start || start->waits || !host_socket())
		return 0;
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args)
		return fail_memory(error);
	args->start = start;
	args->slot = plan_slot(plan);
	plan_add(plan, STAGE_OPEN, &kind_listen, NULL, "the runtime has one itself", args);
	plan_add(plan, STAGE_STARTED, &kind_relay, NULL, "whoever started the runtime waits for that", args);
	return 0;
}

const struct feature feature_oci_notify = {
	.name = "oci_notify",
	.resolve = resolve,
};
