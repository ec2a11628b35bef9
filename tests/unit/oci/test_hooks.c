/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "ns_child.h"
#include "oci/hooks.h"
#include "oci/verb.h"

/* One hook, `sh -c SCRIPT sh OUT`, in a directory of the test's own. */
struct world {
	struct arena arena;
	struct oci_hook hook;
	struct oci_hook_list list;
	struct oci_state state;
	struct oci_annotation annotation;
	struct inro_error error;
	const char *args[6];
	char dir[64], out[96];
	char text[1 << 20];
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	strcpy(world->dir, "/tmp/inro-hooks-XXXXXX");
	if (!mkdtemp(world->dir))
		return -1;
	snprintf(world->out, sizeof(world->out), "%s/out", world->dir);
	world->state = (struct oci_state){
		.id = "box",
		.bundle = world->dir,
		.version = "1.2.0",
		.annotations = &world->annotation,
	};
	world->list = (struct oci_hook_list){ &world->hook, 1 };
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	unlink(world->out);
	rmdir(world->dir);
	arena_deinit(&world->arena);
	free(world);
	return 0;
}

static void script(struct world *world, const char *text)
{
	const char *const args[] = { "sh", "-c", text, "sh", world->out, NULL };

	memcpy(world->args, args, sizeof(args));
	world->hook = (struct oci_hook){ .path = "/bin/sh", .args = { world->args, 5 } };
	memset(&world->error, 0, sizeof(world->error));
}

static int run_with(struct world *world, pid_t pid, int mask)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "HOOKED=by-runtime", NULL };
	const struct hook_context context = {
		.name = "createRuntime",
		.state = &world->state,
		.status = OCI_CREATING,
		.env = env,
		.workdir = world->dir,
		.umask = mask,
	};
	struct hook_ready hook;
	int r = hook_prepare(&world->arena, &world->list, 0, &context, &hook, &world->error);

	return r < 0 ? r : hook_run(&hook, pid, &world->error);
}

static const char *output(struct world *world)
{
	if (fd_read_file_at(AT_FDCWD, world->out, world->text, sizeof(world->text)) < 0)
		return "(nothing)";
	return world->text;
}

static const char *said(struct world *world)
{
	inro_error_format(&world->error, world->text, sizeof(world->text));
	return world->text;
}

static void state_on_stdin(void **state)
{
	struct world *world = *state;
	char expected[512];

	script(world, "cat > \"$1\"");
	assert_int_equal(run_with(world, 77, -1), 0);
	snprintf(expected, sizeof(expected),
		 "{\"ociVersion\":\"1.2.0\",\"id\":\"box\",\"status\":\"creating\",\"pid\":77,\"bundle\":\"%s\"}",
		 world->dir);
	assert_string_equal(output(world), expected);
	assert_int_equal(run_with(world, 0, -1), 0);
	assert_null(strstr(output(world), "pid"));
	assert_non_null(strstr(world->text, "\"creating\",\"bundle\""));
}

/* Larger than a pipe is, and than one may become. */
static void large_state(void **state)
{
	static const size_t sizes[] = { 5000, 70000, 3 << 20 };
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *value = malloc(sizes[i] + 1);

		memset(value, 'x', sizes[i]);
		value[sizes[i]] = '\0';
		world->annotation = (struct oci_annotation){ "\"pid\":2147483647", value };
		world->state.n_annotations = 1;
		script(world, "wc -c > \"$1\"");
		assert_int_equal(run_with(world, 5, -1), 0);
		assert_true((size_t)atol(output(world)) > sizes[i]);
		/* One that does not read it is none the worse. */
		script(world, "exec <&-; exit 0");
		assert_int_equal(run_with(world, 5, -1), 0);
		free(value);
	}
}

