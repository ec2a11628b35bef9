/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From options to real groups: the feature's plan, walked by a small engine of the test's own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/epoll.h>

#include "base/error.h"
#include "base/loop.h"
#include "cgroup/account.h"
#include "cgroup/options.h"
#include "cgroup/steps.h"
#include "inro/run.h"
#include "plan/run.h"
#include "scratch.h"

struct box {
	struct spec spec;
	struct spec_part part;
	struct facts facts;
	struct plan plan;
	struct run run;
	struct inro_result result;
	uint8_t states[64];
};

static int ended_reason, ended_number;

/* The engine's, in its place. */
int run_end(struct run *run, int reason, int number, uint64_t grace_ns)
{
	(void)grace_ns;
	ended_reason = reason;
	ended_number = number;
	kill(run->pid, number);
	return 0;
}

static void box_init(struct box *box, const struct cgroup_facts *facts)
{
	memset(box, 0, sizeof(*box));
	box->part.feature = &feature_cgroup;
	box->part.data = calloc(1, feature_cgroup.spec_size);
	box->spec.parts = &box->part;
	box->spec.n_parts = 1;
	if (facts)
		box->facts.cgroup = *facts;
	box->plan.spec = &box->spec;
	box->plan.facts = &box->facts;
}

static void box_deinit(struct box *box)
{
	for (int i = 0; box->run.slots && i < box->plan.n_slots; i++)
		fd_close(box->run.slots[i]);
	free(box->run.slots);
	free(box->part.data);
	loop_free(box->run.loop);
	arena_deinit(&box->spec.arena);
	arena_deinit(&box->facts.arena);
	arena_deinit(&box->plan.arena);
}

static int set(struct box *box, const char *name, const char *value, struct inro_error *error)
{
	for (size_t i = 0; i < CGROUP_OPTIONS; i++)
		if (strcmp(cgroup_options[i].name, name) == 0)
			return cgroup_options[i].set(&box->spec, value, error);
	fail_msg("no option %s", name);
	return -1;
}

static int resolve(struct box *box, struct inro_error *error)
{
	int r = feature_cgroup.gather(&box->spec, &box->facts, error);

	if (r == 0)
		r = feature_cgroup.settle(&box->plan, error);
	if (r == 0)
		r = feature_cgroup.resolve(&box->plan, error);
	return r < 0 ? r : plan_seal(&box->plan);
}

static const struct step *find_step(const struct box *box, const char *name, const char *object)
{
	for (size_t i = 0; i < box->plan.n_steps; i++) {
		const struct step *step = &box->plan.steps[i];

		if (strcmp(step->kind->name, name) == 0 &&
		    (!object || (step->object && strcmp(step->object, object) == 0)))
			return step;
	}
	return NULL;
}

static const char *applied(const struct box *box, const char *name)
{
	for (size_t i = 0; i < box->plan.n_applied; i++)
		if (strcmp(box->plan.applied[i].name, name) == 0)
			return box->plan.applied[i].value;
	return "";
}

static void nothing_asked_nothing_done(void **state)
{
	struct box box;

	(void)state;
	box_init(&box, NULL);
	assert_int_equal(set(&box, "memory", "64M", NULL), 0);
	assert_int_equal(set(&box, "memory", "unlimited", NULL), 0);
	assert_int_equal(set(&box, "pids-limit", "7", NULL), 0);
	assert_int_equal(set(&box, "pids-limit", "-1", NULL), 0);
	assert_int_equal(resolve(&box, NULL), 0);
	assert_int_equal(box.plan.n_steps, 0);
	assert_false(box.facts.cgroup.gathered);
	assert_false(box.plan.settled.wants_cgroup);
	box_deinit(&box);
}

