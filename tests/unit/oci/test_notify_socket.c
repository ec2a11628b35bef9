/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "ns_child.h"
#include "oci/notify_socket.h"

/* A state directory, the host's socket, and a call whose warnings go to a file. */
struct world {
	char dir[64], host[96], log[96], text[512];
	int state_fd, host_fd;
	struct oci_call call;
	struct arena arena;
};

static int bind_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : fd;
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	strcpy(world->dir, "/tmp/inro-notify-XXXXXX");
	if (!mkdtemp(world->dir))
		return -1;
	snprintf(world->host, sizeof(world->host), "%s/host", world->dir);
	snprintf(world->log, sizeof(world->log), "%s/log", world->dir);
	world->state_fd = open(world->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	world->host_fd = bind_at(world->host);
	world->call = (struct oci_call){ .verb = "start", .log = world->log, .log_format = OCI_LOG_JSON };
	world->call.log_fd = open(world->log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	setenv("NOTIFY_SOCKET", world->host, 1);
	return world->host_fd < 0 || world->state_fd < 0 || world->call.log_fd < 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char command[128];

	unsetenv("NOTIFY_SOCKET");
	fd_close(world->state_fd);
	fd_close(world->host_fd);
	fd_close(world->call.log_fd);
	arena_deinit(&world->arena);
	snprintf(command, sizeof(command), "rm -r %s", world->dir);
	assert_int_equal(system(command), 0);
	free(world);
	return 0;
}

static void prepared(void **state)
{
	struct world *world = *state;
	struct oci_start start = { .state_fd = world->state_fd };
	struct oci_mount own = { .destination = "/run" };
	const char *const env[] = { "NOTIFY_SOCKET=/other", NULL };
	struct oci_config config = { .mounts = &own, .n_mounts = 1, .process.env = { env, 1 } };
	struct inro_error error = { 0 };
	char source[96];
	struct stat st;

	assert_int_equal(oci_notify_prepare(&start, &config, &world->arena, &error), 0);
	assert_int_equal(config.n_mounts, 2);
	assert_string_equal(config.mounts[0].destination, "/run");
	assert_string_equal(config.mounts[1].destination, "/run/notify");
	snprintf(source, sizeof(source), "%s/notify", world->dir);
	assert_string_equal(config.mounts[1].source, source);
	assert_int_equal(stat(source, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(config.process.env.n, 2);
	assert_string_equal(config.process.env.list[1], "NOTIFY_SOCKET=/run/notify/notify.sock");
	assert_null(config.process.env.list[2]);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(oci_notify_prepare(&start, &config, &world->arena, &error), 0);
	assert_int_equal(config.n_mounts, 2);
	assert_int_equal(oci_notify_listen(world->state_fd, &error), -ENOENT);
}

static const char *heard(struct world *world)
{
	ssize_t n = recv(world->host_fd, world->text, sizeof(world->text) - 1, MSG_DONTWAIT);

	world->text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? "(nothing)" : world->text;
}

/* A container: it says MESSAGE, and ends. */
static pid_t container(const char *path, const char *message)
{
	pid_t pid = child_fork(0);

	if (pid == 0) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

		strcpy(address.sun_path, path);
		if (message)
			sendto(fd, message, strlen(message), 0, (struct sockaddr *)&address, sizeof(address));
		_exit(0);
	}
	return pid;
}

/* The host's side of a barrier: it reads what comes, and closes the descriptor with it. */
static pid_t manager(const struct world *world)
{
	pid_t pid = child_fork(0);

	if (pid == 0) {
		char text[64];

		for (int i = 0; i < 3; i++)
			if (recv(world->host_fd, text, sizeof(text), 0) < 0)
				_exit(1);
		_exit(memcmp(text, "BARRIER=1", 9) != 0);
	}
	return pid;
}

static void waited(void **state)
{
	static const struct {
		const char *message, *heard;
	} rows[] = {
		{ "READY=1", "READY=1" },
		{ "STATUS=x\nREADY=1\nMAINPID=1\n", "READY=1" },
		{ "READY=0", "(nothing)" },
		{ "READY=12", "(nothing)" },
		{ "STATUS=READY=1", "(nothing)" },
		{ "MAINPID=1\nSTOPPING=1", "(nothing)" },
		{ "", "(nothing)" },
		{ NULL, "(nothing)" },
	};
	struct world *world = *state;
	char path[96];
	int fd;

	assert_int_equal(mkdirat(world->state_fd, "notify", 0755), 0);
	snprintf(path, sizeof(path), "%s/notify/notify.sock", world->dir);
	fd = oci_notify_listen(world->state_fd, NULL);
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pid_t pid = container(path, rows[i].message);
		int pidfd = sys_pidfd_open(pid, 0);

		oci_notify_wait(fd, pidfd, 0, &world->call);
		assert_string_equal(heard(world), rows[i].heard);
		assert_string_equal(heard(world), "(nothing)");
		fd_close(pidfd);
		assert_int_equal(child_result(pid), 0);
	}
	fd_close(fd);
	/* A second one is refused: two calls would each hear a part. */
	assert_int_equal(oci_notify_listen(world->state_fd, NULL), -EADDRINUSE);
}

static void main_pid(void **state)
{
	struct world *world = *state;
	pid_t reader, pid;
	char path[96];
	int fd, pidfd;

	assert_int_equal(mkdirat(world->state_fd, "notify", 0755), 0);
	snprintf(path, sizeof(path), "%s/notify/notify.sock", world->dir);
	fd = oci_notify_listen(world->state_fd, NULL);
	reader = manager(world);
	pid = container(path, "READY=1");
	pidfd = sys_pidfd_open(pid, 0);
	oci_notify_wait(fd, pidfd, 4711, &world->call);
	/* It returned since the other has read all. */
	assert_int_equal(child_result(reader), 0);
	assert_int_equal(child_result(pid), 0);
	assert_int_equal(fd_read_file_at(AT_FDCWD, world->log, world->text, sizeof(world->text)), 0);

	/* Nobody there: a warning. */
	world->host_fd = fd_close(world->host_fd);
	pid = container(path, "READY=1");
	fd_close(pidfd);
	pidfd = sys_pidfd_open(pid, 0);
	oci_notify_wait(fd, pidfd, 4711, &world->call);
	assert_int_equal(child_result(pid), 0);
	assert_true(fd_read_file_at(AT_FDCWD, world->log, world->text, sizeof(world->text)) > 0);
	assert_non_null(strstr(world->text, "tell NOTIFY_SOCKET that the container is ready: Connection refused"));
	fd_close(pidfd);
	fd_close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(prepared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waited, set_up, tear_down),
		cmocka_unit_test_setup_teardown(main_pid, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("oci/notify_socket", tests, NULL, NULL);
}
