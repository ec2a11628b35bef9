/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ns_child.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "inro/error.h"
#include "ns/open.h"
#include "ns/target.h"

#define NEEDS_ROOT()                                      \
	do {                                              \
		if (geteuid() != 0)                       \
			skip_because("needs CAP_SYS_ADMIN"); \
	} while (0)

/* A registry of one container, "web", and one kept namespace, "kept". */
static pid_t web;

static int lookup(void *data, const char *name, struct ns_target *target, struct inro_error *error)
{
	(void)data;
	(void)error;
	if (strcmp(name, "web") == 0 || strcmp(name, "a:1") == 0)
		return ns_target_set_process(target, web, 0);
	if (strcmp(name, "gone") == 0)
		return ns_target_set_process(target, web, 1); /* another start time */
	if (strcmp(name, "kept") == 0) {
		target->ns_fd[NS_UTS] = ns_open_self(NS_UTS, 0, error);
		target->kinds = NS_BIT(NS_UTS);
		return 0;
	}
	/* A name that is a number. */
	if (atoi(name) == getpid() || strcmp(name, "4194301") == 0)
		return ns_target_set_process(target, web, 0);
	return -ENOENT;
}

static void list(void *data, void (*each)(void *each_data, const char *name), void *each_data)
{
	(void)data;
	each(each_data, "web");
	each(each_data, "database");
}

static const struct target_names names = { .lookup = lookup, .list = list };

static int set_up(void **state)
{
	(void)state;
	web = child_spawn(geteuid() == 0 ? CLONE_NEWPID | CLONE_NEWUTS : 0, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	child_end(web);
	return 0;
}

/* Open TEXT, and compare the target's UTS namespace with that of the process. */
static void is_process(const char *text, enum ns_target_form form, pid_t pid)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	cleanup_close int pidfd = sys_pidfd_open(pid, 0), expected = -EBADF, found = -EBADF;
	struct inro_error error = { 0 };

	assert_int_equal(ns_target_open(text, &names, &target, &error), 0);
	assert_int_equal(target.form, form);
	assert_int_equal(target.pid, pid);
	assert_int_equal(ns_target_kinds(&target), NS_ALL);
	expected = ns_open_pidfd(pidfd, NS_UTS, 0, NULL);
	found = ns_target_ns(&target, NS_UTS, NULL);
	assert_int_equal(ns_same(expected, found), 1);
}

static void processes(void **state)
{
	char text[64];

	(void)state;
	snprintf(text, sizeof(text), "%d", web);
	is_process(text, NS_TARGET_PROCESS, web);
	snprintf(text, sizeof(text), "/proc/%d", web);
	is_process(text, NS_TARGET_PROCESS, web);
	snprintf(text, sizeof(text), "/proc/%d/", web);
	is_process(text, NS_TARGET_PROCESS, web);
	is_process("web", NS_TARGET_NAME, web);
	is_process("a:1", NS_TARGET_NAME, web); /* the whole is a name */
	is_process("4194301", NS_TARGET_NAME, web);  /* no process has this number */
}

static void inside(void **state)
{
	struct inro_error error = { 0 };
	struct ns_target target = NS_TARGET_NULL;
	char text[64];

	(void)state;
	NEEDS_ROOT();
	is_process("web:1", NS_TARGET_INSIDE, web);
	snprintf(text, sizeof(text), "%d:1", web);
	is_process(text, NS_TARGET_INSIDE, web);
	snprintf(text, sizeof(text), "/proc/%d/ns/pid:1", web);
	is_process(text, NS_TARGET_INSIDE, web);
	assert_int_equal(ns_target_open("web:9", &names, &target, &error), -ESRCH);
	assert_non_null(strstr(error.why, "process 9 in the PID namespace of \"web\""));
	assert_int_equal(ns_target_open("kept:1", &names, &target, &error), -ENOENT);
	assert_non_null(strstr(error.why, "only: uts"));
}

static void namespaces(void **state)
{
	cleanup_close int own = ns_open_self(NS_UTS, 0, NULL);
	enum ns_target_form forms[] = { NS_TARGET_FILE, NS_TARGET_NUMBER, NS_TARGET_NUMBER, NS_TARGET_NAME };
	char texts[4][64] = { "/proc/self/ns/uts", "", "", "kept" };
	struct ns_id id;

	(void)state;
	assert_int_equal(ns_fd_id(own, &id), 0);
	snprintf(texts[1], sizeof(texts[1]), "%ju", (uintmax_t)id.ino);
	snprintf(texts[2], sizeof(texts[2]), "uts:[%ju]", (uintmax_t)id.ino);
	for (int i = 0; i < 4; i++) {
		cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
		cleanup_close int found = -EBADF;
		struct inro_error error = { 0 };

		assert_int_equal(ns_target_open(texts[i], &names, &target, &error), 0);
		assert_int_equal(target.form, forms[i]);
		assert_int_equal(target.pidfd, -EBADF);
		assert_int_equal(ns_target_kinds(&target), NS_BIT(NS_UTS));
		found = ns_target_ns(&target, NS_UTS, NULL);
		assert_int_equal(ns_same(own, found), 1);
		assert_int_equal(ns_target_ns(&target, NS_NET, &error), -ENOENT);
	}
}