static void swap_needs_memory(void **state)
{
	struct inro_error error = { 0 };
	struct box box;

	(void)state;
	box_init(&box, NULL);
	assert_int_equal(set(&box, "memory-swap", "64M", NULL), 0);
	assert_int_equal(resolve(&box, &error), -EINVAL);
	assert_int_equal(set(&box, "memory", "65M", NULL), 0);
	assert_int_equal(resolve(&box, &error), -EINVAL);
	assert_non_null(strstr(error.why, "less than --memory"));
	box_deinit(&box);
}

/* A recorded host: root on systemd with v2 alone. */
static void plan_on_v2(void **state)
{
	static const struct cgroup_facts facts = {
		.gathered = true,
		.layout = CGROUP_V2,
		.name = "inro-1-00000000",
		.mount = "/sys/fs/cgroup",
		.own_path = "/user.slice/x.scope",
		.real_root = true,
		.top_writable = true,
		.own_writable = true,
		.n_others = 1,
		.top = CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_PIDS),
	};
	struct box box;

	(void)state;
	box_init(&box, &facts);
	box.plan.settled.ns_new = NS_BIT(NS_CGROUP);
	box.plan.clone_flags = CLONE_NEWCGROUP;
	assert_int_equal(set(&box, "memory", "64M", NULL), 0);
	assert_int_equal(set(&box, "memory-swap", "96M", NULL), 0);
	assert_int_equal(set(&box, "cpus", ".5", NULL), 0);
	assert_int_equal(set(&box, "cpu-shares", "512", NULL), 0);
	assert_int_equal(set(&box, "pids-limit", "100", NULL), 0);
	assert_int_equal(set(&box, "cpu-time", "1m30s", NULL), 0);
	assert_int_equal(resolve(&box, NULL), 0);
	assert_non_null(find_step(&box, "make-cgroup", "/sys/fs/cgroup/inro/inro-1-00000000"));
	assert_non_null(find_step(&box, "limit-memory", "memory.max=67108864"));
	assert_non_null(find_step(&box, "limit-swap", "memory.swap.max=33554432"));
	assert_false(find_step(&box, "limit-swap", NULL)->optional);
	assert_non_null(find_step(&box, "limit-cpus", "cpu.max=50000 100000"));
	assert_non_null(find_step(&box, "weigh-cpu", "cpu.weight=50"));
	assert_non_null(find_step(&box, "limit-pids", "pids.max=100"));
	assert_non_null(find_step(&box, "watch-cpu-time", "90s"));
	assert_non_null(find_step(&box, "sweep-cgroups", "/sys/fs/cgroup/inro"));
	/* One clone does it: nothing to wait for, nothing to unshare. */
	assert_null(find_step(&box, "enter-cgroup", NULL));
	assert_null(find_step(&box, "unshare-cgroup", NULL));
	assert_false(box.plan.settled.wait_release);
	assert_true(box.plan.settled.wants_cgroup);
	assert_int_equal(box.plan.clone_flags, CLONE_NEWCGROUP);
	assert_string_equal(applied(&box, "memory"), "64M by cgroup v2");
	assert_string_equal(applied(&box, "cpus"), "0.5 by cgroup v2");
	box_deinit(&box);
}

static void plan_in_a_leaf(void **state)
{
	static const struct cgroup_facts facts = {
		.gathered = true,
		.layout = CGROUP_V2,
		.name = "inro-1-00000000",
		.mount = "/sys/fs/cgroup",
		.own_path = "/user.slice/run-1.scope",
		.real_root = true,
		.own_writable = true,
		.own = CGROUP_BIT(CGROUP_PIDS),
	};
	struct inro_error error = { 0 };
	struct box box;

	(void)state;
	box_init(&box, &facts);
	assert_int_equal(set(&box, "pids-limit", "100", NULL), 0);
	assert_int_equal(resolve(&box, NULL), 0);
	assert_string_equal(box.plan.steps[0].kind->name, "leave-cgroup");
	assert_non_null(find_step(&box, "make-cgroup", "/sys/fs/cgroup/user.slice/run-1.scope/inro-1-00000000"));
	assert_int_equal(set(&box, "memory", "10M", NULL), 0);
	assert_int_equal(resolve(&box, &error), -EOPNOTSUPP);
	assert_string_equal(error.what, "--memory");
	box_deinit(&box);
}