static void how_it_ends(void **state)
{
	struct world *world = *state;

	script(world, "exit 3");
	assert_int_equal(run_with(world, 1, -1), -ECHILD);
	assert_string_equal(said(world), "hook #1 (createRuntime) /bin/sh: exited with status 3");
	script(world, "kill -9 $$");
	assert_int_equal(run_with(world, 1, -1), -ECHILD);
	assert_string_equal(said(world), "hook #1 (createRuntime) /bin/sh: was killed by signal 9");
	script(world, "");
	world->hook.path = "/nonexistent/hook";
	assert_int_equal(run_with(world, 1, -1), -ENOENT);
	assert_string_equal(said(world),
			    "hook #1 (createRuntime) /nonexistent/hook: execve: No such file or directory");
	script(world, "");
	world->hook.path = "bin/sh";
	assert_int_equal(run_with(world, 1, -1), -EINVAL);
	assert_string_equal(said(world), "hooks.createRuntime[0].path: 'bin/sh' is not absolute");
}

/* What it started goes with it; a daemon of one that ended in time stays, and is not waited for. */
static void timeouts(void **state)
{
	struct world *world = *state;
	pid_t left;

	script(world, "sleep 1000 & echo $! > \"$1\"; wait");
	world->hook.timeout_s = (struct oci_u64){ true, 1 };
	assert_int_equal(run_with(world, 1, -1), -ETIMEDOUT);
	assert_string_equal(said(world), "hook #1 (createRuntime) /bin/sh: was killed, since it took longer "
					 "than its timeout of 1 s");
	left = (pid_t)atoi(output(world));
	assert_true(left > 0);
	for (int i = 0; i < 1000 && kill(left, 0) == 0; i++)
		usleep(1000);
	/* A zombie, where nobody reaps. */
	if (kill(left, 0) == 0) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/stat", left);
		assert_true(fd_read_file_at(AT_FDCWD, path, world->text, sizeof(world->text)) > 0);
		assert_non_null(strstr(world->text, ") Z "));
	}

	script(world, "sleep 1000 & echo $! > \"$1\"");
	world->hook.timeout_s = (struct oci_u64){ true, 60 };
	assert_int_equal(run_with(world, 1, -1), 0);
	left = (pid_t)atoi(output(world));
	assert_int_equal(kill(left, SIGKILL), 0);
}

static void environment(void **state)
{
	static const char *const own[] = { "ONLY=this", NULL };
	struct world *world = *state;

	script(world, "echo $HOOKED $ONLY > \"$1\"");
	assert_int_equal(run_with(world, 1, -1), 0);
	assert_string_equal(output(world), "by-runtime\n");
	world->hook.env_set = true;
	world->hook.env = (struct oci_strings){ own, 1 };
	assert_int_equal(run_with(world, 1, -1), 0);
	assert_string_equal(output(world), "this\n");
	world->hook.env = (struct oci_strings){ NULL, 0 };
	assert_int_equal(run_with(world, 1, -1), 0);
	assert_string_equal(output(world), "\n");
	/* Without args it has its path as its name, and reads the state as a script: which is none. */
	script(world, "");
	world->hook.args = (struct oci_strings){ NULL, 0 };
	assert_int_equal(run_with(world, 1, -1), -ECHILD);
	assert_non_null(strstr(said(world), "exited with status 127"));
}