static void wrong(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *says;
	} cases[] = {
		{ "", -EINVAL, "empty" },
		{ "4194304", -ESRCH, "no process 4194304" },
		{ "0", -ESRCH, "no process 0" },
		{ "4294967290", -ENOENT, "holds it" },
		{ "uts:[99]", -ENOENT, "holds it" },
		{ "/dev/null", -EINVAL, "no namespace" },
		{ "/nonexistent", -ENOENT, "" },
		{ "/proc/4194304", -ESRCH, "no process" },
		{ "wep", -ENOENT, "did you mean \"web\"?" },
		{ "data", -ENOENT, "did you mean \"database\"?" },
		{ "zzzzzzzz", -ENOENT, "a target is" },
		{ "..", -ENOENT, "called \"..\"" },
		{ "zzzzzzzz:3", -ENOENT, "\"zzzzzzzz\"" },
		{ "web:0", -EINVAL, "PID" },
		{ "gone", -ESRCH, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct inro_error error = { 0 };
		struct ns_target target = { .pid = 42 };
		char line[1024];

		assert_int_equal(ns_target_open(cases[i].text, &names, &target, &error), cases[i].code);
		assert_int_equal(target.pid, 42); /* untouched */
		inro_error_format(&error, line, sizeof(line));
		if (!strstr(line, cases[i].says))
			fail_msg("%s: %s", cases[i].text, line);
	}
	assert_int_equal(ns_target_open("web", NULL, &(struct ns_target){ 0 }, NULL), -ENOENT);
}

static void both_a_name_and_a_process(void **state)
{
	struct inro_error error = { 0 };
	struct ns_target target = NS_TARGET_NULL;
	char text[16];

	(void)state;
	snprintf(text, sizeof(text), "%d", getpid());
	assert_int_equal(ns_target_open(text, &names, &target, &error), -EINVAL);
	assert_int_equal(error.kind, INRO_ERROR_USAGE);
	assert_non_null(strstr(error.hint, "/proc/"));
}

static void zombie(void **state)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	struct inro_error error = { 0 };
	pid_t pid = child_spawn(0, NULL);
	char text[16];

	(void)state;
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	snprintf(text, sizeof(text), "%d", pid);
	assert_int_equal(ns_target_open(text, NULL, &target, &error), 0);
	assert_int_equal(ns_target_ns(&target, NS_UTS, &error), -ESRCH);
	assert_non_null(strstr(error.why, "zombie"));
	child_end(pid);
}

struct thread {
	pthread_barrier_t barrier;
	pid_t tid;
	bool unshared;
};

static void *leave_and_wait(void *data)
{
	struct thread *thread = data;

	thread->tid = gettid();
	thread->unshared = unshare(CLONE_NEWUTS) == 0;
	pthread_barrier_wait(&thread->barrier);
	pthread_barrier_wait(&thread->barrier);
	return NULL;
}

static void a_thread(void **state)
{
	struct inro_error error = { 0 };
	struct ns_target target = NS_TARGET_NULL;
	struct thread data;
	pthread_t thread;
	char text[16];
	int r;

	(void)state;
	pthread_barrier_init(&data.barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, leave_and_wait, &data), 0);
	pthread_barrier_wait(&data.barrier);
	snprintf(text, sizeof(text), "%d", data.tid);
	r = ns_target_open(text, NULL, &target, &error);
	if (r == -EINVAL) {
		assert_non_null(strstr(error.hint, "6.9"));
	} else {
		cleanup_close int own = ns_open_self(NS_UTS, 0, NULL);
		cleanup_close int theirs = ns_target_ns(&target, NS_UTS, NULL);

		assert_int_equal(r, 0);
		assert_true(target.thread);
		assert_int_equal(ns_same(own, theirs), !data.unshared);
		ns_target_deinit(&target);
	}
	pthread_barrier_wait(&data.barrier);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&data.barrier);
}

static void to_be_joined(void **state)
{
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	cleanup_ns_join struct ns_join join = NS_JOIN_NULL;

	(void)state;
	assert_int_equal(ns_target_open("web", &names, &target, NULL), 0);
	assert_int_equal(ns_target_join(&target, NS_BIT(NS_UTS) | NS_BIT(NS_IPC), &join, NULL), 0);
	assert_int_equal(join.kinds, NS_BIT(NS_UTS) | NS_BIT(NS_IPC));
	assert_int_equal(join.group_kinds, join.kinds);
	ns_target_deinit(&target);
	assert_int_equal(ns_target_open("kept", &names, &target, NULL), 0);
	assert_int_equal(ns_target_join(&target, NS_BIT(NS_UTS), &join, NULL), 0);
	assert_int_equal(join.group_kinds, NS_BIT(NS_IPC));
	assert_int_equal(ns_target_join(&target, NS_BIT(NS_NET), &join, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes),  cmocka_unit_test(inside),
		cmocka_unit_test(namespaces), cmocka_unit_test(wrong),
		cmocka_unit_test(zombie),     cmocka_unit_test(both_a_name_and_a_process),
		cmocka_unit_test(a_thread),   cmocka_unit_test(to_be_joined),
	};

	return cmocka_run_group_tests_name("ns/target", tests, set_up, tear_down);
}
