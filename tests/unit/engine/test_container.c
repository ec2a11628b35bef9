/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "inro/run.h"
#include "kernel/syscalls.h"

/* Containers as a program makes them: with the public API alone, as whoever runs this. */

static const char *const environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/", NULL };

static struct inro_spec *spec_of(const char *script)
{
	const char *args[] = { "/bin/sh", "-c", script, NULL };
	struct inro_spec *spec = inro_spec_new();

	assert_non_null(spec);
	assert_int_equal(inro_spec_set(spec, "share-cwd", "no", NULL), 0);
	assert_int_equal(inro_spec_set_args(spec, args, NULL), 0);
	assert_int_equal(inro_spec_set_environment(spec, environment, NULL), 0);
	return spec;
}

static struct inro_plan *plan_of(struct inro_spec *spec)
{
	struct inro_plan *plan = NULL;
	struct inro_error error;
	char text[1200];
	int r = inro_plan_new(spec, &plan, &error);

	if (r < 0) {
		inro_error_format(&error, text, sizeof(text));
		print_message("%s\n", text);
	}
	assert_int_equal(r, 0);
	return plan;
}

static struct inro_container *start(struct inro_plan *plan)
{
	struct inro_container *container = NULL;
	struct inro_error error;
	char text[1200];
	int r = inro_plan_start(plan, &container, &error);

	if (r < 0) {
		inro_error_format(&error, text, sizeof(text));
		print_message("%s\n", text);
	}
	assert_int_equal(r, 0);
	return container;
}

static void expect_status(struct inro_container *container, int status)
{
	struct inro_result result;

	assert_int_equal(inro_container_wait(container, &result, NULL), 0);
	assert_int_equal(result.status, status);
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void nothing_left(int fds)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(count_fds(), fds);
}

/* Where a user namespace cannot be had, or no tool to make it, there is nothing to test. */
static int can_start(void **state)
{
	struct inro_spec *spec = spec_of("exit 0");
	struct inro_result result;
	struct inro_error error;
	char text[1200];
	int r = inro_run(spec, &result, &error);

	(void)state;
	inro_spec_free(spec);
	if (r < 0) {
		inro_error_format(&error, text, sizeof(text));
		print_message("%s\n", text);
	}
	return r;
}

static void one_call(void **state)
{
	struct inro_spec *spec = spec_of("test $$ = 1 && exit 42");
	struct inro_result result;
	int fds = count_fds();

	(void)state;
	for (int i = 0; i < 3; i++) {
		memset(&result, 0, sizeof(result));
		assert_int_equal(inro_run(spec, &result, NULL), 0);
		assert_int_equal(result.end, INRO_END_EXITED);
		assert_int_equal(result.status, 42);
		assert_int_equal(result.code, 42);
		assert_true(result.was_init);
		nothing_left(fds);
	}
	inro_spec_free(spec);
}

/* Two plans of one spec, each started twice. */
static void plans_and_starts(void **state)
{
	struct inro_spec *spec = spec_of("exit 5");
	struct inro_plan *plans[] = { plan_of(spec), plan_of(spec) };
	int fds = count_fds();

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct inro_container *container = start(plans[i % 2]);

		assert_true(inro_container_pid(container) > 0);
		assert_true(inro_container_pidfd(container) >= 0);
		expect_status(container, 5);
		assert_null(inro_container_free(container));
		nothing_left(fds);
	}
	assert_null(inro_plan_free(plans[0]));
	inro_plan_free(plans[1]);
	inro_spec_free(spec);
}

/* Free is enough to end it. */
static void free_kills(void **state)
{
	struct inro_spec *spec = spec_of("sleep 1000 & sleep 1000");
	struct inro_plan *plan = plan_of(spec);
	int fds = count_fds();
	struct inro_container *container = start(plan);
	pid_t pid = inro_container_pid(container);

	(void)state;
	assert_int_equal(kill(pid, 0), 0);
	inro_container_free(container);
	assert_int_equal(kill(pid, 0), -1);
	nothing_left(fds);
	inro_plan_free(plan);
	inro_spec_free(spec);
}

static void killing(void **state)
{
	struct inro_spec *spec = spec_of("sleep 1000");
	struct inro_plan *plan = plan_of(spec);
	struct inro_container *container = start(plan);
	struct inro_result result;
	char text[64];

	(void)state;
	assert_int_equal(inro_container_kill(container, SIGKILL, NULL), 0);
	assert_int_equal(inro_container_wait(container, &result, NULL), 0);
	assert_int_equal(result.end, INRO_END_SIGNALED);
	assert_int_equal(result.signal, SIGKILL);
	assert_int_equal(result.status, 137);
	inro_result_format(&result, text, sizeof(text));
	assert_string_equal(text, "killed by SIGKILL");
	assert_int_equal(inro_container_kill(container, SIGKILL, NULL), -ESRCH);
	inro_container_free(container);
	inro_plan_free(plan);
	inro_spec_free(spec);
}