/* Where it runs, with which mask, and that nothing of ours is open there. */
static void surroundings(void **state)
{
	struct world *world = *state;
	int fd = open("/dev/null", O_RDONLY), pair[2];
	char expected[128];

	assert_true(fd >= 0);
	script(world, "exec > \"$1\"; pwd; umask; ls /proc/$$/fd; :");
	assert_int_equal(run_with(world, 1, 027), 0);
	snprintf(expected, sizeof(expected), "%s\n0027\n0\n1\n2\n", world->dir);
	assert_string_equal(output(world), expected);
	close(fd);

	/* Its output is our standard error. */
	assert_int_equal(pipe(pair), 0);
	fd = dup(STDERR_FILENO);
	dup2(pair[1], STDERR_FILENO);
	script(world, "echo out; echo err >&2");
	assert_int_equal(run_with(world, 1, -1), 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
	close(pair[1]);
	assert_int_equal(fd_read_all(pair[0], world->text, sizeof(world->text)), 8);
	assert_string_equal(world->text, "out\nerr\n");
	close(pair[0]);
}

/* Blocked signals and ignored ones are ours, not the hook's. */
static void signals(void **state)
{
	struct world *world = *state;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	sigset_t block, before;

	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &before);
	sigaction(SIGCHLD, &ignore, &old);
	script(world, "grep SigBlk /proc/self/status > \"$1\"; exit 4");
	assert_int_equal(run_with(world, 1, -1), -ECHILD);
	assert_non_null(strstr(said(world), "exited with status 4"));
	assert_string_equal(output(world), "SigBlk:\t0000000000000000\n");
	/* One that should end us does not wait until the hook is done; and it is still there. */
	script(world, "kill -TERM $PPID; sleep 1000");
	assert_int_equal(run_with(world, 1, -1), -EINTR);
	assert_non_null(strstr(said(world), "a signal came that ends the runtime"));
	assert_int_equal(sigtimedwait(&block, NULL, &(struct timespec){ 0 }), SIGTERM);
	sigaction(SIGCHLD, &old, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Refuse the system calls that an engine's filter may refuse, and say so with CODE. */
static int refuse(bool pidfd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ, SYS_clone3, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ, pidfd ? SYS_pidfd_open : SYS_clone3, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	const struct sock_fprog program = { ARRAY_SIZE(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, 2, &program) < 0;
}

/* Behind a filter there is still a way, and a timeout. */
static void filtered(void **state)
{
	struct world *world = *state;

	for (int pidfd = 0; pidfd < 2; pidfd++) {
		pid_t pid = child_fork(0);

		if (pid == 0) {
			if (refuse(pidfd))
				_exit(1);
			script(world, "exit 3");
			if (run_with(world, 1, -1) != -ECHILD || !strstr(said(world), "exited with status 3"))
				_exit(2);
			script(world, "sleep 1000");
			world->hook.timeout_s = (struct oci_u64){ true, 1 };
			_exit(run_with(world, 1, -1) == -ETIMEDOUT ? 0 : 3);
		}
		assert_int_equal(child_result(pid), 0);
	}
}

/* A list: in order, to the first that fails; or, where they only warn, to the end. */
static void lists(void **state)
{
	struct world *world = *state;
	char log[96], first[160], third[160];
	struct oci_hook hooks[3];
	const char *const one[] = { "sh", "-c", first, NULL }, *const two[] = { "sh", "-c", "exit 9", NULL },
			  *const three[] = { "sh", "-c", third, NULL };
	const struct oci_hook_list list = { hooks, 3 };
	struct oci_call call = { .verb = "delete", .log_format = OCI_LOG_JSON };

	memset(hooks, 0, sizeof(hooks));
	for (int i = 0; i < 3; i++)
		hooks[i] = (struct oci_hook){ .path = "/bin/sh",
					      .args = { i == 0 ? one : i == 1 ? two : three, 3 } };
	snprintf(first, sizeof(first), "echo one >> %s; cat >> %s", world->out, world->out);
	snprintf(third, sizeof(third), "echo three >> %s", world->out);
	assert_int_equal(oci_hooks_run(&list, "poststart", &world->state, OCI_RUNNING, false, &call, &world->error),
			 -ECHILD);
	assert_string_equal(said(world), "hook #2 (poststart) /bin/sh: exited with status 9");
	assert_non_null(strstr(output(world), "one\n{\"ociVersion\":\"1.2.0\",\"id\":\"box\",\"status\":\"running\""));
	assert_null(strstr(world->text, "three"));

	snprintf(log, sizeof(log), "%s/log", world->dir);
	call.log_fd = open(log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	call.log = log;
	memset(&world->error, 0, sizeof(world->error));
	assert_int_equal(oci_hooks_run(&list, "poststop", &world->state, OCI_STOPPED, true, &call, &world->error), 0);
	assert_int_equal(world->error.kind, INRO_ERROR_NONE);
	assert_non_null(strstr(output(world), "three\n"));
	assert_true(fd_read_file_at(AT_FDCWD, log, world->text, sizeof(world->text)) > 0);
	assert_non_null(strstr(world->text, "hook #2 (poststop) /bin/sh: exited with status 9"));
	close(call.log_fd);
	unlink(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(state_on_stdin, set_up, tear_down),
		cmocka_unit_test_setup_teardown(large_state, set_up, tear_down),
		cmocka_unit_test_setup_teardown(how_it_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(timeouts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(environment, set_up, tear_down),
		cmocka_unit_test_setup_teardown(surroundings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(signals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(filtered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("oci/hooks", tests, NULL, NULL);
}