static void walk(struct box *box, enum stage stage)
{
	for (size_t i = 0; i < box->plan.n_steps; i++) {
		const struct step *step = &box->plan.steps[i];
		struct inro_error error = { 0 };

		if (step->stage == stage && step->kind->run(&box->run, step, &error) < 0 && !step->optional)
			fail_msg("%s %s: %s: %s", step->kind->name, step->object, error.call,
				 strerror(error.code));
	}
}

static void undo(struct box *box)
{
	for (size_t i = box->plan.n_steps; i-- > 0;)
		if (box->plan.steps[i].kind->undo)
			box->plan.steps[i].kind->undo(&box->run, &box->plan.steps[i]);
}

/* Start a child as the engine does: 0 in the child, once it was released. */
static pid_t start(struct box *box)
{
	struct clone_args args = { .flags = box->plan.clone_flags, .exit_signal = SIGCHLD };
	int go[2];
	char byte;

	box->run.plan = &box->plan;
	box->run.state = box->states;
	box->run.result = &box->result;
	box->run.slots = malloc((size_t)box->plan.n_slots * sizeof(int));
	for (int i = 0; i < box->plan.n_slots; i++)
		box->run.slots[i] = -EBADF;
	assert_int_equal(loop_new(&box->run.loop), 0);
	assert_int_equal(pipe(go), 0);
	walk(box, STAGE_CGROUP);
	if (run_fd(&box->run, SLOT_CGROUP) >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)run_fd(&box->run, SLOT_CGROUP);
	}
	box->run.pid = sys_clone3(&args, sizeof(args));
	assert_true(box->run.pid >= 0);
	if (box->run.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (read(go[0], &byte, 1) != 1)
			_exit(99);
		walk(box, STAGE_GUARD);
		walk(box, STAGE_BECOME);
		return 0;
	}
	walk(box, STAGE_MAP);
	assert_int_equal(write(go[1], "", 1), 1);
	close(go[0]);
	close(go[1]);
	return box->run.pid;
}

static void assert_gone(const struct box *box)
{
	struct stat st;
	size_t n = 0;

	for (size_t i = 0; i < box->plan.n_steps; i++) {
		if (box->plan.steps[i].kind != &kind_cgroup_make)
			continue;
		assert_int_equal(stat(box->plan.steps[i].object, &st), -1);
		n++;
	}
	assert_true(n > 0);
}

/* Limits of this host, or skipped where the caller may not set any. */
static bool resolve_here(struct box *box)
{
	struct inro_error error = { 0 };
	char text[1024];

	if (resolve(box, &error) == 0)
		return true;
	assert_true(error.kind == INRO_ERROR_HOST || error.kind == INRO_ERROR_DENIED);
	inro_error_format(&error, text, sizeof(text));
	print_message("skipped: %s\n", text);
	return false;
}

static void memory_limit_ends_it(void **state)
{
	struct box box;
	int status;
	pid_t pid;

	(void)state;
	box_init(&box, NULL);
	assert_int_equal(set(&box, "memory", "16M", NULL), 0);
	assert_int_equal(set(&box, "accounting", "true", NULL), 0);
	if (!resolve_here(&box)) {
		box_deinit(&box);
		skip();
	}
	pid = start(&box);
	if (pid == 0) {
		size_t size = 64 << 20;
		char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (size_t i = 0; memory != MAP_FAILED && i < size; i += 4096)
			((volatile char *)memory)[i] = 1;
		_exit(3);
	}
	walk(&box, STAGE_STARTED);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	box.result.end = INRO_END_SIGNALED;
	box.result.signal = WTERMSIG(status);
	cgroup_fill_result(&box.run, &box.result);
	assert_int_equal(box.result.end, INRO_END_MEMORY);
	assert_true(box.result.whole);
	assert_true(box.result.peak_memory_bytes > (8 << 20) && box.result.peak_memory_bytes <= (16 << 20));
	assert_true(box.result.user_ns + box.result.system_ns > 0);
	undo(&box);
	assert_gone(&box);
	box_deinit(&box);
}