/* The caller's mask and SIGCHLD, as they were: whichever of two containers goes first. */
static void signals_as_before(void **state)
{
	struct inro_spec *spec = spec_of("exit 0");
	struct inro_plan *plan = plan_of(spec);
	struct sigaction action = { .sa_handler = SIG_IGN }, child;
	sigset_t before, after, own;

	(void)state;
	sigemptyset(&own);
	sigaddset(&own, SIGUSR2);
	sigprocmask(SIG_SETMASK, &own, NULL);
	sigaction(SIGCHLD, &action, NULL);
	sigprocmask(SIG_SETMASK, NULL, &before);
	for (int first = 0; first < 2; first++) {
		struct inro_container *containers[] = { start(plan), start(plan) };

		expect_status(containers[first], 0);
		inro_container_free(containers[first]);
		/* The other still needs them blocked. */
		sigprocmask(SIG_SETMASK, NULL, &after);
		assert_true(sigismember(&after, SIGTERM));
		expect_status(containers[!first], 0);
		inro_container_free(containers[!first]);
		sigprocmask(SIG_SETMASK, NULL, &after);
		for (int number = 1; number < 65; number++)
			assert_int_equal(sigismember(&before, number), sigismember(&after, number));
		sigaction(SIGCHLD, NULL, &child);
		assert_ptr_equal(child.sa_handler, SIG_IGN);
	}
	action.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&own);
	sigprocmask(SIG_SETMASK, &own, NULL);
	inro_plan_free(plan);
	inro_spec_free(spec);
}

/* A start that fails gives the mask back, too, and leaves nothing. */
static void failing_start(void **state)
{
	static const char *const args[] = { "/nonexistent/command", NULL };
	struct inro_spec *spec = spec_of("");
	struct inro_container *container = (struct inro_container *)1;
	struct inro_error error;
	struct inro_plan *plan;
	sigset_t mask;
	int fds;

	(void)state;
	assert_int_equal(inro_spec_set_args(spec, args, NULL), 0);
	plan = plan_of(spec);
	fds = count_fds();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(inro_plan_start(plan, &container, i ? NULL : &error), -ENOENT);
		assert_ptr_equal(container, (struct inro_container *)1);
		sigprocmask(SIG_SETMASK, NULL, &mask);
		assert_false(sigismember(&mask, SIGTERM));
		nothing_left(fds);
	}
	assert_int_equal(inro_error_status(&error), 127);
	assert_string_equal(error.object, "/nonexistent/command");
	inro_plan_free(plan);
	inro_spec_free(spec);
}

static void telling(void **state)
{
	struct inro_spec *spec = spec_of("exit 0");
	char *text = NULL, *json = NULL, *trace = NULL;
	size_t n, applied = 0;
	FILE *stream = open_memstream(&text, &n);
	const char *name, *value;
	struct inro_container *container;
	struct json_object *root;
	struct inro_plan *plan;

	(void)state;
	assert_int_equal(inro_spec_set(spec, "trace", "true", NULL), 0);
	plan = plan_of(spec);
	assert_int_equal(inro_plan_explain(plan, false, stream, NULL), 0);
	fclose(stream);
	assert_non_null(strstr(text, "create the child in new namespaces"));
	stream = open_memstream(&json, &n);
	assert_int_equal(inro_plan_explain(plan, true, stream, NULL), 0);
	fclose(stream);
	root = json_tokener_parse(json);
	assert_non_null(root);
	json_object_put(root);
	while (inro_plan_applied(plan, applied, &name, &value)) {
		assert_non_null(name);
		assert_non_null(value);
		applied++;
	}
	assert_true(applied > 0);
	assert_null(inro_plan_note(plan, 1000));
	container = start(plan);
	expect_status(container, 0);
	stream = open_memstream(&trace, &n);
	assert_int_equal(inro_container_trace(container, stream, NULL), 0);
	fclose(stream);
	assert_non_null(strstr(trace, "execute /bin/sh"));
	inro_container_free(container);
	inro_plan_free(plan);
	inro_spec_free(spec);
	free(text);
	free(json);
	free(trace);
}

static void full_streams(void **state)
{
	struct inro_spec *spec = spec_of("exit 0");
	struct inro_plan *plan = plan_of(spec);
	FILE *full = fopen("/dev/full", "we");
	struct inro_error error = { 0 };

	(void)state;
	assert_int_equal(inro_plan_explain(plan, false, full, &error), -ENOSPC);
	assert_int_equal(error.code, ENOSPC);
	fclose(full);
	inro_plan_free(plan);
	inro_spec_free(spec);
}

static void nothing(void **state)
{
	(void)state;
	assert_null(inro_plan_free(NULL));
	assert_null(inro_container_free(NULL));
}

/* The monitor makes standard descriptors for itself, whatever has their numbers. */
static void detached_without_standard_descriptors(void **state)
{
	struct inro_spec *spec = spec_of("exit 0");
	struct inro_plan *plan;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(inro_spec_set(spec, "detach", "yes", NULL), 0);
	assert_int_equal(inro_spec_set(spec, "rm", "yes", NULL), 0);
	plan = plan_of(spec);
	pid = fork();
	if (pid == 0) {
		struct pollfd ended = { .events = POLLIN };
		struct inro_detached detached;

		for (int fd = 0; fd < 3; fd++)
			close(fd);
		if (inro_plan_detach(plan, &detached, NULL) < 0)
			_exit(1);
		ended.fd = sys_pidfd_open(detached.monitor, 0);
		if (ended.fd >= 0)
			poll(&ended, 1, -1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	inro_plan_free(plan);
	inro_spec_free(spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_call),          cmocka_unit_test(plans_and_starts),
		cmocka_unit_test(free_kills),        cmocka_unit_test(killing),
		cmocka_unit_test(signals_as_before), cmocka_unit_test(failing_start),
		cmocka_unit_test(telling),           cmocka_unit_test(full_streams),
		cmocka_unit_test(nothing),           cmocka_unit_test(detached_without_standard_descriptors),
	};

	return cmocka_run_group_tests_name("engine/container", tests, can_start, NULL);
}
