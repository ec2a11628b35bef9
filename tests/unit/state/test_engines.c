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
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/procfs.h"
#include "ns_child.h"
#include "skip.h"
#include "state/engines.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "aaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

/* The state directories of engines, in a directory of the test's, of a process that is really there. */
struct world {
	char dir[64];
	struct arena arena;
	struct engines engines;
	pid_t pid;
	unsigned long long start;
	const char *env[4];
	char runtime[96], home[96], own[96];
	struct engine_container *list;
	size_t n;
};

static void write_file(const struct world *world, const char *path, const char *text)
{
	char full[512], command[600];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", world->dir, path);
	snprintf(command, sizeof(command), "mkdir -p \"$(dirname %s)\"", full);
	assert_int_equal(system(command), 0);
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	fd_close(fd);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct procfs_stat stat;
	int dir_fd;

	*state = world;
	strcpy(world->dir, "/tmp/inro-engines-XXXXXX");
	if (!mkdtemp(world->dir))
		return -1;
	snprintf(world->runtime, sizeof(world->runtime), "XDG_RUNTIME_DIR=%s/user", world->dir);
	snprintf(world->home, sizeof(world->home), "HOME=%s/home", world->dir);
	snprintf(world->own, sizeof(world->own), "INRO_OCI_ROOT=%s/own", world->dir);
	world->env[0] = world->runtime;
	world->env[1] = world->home;
	world->env[2] = world->own;
	world->engines = (struct engines){ .base = world->dir, .env = world->env, .proc_fd = procfs_open() };
	world->pid = child_spawn(0, NULL);
	dir_fd = procfs_open_pid(world->engines.proc_fd, world->pid);
	assert_int_equal(procfs_read_stat(dir_fd, &stat), 0);
	world->start = stat.start_ticks;
	fd_close(dir_fd);
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char command[128];

	child_end(world->pid);
	fd_close(world->engines.proc_fd);
	arena_deinit(&world->arena);
	snprintf(command, sizeof(command), "rm -r %s", world->dir);
	assert_int_equal(system(command), 0);
	free(world);
	return 0;
}

static void load(struct world *world)
{
	world->list = NULL;
	world->n = 0;
	assert_int_equal(engines_load(&world->engines, &world->arena, &world->list, &world->n), 0);
}

static const struct engine_container *by_id(const struct world *world, const char *id)
{
	for (size_t i = 0; i < world->n; i++)
		if (strcmp(world->list[i].id, id) == 0)
			return &world->list[i];
	return NULL;
}

static void expect(const struct world *world, const char *id, const char *name, const char *engine)
{
	const struct engine_container *container = by_id(world, id);

	assert_non_null(container);
	assert_string_equal(container->name, name);
	assert_string_equal(container->engine, engine);
	assert_int_equal(container->pid, world->pid);
}

static void crun_file(const struct world *world, const char *path, const char *bundle)
{
	char text[512];

	snprintf(text, sizeof(text), "{\"pid\": %d, \"process-start-time\": %llu, \"bundle\": \"%s\"}", world->pid,
		 world->start, bundle);
	write_file(world, path, text);
}

static void runc_file(const struct world *world, const char *path, const char *labels)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"id\":\"x\",\"init_process_pid\":%d,\"init_process_start\":%llu,\"config\":{\"labels\":[%s]}}",
		 world->pid, world->start, labels);
	write_file(world, path, text);
}

static void nothing(void **state)
{
	struct world *world = *state;

	load(world);
	assert_int_equal(world->n, 0);
}

static void own(void **state)
{
	struct world *world = *state;
	char text[256];

	snprintf(text, sizeof(text), "{\"id\":\"box\",\"pid\":%d,\"pidStart\":%llu,\"bundle\":\"/b\"}",
		 world->pid, world->start);
	write_file(world, "run/inro-oci/box/state.json", text);
	write_file(world, "own/other/state.json", text);
	load(world);
	assert_int_equal(world->n, 2);
	expect(world, "box", "box", "inro-oci");
	expect(world, "other", "other", "inro-oci");
	assert_string_equal(by_id(world, "box")->bundle, "/b");
}