static void its_group_is_the_root_of_its_namespace(void **state)
{
	struct box box;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip_because("cgroup namespaces need privilege");
	box_init(&box, NULL);
	assert_int_equal(set(&box, "memory", "64M", NULL), 0);
	assert_int_equal(set(&box, "pids-limit", "20", NULL), 0);
	box.plan.settled.ns_new = NS_BIT(NS_CGROUP);
	box.plan.clone_flags = CLONE_NEWCGROUP;
	if (!resolve_here(&box)) {
		box_deinit(&box);
		skip();
	}
	pid = start(&box);
	if (pid == 0) {
		char text[4096] = "";
		cleanup_close int fd = open("/proc/self/cgroup", O_RDONLY);

		if (fd_read_all(fd, text, sizeof(text)) < 0 || strstr(text, "inro"))
			_exit(1);
		if (strstr(text, "pids:") && !strstr(text, "pids:/\n"))
			_exit(2);
		if (strstr(text, "memory:") && !strstr(text, "memory:/\n"))
			_exit(3);
		_exit(strstr(text, "0::") && !strstr(text, "0::/\n") ? 4 : 0);
	}
	assert_int_equal(child_result(pid), 0);
	undo(&box);
	assert_gone(&box);
	box_deinit(&box);
}

static int it_ended(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	(void)loop;
	(void)source;
	(void)events;
	(void)data;
	return 1;
}

static void cpu_time_ends_it(void **state)
{
	cleanup_close int pidfd = -EBADF;
	struct box box;
	int status;
	pid_t pid;

	(void)state;
	box_init(&box, NULL);
	assert_int_equal(set(&box, "cpu-time", "50ms", NULL), 0);
	if (!resolve_here(&box)) {
		box_deinit(&box);
		skip();
	}
	ended_reason = -1;
	pid = start(&box);
	if (pid == 0)
		for (;;)
			;
	walk(&box, STAGE_STARTED);
	pidfd = sys_pidfd_open(pid, 0);
	assert_int_equal(loop_add_fd(box.run.loop, pidfd, EPOLLIN, it_ended, NULL, NULL), 0);
	assert_int_equal(loop_run(box.run.loop), 0);
	assert_int_equal(ended_reason, INRO_END_CPU_TIME);
	assert_int_equal(ended_number, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	cgroup_fill_result(&box.run, &box.result);
	assert_true(box.result.user_ns + box.result.system_ns >= 50000000);
	undo(&box);
	assert_gone(&box);
	box_deinit(&box);
}

/* A container without a PID namespace leaves what it likes; undoing finds it all the same. */
static void leftovers_are_ended(void **state)
{
	struct box box;
	pid_t pid;

	(void)state;
	box_init(&box, NULL);
	assert_int_equal(set(&box, "pids-limit", "20", NULL), 0);
	if (!resolve_here(&box)) {
		box_deinit(&box);
		skip();
	}
	pid = start(&box);
	if (pid == 0) {
		for (int i = 0; i < 5; i++) {
			if (fork() == 0) {
				setsid();
				for (;;)
					pause();
			}
		}
		_exit(0);
	}
	assert_int_equal(child_result(pid), 0);
	undo(&box);
	assert_gone(&box);
	box_deinit(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asked_nothing_done),
		cmocka_unit_test(swap_needs_memory),
		cmocka_unit_test(plan_on_v2),
		cmocka_unit_test(plan_in_a_leaf),
		cmocka_unit_test(memory_limit_ends_it),
		cmocka_unit_test(its_group_is_the_root_of_its_namespace),
		cmocka_unit_test(cpu_time_ends_it),
		cmocka_unit_test(leftovers_are_ended),
	};

	return cmocka_run_group_tests_name("cgroup/feature", tests, scratch_setup, scratch_teardown);
}