static void podman(void **state)
{
	struct world *world = *state;

	crun_file(world, "run/crun/" ID_A "/status", "/nowhere");
	runc_file(world, "run/runc/" ID_B "/state.json", "\"bundle=/nowhere\"");
	crun_file(world, "run/crun/" ID_C "/status", "/nowhere");
	write_file(world, "var/lib/containers/storage/overlay-containers/containers.json",
		   "[{\"id\":\"" ID_A "\",\"names\":[\"web\"]},{\"id\":\"" ID_B "\",\"names\":[\"db\",\"x\"]},"
		   "{\"id\":\"gone\",\"names\":[\"gone\"]},{\"names\":3},7]");
	load(world);
	assert_int_equal(world->n, 3);
	expect(world, ID_A, "web", "podman");
	expect(world, ID_B, "db", "podman");
	expect(world, ID_C, ID_C, "crun");
}

static void of_a_user(void **state)
{
	struct world *world = *state;

	world->engines.uid = 1000;
	crun_file(world, "user/crun/" ID_A "/status", "/nowhere");
	crun_file(world, "run/crun/" ID_B "/status", "/nowhere");
	write_file(world, "home/.local/share/containers/storage/overlay-containers/containers.json",
		   "[{\"id\":\"" ID_A "\",\"names\":[\"mine\"]}]");
	load(world);
	assert_int_equal(world->n, 1);
	expect(world, ID_A, "mine", "podman");
}

/* Root of a user namespace, as in `podman unshare`: the user's, and what a container has in /run. */
static void of_root_in_a_namespace(void **state)
{
	struct world *world = *state;

	world->engines.uid = 0;
	crun_file(world, "user/crun/" ID_A "/status", "/nowhere");
	crun_file(world, "run/crun/" ID_B "/status", "/nowhere");
	write_file(world, "home/.local/share/containers/storage/overlay-containers/containers.json",
		   "[{\"id\": \"" ID_A "\", \"names\": [\"of_a_user\"]}]");
	write_file(world, "var/lib/containers/storage/overlay-containers/containers.json",
		   "[{\"id\": \"" ID_B "\", \"names\": [\"of_root\"]}]");
	load(world);
	assert_int_equal(world->n, 1);
	expect(world, ID_B, "of_root", "podman");
	world->engines.in_userns = true;
	load(world);
	assert_int_equal(world->n, 2);
	expect(world, ID_A, "of_a_user", "podman");
	expect(world, ID_B, "of_root", "podman");
}

static void kubernetes(void **state)
{
	struct world *world = *state;
	char bundle[128];

	/* containerd: in the labels of runc's state. */
	runc_file(world, "run/containerd/runc/k8s.io/" ID_A "/state.json",
		  "\"bundle=/x\",\"io.kubernetes.cri.sandbox-name=web-1\",\"io.kubernetes.cri.container-name=nginx\"");
	runc_file(world, "run/containerd/runc/k8s.io/" ID_B "/state.json",
		  "\"io.kubernetes.cri.sandbox-name=web-1\",\"io.kubernetes.cri.container-type=sandbox\"");
	/* CRI-O with crun: in the copy of config.json, or the bundle's. */
	snprintf(bundle, sizeof(bundle), "%s/bundle", world->dir);
	crun_file(world, "run/crun/" ID_C "/status", bundle);
	write_file(world, "bundle/config.json",
		   "{\"annotations\":{\"io.kubernetes.pod.name\":\"db-0\",\"io.kubernetes.container.name\":\"nginx\"}}");
	crun_file(world, "run/crun/pause/status", "/nowhere");
	write_file(world, "run/crun/pause/config.json",
		   "{\"annotations\":{\"io.kubernetes.pod.name\":\"db-0\",\"io.kubernetes.container.name\":\"POD\"}}");
	load(world);
	assert_int_equal(world->n, 4);
	expect(world, ID_A, "web-1:nginx", "kubernetes");
	expect(world, ID_B, "web-1", "kubernetes");
	expect(world, ID_C, "db-0:nginx", "kubernetes");
	expect(world, "pause", "db-0", "kubernetes");
	assert_string_equal(by_id(world, ID_A)->nickname, "nginx");
}

static void docker_and_containerd(void **state)
{
	struct world *world = *state;

	runc_file(world, "run/docker/runtime-runc/moby/" ID_A "/state.json", "");
	write_file(world, "var/lib/docker/containers/" ID_A "/config.v2.json", "{\"Name\":\"/happy\"}");
	runc_file(world, "run/containerd/runc/default/job/state.json", "");
	load(world);
	assert_int_equal(world->n, 2);
	expect(world, ID_A, "happy", "docker");
	expect(world, "job", "job", "containerd");
}

/* A number that is another's by now, a process that is gone, files that are something else. */
static void not_believed(void **state)
{
	struct world *world = *state;
	char text[128];

	snprintf(text, sizeof(text), "{\"pid\":%d,\"process-start-time\":%llu}", world->pid, world->start + 1);
	write_file(world, "run/crun/one/status", text);
	write_file(world, "run/crun/two/status", "{\"pid\":999999999,\"process-start-time\":1}");
	write_file(world, "run/crun/three/status", "{\"pid\":\"7\"}");
	write_file(world, "run/crun/four/status", "[]");
	write_file(world, "run/crun/five/status", "{");
	write_file(world, "run/crun/six/nothing", "");
	write_file(world, "run/crun/file", "");
	snprintf(text, sizeof(text), "%d\n", world->pid);
	/* No start time, and the process is in no cgroup of that name. */
	write_file(world, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID_A "/init.pid", text);
	load(world);
	assert_int_equal(world->n, 0);
}

/* init.pid alone is believed by the id in the path of the cgroup: here any part of the one that we are in. */
static void by_cgroup(void **state)
{
	struct world *world = *state;
	char text[8192], path[512], id[256] = "", pid[16];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", world->pid);
	assert_true(fd_read_file_at(AT_FDCWD, path, text, sizeof(text)) > 0);
	for (at = strstr(text, ":/"); at && !id[0]; at = strstr(at + 1, ":/"))
		snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 2, "/\n"), at + 2);
	if (!id[0])
		skip_because("in no cgroup but the first");
	snprintf(path, sizeof(path), "run/containerd/io.containerd.runtime.v2.task/default/%s/init.pid", id);
	snprintf(pid, sizeof(pid), "%d", world->pid);
	write_file(world, path, pid);
	/* A part of that name is none. */
	id[strlen(id) - 1] = '\0';
	snprintf(path, sizeof(path), "run/containerd/io.containerd.runtime.v2.task/other/%s/init.pid", id[0] ? id : "x");
	write_file(world, path, pid);
	load(world);
	assert_int_equal(world->n, 1);
	assert_string_equal(world->list[0].engine, "containerd");
	assert_int_equal(world->list[0].pid, world->pid);
}

static void found(void **state)
{
	static const struct engine_container list[] = {
		{ .id = ID_A, .name = "web" },
		{ .id = ID_B, .name = "p1:nginx", .nickname = "nginx" },
		{ .id = ID_C, .name = "p2:nginx", .nickname = "nginx" },
		{ .id = "short", .name = "p2:log", .nickname = "log" },
	};
	bool several;

	(void)state;
	assert_ptr_equal(engines_find(list, 4, "web", &several), &list[0]);
	assert_ptr_equal(engines_find(list, 4, "p2:nginx", &several), &list[2]);
	assert_ptr_equal(engines_find(list, 4, "log", &several), &list[3]);
	assert_ptr_equal(engines_find(list, 4, ID_B, &several), &list[1]);
	assert_ptr_equal(engines_find(list, 4, "cccccc", &several), &list[2]);
	assert_false(several);
	assert_null(engines_find(list, 4, "nginx", &several));
	assert_true(several);
	assert_null(engines_find(list, 4, "aaaaaa", &several));
	assert_true(several);
	assert_ptr_equal(engines_find(list, 4, "aaaaaab", &several), &list[1]);
	assert_null(engines_find(list, 4, "ccccc", &several));
	assert_null(engines_find(list, 4, "shor", &several));
	assert_false(several);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(podman, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_a_user, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_root_in_a_namespace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kubernetes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(docker_and_containerd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(not_believed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(by_cgroup, set_up, tear_down),
		cmocka_unit_test(found),
	};

	return cmocka_run_group_tests_name("state/engines", tests, NULL, NULL);
}
